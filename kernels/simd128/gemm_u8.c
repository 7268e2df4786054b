#include "functions.h"
#include "gemm_u8.h"

/* Both matrices are widened to 16 bits a block at a time, so that the inner
 * loop only loads, multiplies pairs and adds:
 * left:    [tiles of 5 rows][steps of 8 k][5][8] int16
 * weights: one panel, [steps of 8 k][4 pairs][8 columns][2] int16
 * A pair of a row, in every lane, times the pairs of four columns gives four
 * products of two. Bytes of a beyond the depth meet zero weights. The ten sums
 * of five rows, two weights, the pair and a product are 14 of the 15 registers
 * that V8 has on x86-64; six rows would be 16. */
#define TILE_ROWS 5
#define BLOCK_DEPTH 1024
#define DEEP_ROWS 15 /* of BLOCK_DEPTH that fit */
#define LEFT_VALUES (DEEP_ROWS * BLOCK_DEPTH)

typedef struct workspace {
    int16_t left[LEFT_VALUES];
    int16_t weights[BLOCK_DEPTH * 8];
    int32_t corrections[PCL_GEMM_U8_BLOCK_ROWS];
    v128_t sums[DEEP_ROWS][2]; /* of a panel, between blocks of the depth */
} workspace;

/* The part of the depth that is at hand. */
typedef struct range {
    size_t begin, steps;
    bool first, last;
} range;

static void widen_left(const pcl_gemm_u8 *task, size_t row, size_t end, const range *k, int16_t *left) {
    for (size_t m = row; m < end; m++) {
        const uint8_t *a = task->a + m * task->a_stride + k->begin;
        int16_t *to = left + ((m - row) / TILE_ROWS * k->steps * TILE_ROWS + (m - row) % TILE_ROWS) * 8;
        for (size_t step = 0; step < k->steps; step++, a += 8, to += TILE_ROWS * 8) {
            wasm_v128_store(to, wasm_u16x8_load8x8(a));
        }
    }
}

/* Four columns of a quad, [4][4] bytes, to two pairs, each [4][2]. */
PCL_INLINE void widen_quad(const int8_t *packed, int16_t *to) {
    v128_t low = wasm_i16x8_load8x8(packed), high = wasm_i16x8_load8x8(packed + 8);
    wasm_v128_store(to, wasm_i32x4_shuffle(low, high, 0, 2, 4, 6));
    wasm_v128_store(to + 16, wasm_i32x4_shuffle(low, high, 1, 3, 5, 7));
}

static void widen_weights(const pcl_gemm_u8_panel *panel, const range *k, int16_t *weights) {
    size_t quads = panel->quads - k->begin / 4 < k->steps * 2 ? panel->quads - k->begin / 4 : k->steps * 2;
    const int8_t *packed = panel->weights + k->begin * 8;
    for (size_t quad = 0; quad < quads; quad++, packed += 32, weights += 32) {
        widen_quad(packed, weights);
        widen_quad(packed + 16, weights + 8);
    }
    if (quads % 2) memset(weights, 0, 32 * sizeof *weights);
}

/* rows x (4 * vectors) sums over a range of the depth */
PCL_INLINE void multiply(const int16_t *left, const int16_t *weights, size_t steps, int rows, int vectors,
                         v128_t sums[TILE_ROWS][2]) {
    for (size_t step = 0; step < steps; step++, left += TILE_ROWS * 8, weights += 64) {
        for (int pair = 0; pair < 4; pair++) {
            PCL_KEEP_ORDER();
            v128_t w0 = wasm_v128_load(weights + pair * 16), w1 = w0;
            if (vectors == 2) w1 = wasm_v128_load(weights + pair * 16 + 8);
            for (int r = 0; r < rows; r++) {
                v128_t value = wasm_v128_load32_splat(left + r * 8 + pair * 2);
                sums[r][0] = wasm_i32x4_add(sums[r][0], wasm_i32x4_dot_i16x8(value, w0));
                if (vectors == 2) sums[r][1] = wasm_i32x4_add(sums[r][1], wasm_i32x4_dot_i16x8(value, w1));
            }
        }
    }
}

/* One tile: `at` is its first row in the block, `row` in the task. */
PCL_INLINE void tile(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, workspace *space, const range *k,
                     size_t row, size_t at, int rows, int vectors) {
    v128_t sums[TILE_ROWS][2];
    for (int r = 0; r < rows; r++) {
        sums[r][0] = k->first ? panel->bias[0] : space->sums[at + (size_t)r][0];
        sums[r][1] = k->first ? panel->bias[1] : space->sums[at + (size_t)r][1];
    }
    multiply(space->left + at * k->steps * 8, space->weights, k->steps, rows, vectors, sums);
    if (!k->last) {
        for (int r = 0; r < rows; r++) {
            space->sums[at + (size_t)r][0] = sums[r][0];
            space->sums[at + (size_t)r][1] = sums[r][1];
        }
        return;
    }
    if (panel->corrections) {
        for (int r = 0; r < rows; r++) {
            v128_t correction = wasm_v128_load32_splat(panel->corrections + at + r);
            sums[r][0] = wasm_i32x4_sub(sums[r][0], correction);
            sums[r][1] = wasm_i32x4_sub(sums[r][1], correction);
        }
    }
    pcl_gemm_u8_store(task, panel, row, rows, sums);
}

