#include "functions.h"

void pcl_add_u8_scalar(const pcl_add_u8 *parameters, const uint8_t *a, const uint8_t *b, uint8_t *out,
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t sum = (uint32_t)parameters->bias + a[i] * (uint32_t)parameters->a_multiplier +
                       b[i] * (uint32_t)parameters->b_multiplier;
        int32_t value = ((int32_t)sum >> parameters->shift) + parameters->zero_point;
        value = value < parameters->low ? parameters->low : value;
        out[i] = (uint8_t)(value > parameters->high ? parameters->high : value);
    }
}
