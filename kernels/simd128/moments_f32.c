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
        v128_t total = wasm_v128_load(sum + c), squares = wasm_v128_load(square + c);
        moments4(x + c, pixels, channels, wasm_v128_load(center + c), &total, &squares);
        pcl_store_words(sum + c, total, channels - c);
        pcl_store_words(square + c, squares, channels - c);
    }
}
