#include "functions.h"
#include "simd.h"

typedef struct factors {
    v128_t scale, shift;
} factors;

PCL_INLINE factors factors_of(const float *scale, const float *shift) {
    return (factors){wasm_v128_load(scale), wasm_v128_load(shift)};
}

PCL_INLINE v128_t affine4(v128_t x, factors by, const pcl_rounding *rounding) {
    v128_t value = wasm_f32x4_add(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(x), by.scale), by.shift);
    return pcl_round_f32x4(wasm_f32x4_pmax(value, rounding->low), rounding);
}

/* Up to eight channels, all pixels: scales and shifts stay in registers. */
PCL_INLINE void affine8(const uint8_t *x, size_t pixels, size_t channels, size_t count, factors first, factors second,
                        const pcl_rounding *rounding, v128_t most, uint8_t *out) {
    for (size_t p = 0; p < pixels; p++, x += channels, out += channels) {
        v128_t values = wasm_u16x8_load8x8(x);
        v128_t low = affine4(wasm_u32x4_extend_low_u16x8(values), first, rounding);
        v128_t high = affine4(wasm_u32x4_extend_high_u16x8(values), second, rounding);
        v128_t bytes = wasm_u8x16_min(pcl_narrow(low, high, low, high), most);
        if (count == 8) wasm_v128_store64_lane(out, bytes, 0);
        else pcl_store_part_apart(out, bytes, count);
    }
}

void pcl_affine_u8_simd128(const uint8_t *x, size_t pixels, size_t channels, const float *shift,
                           const pcl_requantization *to, uint8_t *out) {
    pcl_rounding rounding = pcl_rounding_of(to);
    v128_t most = wasm_i8x16_splat((int8_t)to->high);
    for (size_t c = 0; c < channels; c += 8) {
        size_t count = channels - c < 8 ? channels - c : 8, second = count > 4 ? c + 4 : c;
        affine8(x + c, pixels, channels, count, factors_of(to->scale + c, shift + c),
                factors_of(to->scale + second, shift + second), &rounding, most, out + c);
    }
}
