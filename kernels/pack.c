/* Weights rearranged in the order in which the kernels read them, and the
 * parameters of fixed-point addition. */
#include <math.h>
#include <string.h>

#include "core/arena.h"
#include "kernels.h"

/* a * b * c * d; SIZE_MAX on overflow. */
static size_t product(size_t a, size_t b, size_t c, size_t d) {
    size_t result;
    if (!pcl_size_mul(a, b, &result) || !pcl_size_mul(result, c, &result) || !pcl_size_mul(result, d, &result)) {
        return SIZE_MAX;
    }
    return result;
}

static size_t groups_of(size_t count, size_t size) { return count / size + (count % size != 0); }

size_t pcl_gemm_u8_packed_bytes(size_t columns, size_t depth) {
    return product(groups_of(columns, 8), groups_of(depth, 4), 8, 4);
}

void pcl_pack_gemm_u8(int8_t *packed, const int8_t *weights, size_t columns, size_t depth) {
    memset(packed, 0, pcl_gemm_u8_packed_bytes(columns, depth));
    size_t quads = groups_of(depth, 4);
    for (size_t n = 0; n < columns; n++, weights += depth) {
        int8_t *quad = packed + n / 8 * quads * 32 + n % 8 * 4;
        size_t k = 0;
        for (; depth - k >= 4; k += 4, quad += 32) memcpy(quad, weights + k, 4);
        for (; k < depth; k++) *quad++ = weights[k];
    }
}

/* As measured: an octet and two quads in gemm_pairs and eight k in gemm_u8 take 15, 20 and 22. */
bool pcl_pairs_pay(const pcl_pairs *pairs, size_t count, size_t depth) {
    size_t cost = 0;
    for (size_t i = 0; i < count; i++) cost += pairs[i].octets * 15 + pairs[i].quads * 10;
    return cost < count * groups_of(depth, 8) * 22;
}

size_t pcl_gemm_f32_packed_bytes(size_t columns, size_t depth) {
    return product(groups_of(columns, 8), depth, 8, sizeof(float));
}

void pcl_pack_gemm_f32(float *packed, const float *weights, size_t columns, size_t depth, size_t column_stride,
                       size_t depth_stride) {
    memset(packed, 0, pcl_gemm_f32_packed_bytes(columns, depth));
    for (size_t n = 0; n < columns; n++) {
        float *panel = packed + pcl_gemm_f32_place(depth, n, 0);
        for (size_t k = 0; k < depth; k++) panel[k * 8] = weights[n * column_stride + k * depth_stride];
    }
}

size_t pcl_dwconv_u8_packed_bytes(size_t channels, size_t filter_h, size_t filter_w) {
    return product(groups_of(channels, 16), filter_w, groups_of(filter_h, 4), 16 * 4);
}

bool pcl_pack_dwconv_u8(int8_t *packed, int8_t *rest, const int16_t *weights, size_t channels, size_t filter_h,
                        size_t filter_w) {
    size_t bytes = pcl_dwconv_u8_packed_bytes(channels, filter_h, filter_w);
    size_t row_groups = groups_of(filter_h, 4);
    bool needed = false;
    if (packed) memset(packed, 0, bytes);
    if (rest) memset(rest, 0, bytes);
    for (size_t y = 0; y < filter_h; y++) {
        for (size_t x = 0; x < filter_w; x++) {
            for (size_t c = 0; c < channels; c++) {
                int weight = weights[(y * filter_w + x) * channels + c];
                int fitting = weight < INT8_MIN ? INT8_MIN : weight > INT8_MAX ? INT8_MAX : weight;
                size_t at = ((c / 16 * filter_w + x) * row_groups + y / 4) * 64 + c % 16 * 4 + y % 4;
                if (packed) packed[at] = (int8_t)fitting;
                if (rest) rest[at] = (int8_t)(fitting - weight);
                if (fitting != weight) needed = true;
            }
        }
    }
    return needed;
}

