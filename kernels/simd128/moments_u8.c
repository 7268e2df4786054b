#include "functions.h"
#include "simd.h"

PCL_INLINE void add_to(uint32_t *at, v128_t addend, size_t bytes) {
    pcl_store_part(at, wasm_i32x4_add(pcl_load_part(at, bytes), addend), bytes);
}

/* Up to eight channels, all pixels: the sums stay in registers, those of the
 * values in 16 bits, which 256 pixels cannot overflow. */
static void moments8(const uint8_t *x, size_t pixels, size_t channels, size_t count, uint32_t *sum, uint32_t *square) {
    v128_t total = wasm_i32x4_splat(0), low = total, high = total;
    for (size_t p = 0; p < pixels; p++) {
        v128_t value = wasm_u16x8_load8x8(x + p * channels);
        total = wasm_i16x8_add(total, value);
        low = wasm_i32x4_add(low, wasm_u32x4_extmul_low_u16x8(value, value));
        high = wasm_i32x4_add(high, wasm_u32x4_extmul_high_u16x8(value, value));
    }
    size_t first = count < 4 ? count : 4, bytes = first * sizeof *sum, rest = (count - first) * sizeof *sum;
    add_to(sum, wasm_u32x4_extend_low_u16x8(total), bytes);
    add_to(sum + first, wasm_u32x4_extend_high_u16x8(total), rest);
    add_to(square, low, bytes);
    add_to(square + first, high, rest);
}

void pcl_moments_u8_simd128(const uint8_t *x, size_t pixels, size_t channels, uint32_t *sum, uint32_t *square) {
    for (size_t c = 0; c < channels; c += 8)
        moments8(x + c, pixels, channels, channels - c < 8 ? channels - c : 8, sum + c, square + c);
}
