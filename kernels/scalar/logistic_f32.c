#include "exp_constants.h"
#include "functions.h"
#include "requantize.h"

/* PCL_EXP_LOWEST <= x <= 0 or NaN */
static float exp_of(float x) {
    float n = x * PCL_LOG2_E + PCL_ROUNDING_MAGIC; /* the integer lies in the low bits */
    uint32_t bits;
    memcpy(&bits, &n, sizeof bits);
    bits = (bits << 23) + 0x3F800000u; /* 2^n */
    float power;
    memcpy(&power, &bits, sizeof power);
    n -= PCL_ROUNDING_MAGIC;
    float r = x - n * PCL_LN2_HIGH;
    r = r - n * PCL_LN2_LOW;
    float p = PCL_EXP_P0;
    p = p * r + PCL_EXP_P1;
    p = p * r + PCL_EXP_P2;
    p = p * r + PCL_EXP_P3;
    p = p * r + PCL_EXP_P4;
    p = p * r + PCL_EXP_P5;
    return (1.0f + (r + r * r * p)) * power;
}

/* With t = exp(-|x|) in 0..1 nothing overflows: 1 / (1 + t), or t / (1 + t) for negative x. */
void pcl_logistic_f32_scalar(const float *in, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float magnitude = in[i] < 0.0f ? in[i] : -in[i];
        float t = exp_of(magnitude < PCL_EXP_LOWEST ? PCL_EXP_LOWEST : magnitude);
        out[i] = (in[i] < 0.0f ? t : 1.0f) / (1.0f + t);
    }
}
