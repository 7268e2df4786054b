#include "gemm_i16.h"

#include "functions.h"

void pcl_gemm_i16_simd128(const pcl_gemm_i16 *task) {
    const int16_t *weights = task->packed;
    size_t columns = task->panels * 8;
    size_t panel_values = task->steps * 64, tile_values = task->steps * PCL_GEMM_I16_ROWS * 8;
    for (size_t first = 0; first < columns; first += 8, weights += panel_values) {
        v128_t bias0 = wasm_v128_load(task->bias + first), bias1 = wasm_v128_load(task->bias + first + 4);
        const int16_t *a = task->a;
        int32_t *out = task->out + first;
        for (size_t tile = 0; tile < task->tiles; tile++, a += tile_values) {
            v128_t sums[PCL_GEMM_I16_ROWS][2];
            for (int r = 0; r < PCL_GEMM_I16_ROWS; r++) {
                sums[r][0] = bias0;
                sums[r][1] = bias1;
            }
            pcl_gemm_i16_multiply(a, weights, task->steps, sums);
            for (int r = 0; r < PCL_GEMM_I16_ROWS; r++, out += columns) {
                wasm_v128_store(out, sums[r][0]);
                wasm_v128_store(out + 4, sums[r][1]);
            }
        }
    }
}
