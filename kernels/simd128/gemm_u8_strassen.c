/* gemm_u8 by one level of Strassen's algorithm (Strassen, "Gaussian Elimination is not Optimal", 1969), in Winograd's
 * form: both matrices are cut in quarters, and seven products of these, or of their sums, take the place of eight.
 * Sums of bytes and of weights fit the 16 bits to which all is widened anyway, and sums of products may wrap modulo
 * 2^32 on the way: the result is the same to the bit.
 *
 *     | A11 A12 |   | B11 B12 |   | C11 C12 |
 *     | A21 A22 | * | B21 B22 | = | C21 C22 |
 *
 *      A of the product                  B of the product
 *     0  A11                            B11
 *     1  A12                            B21
 *     2  S2 = A21 + A22 - A11           T2 = B22 - B12 + B11
 *     3  S1 = A21 + A22                 T1 = B12 - B11
 *     4  A12 - S2                       B22
 *     5  A11 - A21                      B22 - B12
 *     6  A22                            B21 - T2
 *
 *     C11 = P0 + P1    U = P0 + P2    V = U + P3    C12 = V + P4    C22 = V + P5    C21 = C22 - V + U + P6
 *
 * Each sum here is a product that begins with another's sums, but for C21's three. A is cut between rows and between
 * k, B between k; its columns are those of one panel and of the next. */
#include "core/arena.h"
#include "functions.h"
#include "gemm_i16.h"
#include "gemm_u8.h"

enum {
    TILE_ROWS = PCL_GEMM_I16_ROWS,
    PRODUCTS = 7,
    LEAST_DEPTH = 32,     /* for what the sums of products cost, */
    LEAST_ROWS = 20,      /* those of weights, */
    LEAST_WEIGHTS = 6000, /* and those of the left matrix */
    MOST_DEPTH = 1024,
    HALF_ROWS = 100,      /* of a block at most: its sums stay in the first-level cache */
    LEFT_VALUES = 134400, /* the more rows they hold, the less often weights are widened; they pass by in order */
    WEIGHT_VALUES = MOST_DEPTH / 2 * 8 + 32 /* not a power of two: they would share places in the cache */
};

typedef struct workspace {
    int16_t left[LEFT_VALUES]; /* [PRODUCTS][tiles][steps * 4 pairs][5][2] */
    int16_t weights[PRODUCTS][WEIGHT_VALUES];
    v128_t u[HALF_ROWS][2], v[HALF_ROWS][2], c22[HALF_ROWS][2], c[HALF_ROWS][2];
} workspace;

/* Some rows, and how they are cut. */
typedef struct block {
    const pcl_gemm_u8 *task;
    workspace *space;
    size_t row, rows;
    size_t half;        /* rows of the upper half, a multiple of TILE_ROWS; the lower one has as many or fewer */
    size_t steps;       /* of eight k in half the depth */
    size_t left_values; /* of one product */
} block;

/* Eight k of a tile in the upper half and of one in the lower. Memory is written a product after the other, as each is
 * a line of its own. */
