#include "functions.h"
#include "simd.h"

/* A swizzle gives zero for indices beyond 15: the sixteen parts of the table
 * are looked up at index - 0, index - 16, ..., and exactly one answers. */
PCL_INLINE v128_t lookup16(const uint8_t table[256], v128_t index) {
    v128_t found = wasm_i32x4_splat(0);
    for (int part = 0; part < 16; part++) {
        found = wasm_v128_or(found, wasm_i8x16_swizzle(wasm_v128_load(table + part * 16), index));
        index = wasm_i8x16_sub(index, wasm_i8x16_splat(16));
    }
    return found;
}

void pcl_lookup_u8_simd128(const uint8_t table[256], const uint8_t *in, uint8_t *out, size_t count) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16) wasm_v128_store(out + i, lookup16(table, wasm_v128_load(in + i)));
    for (; i < count; i++) out[i] = table[in[i]];
}
