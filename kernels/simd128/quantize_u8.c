#include "functions.h"
#include "simd.h"

PCL_INLINE v128_t quantize4(v128_t value, v128_t inverse_scale, const pcl_rounding *rounding) {
    value = wasm_f32x4_mul(value, inverse_scale);
    value = wasm_v128_and(value, wasm_f32x4_eq(value, value)); /* NaN becomes 0 */
    return pcl_round_f32x4(wasm_f32x4_pmax(value, rounding->low), rounding);
}

void pcl_quantize_u8_simd128(float inverse_scale, int32_t zero_point, const float *in, uint8_t *out, size_t count) {
    pcl_requantization whole_range = {.zero_point = zero_point, .low = 0, .high = 255};
    pcl_rounding rounding = pcl_rounding_of(&whole_range);
    v128_t scale = wasm_f32x4_splat(inverse_scale);
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        v128_t a = quantize4(wasm_v128_load(in + i), scale, &rounding);
        v128_t b = quantize4(wasm_v128_load(in + i + 4), scale, &rounding);
        v128_t c = quantize4(wasm_v128_load(in + i + 8), scale, &rounding);
        v128_t d = quantize4(wasm_v128_load(in + i + 12), scale, &rounding);
        wasm_v128_store(out + i, pcl_narrow(a, b, c, d));
    }
    for (; i < count; i += 4) {
        v128_t a = quantize4(wasm_v128_load(in + i), scale, &rounding);
        pcl_store_part_apart(out + i, pcl_narrow(a, a, a, a), count - i < 4 ? count - i : 4);
    }
}
