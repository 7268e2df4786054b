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

/* IEEE 754 binary16 to binary32: normal numbers move their exponent by
 * multiplication with 2^112, subnormals by subtracting a magic 0.5.
 * (F. Giesen, "half to float done quick"; as in XNNPACK's fp16 library.) */
float pcl_half_to_float(uint16_t half) {
    uint32_t wide = (uint32_t)half << 16;
    uint32_t sign = wide & 0x80000000u;
    uint32_t twice = wide + wide;
    float normal = float_from_bits((twice >> 4) + (0xE0u << 23)) * float_from_bits(0x07800000u);
    float subnormal = float_from_bits((twice >> 17) | (126u << 23)) - 0.5f;
    return float_from_bits(sign | bits_from_float(twice < (1u << 27) ? subnormal : normal));
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
