#include "functions.h"
#include "simd.h"

PCL_INLINE v128_t dequantize4(v128_t value, v128_t zero_point, v128_t scale) {
    return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_sub(value, zero_point)), scale);
}

void pcl_dequantize_u8_simd128(float scale, int32_t zero_point, const uint8_t *in, float *out, size_t count) {
    v128_t zero_points = wasm_i32x4_splat(zero_point), scales = wasm_f32x4_splat(scale);
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        v128_t values = wasm_u16x8_load8x8(in + i);
        wasm_v128_store(out + i, dequantize4(wasm_u32x4_extend_low_u16x8(values), zero_points, scales));
        wasm_v128_store(out + i + 4, dequantize4(wasm_u32x4_extend_high_u16x8(values), zero_points, scales));
    }
    for (; i < count; i++) out[i] = (float)(in[i] - zero_point) * scale;
}
