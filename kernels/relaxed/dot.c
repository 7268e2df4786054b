#include "relaxed/relaxed.h"

#if !defined(__wasm__)

pcl_dot pcl_native_dot = PCL_DOT_UNSIGNED;

/* [even pairs' lanes + odd lanes] of two vectors of pair sums */
static v128_t add_pairs(v128_t low, v128_t high) {
    return wasm_i32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6), wasm_i32x4_shuffle(low, high, 1, 3, 5, 7));
}

v128_t pcl_emulated_pairs(v128_t a, v128_t b) {
    v128_t low = wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(a), wasm_u16x8_extend_low_u8x16(b));
    v128_t high = wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(a), wasm_u16x8_extend_high_u8x16(b));
    return wasm_i16x8_narrow_i32x4(low, high);
}

static v128_t wrap_to_i16(v128_t value) { return wasm_i32x4_shr(wasm_i32x4_shl(value, 16), 16); }

v128_t pcl_emulated_dot(v128_t a, v128_t b, v128_t sum) {
    if (pcl_native_dot == PCL_DOT_SATURATING)
        return wasm_i32x4_add(sum, wasm_i32x4_extadd_pairwise_i16x8(pcl_emulated_pairs(a, b)));
    bool is_signed = pcl_native_dot != PCL_DOT_UNSIGNED;
    v128_t b_low = is_signed ? wasm_i16x8_extend_low_i8x16(b) : wasm_u16x8_extend_low_u8x16(b);
    v128_t b_high = is_signed ? wasm_i16x8_extend_high_i8x16(b) : wasm_u16x8_extend_high_u8x16(b);
    v128_t low = wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(a), b_low);
    v128_t high = wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(a), b_high);
    if (pcl_native_dot == PCL_DOT_OTHER) {
        low = wrap_to_i16(low);
        high = wrap_to_i16(high);
    }
    return wasm_i32x4_add(sum, add_pairs(low, high));
}

#endif

/* volatile: the compiler's own arithmetic says nothing about the machine's. */
pcl_dot pcl_dot_semantics(void) {
    volatile int8_t hidden[] = {-128, -1};
    v128_t least = wasm_i8x16_splat(hidden[0]), greatest = wasm_i8x16_splat(hidden[1]); /* as b: 128, 255 */
    v128_t sum = pcl_relaxed_dot(least, greatest, pcl_relaxed_dot(least, least, wasm_i32x4_splat(0)));
    v128_t pairs = pcl_relaxed_pairs(least, greatest);
    switch (wasm_i32x4_extract_lane(sum, 0)) {
    case -128 * (128 + 255) * 4: return PCL_DOT_UNSIGNED;
    case -128 * (-128 - 1) * 4: return PCL_DOT_SIGNED;
    case -128 * 128 * 4 + 2 * INT16_MIN:
        return wasm_i16x8_extract_lane(pairs, 0) == INT16_MIN ? PCL_DOT_SATURATING : PCL_DOT_OTHER;
    default: return PCL_DOT_OTHER;
    }
}
