#include "ops/sine.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* 2 / pi, behind 32 zeros: the binary point lies after the first word. */
static const uint32_t two_over_pi[] = {0,          0xA2F9836E, 0x4E441529, 0xFC2757D1,
                                       0xF534DDC0, 0xDB629599, 0x3C439041, 0xFE5163AB};

static uint64_t bits_at(int32_t position) {
    const uint32_t *word = two_over_pi + position / 32;
    return (((uint64_t)word[0] << 32 | word[1]) << position % 32) >> 32;
}

/* Payne and Hanek 1983, "Radian reduction for trigonometric functions". |x| = m * 2^e; of the product with 2 / pi only
 * what is below 4 matters, and so do no more than 96 bits of 2 / pi, those from weight 2^(1 - e) down: the product's
 * greatest two bits are the quadrant. |x| >= 2^-1, so e >= -24. Returns |x| less a multiple of pi / 2, in -pi / 4 to
 * pi / 4, and adds the multiple to *quarters. */
static double reduce(float x, unsigned *quarters) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t position = (int32_t)(bits >> 23 & 0xff) - 150 + 30;
    uint64_t m = (bits & 0x7fffff) | 0x800000;
    uint64_t turns = (m * bits_at(position) << 32) + m * bits_at(position + 32) + (m * bits_at(position + 64) >> 32);
    uint64_t nearest = (turns + (UINT64_C(1) << 61)) >> 62;
    *quarters += (unsigned)nearest;
    return (double)(int64_t)(turns - (nearest << 62)) * (1.5707963267948966 * 0x1p-62);
}

float pcl_sine(float x, unsigned quarters) {
    if (!isfinite(x)) return x - x;
    double r = x;
    if (fabsf(x) > 0.5f) {
        if (x < 0.0f) quarters = 2u - quarters; /* sin(q - |x|) = sin(|x| + pi - q) */
        r = reduce(x, &quarters);
    }
    /* Taylor's: the next terms are below 2^-29. */
    double s = r * r;
    double sine = r * (1.0 + s * (-1.0 / 6 + s * (1.0 / 120 + s * (-1.0 / 5040 + s * (1.0 / 362880)))));
    double cosine = 1.0 + s * (-1.0 / 2 + s * (1.0 / 24 + s * (-1.0 / 720 + s * (1.0 / 40320 - s * (1.0 / 3628800)))));
    double result = quarters & 1 ? cosine : sine;
    return (float)(quarters & 2 ? -result : result);
}
