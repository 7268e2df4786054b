#include "functions.h"
#include "gemm_u8.h"

/* A quad of a row, widened to 16 bits and twice in the vector, times the
 * quads of two columns gives the sums of pairs: the accumulators hold
 * [column][pair] for two columns each. */
typedef struct tile {
    v128_t sums[6][4];
    const uint8_t *a[6];
} tile;

PCL_INLINE void multiply_quad(tile *t, const int8_t *weights, size_t k, int rows, int vectors) {
    v128_t quads[6];
    for (int r = 0; r < rows; r++) quads[r] = wasm_u16x8_extend_low_u8x16(wasm_v128_load32_splat(t->a[r] + k));
    for (int v = 0; v < vectors; v++) {
        v128_t weight = wasm_i16x8_load8x8(weights + v * 8);
        for (int r = 0; r < rows; r++) {
            t->sums[r][v] = wasm_i32x4_add(t->sums[r][v], wasm_i32x4_dot_i16x8(weight, quads[r]));
        }
    }
}

PCL_INLINE v128_t add_pairs(v128_t low, v128_t high) {
    return wasm_i32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6), wasm_i32x4_shuffle(low, high, 1, 3, 5, 7));
}

/* rows x (2 * vectors) outputs */
PCL_INLINE void multiply(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, size_t block_row,
                         int rows, int vectors) {
    tile t;
    for (int r = 0; r < rows; r++) {
        t.a[r] = task->a + (row + (size_t)r) * task->a_stride;
        for (int v = 0; v < vectors; v++) t.sums[r][v] = wasm_i32x4_splat(0);
    }
    const int8_t *weights = panel->weights;
    for (size_t k = 0; k < panel->quads * 4; k += 4, weights += 32) multiply_quad(&t, weights, k, rows, vectors);

    v128_t sums[6][2];
    for (int r = 0; r < rows; r++) {
        for (int half = 0; half < 2; half++) {
            sums[r][half] = panel->bias[half];
            if (half * 2 >= vectors) continue;
            sums[r][half] = wasm_i32x4_add(sums[r][half], add_pairs(t.sums[r][half * 2], t.sums[r][half * 2 + 1]));
            if (!panel->corrections) continue;
            v128_t correction = wasm_v128_load32_splat(panel->corrections + block_row + r);
            sums[r][half] = wasm_i32x4_sub(sums[r][half], correction);
        }
    }
    for (int r = 0; r < rows; r += 2) {
        int next = r + 1 < rows ? r + 1 : r;
        pcl_gemm_u8_store(task, panel, row + (size_t)r, next > r, sums[r][0], sums[r][1], sums[next][0],
                          sums[next][1]);
    }
}

static void multiply_rows(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, size_t end) {
    size_t first = row;
    if (panel->columns <= 4) {
        for (; end - row >= 6; row += 6) multiply(task, panel, row, row - first, 6, 2);
    }
    for (; end - row >= 3; row += 3) multiply(task, panel, row, row - first, 3, 4);
    if (end - row == 2) multiply(task, panel, row, row - first, 2, 4);
    if (end - row == 1) multiply(task, panel, row, row - first, 1, 4);
}

void pcl_gemm_u8_simd128(const pcl_gemm_u8 *task) { pcl_gemm_u8_walk(task, 0, multiply_rows); }