PCL_INLINE void left_step(const uint8_t *const upper[TILE_ROWS], const uint8_t *const lower[TILE_ROWS], size_t k,
                          size_t half_depth, int16_t *left, size_t product) {
    int16_t a21[8 * TILE_ROWS], *a11 = left, *a12 = left + product, *a22 = left + 6 * product;
    v128_t s1[TILE_ROWS], s2[TILE_ROWS];
    pcl_gemm_i16_widen_rows(upper, k, a11);
    pcl_gemm_i16_widen_rows(upper, k + half_depth, a12);
    pcl_gemm_i16_widen_rows(lower, k + half_depth, a22);
    pcl_gemm_i16_widen_rows(lower, k, a21);
    for (size_t i = 0; i < TILE_ROWS; i++) {
        s1[i] = wasm_i16x8_add(wasm_v128_load(a21 + i * 8), wasm_v128_load(a22 + i * 8));
        wasm_v128_store(left + 3 * product + i * 8, s1[i]);
    }
    PCL_KEEP_ORDER();
    for (size_t i = 0; i < TILE_ROWS; i++) {
        s2[i] = wasm_i16x8_sub(s1[i], wasm_v128_load(a11 + i * 8));
        wasm_v128_store(left + 2 * product + i * 8, s2[i]);
    }
    PCL_KEEP_ORDER();
    for (size_t i = 0; i < TILE_ROWS; i++)
        wasm_v128_store(left + 4 * product + i * 8, wasm_i16x8_sub(wasm_v128_load(a12 + i * 8), s2[i]));
    PCL_KEEP_ORDER();
    for (size_t i = 0; i < TILE_ROWS; i++)
        wasm_v128_store(left + 5 * product + i * 8,
                        wasm_i16x8_sub(wasm_v128_load(a11 + i * 8), wasm_v128_load(a21 + i * 8)));
}

/* Of the last tiles, rows that are missing are the last row again. */
PCL_APART void combine_left_apart(const block *b) {
    const pcl_gemm_u8 *task = b->task;
    size_t end = b->row + b->rows, half_depth = b->steps * 8;
    int16_t *left = b->space->left;
    for (size_t row = b->row; row < b->row + b->half; row += TILE_ROWS) {
        const uint8_t *upper[TILE_ROWS], *lower[TILE_ROWS];
        for (size_t r = 0; r < TILE_ROWS; r++) {
            size_t below = row + b->half + r;
            upper[r] = task->a + (row + r) * task->a_stride;
            lower[r] = task->a + (below < end ? below : end - 1) * task->a_stride;
        }
        for (size_t k = 0; k < half_depth; k += 8, left += 8 * TILE_ROWS)
            left_step(upper, lower, k, half_depth, left, b->left_values);
    }
}

/* Eight columns, to [2 pairs][8][2]. */
PCL_INLINE void widen_quad(const int8_t *packed, v128_t zero_point, v128_t pairs[4]) {
    for (int i = 0; i < 2; i++)
        pcl_gemm_i16_widen_quad(packed + i * 16, zero_point, &pairs[i], &pairs[2 + i]);
}

PCL_INLINE void subtract(const v128_t a[4], const v128_t b[4], v128_t out[4]) {
    for (int i = 0; i < 4; i++) out[i] = wasm_i16x8_sub(a[i], b[i]);
}

PCL_INLINE void store(const v128_t pairs[4], int16_t *weights, size_t product) {
    for (size_t i = 0; i < 4; i++) wasm_v128_store(weights + product * WEIGHT_VALUES + i * 8, pairs[i]);
    PCL_KEEP_ORDER(); /* as in left_step */
}

/* Of two panels. */
PCL_APART void combine_weights_apart(const block *b, const int8_t *left_panel, const int8_t *right_panel) {
    v128_t zero_point = wasm_i16x8_splat((int16_t)b->task->weight_zero_point);
    size_t half_bytes = b->steps * 64;
    int16_t *to = b->space->weights[0];
    PCL_ROLLED
    for (size_t quad = 0; quad < b->steps * 2; quad++, left_panel += 32, right_panel += 32, to += 32) {
        v128_t b11[4], b12[4], b21[4], b22[4], t1[4], t2[4], rest[4];
        PCL_HIDE(to);
        widen_quad(left_panel, zero_point, b11);
        store(b11, to, 0);
        widen_quad(right_panel, zero_point, b12);
        subtract(b12, b11, t1);
        store(t1, to, 3);
        widen_quad(right_panel + half_bytes, zero_point, b22);
        store(b22, to, 4);
        subtract(b22, b12, rest);
        store(rest, to, 5);
        subtract(b22, t1, t2);
        store(t2, to, 2);
        widen_quad(left_panel + half_bytes, zero_point, b21);
        store(b21, to, 1);
        subtract(b21, t2, rest);
        store(rest, to, 6);
    }
}

