/* The inner loop of every product of 16-bit integers. The ten sums of five
 * rows, two weights, a pair and a product are 14 of the 15 registers that V8
 * has on x86-64; six rows would be 16. */
#ifndef PCL_GEMM_I16_H
#define PCL_GEMM_I16_H

#include "simd.h"

/* Five rows by eight columns of sums of `steps` times 8 products.
 * left: [steps][PCL_GEMM_I16_ROWS][8]; weights: [steps][4 pairs][8 columns][2]
 * A pair of a row, in every lane, times the pairs of four columns gives four
 * products of two. */
PCL_INLINE void pcl_gemm_i16_multiply(const int16_t *left, const int16_t *weights, size_t steps,
                                      v128_t sums[PCL_GEMM_I16_ROWS][2]) {
    for (size_t step = 0; step < steps; step++, left += (PCL_GEMM_I16_ROWS - 1) * 8) {
        /* A pair in each round: of more, V8 would want more weights at once than there are registers. */
        PCL_ROLLED
        for (const int16_t *end = left + 8; left != end; left += 2, weights += 16) {
            PCL_HIDE(left);
            PCL_HIDE(weights);
            v128_t w0 = wasm_v128_load(weights), w1 = wasm_v128_load(weights + 8);
            for (int r = 0; r < PCL_GEMM_I16_ROWS; r++) {
                PCL_KEEP_ORDER();
                v128_t value = wasm_v128_load32_splat(left + r * 8);
                sums[r][0] = wasm_i32x4_add(sums[r][0], wasm_i32x4_dot_i16x8(value, w0));
                sums[r][1] = wasm_i32x4_add(sums[r][1], wasm_i32x4_dot_i16x8(value, w1));
            }
        }
    }
}

#endif
