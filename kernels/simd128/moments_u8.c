#include "functions.h"
#include "simd.h"

PCL_INLINE void add_to(uint32_t *at, v128_t addend, size_t count) {
    pcl_store_words(at, wasm_i32x4_add(wasm_v128_load(at), addend), count);
}

/* Up to eight channels, all pixels, two at a time: the sums stay in registers, those of the values in 16 bits, which
 * 256 pixels cannot overflow. */
static void moments8(const uint8_t *x, size_t pixels, size_t channels, size_t count, uint32_t *sum, uint32_t *square) {
    v128_t total = wasm_i32x4_splat(0), low = total, high = total;
    for (size_t p = 0; p < pixels; p += 2, x += 2 * channels) {
        v128_t a = wasm_u16x8_load8x8(x), b = p + 1 < pixels ? wasm_u16x8_load8x8(x + channels) : wasm_i16x8_splat(0);
        v128_t first = wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
        v128_t second = wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
        total = wasm_i16x8_add(wasm_i16x8_add(total, a), b);
        low = wasm_i32x4_add(low, wasm_i32x4_dot_i16x8(first, first));
        high = wasm_i32x4_add(high, wasm_i32x4_dot_i16x8(second, second));
    }
    add_to(sum, wasm_u32x4_extend_low_u16x8(total), count);
    add_to(square, low, count);
    if (count <= 4) return;
    add_to(sum + 4, wasm_u32x4_extend_high_u16x8(total), count - 4);
    add_to(square + 4, high, count - 4);
}

void pcl_moments_u8_simd128(const uint8_t *x, size_t pixels, size_t channels, uint32_t *sum, uint32_t *square) {
    for (size_t c = 0; c < channels; c += 8)
        moments8(x + c, pixels, channels, channels - c < 8 ? channels - c : 8, sum + c, square + c);
}
