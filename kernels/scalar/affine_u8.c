#include "functions.h"
#include "requantize.h"

void pcl_affine_u8_scalar(const uint8_t *x, size_t pixels, size_t channels, const float *shift,
                          const pcl_requantization *to, uint8_t *out) {
    float low = (float)(to->low - to->zero_point), high = (float)(to->high - to->zero_point);
    for (size_t p = 0; p < pixels; p++) {
        for (size_t c = 0; c < channels; c++) {
            float value = (float)x[p * channels + c] * to->scale[c] + shift[c];
            out[p * channels + c] = (uint8_t)(pcl_round_half_even(pcl_clamp_f32(value, low, high)) + to->zero_point);
        }
    }
}
