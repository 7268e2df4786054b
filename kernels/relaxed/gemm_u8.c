#include "functions.h"
#include "gemm_u8.h"
#include "relaxed/relaxed.h"

/* One dot product of four takes a quad of a row, in every lane, times four
 * columns. `rows` x `vectors` accumulators, two weights and one quad fill the
 * 15 registers that V8 has on x86-64. */
typedef struct tile {
    v128_t sums[12][2];
    const uint8_t *a[12];
} tile;

PCL_INLINE void multiply_quad(tile *t, const int8_t *weights, size_t k, int rows, int vectors, bool flip) {
    v128_t w0 = wasm_v128_load(weights), w1 = w0;
    if (vectors == 2) w1 = wasm_v128_load(weights + 16);
    for (int r = 0; r < rows; r++) {
        v128_t quad = wasm_v128_load32_splat(t->a[r] + k);
        if (flip) quad = wasm_v128_xor(quad, wasm_i8x16_splat(INT8_MIN));
        t->sums[r][0] = pcl_relaxed_dot(w0, quad, t->sums[r][0]);
        if (vectors == 2) t->sums[r][1] = pcl_relaxed_dot(w1, quad, t->sums[r][1]);
    }
}

/* rows x (4 * vectors) outputs; flip: bytes of a become a - 128. */
PCL_INLINE void multiply(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, size_t block_row,
                         int rows, int vectors, bool flip) {
    tile t;
    for (int r = 0; r < rows; r++) {
        t.a[r] = task->a + (row + (size_t)r) * task->a_stride;
        t.sums[r][0] = panel->bias[0];
        t.sums[r][1] = panel->bias[1];
    }
    if (panel->corrections) {
        for (int r = 0; r < rows; r++) {
            v128_t correction = wasm_v128_load32_splat(panel->corrections + block_row + r);
            t.sums[r][0] = wasm_i32x4_sub(t.sums[r][0], correction);
            if (vectors == 2) t.sums[r][1] = wasm_i32x4_sub(t.sums[r][1], correction);
        }
    }
    const int8_t *weights = panel->weights;
    for (size_t k = 0; k < panel->quads * 4; k += 4, weights += 32) multiply_quad(&t, weights, k, rows, vectors, flip);
    pcl_gemm_u8_store(task, panel, row, rows, t.sums);
}

PCL_INLINE void multiply_rows(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, size_t end,
                              bool flip) {
    size_t first = row;
    if (panel->columns <= 4) {
        for (; end - row >= 12; row += 12) multiply(task, panel, row, row - first, 12, 1, flip);
    }
    for (; end - row >= 6; row += 6) multiply(task, panel, row, row - first, 6, 2, flip);
    switch (end - row) {
    case 5: multiply(task, panel, row, row - first, 5, 2, flip); break;
    case 4: multiply(task, panel, row, row - first, 4, 2, flip); break;
    case 3: multiply(task, panel, row, row - first, 3, 2, flip); break;
    case 2: multiply(task, panel, row, row - first, 2, 2, flip); break;
    case 1: multiply(task, panel, row, row - first, 1, 2, flip); break;
    default: break;
    }
}

static void rows_unsigned(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, size_t end) {
    multiply_rows(task, panel, row, end, false);
}

static void rows_signed(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, size_t end) {
    multiply_rows(task, panel, row, end, true);
}

void pcl_gemm_u8_relaxed(const pcl_gemm_u8 *task) { pcl_gemm_u8_walk(task, 0, rows_unsigned); }

void pcl_gemm_u8_relaxed_signed(const pcl_gemm_u8 *task) { pcl_gemm_u8_walk(task, 128, rows_signed); }
