#include "functions.h"

void pcl_moments_u8_scalar(const uint8_t *x, size_t pixels, size_t channels, uint32_t *sum, uint32_t *square) {
    for (size_t p = 0; p < pixels; p++) {
        for (size_t c = 0; c < channels; c++) {
            uint32_t value = x[p * channels + c];
            sum[c] += value;
            square[c] += value * value;
        }
    }
}
