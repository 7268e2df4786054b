#include "functions.h"

void pcl_dequantize_u8_scalar(float scale, int32_t zero_point, const uint8_t *in, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = (float)(in[i] - zero_point) * scale;
}
