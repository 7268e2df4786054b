#include "exp_constants.h"
#include "functions.h"
#include "simd.h"

/* The same operations in the same order as the scalar twin. */
PCL_INLINE v128_t exp_of(v128_t x) {
    v128_t n = wasm_f32x4_add(wasm_f32x4_mul(x, wasm_f32x4_splat(PCL_LOG2_E)), wasm_f32x4_splat(PCL_ROUNDING_MAGIC));
    v128_t power = wasm_i32x4_add(wasm_i32x4_shl(n, 23), wasm_i32x4_splat(0x3F800000));
    n = wasm_f32x4_sub(n, wasm_f32x4_splat(PCL_ROUNDING_MAGIC));
    v128_t r = wasm_f32x4_sub(x, wasm_f32x4_mul(n, wasm_f32x4_splat(PCL_LN2_HIGH)));
    r = wasm_f32x4_sub(r, wasm_f32x4_mul(n, wasm_f32x4_splat(PCL_LN2_LOW)));
    v128_t p = wasm_f32x4_splat(PCL_EXP_P0);
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(PCL_EXP_P1));
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(PCL_EXP_P2));
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(PCL_EXP_P3));
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(PCL_EXP_P4));
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(PCL_EXP_P5));
    v128_t sum = wasm_f32x4_add(r, wasm_f32x4_mul(wasm_f32x4_mul(r, r), p));
    return wasm_f32x4_mul(wasm_f32x4_add(wasm_f32x4_splat(1.0f), sum), power);
}

PCL_INLINE v128_t logistic4(v128_t x) {
    v128_t negative = wasm_f32x4_lt(x, wasm_f32x4_splat(0.0f));
    v128_t magnitude = wasm_v128_bitselect(x, wasm_f32x4_neg(x), negative);
    v128_t one = wasm_f32x4_splat(1.0f);
    v128_t t = exp_of(wasm_f32x4_pmax(magnitude, wasm_f32x4_splat(PCL_EXP_LOWEST)));
    return wasm_f32x4_div(wasm_v128_bitselect(t, one, negative), wasm_f32x4_add(one, t));
}

void pcl_logistic_f32_simd128(const float *in, float *out, size_t count) {
    for (size_t i = 0; i < count; i += 4) pcl_store_words(out + i, logistic4(wasm_v128_load(in + i)), count - i);
}
