#include "functions.h"
#include "requantize.h"

void pcl_quantize_u8_scalar(float inverse_scale, int32_t zero_point, const float *in, uint8_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float value = in[i] * inverse_scale;
        if (value != value) value = 0.0f;
        value = pcl_clamp_f32(value, (float)-zero_point, (float)(255 - zero_point));
        out[i] = (uint8_t)(pcl_round_half_even(value) + zero_point);
    }
}
