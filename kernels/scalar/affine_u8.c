#include "functions.h"

static int32_t cut(int32_t value) { return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value; }

static int32_t q15(int32_t a, int32_t b) { return (a * b + (1 << 14)) >> 15; }

void pcl_affine_u8_scalar(const uint8_t *x, size_t pixels, size_t channels, const pcl_affine_u8 *octets, int32_t low,
                          int32_t high, uint8_t *out) {
    for (size_t i = 0; i < pixels * channels; i++) {
        size_t c = i % channels;
        const pcl_affine_u8 *by = &octets[c / 8];
        int32_t sum = q15(128 * x[i] - by->center[c % 8], by->multiplier[c % 8]) + by->bias[c % 8];
        int32_t value = q15(cut(sum), by->unit[c % 8]);
        value = value < low ? low : value;
        out[i] = (uint8_t)(value > high ? high : value);
    }
}
