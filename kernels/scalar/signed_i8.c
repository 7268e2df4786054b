#include "functions.h"

uint32_t pcl_signed_i8_scalar(const uint8_t *from, size_t count, uint8_t flip, int8_t *out) {
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = (int8_t)(from[i] ^ flip);
        sum += (uint32_t)out[i];
    }
    return sum;
}
