#include "ops/weights.h"

#include <math.h>
#include <string.h>

pcl_status pcl_check_activation(const pcl_infer_context *context, const pcl_node *node, pcl_activation activation) {
    bool clamp = activation == PCL_ACTIVATION_NONE || activation == PCL_ACTIVATION_RELU ||
                 activation == PCL_ACTIVATION_RELU_N1_TO_1 || activation == PCL_ACTIVATION_RELU6;
    if (clamp) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED, "fused activation %d is not supported",
                         (int)activation);
}

static pcl_status check_constant(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor) {
    if (tensor->constant) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED, "weights or bias '%s' are not constant",
                         tensor->name);
}

static pcl_status check_weight_quantisation(const pcl_infer_context *context, const pcl_node *node,
                                            const pcl_weighted *weighted) {
    const pcl_tensor *weights = weighted->weights;
    const pcl_quantization *quantization = &weights->quantization;
    if (quantization->count == 1 || !pcl_is_quantised(weights)) return pcl_check_quantised(context, node, weights);
    if (quantization->count != weighted->channels || quantization->axis != weighted->channel_axis)
        return pcl_node_fail(context->error, node, PCL_ERROR_TYPE,
                             "weights '%s' have %d scales along axis %d, expected 1, or %d along axis %d",
                             weights->name, quantization->count, quantization->axis, weighted->channels,
                             weighted->channel_axis);
    int32_t expected = weights->dtype == PCL_INT8 ? 0 : quantization->zero_points[0];
    for (int32_t i = 0; i < quantization->count; i++)
        if (quantization->zero_points[i] != expected || expected < 0 || expected > 255)
            return pcl_node_fail(context->error, node, PCL_ERROR_TYPE,
                                 "weights '%s' have zero point %d in channel %d, which differs from the others'",
                                 weights->name, quantization->zero_points[i], i);
    return PCL_OK;
}

static pcl_status check_scales(const pcl_infer_context *context, const pcl_node *node, const pcl_weighted *weighted) {
    for (int32_t i = 0; i < weighted->weights->quantization.count; i++) {
        float scale = pcl_requantization_scale(weighted, (size_t)i);
        if (!(scale > 0.0f) || !isfinite(scale))
            return pcl_node_fail(context->error, node, PCL_ERROR_TYPE,
                                 "the scales of input, weights and output leave float32's range in channel %d", i);
    }
    return PCL_OK;
}

static pcl_status check_bias(const pcl_infer_context *context, const pcl_node *node, const pcl_weighted *weighted,
                             pcl_dtype dtype) {
    pcl_status status = PCL_OK;
    const pcl_tensor *bias = weighted->bias;
    if (!bias) return PCL_OK;
    PCL_TRY(pcl_check_dtype(context, node, bias, (pcl_dtype[]){dtype, PCL_DTYPE_COUNT}));
    PCL_TRY(check_constant(context, node, bias));
    if (pcl_tensor_count(bias) != (size_t)weighted->channels)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "bias '%s' has %zu elements, expected %d",
                             bias->name, pcl_tensor_count(bias), weighted->channels);
done:
    return status;
}

static pcl_status check_integer_types(const pcl_infer_context *context, const pcl_node *node,
                                        const pcl_weighted *weighted) {
    pcl_status status = PCL_OK;
    bool widens = pcl_weighted_widens(weighted);
    PCL_TRY(pcl_check_quantised(context, node, weighted->input));
    if (!widens) {
        PCL_TRY(pcl_check_dtype(context, node, weighted->output, (pcl_dtype[]){PCL_UINT8, PCL_DTYPE_COUNT}));
        PCL_TRY(pcl_check_quantised(context, node, weighted->output));
    }
    PCL_TRY(pcl_check_dtype(context, node, weighted->weights, (pcl_dtype[]){PCL_INT8, PCL_UINT8, PCL_DTYPE_COUNT}));
    PCL_TRY(check_weight_quantisation(context, node, weighted));
    PCL_TRY(check_scales(context, node, weighted));
    PCL_TRY(check_bias(context, node, weighted, widens ? PCL_FLOAT32 : PCL_INT32));
done:
    return status;
}

