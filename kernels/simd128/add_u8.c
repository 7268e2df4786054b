#include "functions.h"
#include "simd.h"

typedef struct constants {
    v128_t bias, a_multiplier, b_multiplier, zero_point, low, high;
} constants;

/* Four sums, from 32-bit lanes of a and b. */
PCL_INLINE v128_t add4(v128_t a, v128_t b, const constants *k, int32_t shift) {
    v128_t sum = wasm_i32x4_add(k->bias, wasm_i32x4_mul(a, k->a_multiplier));
    sum = wasm_i32x4_add(sum, wasm_i32x4_mul(b, k->b_multiplier));
    sum = wasm_i32x4_add(wasm_i32x4_shr(sum, (uint32_t)shift), k->zero_point);
    return wasm_i32x4_min(wasm_i32x4_max(sum, k->low), k->high);
}

PCL_INLINE v128_t add8(v128_t a, v128_t b, const constants *k, int32_t shift) {
    v128_t low = add4(wasm_u32x4_extend_low_u16x8(a), wasm_u32x4_extend_low_u16x8(b), k, shift);
    v128_t high = add4(wasm_u32x4_extend_high_u16x8(a), wasm_u32x4_extend_high_u16x8(b), k, shift);
    return wasm_i16x8_narrow_i32x4(low, high);
}

PCL_INLINE v128_t add16(v128_t a, v128_t b, const constants *k, int32_t shift) {
    v128_t low = add8(wasm_u16x8_extend_low_u8x16(a), wasm_u16x8_extend_low_u8x16(b), k, shift);
    v128_t high = add8(wasm_u16x8_extend_high_u8x16(a), wasm_u16x8_extend_high_u8x16(b), k, shift);
    return wasm_u8x16_narrow_i16x8(low, high);
}

void pcl_add_u8_simd128(const pcl_add_u8 *parameters, const uint8_t *a, const uint8_t *b, uint8_t *out,
                        size_t count) {
    constants k = {
        .bias = wasm_i32x4_splat(parameters->bias),
        .a_multiplier = wasm_i32x4_splat(parameters->a_multiplier),
        .b_multiplier = wasm_i32x4_splat(parameters->b_multiplier),
        .zero_point = wasm_i32x4_splat(parameters->zero_point),
        .low = wasm_i32x4_splat(parameters->low),
        .high = wasm_i32x4_splat(parameters->high),
    };
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        wasm_v128_store(out + i, add16(wasm_v128_load(a + i), wasm_v128_load(b + i), &k, parameters->shift));
    }
    if (i < count) {
        v128_t tail = add16(wasm_v128_load(a + i), wasm_v128_load(b + i), &k, parameters->shift);
        pcl_store_part(out + i, tail, count - i);
    }
}
