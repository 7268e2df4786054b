#include "tools/ops/requantize.h"

#include <math.h>

#include "ops/elements.h"
#include "tools/ops/check.h"

void pcl_onnx_store_quantised(float quotient, int64_t zero_point, pcl_dtype dtype, void *out) {
    int64_t low, high, value;
    pcl_integer_range(dtype, &low, &high);
    float lowest = (float)(low - zero_point), highest = (float)(high - zero_point);
    if (isnan(quotient)) quotient = 0.0f;
    quotient = quotient < lowest ? lowest : quotient > highest ? highest : quotient;
    value = (int64_t)rintf(quotient) + zero_point;
    pcl_store_integers(dtype, &value, out, 1);
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

void pcl_onnx_store_product(const pcl_node *node, size_t channel, int32_t sum, void *out) {
    const pcl_tensor *w_scale = node->inputs[PCL_ONNX_W_SCALE], *y_zero = node->inputs[PCL_ONNX_Y_ZERO];
    float x = *(const float *)node->inputs[PCL_ONNX_X_SCALE]->data;
    float w = ((const float *)w_scale->data)[pcl_tensor_count(w_scale) == 1 ? 0 : channel];
    float y = *(const float *)node->inputs[PCL_ONNX_Y_SCALE]->data;
    pcl_onnx_store_quantised((float)sum * (x * w / y), pcl_onnx_zero_point(y_zero, 0), y_zero->dtype, out);
}
