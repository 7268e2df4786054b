/* affine_u8, given q15 (kernels.h). */
#ifndef PCL_AFFINE_U8_H
#define PCL_AFFINE_U8_H

#include "kernels.h"
#include "simd.h"

typedef v128_t pcl_q15(v128_t a, v128_t b);

/* Of eight channels. */
typedef struct pcl_affine_factors {
    v128_t center, multiplier, bias, unit;
} pcl_affine_factors;

PCL_INLINE v128_t pcl_affine8(const uint8_t *x, const pcl_affine_factors *by, pcl_q15 q15) {
    v128_t from_center = wasm_i16x8_sub(wasm_i16x8_shl(wasm_u16x8_load8x8(x), 7), by->center);
    return q15(wasm_i16x8_add_sat(q15(from_center, by->multiplier), by->bias), by->unit);
}

/* Up to eight channels, all pixels, where they are eight two at a time: factors stay in registers. */
PCL_INLINE void pcl_affine_octet(const uint8_t *x, size_t pixels, size_t channels, size_t count,
                                 const pcl_affine_u8 *octet, v128_t low, v128_t high, uint8_t *out, pcl_q15 q15) {
    pcl_affine_factors by = {wasm_v128_load(octet->center), wasm_v128_load(octet->multiplier),
                             wasm_v128_load(octet->bias), wasm_v128_load(octet->unit)};
    size_t p = 0;
    for (; count == 8 && p + 2 <= pixels; p += 2, x += 2 * channels, out += 2 * channels) {
        v128_t bytes = wasm_u8x16_narrow_i16x8(pcl_affine8(x, &by, q15), pcl_affine8(x + channels, &by, q15));
        bytes = wasm_u8x16_min(wasm_u8x16_max(bytes, low), high);
        wasm_v128_store64_lane(out, bytes, 0);
        wasm_v128_store64_lane(out + channels, bytes, 1);
    }
    for (; p < pixels; p++, x += channels, out += channels) {
        v128_t value = pcl_affine8(x, &by, q15);
        v128_t bytes = wasm_u8x16_min(wasm_u8x16_max(wasm_u8x16_narrow_i16x8(value, value), low), high);
        pcl_store_part_apart(out, bytes, count);
    }
}

PCL_INLINE void pcl_affine_octets(const uint8_t *x, size_t pixels, size_t channels, const pcl_affine_u8 *octets,
                                  int32_t low, int32_t high, uint8_t *out, pcl_q15 q15) {
    for (size_t c = 0; c < channels; c += 8)
        pcl_affine_octet(x + c, pixels, channels, channels - c < 8 ? channels - c : 8, octets++,
                         wasm_i8x16_splat((int8_t)low), wasm_i8x16_splat((int8_t)high), out + c, q15);
}

#endif