/* Room for one block of 16 channels: the widened weights of two output rows, in
 * both orders of row pairs, and the columns that the output reads, pads among
 * them; each [row groups][16][4] of 16 bits at most. */
size_t pcl_dwconv_u8_scratch(const pcl_dwconv *shape) {
    size_t outputs = shape->out_width < 4 ? 4 : shape->out_width; /* the kernels make four at once */
    size_t last_output = product(outputs - 1, shape->stride_w, 1, 1);
    size_t last_tap = product(shape->filter_w - 1, shape->dilation_w, 1, 1);
    size_t weights = product(shape->filter_w, 4, 1, 1);
    size_t columns;
    if (!pcl_size_add(last_output, last_tap, &columns) || !pcl_size_add(columns, 1, &columns) ||
        !pcl_size_add(columns, weights, &columns)) {
        return SIZE_MAX;
    }
    return product(columns, groups_of(shape->filter_h, 4), 16 * 4, 2);
}

/* Formulas of XNNPACK's qu8-vadd: multipliers below 2^21, the greater of them
 * at least 2^20, so that the sum stays within 32 bits. */
bool pcl_add_u8_prepare(pcl_add_u8 *out, float a_scale, int32_t a_zero_point, float b_scale, int32_t b_zero_point,
                        bool negate_b, float out_scale, int32_t out_zero_point, int32_t low, int32_t high) {
    float a_ratio = a_scale / out_scale, b_ratio = b_scale / out_scale;
    float greater = a_ratio > b_ratio ? a_ratio : b_ratio;
    float lesser = a_ratio > b_ratio ? b_ratio : a_ratio;
    if (!(lesser >= 0x1p-14f && greater >= 0x1p-10f && greater < 0x1p8f)) return false;
    int exponent;
    frexpf(greater, &exponent); /* greater = [0.5, 1) * 2^exponent */
    int shift = 20 - (exponent - 1);
    int32_t a_multiplier = (int32_t)lrintf(ldexpf(a_ratio, shift));
    int32_t b_multiplier = (int32_t)lrintf(ldexpf(b_ratio, shift));
    if (negate_b) b_multiplier = -b_multiplier;
    *out = (pcl_add_u8){
        .bias = ((int32_t)1 << (shift - 1)) - a_multiplier * a_zero_point - b_multiplier * b_zero_point,
        .a_multiplier = a_multiplier,
        .b_multiplier = b_multiplier,
        .shift = shift,
        .zero_point = out_zero_point,
        .low = low,
        .high = high,
    };
    return true;
}

/* The finest unit, 1/128 to 1/2, in which the factor fits 16 bits. The center, from which products count, is as near as
 * can be to the middle of what counts: what is beyond 16 bits is beyond a byte. */
static void prepare_affine(pcl_affine_u8 *octet, size_t c, float scale, float shift, float zero_point) {
    const float most = INT16_MAX;
    if (!(fabsf(scale) <= PCL_AFFINE_U8_MOST && fabsf(shift) <= 1e30f)) scale = shift = 0.0f;
    int32_t units = 128;
    while (fabsf(scale) * (float)(256 * units) > most) units /= 2;
    float start = shift + zero_point, wanted = (128.0f - start) / scale; /* not a number, if both are 0 */
    float center = wanted > 0.0f ? rintf(wanted < 255.0f ? wanted : 255.0f) : 0.0f;
    float bias = (start + center * scale) * (float)units;
    octet->center[c] = (int16_t)(128.0f * center);
    octet->multiplier[c] = (int16_t)lrintf(scale * (float)(256 * units));
    octet->bias[c] = (int16_t)lrintf(bias < -most ? -most : bias > most ? most : bias);
    octet->unit[c] = (int16_t)((1 << 15) / units);
}

void pcl_affine_u8_prepare(pcl_affine_u8 *octets, const float *scale, const float *shift, size_t channels,
                           int32_t zero_point) {
    for (size_t c = 0; c < channels; c++)
        prepare_affine(&octets[c / 8], c % 8, scale[c], shift[c], (float)zero_point);
}
