/* The rounding that every integer kernel shares; see pcl_requantization. */
#ifndef PCL_REQUANTIZE_H
#define PCL_REQUANTIZE_H

#include <string.h>

#include "kernels.h"

/* 1.5 * 2^23: adding it to a float of magnitude below 2^22 rounds that to an
 * integer, half to even, and leaves the integer in the low bits of the sum. */
#define PCL_ROUNDING_MAGIC 12582912.0f
#define PCL_ROUNDING_MAGIC_BITS 0x4B400000

/* -2^22 < value < 2^22 */
static inline int32_t pcl_round_half_even(float value) {
    float sum = value + PCL_ROUNDING_MAGIC;
    int32_t bits;
    memcpy(&bits, &sum, sizeof bits);
    return bits - PCL_ROUNDING_MAGIC_BITS;
}

static inline float pcl_clamp_f32(float value, float low, float high) {
    value = value < low ? low : value; /* in this form NaN passes */
    return high < value ? high : value;
}

static inline uint8_t pcl_requantize(int32_t accumulator, const pcl_requantization *to, size_t column) {
    float value = (float)accumulator * to->scale[column];
    value = pcl_clamp_f32(value, (float)(to->low - to->zero_point), (float)(to->high - to->zero_point));
    return (uint8_t)(pcl_round_half_even(value) + to->zero_point);
}

#endif
