#include "tools/ops/requantize.h"

#include <math.h>

#include "ops/elements.h"
#include "tools/ops/check.h"

void pcl_onnx_store_quantised(const double *quotients, size_t count, int64_t zero_point, pcl_dtype dtype, void *out) {
    int64_t low, high, values[PCL_BLOCK];
    pcl_integer_range(dtype, &low, &high);
    double lowest = (double)(low - zero_point), highest = (double)(high - zero_point);
    for (size_t i = 0; i < count; i++) {
        double value = isnan(quotients[i]) ? 0.0 : quotients[i];
        value = value < lowest ? lowest : value > highest ? highest : value;
        values[i] = (int64_t)rint(value) + zero_point;
    }
    pcl_store_integers(dtype, values, out, count);
}

static pcl_status check_channels(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                                 int32_t channels) {
    return pcl_tensor_count(tensor) == 1 ? PCL_OK : pcl_onnx_check_vector(context, node, tensor, channels);
}

pcl_status pcl_onnx_check_qlinear(const pcl_infer_context *context, const pcl_node *node, int32_t channels) {
    static const int32_t scales[] = {PCL_ONNX_X_SCALE, PCL_ONNX_W_SCALE, PCL_ONNX_Y_SCALE};
    static const int32_t singles[] = {PCL_ONNX_X_SCALE, PCL_ONNX_X_ZERO, PCL_ONNX_Y_SCALE, PCL_ONNX_Y_ZERO};
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[PCL_ONNX_X], PCL_ONNX_BYTES));
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[PCL_ONNX_W], PCL_ONNX_BYTES));
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[PCL_ONNX_Y_ZERO], PCL_ONNX_BYTES));
    for (int i = 0; i < 3; i++)
        PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[scales[i]], PCL_ONNX_FLOATS));
    for (int i = 0; i < 4; i++) PCL_TRY_RETURN(pcl_onnx_check_single(context, node, node->inputs[singles[i]]));
    PCL_TRY_RETURN(
        pcl_onnx_check_type(context, node, node->inputs[PCL_ONNX_X_ZERO], node->inputs[PCL_ONNX_X]->dtype));
    PCL_TRY_RETURN(
        pcl_onnx_check_type(context, node, node->inputs[PCL_ONNX_W_ZERO], node->inputs[PCL_ONNX_W]->dtype));
    PCL_TRY_RETURN(check_channels(context, node, node->inputs[PCL_ONNX_W_SCALE], channels));
    return check_channels(context, node, node->inputs[PCL_ONNX_W_ZERO], channels);
}

int32_t pcl_onnx_zero_point(const pcl_tensor *tensor, size_t i) {
    if (!tensor) return 0;
    if (tensor->bytes == 1) i = 0;
    return tensor->dtype == PCL_INT8 ? ((const int8_t *)tensor->data)[i] : ((const uint8_t *)tensor->data)[i];
}

void pcl_onnx_centre(pcl_dtype dtype, const void *in, size_t count, int32_t zero_point, int16_t *out) {
    const int8_t *i8 = in;
    const uint8_t *u8 = in;
    if (dtype == PCL_INT8)
        for (size_t i = 0; i < count; i++) out[i] = (int16_t)(i8[i] - zero_point);
    else
        for (size_t i = 0; i < count; i++) out[i] = (int16_t)(u8[i] - zero_point);
}

void pcl_onnx_store_products(const pcl_node *node, size_t first_channel, size_t channel_step, const uint32_t *sums,
                             size_t count, uint8_t *out) {
    const pcl_tensor *w_scale = node->inputs[PCL_ONNX_W_SCALE], *y_zero = node->inputs[PCL_ONNX_Y_ZERO];
    const float *w = w_scale->data;
    size_t step = pcl_tensor_count(w_scale) == 1 ? 0 : channel_step;
    size_t first = pcl_tensor_count(w_scale) == 1 ? 0 : first_channel;
    float x = *(const float *)node->inputs[PCL_ONNX_X_SCALE]->data;
    float y = *(const float *)node->inputs[PCL_ONNX_Y_SCALE]->data;
    double quotients[PCL_BLOCK];
    for (size_t at = 0, part; at < count; at += part) {
        part = count - at < PCL_BLOCK ? count - at : PCL_BLOCK;
        for (size_t i = 0; i < part; i++)
            quotients[i] = (double)((float)(int32_t)sums[at + i] * (x * w[first + (at + i) * step] / y));
        pcl_onnx_store_quantised(quotients, part, pcl_onnx_zero_point(y_zero, 0), y_zero->dtype, out + at);
    }
}
