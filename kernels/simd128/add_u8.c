#include "functions.h"
#include "simd.h"

typedef struct constants {
    v128_t bias;
    v128_t upper, lower; /* halves of the multipliers, [4][a, b] of 16 bits: upper * 2^15 + lower */
    v128_t zero_point;   /* of 16 bits, and the others of bytes */
    v128_t low, high;
} constants;

/* [4][a, b] of 16 bits */
PCL_INLINE v128_t splat_pair(int32_t a, int32_t b) { return wasm_i32x4_splat(b * 65536 + (a & 0xFFFF)); }

/* Four sums. pairs: [4][a, b] */
PCL_INLINE v128_t add4(v128_t pairs, const constants *k, int32_t shift) {
    v128_t sum = wasm_i32x4_add(k->bias, wasm_i32x4_dot_i16x8(pairs, k->lower));
    sum = wasm_i32x4_add(sum, wasm_i32x4_shl(wasm_i32x4_dot_i16x8(pairs, k->upper), 15));
    return wasm_i32x4_shr(sum, (uint32_t)shift);
}

/* pairs: [8][a, b] of bytes */
PCL_INLINE v128_t add8(v128_t pairs, const constants *k, int32_t shift) {
    v128_t low = add4(wasm_u16x8_extend_low_u8x16(pairs), k, shift);
    v128_t high = add4(wasm_u16x8_extend_high_u8x16(pairs), k, shift);
    return wasm_i16x8_add_sat(wasm_i16x8_narrow_i32x4(low, high), k->zero_point);
}

PCL_INLINE v128_t add16(v128_t a, v128_t b, const constants *k, int32_t shift) {
    v128_t low = add8(wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), k, shift);
    v128_t high = add8(wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), k, shift);
    return wasm_u8x16_min(wasm_u8x16_max(wasm_u8x16_narrow_i16x8(low, high), k->low), k->high);
}

void pcl_add_u8_simd128(const pcl_add_u8 *parameters, const uint8_t *a, const uint8_t *b, uint8_t *out,
                        size_t count) {
    int32_t a_multiplier = parameters->a_multiplier, b_multiplier = parameters->b_multiplier;
    constants k = {
        .bias = wasm_i32x4_splat(parameters->bias),
        .upper = splat_pair(a_multiplier >> 15, b_multiplier >> 15),
        .lower = splat_pair(a_multiplier & 0x7FFF, b_multiplier & 0x7FFF),
        .zero_point = wasm_i16x8_splat((int16_t)parameters->zero_point),
        .low = wasm_i8x16_splat((int8_t)parameters->low),
        .high = wasm_i8x16_splat((int8_t)parameters->high),
    };
    for (size_t i = 0; i < count; i += 16) {
        v128_t sums = add16(wasm_v128_load(a + i), wasm_v128_load(b + i), &k, parameters->shift);
        if (count - i < 16) pcl_store_part_apart(out + i, sums, count - i);
        else wasm_v128_store(out + i, sums);
    }
}
