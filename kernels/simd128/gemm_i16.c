#include "gemm_i16.h"

#include "functions.h"

/* A pair of each row, in every lane, times the pairs of eight columns. */
PCL_INLINE void add_pair(const int16_t *left, const int16_t *weights, v128_t sums[PCL_GEMM_I16_ROWS][2]) {
    v128_t w0 = wasm_v128_load(weights), w1 = wasm_v128_load(weights + 8);
    for (int r = 0; r < PCL_GEMM_I16_ROWS; r++) {
        PCL_KEEP_ORDER();
        v128_t value = wasm_v128_load32_splat(left + r * 2);
        sums[r][0] = wasm_i32x4_add(sums[r][0], wasm_i32x4_dot_i16x8(value, w0));
        sums[r][1] = wasm_i32x4_add(sums[r][1], wasm_i32x4_dot_i16x8(value, w1));
    }
}

/* The ten sums, two weights, a pair and a product are 14 of the 15 registers that V8 has on x86-64. All else about this
 * function is for V8's sake, too. It does nothing but multiply, or sums would move from register to register in every
 * round. There is one pair in each round: of more, V8 wants more weights at once than there are registers. The pair
 * before the loop makes the addresses of the rows, which otherwise are made in the loop. */
void pcl_gemm_i16_columns_apart(const pcl_gemm_i16_panel *panel) {
    const int32_t *initial = panel->initial;
    const int16_t *left = panel->left, *first = panel->weights;
    int32_t *out = panel->out;
    size_t stride = panel->stride, initial_stride = panel->initial_stride;
    size_t tile_values = panel->pairs * 2 * PCL_GEMM_I16_ROWS;
    for (const int16_t *last = left + panel->tiles * tile_values; left != last;) {
        v128_t sums[PCL_GEMM_I16_ROWS][2];
        for (int r = 0; r < PCL_GEMM_I16_ROWS; r++, initial += initial_stride) {
            sums[r][0] = wasm_v128_load(initial);
            sums[r][1] = wasm_v128_load(initial + 4);
        }
        const int16_t *weights = first, *end = left + tile_values;
        add_pair(left, weights, sums);
        left += 2 * PCL_GEMM_I16_ROWS;
        weights += 16;
        PCL_ROLLED
        for (; left != end; left += 2 * PCL_GEMM_I16_ROWS, weights += 16) {
            PCL_HIDE(left);
            PCL_HIDE(weights);
            add_pair(left, weights, sums);
        }
        for (int r = 0; r < PCL_GEMM_I16_ROWS; r++, out += stride) {
            wasm_v128_store(out, sums[r][0]);
            wasm_v128_store(out + 4, sums[r][1]);
        }
    }
}

PCL_APART void interleave_apart(int16_t *a, size_t steps) {
    for (; steps > 0; steps--, a += 8 * PCL_GEMM_I16_ROWS) {
        v128_t rows[PCL_GEMM_I16_ROWS];
        for (int r = 0; r < PCL_GEMM_I16_ROWS; r++) rows[r] = wasm_v128_load(a + r * 8);
        pcl_gemm_i16_interleave(rows, a);
    }
}

void pcl_gemm_i16_simd128(const pcl_gemm_i16 *task) {
    interleave_apart(task->a, task->tiles * task->steps);
    pcl_gemm_i16_panel panel = {.tiles = task->tiles,
                                .pairs = task->steps * 4,
                                .left = task->a,
                                .weights = task->packed,
                                .out = task->out,
                                .stride = task->panels * 8};
    for (size_t first = 0; first < panel.stride; first += 8, panel.weights += task->steps * 64, panel.out += 8) {
        panel.initial = task->bias + first;
        pcl_gemm_i16_columns_apart(&panel);
    }
}
