#include "functions.h"

void pcl_moments_f32_scalar(const float *x, size_t pixels, size_t channels, const float *center, float *sum,
                            float *square) {
    for (size_t p = 0; p < pixels; p++) {
        for (size_t c = 0; c < channels; c++) {
            float value = x[p * channels + c], difference = value - center[c];
            sum[c] += value;
            square[c] += difference * difference;
        }
    }
}
