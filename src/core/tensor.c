#include "core/tensor.h"

#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[PCL_DTYPE_COUNT] = {
    [PCL_FLOAT32] = {"float32", 4}, [PCL_FLOAT16] = {"float16", 2}, [PCL_FLOAT64] = {"float64", 8},
    [PCL_INT8] = {"int8", 1},       [PCL_UINT8] = {"uint8", 1},     [PCL_INT16] = {"int16", 2},
    [PCL_UINT16] = {"uint16", 2},   [PCL_INT32] = {"int32", 4},     [PCL_UINT32] = {"uint32", 4},
    [PCL_INT64] = {"int64", 8},     [PCL_UINT64] = {"uint64", 8},   [PCL_BOOL] = {"bool", 1},
};

size_t pcl_dtype_size(pcl_dtype dtype) { return dtypes[dtype].size; }
const char *pcl_dtype_name(pcl_dtype dtype) { return dtypes[dtype].name; }

bool pcl_shape_count(const pcl_shape *shape, size_t *out) {
    /* A zero dimension makes the product zero; the others are still held to
     * the bound, so that no partial product can overflow later. */
    int64_t count = 1, bounded = 1;
    for (int32_t i = 0; i < shape->rank; i++) {
        int32_t dim = shape->dims[i];
        if (dim < 0) return false;
        count *= dim;
        bounded *= dim ? dim : 1;
        if (bounded > INT32_MAX) return false;
    }
    *out = (size_t)count;
    return true;
}

bool pcl_shape_equal(const pcl_shape *a, const pcl_shape *b) {
    if (a->rank != b->rank) return false;
    return memcmp(a->dims, b->dims, sizeof *a->dims * (size_t)a->rank) == 0;
}

void pcl_shape_format(const pcl_shape *shape, char text[96]) {
    size_t used = 0;
    pcl_format(text, 96, "scalar");
    for (int32_t i = 0; i < shape->rank; i++) {
        pcl_format(text + used, 96 - used, i ? "x%d" : "%d", shape->dims[i]);
        used += strlen(text + used);
    }
}

size_t pcl_tensor_count(const pcl_tensor *tensor) { return tensor->bytes / pcl_dtype_size(tensor->dtype); }

pcl_status pcl_tensor_set_shape(pcl_tensor *tensor, const pcl_shape *shape, pcl_error *error) {
    size_t count;
    if (!pcl_shape_count(shape, &count) || !pcl_size_mul(count, pcl_dtype_size(tensor->dtype), &tensor->bytes)) {
        char text[96];
        pcl_shape_format(shape, text);
        return pcl_fail(error, PCL_ERROR_LIMIT, "tensor '%s' of shape %s is too large", tensor->name, text);
    }
    tensor->shape = *shape;
    return PCL_OK;
}

float pcl_tensor_scale(const pcl_tensor *tensor) {
    return tensor->quantization.count ? tensor->quantization.scales[0] : 1.0f;
}

int32_t pcl_tensor_zero_point(const pcl_tensor *tensor) {
    return tensor->quantization.count ? tensor->quantization.zero_points[0] : 0;
}

static float float_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_from_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* IEEE 754 binary16 to binary32: the bits in their new places are the number times 2^-112, subnormal or not; only of
 * infinities and NaNs, which become 2^16 and more, the exponent is another.
 * (F. Giesen, "half to float done quick".) */
float pcl_half_to_float(uint16_t half) {
    float number = float_from_bits((half & 0x7FFFu) << 13) * 0x1p112f;
    uint32_t exponent = number >= 0x1p16f ? 0x7F800000u : 0;
    return float_from_bits(bits_from_float(number) | exponent | (half & 0x8000u) << 16);
}

void pcl_halves_to_floats(const uint16_t *halves, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = pcl_half_to_float(halves[i]);
}

uint16_t pcl_float_to_half(float value) {
    uint32_t bits = bits_from_float(value);
    uint16_t sign = (uint16_t)((bits >> 16) & 0x8000u);
    uint32_t magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) return sign | 0x7E00u; /* NaN */
    if (magnitude >= 0x47800000u) return sign | 0x7C00u; /* 65536 and up: infinity */
    if (magnitude < 0x38800000u) { /* subnormal: let the adder round at 2^-24 */
        float shifted = float_from_bits(magnitude) + 0.5f;
        return sign | (uint16_t)(bits_from_float(shifted) - 0x3F000000u);
    }
    uint32_t rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1u);
    return sign | (uint16_t)((rounded - 0x38000000u) >> 13);
}
