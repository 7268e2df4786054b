#include "functions.h"
#include "gemm_i16.h"
#include "gemm_u8.h"

/* Both matrices are widened to 16 bits a block at a time, so that the inner
 * loop only loads, multiplies pairs and adds:
 * left:    [tiles of 5 rows][steps of 8 k][5][8] int16
 * weights: one panel, [steps of 8 k][4 pairs][8 columns][2] int16
 * Bytes of a beyond the depth meet zero weights. */
#define TILE_ROWS PCL_GEMM_I16_ROWS
#define BLOCK_DEPTH 1024
#define DEEP_ROWS 50 /* of BLOCK_DEPTH that fit. The more, the less often weights are widened; they pass by in order. */
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

/* The first row of a tile of a block of `rows`; the last one begins earlier where rows are missing, and those that it
 * shares with the one before come out the same. */
static size_t tile_row(size_t tile, size_t rows) {
    return tile * TILE_ROWS < rows - TILE_ROWS ? tile * TILE_ROWS : rows - TILE_ROWS;
}

static size_t tile_count(size_t rows) { return (rows + TILE_ROWS - 1) / TILE_ROWS; }

PCL_APART void widen_left_apart(const pcl_gemm_u8 *task, size_t row, size_t rows, const range *k, int16_t *left) {
    for (size_t tile = 0; tile < tile_count(rows); tile++, left += k->steps * TILE_ROWS * 8)
        for (size_t r = 0; r < TILE_ROWS; r++) {
            const uint8_t *a = task->a + (row + tile_row(tile, rows) + r) * task->a_stride + k->begin;
            int16_t *to = left + r * 8;
            for (size_t step = 0; step < k->steps; step++, a += 8, to += TILE_ROWS * 8)
                wasm_v128_store(to, wasm_u16x8_load8x8(a));
        }
}

/* Four columns of a quad, [4][4] bytes, to two pairs, each [4][2]. */
PCL_INLINE void widen_quad(const int8_t *packed, int16_t *to) {
    v128_t low = wasm_i16x8_load8x8(packed), high = wasm_i16x8_load8x8(packed + 8);
    wasm_v128_store(to, wasm_i32x4_shuffle(low, high, 0, 2, 4, 6));
    wasm_v128_store(to + 16, wasm_i32x4_shuffle(low, high, 1, 3, 5, 7));
}

PCL_APART void widen_weights_apart(const pcl_gemm_u8_panel *panel, const range *k, int16_t *weights) {
    size_t quads = panel->quads - k->begin / 4 < k->steps * 2 ? panel->quads - k->begin / 4 : k->steps * 2;
    const int8_t *packed = panel->weights + k->begin * 8;
    for (size_t quad = 0; quad < quads; quad++, packed += 32, weights += 32) {
        widen_quad(packed, weights);
        widen_quad(packed + 16, weights + 8);
    }
    if (quads % 2) memset(weights, 0, 32 * sizeof *weights);
}

/* Tile `at` of a block of `rows` from `row` on. */
PCL_INLINE void multiply_tile(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, workspace *space, const range *k,
                              size_t row, size_t rows, size_t at) {
    v128_t sums[TILE_ROWS][2], (*kept)[2] = space->sums + at * TILE_ROWS;
    for (int r = 0; r < TILE_ROWS; r++) {
        sums[r][0] = k->first ? panel->bias[0] : kept[r][0];
        sums[r][1] = k->first ? panel->bias[1] : kept[r][1];
    }
    pcl_gemm_i16_multiply(space->left + at * k->steps * TILE_ROWS * 8, space->weights, k->steps, sums);
    if (!k->last) {
        memcpy(kept, sums, sizeof sums);
        return;
    }
    size_t first = tile_row(at, rows);
    if (panel->corrections) {
        for (int r = 0; r < TILE_ROWS; r++) {
            v128_t correction = wasm_v128_load32_splat(panel->corrections + first + r);
            sums[r][0] = wasm_i32x4_sub(sums[r][0], correction);
            sums[r][1] = wasm_i32x4_sub(sums[r][1], correction);
        }
    }
    pcl_gemm_u8_store(task, panel, row + first, TILE_ROWS, sums);
}

/* All tiles of a block, with copies of what the pointers lead to, since stores of bytes might change that for all the
 * compiler knows. */
PCL_APART void tiles_apart(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, workspace *space, const range *k,
                           size_t row, size_t rows) {
    pcl_gemm_u8 own_task = *task;
    pcl_gemm_u8_panel own_panel = *panel;
    range own_k = *k;
    for (size_t at = 0; at < tile_count(rows); at++)
        multiply_tile(&own_task, &own_panel, space, &own_k, row, rows, at);
}

/* `rows` rows, at least a tile, of all panels. A depth of one block is widened once for all of them. */
static void block(const pcl_gemm_u8 *task, workspace *space, size_t row, size_t rows) {
    if (task->weight_zero_point != 0) pcl_gemm_u8_correct(task, 0, row, row + rows, space->corrections);
    bool whole = task->depth <= BLOCK_DEPTH;
    range k = {.begin = 0, .steps = (task->depth + 7) / 8, .first = true, .last = true};
    if (whole) widen_left_apart(task, row, rows, &k, space->left);
    for (size_t first = 0; first < task->columns; first += 8) {
        pcl_gemm_u8_panel panel = pcl_gemm_u8_panel_at(task, first);
        if (task->weight_zero_point != 0) panel.corrections = space->corrections;
        for (k.begin = 0; k.begin < task->depth; k.begin += BLOCK_DEPTH) {
            size_t left = task->depth - k.begin;
            if (!whole) {
                k.steps = (left < BLOCK_DEPTH ? left + 7 : BLOCK_DEPTH) / 8;
                k.first = k.begin == 0;
                k.last = left <= BLOCK_DEPTH;
                widen_left_apart(task, row, rows, &k, space->left);
            }
            widen_weights_apart(&panel, &k, space->weights);
            tiles_apart(task, &panel, space, &k, row, rows);
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

PCL_APART void single_row_apart(const pcl_gemm_u8 *task, size_t row) {
    int32_t correction;
    if (task->weight_zero_point != 0) pcl_gemm_u8_correct(task, 0, row, row + 1, &correction);
    for (size_t first = 0; first < task->columns; first += 8) {
        pcl_gemm_u8_panel panel = pcl_gemm_u8_panel_at(task, first);
        if (task->weight_zero_point != 0) panel.corrections = &correction;
        one_row(task, task->a + row * task->a_stride, &panel, row);
    }
}

/* A last block of less than a tile begins earlier. */
void pcl_gemm_u8_simd128(const pcl_gemm_u8 *task) {
    workspace space;
    if (task->rows < TILE_ROWS) {
        for (size_t row = 0; row < task->rows; row++) single_row_apart(task, row);
        return;
    }
    size_t steps = task->depth < BLOCK_DEPTH ? (task->depth + 7) / 8 : BLOCK_DEPTH / 8;
    size_t rows = LEFT_VALUES / (steps * 8) / TILE_ROWS * TILE_ROWS;
    if (rows > PCL_GEMM_U8_BLOCK_ROWS) rows = PCL_GEMM_U8_BLOCK_ROWS / TILE_ROWS * TILE_ROWS;
    for (size_t row = 0; row < task->rows; row += rows) {
        size_t left = task->rows - row;
        if (left < TILE_ROWS) block(task, &space, task->rows - TILE_ROWS, TILE_ROWS);
        else block(task, &space, row, left < rows ? left : rows);
    }
}
