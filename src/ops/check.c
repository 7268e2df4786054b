#include <math.h>
#include <string.h>

#include "ops/op.h"

pcl_tensor *pcl_node_input(const pcl_node *node, int32_t index) {
    return index < node->input_count ? node->inputs[index] : NULL;
}

bool pcl_is_quantised(const pcl_tensor *tensor) {
    if (tensor->quantization.count == 0) return false;
    return tensor->dtype == PCL_UINT8 || tensor->dtype == PCL_INT8;
}

static void name_expected(pcl_error *error, const pcl_tensor *tensor, const pcl_dtype *dtypes) {
    if (!error) return;
    pcl_format(error->tensor, sizeof error->tensor, "%s", tensor->name);
    pcl_format(error->got, sizeof error->got, "%s", pcl_dtype_name(tensor->dtype));
    size_t used = 0;
    for (; *dtypes != PCL_DTYPE_COUNT; dtypes++) {
        pcl_format(error->expected + used, sizeof error->expected - used, used ? " or %s" : "%s",
                   pcl_dtype_name(*dtypes));
        used += strlen(error->expected + used);
    }
}

pcl_status pcl_check_dtype(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                           const pcl_dtype *dtypes) {
    for (const pcl_dtype *dtype = dtypes; *dtype != PCL_DTYPE_COUNT; dtype++)
        if (tensor->dtype == *dtype) return PCL_OK;
    pcl_node_fail(context->error, node, PCL_ERROR_TYPE, "tensor '%s' is %s, which this operator does not take",
                  tensor->name, pcl_dtype_name(tensor->dtype));
    name_expected(context->error, tensor, dtypes);
    return PCL_ERROR_TYPE;
}

pcl_status pcl_check_rank(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                          int32_t min, int32_t max) {
    if (tensor->shape.rank >= min && tensor->shape.rank <= max) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "tensor '%s' has rank %d, expected %d to %d",
                         tensor->name, tensor->shape.rank, min, max);
}

pcl_status pcl_check_quantised(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor) {
    const pcl_quantization *quantization = &tensor->quantization;
    int32_t lowest = tensor->dtype == PCL_INT8 ? -128 : 0;
    if (!pcl_is_quantised(tensor) || quantization->count != 1)
        return pcl_node_fail(context->error, node, PCL_ERROR_TYPE, "tensor '%s' must be quantised per tensor",
                             tensor->name);
    if (quantization->zero_points[0] < lowest || quantization->zero_points[0] > lowest + 255)
        return pcl_node_fail(context->error, node, PCL_ERROR_TYPE, "tensor '%s' has zero point %d outside its type",
                             tensor->name, quantization->zero_points[0]);
    return PCL_OK; /* the reader checked that scales are positive and finite */
}

pcl_status pcl_read_integers(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                             int32_t *out, int32_t capacity, int32_t *count) {
    if (tensor->dtype != PCL_INT32 && tensor->dtype != PCL_INT64)
        return pcl_check_dtype(context, node, tensor, (pcl_dtype[]){PCL_INT32, PCL_INT64, PCL_DTYPE_COUNT});
    if (!tensor->constant)
        return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED,
                             "its output's shape depends on data ('%s' is not constant)", tensor->name);
    size_t length = pcl_tensor_count(tensor);
    if (length > (size_t)capacity)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "tensor '%s' has %zu elements, expected at most %d",
                             tensor->name, length, capacity);
    for (size_t i = 0; i < length; i++) {
        if (tensor->dtype == PCL_INT32) {
            out[i] = ((const int32_t *)tensor->data)[i];
            continue;
        }
        /* Larger values mean "to the end" wherever they are legitimate. */
        int64_t value = ((const int64_t *)tensor->data)[i];
        out[i] = value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
    }
    *count = (int32_t)length;
    return PCL_OK;
}

pcl_status pcl_normalise_axis(const pcl_infer_context *context, const pcl_node *node, int32_t axis, int32_t rank,
                              int32_t *out) {
    if (axis < -rank || axis >= rank)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "axis %d does not exist in rank %d", axis, rank);
    *out = axis < 0 ? axis + rank : axis;
    return PCL_OK;
}

