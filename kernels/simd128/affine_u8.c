#include "affine_u8.h"
#include "functions.h"

PCL_INLINE v128_t q15(v128_t a, v128_t b) { return wasm_i16x8_q15mulr_sat(a, b); }

void pcl_affine_u8_simd128(const uint8_t *x, size_t pixels, size_t channels, const pcl_affine_u8 *octets, int32_t low,
                           int32_t high, uint8_t *out) {
    pcl_affine_octets(x, pixels, channels, octets, low, high, out, q15);
}
