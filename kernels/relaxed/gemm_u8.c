#include "functions.h"
#include "gemm_u8.h"
#include "relaxed/relaxed.h"
#include "row_tiles.h"

/* One dot product of four takes a quad of a row, in every lane, times four
 * columns. rows x 2 accumulators, two weights and one quad fill the
 * 15 registers that V8 has on x86-64. */
typedef struct tile {
    v128_t sums[6][2];
    const uint8_t *a[6];
} tile;

PCL_INLINE void multiply_quad(tile *t, const int8_t *weights, size_t k, int rows, bool flip) {
    v128_t w0 = wasm_v128_load(weights), w1 = wasm_v128_load(weights + 16);
    for (int r = 0; r < rows; r++) {
        v128_t quad = wasm_v128_load32_splat(t->a[r] + k);
        if (flip) quad = wasm_v128_xor(quad, wasm_i8x16_splat(INT8_MIN));
        t->sums[r][0] = pcl_relaxed_dot(w0, quad, t->sums[r][0]);
        t->sums[r][1] = pcl_relaxed_dot(w1, quad, t->sums[r][1]);
    }
}

/* Of one panel, from row `first` on. */
typedef struct block {
    const pcl_gemm_u8 *task;
    const pcl_gemm_u8_panel *panel;
    size_t first;
} block;

/* rows x 8 outputs; flip: bytes of a become a - 128. */
PCL_INLINE void multiply(const block *b, size_t row, int rows, bool flip) {
    const pcl_gemm_u8 *task = b->task;
    const pcl_gemm_u8_panel *panel = b->panel;
    tile t;
    for (int r = 0; r < rows; r++) {
        t.a[r] = task->a + (row + (size_t)r) * task->a_stride;
        t.sums[r][0] = panel->bias[0];
        t.sums[r][1] = panel->bias[1];
    }
    if (panel->corrections) {
        for (int r = 0; r < rows; r++) {
            v128_t correction = wasm_v128_load32_splat(panel->corrections + (row - b->first) + r);
            t.sums[r][0] = wasm_i32x4_sub(t.sums[r][0], correction);
            t.sums[r][1] = wasm_i32x4_sub(t.sums[r][1], correction);
        }
    }
    const int8_t *weights = panel->weights;
    for (size_t k = 0; k < panel->quads * 4; k += 4, weights += 32) multiply_quad(&t, weights, k, rows, flip);
    pcl_gemm_u8_store(task, panel, row, rows, t.sums);
}

PCL_INLINE void multiply_unsigned(const void *context, size_t row, int rows, int vectors) {
    (void)vectors;
    multiply(context, row, rows, false);
}

PCL_INLINE void multiply_signed(const void *context, size_t row, int rows, int vectors) {
    (void)vectors;
    multiply(context, row, rows, true);
}

PCL_APART void rows_unsigned_apart(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, size_t end) {
    block b = {task, panel, row};
    pcl_tile_rows(&b, row, end, false, multiply_unsigned);
}

PCL_APART void rows_signed_apart(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, size_t end) {
    block b = {task, panel, row};
    pcl_tile_rows(&b, row, end, false, multiply_signed);
}

/* Computes rows [row, end) of a panel; its corrections[0] belongs to `row`. */
typedef void rows_function(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, size_t end);

PCL_APART void walk_apart(const pcl_gemm_u8 *task, uint32_t offset, rows_function *rows) {
    int32_t corrections[PCL_GEMM_U8_BLOCK_ROWS];
    size_t block = pcl_gemm_u8_block_rows(task->depth, 12);
    for (size_t row = 0; row < task->rows; row += block) {
        size_t end = task->rows - row < block ? task->rows : row + block;
        if (task->weight_zero_point != 0) pcl_gemm_u8_correct(task, offset, row, end, corrections);
        for (size_t first = 0; first < task->columns; first += 8) {
            pcl_gemm_u8_panel panel = pcl_gemm_u8_panel_at(task, first);
            if (task->weight_zero_point != 0) panel.corrections = corrections;
            rows(task, &panel, row, end);
        }
    }
}

void pcl_gemm_u8_relaxed(const pcl_gemm_u8 *task) { walk_apart(task, 0, rows_unsigned_apart); }

void pcl_gemm_u8_relaxed_signed(const pcl_gemm_u8 *task) { walk_apart(task, 128, rows_signed_apart); }
