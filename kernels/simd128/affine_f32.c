#include "functions.h"
#include "simd.h"

PCL_INLINE v128_t affine4(v128_t x, v128_t scale, v128_t shift, v128_t low, v128_t high) {
    return pcl_clamp_f32x4(wasm_f32x4_add(wasm_f32x4_mul(x, scale), shift), low, high);
}

void pcl_affine_f32_simd128(const float *x, size_t pixels, size_t channels, const float *scale, const float *shift,
                            float low, float high, float *out) {
    v128_t lows = wasm_f32x4_splat(low), highs = wasm_f32x4_splat(high);
    for (size_t p = 0; p < pixels; p++, x += channels, out += channels) {
        size_t c = 0;
        for (; c + 4 <= channels; c += 4) {
            v128_t value = affine4(wasm_v128_load(x + c), wasm_v128_load(scale + c), wasm_v128_load(shift + c), lows,
                                   highs);
            wasm_v128_store(out + c, value);
        }
        for (; c < channels; c++) out[c] = pcl_clamp_f32(x[c] * scale[c] + shift[c], low, high);
    }
}