static pcl_status check_float_types(const pcl_infer_context *context, const pcl_node *node,
                                    const pcl_weighted *weighted) {
    pcl_status status = PCL_OK;
    PCL_TRY(pcl_check_dtype(context, node, weighted->output, (pcl_dtype[]){PCL_FLOAT32, PCL_DTYPE_COUNT}));
    PCL_TRY(pcl_check_dtype(context, node, weighted->weights,
                            (pcl_dtype[]){PCL_FLOAT32, PCL_INT8, PCL_UINT8, PCL_DTYPE_COUNT}));
    if (weighted->weights->dtype != PCL_FLOAT32) PCL_TRY(check_weight_quantisation(context, node, weighted));
    PCL_TRY(check_bias(context, node, weighted, PCL_FLOAT32));
done:
    return status;
}

pcl_status pcl_check_weighted(const pcl_infer_context *context, const pcl_node *node, const pcl_weighted *weighted) {
    pcl_status status = PCL_OK;
    PCL_TRY(pcl_check_dtype(context, node, weighted->input, (pcl_dtype[]){PCL_UINT8, PCL_FLOAT32, PCL_DTYPE_COUNT}));
    PCL_TRY(check_constant(context, node, weighted->weights));
    PCL_TRY(pcl_check_activation(context, node, weighted->activation));
    if (weighted->input->dtype == PCL_UINT8) PCL_TRY(check_integer_types(context, node, weighted));
    else PCL_TRY(check_float_types(context, node, weighted));
done:
    return status;
}

static size_t quantisation_index(const pcl_tensor *weights, size_t channel) {
    return weights->quantization.count > 1 ? channel : 0;
}

float pcl_weight_scale(const pcl_tensor *weights, size_t channel) {
    return weights->quantization.scales[quantisation_index(weights, channel)];
}

int32_t pcl_weight_zero_point(const pcl_tensor *weights, size_t channel) {
    return weights->quantization.zero_points[quantisation_index(weights, channel)];
}

int32_t pcl_weight_integer(const pcl_tensor *weights, size_t index) {
    return weights->dtype == PCL_INT8 ? ((const int8_t *)weights->data)[index]
                                      : ((const uint8_t *)weights->data)[index];
}

/* Constants lie in the file, perhaps unaligned: hence the copies. */
static float float_at(const pcl_tensor *tensor, size_t index) {
    float value;
    memcpy(&value, (const uint8_t *)tensor->data + index * sizeof value, sizeof value);
    return value;
}

float pcl_weight_real(const pcl_tensor *weights, size_t index, size_t channel) {
    if (weights->dtype == PCL_FLOAT32) return float_at(weights, index);
    int32_t value = pcl_weight_integer(weights, index) - pcl_weight_zero_point(weights, channel);
    return (float)value * pcl_weight_scale(weights, channel);
}

int32_t pcl_bias_integer(const pcl_tensor *bias, size_t channel) {
    int32_t value = 0;
    if (bias) memcpy(&value, (const uint8_t *)bias->data + channel * sizeof value, sizeof value);
    return value;
}

float pcl_bias_real(const pcl_tensor *bias, size_t channel) { return bias ? float_at(bias, channel) : 0.0f; }

float pcl_requantization_scale(const pcl_weighted *weighted, size_t channel) {
    float product = pcl_tensor_scale(weighted->input) * pcl_weight_scale(weighted->weights, channel);
    return product / weighted->out_scale;
}

bool pcl_stays_near(int32_t bias, size_t depth, float scale) {
    return (fabsf((float)bias) + 65025.0f * (float)depth) * scale < 0x1p23f;
}

void pcl_weighted_requantization(const pcl_weighted *weighted, size_t first, size_t channels, size_t depth,
                                 pcl_requantization *to) {
    float out_scale = weighted->out_scale;
    pcl_quantization quantization = {.count = 1, .scales = &out_scale, .zero_points = &to->zero_point};
    pcl_tensor result = {.dtype = PCL_UINT8, .quantization = quantization};
    to->zero_point = weighted->out_zero_point;
    pcl_activation_range_u8(weighted->activation, &result, &to->low, &to->high);
    to->saturates = to->low == 0 && to->high == 255;
    for (size_t c = first; to->saturates && c < first + channels; c++) {
        float scale = pcl_requantization_scale(weighted, c);
        to->saturates = pcl_stays_near(pcl_bias_integer(weighted->bias, c), depth, scale);
    }
}

int32_t pcl_useful_parts(uint64_t macs, uint64_t per_microsecond) {
    return pcl_some_parts(macs / (2 * per_microsecond)); /* waking a helper and waiting cost about a microsecond */
}
