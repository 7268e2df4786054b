#include "functions.h"
#include "requantize.h"

void pcl_affine_f32_scalar(const float *x, size_t pixels, size_t channels, const float *scale, const float *shift,
                           float low, float high, float *out) {
    for (size_t p = 0; p < pixels; p++) {
        for (size_t c = 0; c < channels; c++) {
            out[p * channels + c] = pcl_clamp_f32(x[p * channels + c] * scale[c] + shift[c], low, high);
        }
    }
}
