/* 128-bit vectors by WebAssembly's names, in wasm and (through SIMDe)
 * natively, so that the same kernels run under sanitizers and in native
 * benchmarks; and the few things that many kernels do with them. */
#ifndef PCL_SIMD_H
#define PCL_SIMD_H

#include <string.h>

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#else
#define SIMDE_ENABLE_NATIVE_ALIASES
#include "simde/wasm/simd128.h"
#endif

#include "requantize.h"

#define PCL_INLINE static inline __attribute__((always_inline))

/* No load moves past this point. Without it compilers gather the loads of an
 * unrolled loop's rounds, and the accumulators no longer fit the registers. */
#define PCL_KEEP_ORDER() __asm__ volatile("" ::: "memory")

/* Compilers no longer know where the value comes from. Of a pointer: constant distances from it stay in the loads,
 * where otherwise each gets an addition of its own. */
#define PCL_HIDE(value) __asm__("" : "+r"(value))

/* Memory is read in whole vectors; this serves the ends of what is written. A copy of so many bytes is a call into the
 * browser, which takes as long as a hundred instructions. */
PCL_APART void pcl_store_part_apart(void *to, v128_t value, size_t bytes) {
    uint8_t copy[16];
    wasm_v128_store(copy, value);
    memcpy(to, copy, bytes);
}

/* The first four of `count` elements of 32 bits, or as many as there are. */
PCL_INLINE void pcl_store_words(void *to, v128_t value, size_t count) {
    if (count < 4) pcl_store_part_apart(to, value, count * 4);
    else wasm_v128_store(to, value);
}

/* Products modulo 2^32: SIMDe's natively overflow signed integers, which sanitizers mind. */
PCL_INLINE v128_t pcl_multiply_i32x4(v128_t a, v128_t b) {
#if defined(__wasm_simd128__)
    return wasm_i32x4_mul(a, b);
#else
    uint32_t x[4], y[4];
    wasm_v128_store(x, a);
    wasm_v128_store(y, b);
    for (int i = 0; i < 4; i++) x[i] *= y[i];
    return wasm_v128_load(x);
#endif
}

/* min(max(value, low), high) with NaN passing, as pcl_clamp_f32. */
PCL_INLINE v128_t pcl_clamp_f32x4(v128_t value, v128_t low, v128_t high) {
    return wasm_f32x4_pmin(wasm_f32x4_pmax(value, low), high);
}

/* a * b + sum: what the float kernels of the instruction sets differ in. */
typedef v128_t pcl_madd(v128_t a, v128_t b, v128_t sum);
PCL_INLINE v128_t pcl_multiply_add(v128_t a, v128_t b, v128_t sum) { return wasm_f32x4_add(wasm_f32x4_mul(a, b), sum); }

/* A constant that stays in a register or on the stack. One that the compiler
 * knows becomes v128.const, which V8 builds anew at every use, with three
 * instructions on x86-64. */
PCL_INLINE v128_t pcl_hidden_f32x4(float value) {
    volatile float hidden = value;
    return wasm_f32x4_splat(hidden);
}

PCL_INLINE v128_t pcl_hidden_i16x8(int16_t value) {
    volatile int16_t hidden = value;
    return wasm_i16x8_splat(hidden);
}

/* How numbers become bytes, with everything that all columns share. */
typedef struct pcl_rounding {
    v128_t magic;     /* f32x4 */
    v128_t subtract;  /* i32x4: the bits of magic, less the zero point */
    v128_t low, high; /* f32x4: less the zero point */
} pcl_rounding;

PCL_INLINE pcl_rounding pcl_rounding_of(const pcl_requantization *to) {
    return (pcl_rounding){
        .magic = pcl_hidden_f32x4(PCL_ROUNDING_MAGIC),
        .subtract = wasm_i32x4_splat(PCL_ROUNDING_MAGIC_BITS - to->zero_point),
        .low = wasm_f32x4_splat((float)(to->low - to->zero_point)),
        .high = wasm_f32x4_splat((float)(to->high - to->zero_point)),
    };
}

/* Four floats, rounded half to even, plus the zero point: right where the result is in 0..255. The bits of a float
 * that is not negative grow with it, so that greater ones, however great, stay greater than 255, and less ones, down to
 * -2^23, less than 0. */
PCL_INLINE v128_t pcl_round_f32x4(v128_t value, const pcl_rounding *rounding) {
    return wasm_i32x4_sub(wasm_f32x4_add(value, rounding->magic), rounding->subtract);
}

/* Four vectors of integers to 16 bytes. */
PCL_INLINE v128_t pcl_narrow(v128_t a, v128_t b, v128_t c, v128_t d) {
    return wasm_u8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(a, b), wasm_i16x8_narrow_i32x4(c, d));
}

/* Four vectors of sums, each with its scales, to 16 bytes, by a requantisation that saturates. */
PCL_INLINE v128_t pcl_requantize_i32x4(const v128_t sums[4], const v128_t scales[4], const pcl_rounding *rounding) {
    v128_t values[4];
    for (int i = 0; i < 4; i++)
        values[i] = pcl_round_f32x4(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums[i]), scales[i]), rounding);
    return pcl_narrow(values[0], values[1], values[2], values[3]);
}

/* Sum of `count` bytes. */
PCL_INLINE uint32_t pcl_sum_u8(const uint8_t *bytes, size_t count) {
    v128_t sums = wasm_i32x4_splat(0);
    size_t i = 0;
    PCL_ROLLED
    for (; i + 16 <= count; i += 16) {
        v128_t pairs = wasm_u16x8_extadd_pairwise_u8x16(wasm_v128_load(bytes + i));
        sums = wasm_i32x4_add(sums, wasm_u32x4_extadd_pairwise_u16x8(pairs));
    }
    uint32_t sum = (uint32_t)wasm_i32x4_extract_lane(sums, 0) + (uint32_t)wasm_i32x4_extract_lane(sums, 1) +
                   (uint32_t)wasm_i32x4_extract_lane(sums, 2) + (uint32_t)wasm_i32x4_extract_lane(sums, 3);
    PCL_ROLLED
    for (; i < count; i++) sum += bytes[i];
    return sum;
}

#endif
