#include "ops/hard_swish.h"

#include <math.h>

enum { LOWEST = INT16_MIN, HIGHEST = INT16_MAX };

/* real = value / 2^15 * 2^exponent */
typedef struct multiplier {
    int32_t value; /* 2^14 .. 2^15 - 1 */
    int exponent;
} multiplier;

static multiplier multiplier_from(double real) {
    multiplier result;
    if (real > 0x1p30) real = 0x1p30; /* infinite ratios of scales too */
    int64_t fixed = llround(frexp(real, &result.exponent) * 0x1p31); /* 2^30 .. 2^31 */
    if (fixed == (int64_t)1 << 31) {
        fixed /= 2;
        result.exponent++;
    }
    int64_t value = (fixed + (1 << 15)) >> 16;
    result.value = value > HIGHEST ? HIGHEST : (int32_t)value;
    return result;
}

static int32_t saturate(int64_t value) {
    return value < LOWEST ? LOWEST : value > HIGHEST ? HIGHEST : (int32_t)value;
}

/* Shifts of 16 bits by more than 17 do what those by 17 do. */
static int within_bits(int exponent) { return exponent > 17 ? 17 : exponent; }

static int32_t shift_left(int32_t value, int exponent) {
    return saturate((int64_t)value * ((int64_t)1 << within_bits(exponent)));
}

/* value / 2^exponent, halves away from zero. */
static int32_t shift_right(int32_t value, int exponent) {
    int32_t mask = (1 << within_bits(exponent)) - 1, remainder = value & mask;
    return (value >> within_bits(exponent)) + (remainder > (mask >> 1) + (value < 0));
}

/* a * b / 2^15, halves away from zero. */
static int32_t multiply_rounding(int32_t a, int32_t b) {
    int32_t product = a * b;
    return saturate((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

/* relu6(x + 3) / 6 of x / 128 quanta, as 0 .. 2^15. */
static int32_t gate(int32_t x, multiplier to_thirds) {
    int32_t value = x;
    if (to_thirds.exponent > 0) value = shift_left(value, to_thirds.exponent - 1);
    value = multiply_rounding(value, to_thirds.value);
    if (to_thirds.exponent > 0) value = shift_left(value, 1);
    if (to_thirds.exponent < 0) value = shift_right(value, -to_thirds.exponent);
    return (value + (1 << 15)) >> 1;
}

void pcl_hard_swish_table(const pcl_tensor *in, const pcl_tensor *out, uint8_t table[256]) {
    float fine_scale = pcl_tensor_scale(in) / 128.0f; /* of the input in seven more bits */
    multiplier to_out = multiplier_from((double)(fine_scale / pcl_tensor_scale(out)));
    multiplier to_thirds = multiplier_from((double)(fine_scale / (3.0f / 32768.0f)));
    for (int32_t i = 0; i < 256; i++) {
        int32_t x = (i - pcl_tensor_zero_point(in)) * 128;
        int32_t product = saturate(gate(x, to_thirds) * multiply_rounding(x, to_out.value) / (1 << 15));
        int32_t result = to_out.exponent > 0 ? shift_left(product, to_out.exponent)
                                             : shift_right(product, -to_out.exponent);
        result += pcl_tensor_zero_point(out);
        table[i] = (uint8_t)(result < 0 ? 0 : result > 255 ? 255 : result);
    }
}
