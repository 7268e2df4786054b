#include "functions.h"
#include "simd.h"

/* Four channels, all pixels: the sums stay in registers. */
PCL_INLINE void moments4(const float *x, size_t pixels, size_t channels, v128_t center, v128_t *sum, v128_t *square) {
    v128_t total = *sum, squares = *square;
    for (size_t p = 0; p < pixels; p++) {
        v128_t value = wasm_v128_load(x + p * channels);
        v128_t difference = wasm_f32x4_sub(value, center);
        total = wasm_f32x4_add(total, value);
        squares = wasm_f32x4_add(squares, wasm_f32x4_mul(difference, difference));
    }
    *sum = total;
    *square = squares;
}

void pcl_moments_f32_simd128(const float *x, size_t pixels, size_t channels, const float *center, float *sum,
                             float *square) {
    for (size_t c = 0; c < channels; c += 4) {
        size_t bytes = (channels - c < 4 ? channels - c : 4) * sizeof(float);
        v128_t total = pcl_load_part(sum + c, bytes), squares = pcl_load_part(square + c, bytes);
        moments4(x + c, pixels, channels, pcl_load_part(center + c, bytes), &total, &squares);
        pcl_store_part(sum + c, total, bytes);
        pcl_store_part(square + c, squares, bytes);
    }
}
