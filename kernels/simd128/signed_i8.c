#include "functions.h"
#include "simd.h"

/* All weights pass here before a page has its first result, in code that the browser has not optimised yet: a
 * sixteenth of the rounds counts. */
uint32_t pcl_signed_i8_simd128(const uint8_t *from, size_t count, uint8_t flip, int8_t *out) {
    v128_t flips = wasm_i8x16_splat((int8_t)flip), sums = wasm_i32x4_splat(0);
    for (size_t i = 0; i < count; i += 16) {
        v128_t value = wasm_v128_xor(wasm_v128_load(from + i), flips);
        wasm_v128_store(out + i, value);
        sums = wasm_i32x4_add(sums, wasm_i32x4_extadd_pairwise_i16x8(wasm_i16x8_extadd_pairwise_i8x16(value)));
    }
    return (uint32_t)wasm_i32x4_extract_lane(sums, 0) + (uint32_t)wasm_i32x4_extract_lane(sums, 1) +
           (uint32_t)wasm_i32x4_extract_lane(sums, 2) + (uint32_t)wasm_i32x4_extract_lane(sums, 3);
}