pcl_status pcl_broadcast_shape(const pcl_infer_context *context, const pcl_node *node, const pcl_shape *a,
                               const pcl_shape *b, pcl_shape *out) {
    out->rank = a->rank > b->rank ? a->rank : b->rank;
    for (int32_t i = 1; i <= out->rank; i++) {
        int32_t of_a = i <= a->rank ? a->dims[a->rank - i] : 1;
        int32_t of_b = i <= b->rank ? b->dims[b->rank - i] : 1;
        if (of_a != of_b && of_a != 1 && of_b != 1) {
            char text_a[96], text_b[96];
            pcl_shape_format(a, text_a);
            pcl_shape_format(b, text_b);
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "shapes %s and %s do not broadcast", text_a,
                                 text_b);
        }
        out->dims[out->rank - i] = of_a == 1 ? of_b : of_a;
    }
    return PCL_OK;
}

void pcl_broadcast_strides(const pcl_shape *shape, const pcl_shape *target, size_t *strides) {
    size_t stride = 1;
    for (int32_t i = 1; i <= target->rank; i++) {
        int32_t dim = i <= shape->rank ? shape->dims[shape->rank - i] : 1;
        strides[target->rank - i] = dim == 1 ? 0 : stride;
        stride *= (size_t)dim;
    }
}

bool pcl_same_quantisation(const pcl_tensor *a, const pcl_tensor *b) {
    if (a->dtype != b->dtype || pcl_is_quantised(a) != pcl_is_quantised(b)) return false;
    if (!pcl_is_quantised(a)) return true;
    return a->quantization.count == 1 && b->quantization.count == 1 &&
           a->quantization.scales[0] == b->quantization.scales[0] &&
           a->quantization.zero_points[0] == b->quantization.zero_points[0];
}

/* Bounds that keep the arithmetic below within 64 bits and every window within
 * a picture's worth of padding. */
enum { MAX_WINDOW = 1 << 16 };

pcl_status pcl_window(const pcl_infer_context *context, const pcl_node *node, int32_t size, int32_t filter,
                      int32_t stride, int32_t dilation, pcl_padding padding, int32_t *before, int32_t *after,
                      int32_t *out_size) {
    bool sane = filter >= 1 && filter <= MAX_WINDOW && stride >= 1 && stride <= MAX_WINDOW && dilation >= 1 &&
                dilation <= MAX_WINDOW;
    if (!sane)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "filter %d, stride %d, dilation %d out of range",
                             filter, stride, dilation);
    int64_t extent = (int64_t)(filter - 1) * dilation + 1;
    int64_t out = 0;
    if (padding == PCL_PADDING_SAME) {
        out = ((int64_t)size + stride - 1) / stride;
        int64_t total = (out - 1) * stride + extent - size;
        if (total < 0) total = 0;
        *before = (int32_t)(total / 2);
        *after = (int32_t)(total - total / 2);
    } else {
        if (padding == PCL_PADDING_VALID) *before = *after = 0;
        if (*before < 0 || *after < 0 || *before > MAX_WINDOW || *after > MAX_WINDOW)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "padding %d, %d out of range", *before, *after);
        out = ((int64_t)size + *before + *after - extent) / stride + 1;
        if ((int64_t)size + *before + *after < extent) out = 0;
    }
    if (size < 1 || out < 1)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "a window of %lld does not fit into %d",
                             (long long)extent, size);
    *out_size = (int32_t)out;
    return PCL_OK;
}

void pcl_activation_range(pcl_activation activation, float *low, float *high) {
    *low = activation == PCL_ACTIVATION_NONE ? -INFINITY : activation == PCL_ACTIVATION_RELU_N1_TO_1 ? -1.0f : 0.0f;
    *high = activation == PCL_ACTIVATION_RELU6 ? 6.0f : activation == PCL_ACTIVATION_RELU_N1_TO_1 ? 1.0f : INFINITY;
}

static int32_t quantise_bound(float real, const pcl_tensor *out) {
    float value = roundf(real / pcl_tensor_scale(out)) + (float)pcl_tensor_zero_point(out);
    return value <= 0.0f ? 0 : value >= 255.0f ? 255 : (int32_t)value;
}

void pcl_activation_range_u8(pcl_activation activation, const pcl_tensor *out, int32_t *low, int32_t *high) {
    float real_low, real_high;
    pcl_activation_range(activation, &real_low, &real_high);
    *low = quantise_bound(real_low, out);
    *high = quantise_bound(real_high, out);
}