/* out = initial + the product; both [rows][2], or one row of initial for all. */
static void multiply(const block *b, size_t product, const void *initial, size_t initial_stride, v128_t (*out)[2]) {
    pcl_gemm_i16_panel part = {.tiles = b->half / TILE_ROWS,
                               .pairs = b->steps * 4,
                               .left = b->space->left + product * b->left_values,
                               .weights = b->space->weights[product],
                               .initial = initial,
                               .initial_stride = initial_stride,
                               .out = (int32_t *)out,
                               .stride = 8};
    pcl_gemm_i16_columns_apart(&part);
}

/* Two panels. */
PCL_APART void columns_apart(const block *b, size_t first) {
    workspace *space = b->space;
    size_t half = b->half, below = b->row + half, rows_below = b->rows - half;
    pcl_gemm_u8_panel left = pcl_gemm_u8_panel_apart(b->task, first, NULL);
    pcl_gemm_u8_panel right = pcl_gemm_u8_panel_apart(b->task, first + 8, NULL);
    v128_t (*u)[2] = space->u, (*v)[2] = space->v, (*c)[2] = space->c, (*c22)[2] = space->c22;
    combine_weights_apart(b, left.weights, right.weights);
    multiply(b, 0, left.bias, 0, u);
    multiply(b, 1, u, 8, c);
    pcl_gemm_u8_store_apart(b->task, &left, c, b->row, half);
    multiply(b, 2, u, 8, u);
    PCL_ROLLED
    for (size_t r = 0; r < half; r++) /* from here on with the other bias */
        for (int i = 0; i < 2; i++)
            v[r][i] = wasm_i32x4_add(u[r][i], wasm_i32x4_sub(right.bias[i], left.bias[i]));
    multiply(b, 3, v, 8, v);
    multiply(b, 4, v, 8, c);
    pcl_gemm_u8_store_apart(b->task, &right, c, b->row, half);
    multiply(b, 5, v, 8, c22);
    PCL_ROLLED
    for (size_t r = 0; r < half; r++)
        for (int i = 0; i < 2; i++) v[r][i] = wasm_i32x4_add(wasm_i32x4_sub(c22[r][i], v[r][i]), u[r][i]);
    pcl_gemm_u8_store_apart(b->task, &right, c22, below, rows_below);
    multiply(b, 6, v, 8, v);
    pcl_gemm_u8_store_apart(b->task, &left, v, below, rows_below);
}

static bool pays(const pcl_gemm_u8 *task) {
    size_t depth = task->depth;
    return depth % 16 == 0 && depth >= LEAST_DEPTH && depth <= MOST_DEPTH && task->columns % 16 == 0 &&
           depth * task->columns >= LEAST_WEIGHTS && task->rows >= LEAST_ROWS;
}

PCL_APART void blocks_apart(const pcl_gemm_u8 *task) {
    workspace space;
    block b = {.task = task, .space = &space, .steps = task->depth / 16};
    size_t most = LEFT_VALUES / PRODUCTS / (task->depth / 2) / TILE_ROWS * TILE_ROWS * 2;
    if (most > 2 * HALF_ROWS) most = 2 * HALF_ROWS;
    for (; b.row < task->rows; b.row += b.rows) {
        b.rows = pcl_even_chunk(task->rows - b.row, most, 2 * TILE_ROWS);
        b.half = pcl_round_up((b.rows + 1) / 2, TILE_ROWS);
        b.left_values = b.half * b.steps * 8;
        combine_left_apart(&b);
        for (size_t first = 0; first < task->columns; first += 16) columns_apart(&b, first);
    }
}

void pcl_gemm_u8_strassen_simd128(const pcl_gemm_u8 *task) {
    if (pays(task)) blocks_apart(task);
    else pcl_gemm_u8_simd128(task);
}
