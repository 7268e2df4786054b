/* The relaxed instructions. What the dot product gives for b > 127 is left
 * to the machine; pcl_dot_semantics tells. */
#ifndef PCL_RELAXED_H
#define PCL_RELAXED_H

#include "relaxed/dot.h"
#include "simd.h"

#if defined(__wasm__)

/* sum[i] + the products of the four bytes i of a (signed) and b */
PCL_INLINE v128_t pcl_relaxed_dot(v128_t a, v128_t b, v128_t sum) {
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(a, b, sum);
}

/* Sums of the products of two bytes each of a (signed) and b; cut to 16 bits where PCL_DOT_SATURATING, and only of use
 * there */
PCL_INLINE v128_t pcl_relaxed_pairs(v128_t a, v128_t b) { return wasm_i16x8_relaxed_dot_i8x16_i7x16(a, b); }

/* (a * b + 2^14) >> 15, left to the machine where both are -2^15 */
PCL_INLINE v128_t pcl_relaxed_q15(v128_t a, v128_t b) { return wasm_i16x8_relaxed_q15mulr(a, b); }

/* a * b + sum, maybe fused */
PCL_INLINE v128_t pcl_relaxed_madd(v128_t a, v128_t b, v128_t sum) { return wasm_f32x4_relaxed_madd(a, b, sum); }

#else

v128_t pcl_emulated_pairs(v128_t a, v128_t b);

PCL_INLINE v128_t pcl_relaxed_pairs(v128_t a, v128_t b) {
#if defined(__SSSE3__)
    return simde_v128_from_m128i(_mm_maddubs_epi16(simde_v128_to_m128i(b), simde_v128_to_m128i(a)));
#else
    return pcl_emulated_pairs(a, b);
#endif
}

v128_t pcl_emulated_dot(v128_t a, v128_t b, v128_t sum);

PCL_INLINE v128_t pcl_relaxed_dot(v128_t a, v128_t b, v128_t sum) {
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
    if (pcl_native_dot == PCL_DOT_UNSIGNED) {
        return simde_v128_from_m128i(
            _mm_dpbusd_epi32(simde_v128_to_m128i(sum), simde_v128_to_m128i(b), simde_v128_to_m128i(a)));
    }
#endif
    return pcl_emulated_dot(a, b, sum);
}

PCL_INLINE v128_t pcl_relaxed_q15(v128_t a, v128_t b) { return wasm_i16x8_q15mulr_sat(a, b); }

PCL_INLINE v128_t pcl_relaxed_madd(v128_t a, v128_t b, v128_t sum) {
#if defined(__FMA__)
    return simde_v128_from_m128(
        _mm_fmadd_ps(simde_v128_to_m128(a), simde_v128_to_m128(b), simde_v128_to_m128(sum)));
#else
    return wasm_f32x4_add(wasm_f32x4_mul(a, b), sum);
#endif
}

#endif

#endif