static void tiles(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, workspace *space, const range *k,
                  size_t row, size_t rows) {
    size_t at = 0;
    if (panel->columns <= 4) {
        for (; rows - at >= TILE_ROWS; at += TILE_ROWS) tile(task, panel, space, k, row + at, at, TILE_ROWS, 1);
    }
    for (; rows - at >= TILE_ROWS; at += TILE_ROWS) tile(task, panel, space, k, row + at, at, TILE_ROWS, 2);
    switch (rows - at) {
    case 4: tile(task, panel, space, k, row + at, at, 4, 2); break;
    case 3: tile(task, panel, space, k, row + at, at, 3, 2); break;
    case 2: tile(task, panel, space, k, row + at, at, 2, 2); break;
    case 1: tile(task, panel, space, k, row + at, at, 1, 2); break;
    default: break;
    }
}

/* Rows [row, end) of all panels. A depth of one block is widened once for all of them. */
static void block(const pcl_gemm_u8 *task, workspace *space, size_t row, size_t end) {
    if (task->weight_zero_point != 0) pcl_gemm_u8_correct(task, 0, row, end, space->corrections);
    bool whole = task->depth <= BLOCK_DEPTH;
    range k = {.begin = 0, .steps = (task->depth + 7) / 8, .first = true, .last = true};
    if (whole) widen_left(task, row, end, &k, space->left);
    for (size_t first = 0; first < task->columns; first += 8) {
        pcl_gemm_u8_panel panel = pcl_gemm_u8_panel_at(task, first);
        if (task->weight_zero_point != 0) panel.corrections = space->corrections;
        for (k.begin = 0; k.begin < task->depth; k.begin += BLOCK_DEPTH) {
            size_t left = task->depth - k.begin;
            if (!whole) {
                k.steps = (left < BLOCK_DEPTH ? left + 7 : BLOCK_DEPTH) / 8;
                k.first = k.begin == 0;
                k.last = left <= BLOCK_DEPTH;
                widen_left(task, row, end, &k, space->left);
            }
            widen_weights(&panel, &k, space->weights);
            tiles(task, &panel, space, &k, row, end - row);
        }
    }
}

/* One row alone, as in a classifier's last layer: widening a panel's weights in
 * memory would cost more than they are used. A quad of the row, twice in the
 * vector, times the quads of two columns gives the sums of pairs. */
static void one_row(const pcl_gemm_u8 *task, const uint8_t *a, const pcl_gemm_u8_panel *panel, size_t row) {
    v128_t pairs[4];
    for (int v = 0; v < 4; v++) pairs[v] = wasm_i32x4_splat(0);
    const int8_t *weights = panel->weights;
    for (size_t k = 0; k < panel->quads * 4; k += 4, weights += 32) {
        v128_t quad = wasm_u16x8_extend_low_u8x16(wasm_v128_load32_splat(a + k));
        for (int v = 0; v < 4; v++) {
            v128_t products = wasm_i32x4_dot_i16x8(quad, wasm_i16x8_load8x8(weights + v * 8));
            pairs[v] = wasm_i32x4_add(pairs[v], products);
        }
    }
    v128_t sums[1][2];
    for (int half = 0; half < 2; half++) {
        v128_t low = pairs[half * 2], high = pairs[half * 2 + 1];
        sums[0][half] = wasm_i32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6),
                                       wasm_i32x4_shuffle(low, high, 1, 3, 5, 7));
        sums[0][half] = wasm_i32x4_add(sums[0][half], panel->bias[half]);
        if (!panel->corrections) continue;
        sums[0][half] = wasm_i32x4_sub(sums[0][half], wasm_v128_load32_splat(panel->corrections));
    }
    pcl_gemm_u8_store(task, panel, row, 1, sums);
}

static void last_row(const pcl_gemm_u8 *task, size_t row) {
    int32_t correction;
    if (task->weight_zero_point != 0) pcl_gemm_u8_correct(task, 0, row, row + 1, &correction);
    for (size_t first = 0; first < task->columns; first += 8) {
        pcl_gemm_u8_panel panel = pcl_gemm_u8_panel_at(task, first);
        if (task->weight_zero_point != 0) panel.corrections = &correction;
        one_row(task, task->a + row * task->a_stride, &panel, row);
    }
}

void pcl_gemm_u8_simd128(const pcl_gemm_u8 *task) {
    workspace space;
    size_t steps = task->depth < BLOCK_DEPTH ? (task->depth + 7) / 8 : BLOCK_DEPTH / 8;
    size_t rows = LEFT_VALUES / (steps * 8) / TILE_ROWS * TILE_ROWS;
    if (rows > PCL_GEMM_U8_BLOCK_ROWS) rows = PCL_GEMM_U8_BLOCK_ROWS / TILE_ROWS * TILE_ROWS;
    for (size_t row = 0; row < task->rows; row += rows) {
        size_t end = task->rows - row < rows ? task->rows : row + rows;
        if (end - row == 1) last_row(task, row);
        else block(task, &space, row, end);
    }
}
