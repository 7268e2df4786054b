/* Normalisations. */
#include "tools/onnx/translators.h"

static pcl_onnx_norm_attributes *read_attributes(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_norm_attributes *norm = pcl_import_alloc(in, 1, sizeof *norm);
    if (!norm) return NULL;
    norm->epsilon = pcl_attribute_float(node, "epsilon", 1e-5f);
    norm->axis = pcl_attribute_int(node, "axis", -1);
    norm->num_groups = pcl_attribute_int(node, "num_groups", 0);
    norm->scale_per_group = in->file.opset < 21;
    norm->p = pcl_attribute_int(node, "p", 2);
    norm->axes = pcl_attribute_list(in, node, "axes");
    if (norm->axes.count == 0) norm->axes = (pcl_onnx_list){3, {0, 2, 3}};
    return in->status == PCL_OK ? norm : NULL;
}

pcl_tensor *pcl_scaled(pcl_importer *in, pcl_tensor *x, pcl_tensor *scale, pcl_tensor *shift) {
    if (scale) x = pcl_import_binary(in, &pcl_op_mul, x, scale);
    if (shift) x = pcl_import_binary(in, &pcl_op_add, x, shift);
    return x;
}

/* --- BatchNormalization --------------------------------------------------------------- */

/* A convolution nobody else reads: its weights and bias can take the scale and
 * shift of each channel over. */
static pcl_node *convolution_before(const pcl_value *value) {
    const pcl_tensor *x = value->channels_last;
    pcl_node *node = x ? x->producer : NULL;
    if (!node || value->reads != 1 || value->plain) return NULL;
    bool fits =
        node->op == &pcl_op_conv_2d || node->op == &pcl_op_depthwise_conv_2d || node->op == &pcl_op_transpose_conv;
    return fits && node->attributes.conv.activation == PCL_ACTIVATION_NONE ? node : NULL;
}

/* Every weight of channel c times scale[c], every bias too, plus shift[c]. */
static void fold_into(pcl_importer *in, pcl_node *conv, pcl_tensor *scale, pcl_tensor *shift) {
    bool depthwise = conv->op == &pcl_op_depthwise_conv_2d;
    int32_t bias_at = conv->op == &pcl_op_transpose_conv ? 3 : 2, channels = (int32_t)pcl_tensor_count(scale);
    pcl_tensor *bias = bias_at < conv->input_count ? conv->inputs[bias_at] : NULL;
    pcl_tensor *factors = depthwise ? scale : pcl_import_reshape(in, scale, &(pcl_shape){4, {channels, 1, 1, 1}});
    pcl_tensor *weights = pcl_import_binary(in, &pcl_op_mul, conv->inputs[1], factors);
    bias = bias ? pcl_scaled(in, bias, scale, shift) : shift;
    pcl_tensor **inputs = pcl_import_alloc(in, 4, sizeof *inputs);
    if (!weights || !bias || !inputs) return;
    for (int32_t i = 0; i < bias_at; i++) inputs[i] = conv->inputs[i];
    inputs[1] = weights;
    inputs[bias_at] = bias;
    conv->inputs = inputs;
    conv->input_count = bias_at + 1;
}

void pcl_translate_batch_norm(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_norm_attributes *norm = read_attributes(in, node);
    bool constant = true;
    if (!norm || !pcl_import_needs(in, node, 5)) return;
    for (int32_t i = 1; i < 5; i++)
        constant &= pcl_import_is_constant(node->inputs[i]) && pcl_import_dtype(node->inputs[i]) == PCL_FLOAT32;
    if (pcl_attribute_int(node, "training_mode", 0) != 0 || pcl_attribute_int(node, "spatial", 1) == 0 ||
        pcl_import_wants(node, 1))
        pcl_import_fail(in, PCL_ERROR_UNSUPPORTED, "it is in training mode: export the model for inference");
    pcl_value *x = node->inputs[0];
    pcl_shape shape = pcl_import_shape(x);
    bool fits = shape.rank >= 2 && pcl_import_shape(node->inputs[1]).rank == 1;
    if (!constant || !fits || pcl_import_dtype(x) != PCL_FLOAT32) {
        pcl_import_generic(in, node, &pcl_onnx_batch_normalization, norm);
        return;
    }
    /* y = (x - mean) / sqrt(variance + epsilon) * gamma + beta = x * scale + shift */
    pcl_tensor *variance =
        pcl_import_binary(in, &pcl_op_add, node->inputs[4]->plain, pcl_import_scalar(in, norm->epsilon));
    pcl_tensor *deviation = pcl_import_unary(in, &pcl_op_sqrt, variance);
    pcl_tensor *scale = pcl_import_binary(in, &pcl_op_div, node->inputs[1]->plain, deviation);
    pcl_tensor *moved = pcl_import_binary(in, &pcl_op_mul, node->inputs[3]->plain, scale);
    pcl_tensor *shift = pcl_import_binary(in, &pcl_op_sub, node->inputs[2]->plain, moved);
    if (!shift) return;
    pcl_node *conv = convolution_before(x);
    if (conv && shape.dims[1] == (int32_t)pcl_tensor_count(scale) &&
        shape.dims[1] == (int32_t)pcl_tensor_count(shift)) {
        fold_into(in, conv, scale, shift);
        pcl_import_alias(in, node, 0, x);
    } else if (shape.rank == 2) {
        pcl_import_set(in, node, 0, pcl_scaled(in, pcl_import_plain(in, x), scale, shift), PCL_PLAIN);
    } else {
        pcl_import_set(in, node, 0, pcl_scaled(in, pcl_import_channels_last(in, x), scale, shift), PCL_CHANNELS_LAST);
    }
}

/* --- Others ------------------------------------------------------------------------------ */

void pcl_translate_instance_norm(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_norm_attributes *norm = read_attributes(in, node);
    if (!norm || !pcl_import_needs(in, node, 3)) return;
    int32_t rank = pcl_import_shape(node->inputs[0]).rank;
    if (pcl_import_dtype(node->inputs[0]) != PCL_FLOAT32 || (rank != 3 && rank != 4)) {
        pcl_import_generic(in, node, &pcl_onnx_instance_normalization, norm);
        return;
    }
    pcl_attributes attributes = {.instance_norm = {.epsilon = norm->epsilon}};
    pcl_tensor *inputs[] = {pcl_as_picture(in, node->inputs[0]), pcl_import_plain(in, node->inputs[1]),
                            pcl_import_plain(in, node->inputs[2])};
    pcl_set_picture(in, node, pcl_import_emit(in, &pcl_op_instance_norm, PCL_FLOAT32, &attributes, 3, inputs), rank);
}

void pcl_translate_norm(pcl_importer *in, const pcl_onnx_node *node) {
    static const struct {
        const char *type;
        const pcl_op *op;
    } norms[] = {{"GroupNormalization", &pcl_onnx_group_normalization},
                 {"LayerNormalization", &pcl_onnx_layer_normalization},
                 {"RMSNormalization", &pcl_onnx_rms_normalization},
                 {"MeanVarianceNormalization", &pcl_onnx_mean_variance_normalization},
                 {"LpNormalization", &pcl_onnx_lp_normalization}};
    pcl_onnx_norm_attributes *norm = read_attributes(in, node);
    for (size_t i = 0; norm && i < sizeof norms / sizeof *norms; i++)
        if (pcl_text_is(node->type, norms[i].type)) pcl_import_generic(in, node, norms[i].op, norm);
}

/* The engine's alpha is for one element of the window, ONNX's for all of it. */
void pcl_translate_lrn(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_lrn_attributes *lrn = pcl_import_alloc(in, 1, sizeof *lrn);
    if (!lrn || !pcl_import_needs(in, node, 1)) return;
    *lrn = (pcl_onnx_lrn_attributes){.alpha = pcl_attribute_float(node, "alpha", 0.0001f),
                                     .beta = pcl_attribute_float(node, "beta", 0.75f),
                                     .bias = pcl_attribute_float(node, "bias", 1.0f),
                                     .size = pcl_attribute_int(node, "size", 0)};
    bool fits = pcl_import_dtype(node->inputs[0]) == PCL_FLOAT32 && pcl_import_shape(node->inputs[0]).rank == 4;
    if (!fits || lrn->size < 1 || lrn->size % 2 == 0) {
        pcl_import_generic(in, node, &pcl_onnx_lrn, lrn);
        return;
    }
    pcl_attributes attributes = {.local_response_norm = {.radius = lrn->size / 2,
                                                         .bias = lrn->bias,
                                                         .alpha = lrn->alpha / (float)lrn->size,
                                                         .beta = lrn->beta}};
    pcl_tensor *x = pcl_import_channels_last(in, node->inputs[0]);
    x = pcl_import_emit(in, &pcl_op_local_response_normalization, PCL_FLOAT32, &attributes, 1, &x);
    pcl_import_set(in, node, 0, x, PCL_CHANNELS_LAST);
}

/* --- Softmax ------------------------------------------------------------------------------ */

/* True when only one of the dimensions from `axis` on has more than one element. */
static bool is_one_axis(const pcl_shape *shape, int32_t axis, int32_t *which) {
    int32_t long_axes = 0;
    *which = axis;
    for (int32_t d = axis; d < shape->rank; d++) {
        if (shape->dims[d] == 1) continue;
        *which = d;
        long_axes++;
    }
    return long_axes <= 1;
}

void pcl_translate_softmax(pcl_importer *in, const pcl_onnx_node *node) {
    bool log = pcl_text_is(node->type, "LogSoftmax"), plain = pcl_text_is(node->type, "Softmax");
    bool old = in->file.opset < 13;
    pcl_onnx_softmax_attributes *softmax = pcl_import_alloc(in, 1, sizeof *softmax);
    if (!softmax || !pcl_import_needs(in, node, 1)) return;
    *softmax = (pcl_onnx_softmax_attributes){.axis = pcl_attribute_int(node, "axis", old ? 1 : -1), .flatten = old};
    pcl_shape shape = pcl_import_shape(node->inputs[0]);
    pcl_layout layout = pcl_import_layout(node, 1);
    int32_t axis = softmax->axis;
    bool fits =
        (log || plain) && pcl_import_dtype(node->inputs[0]) == PCL_FLOAT32 && axis >= -shape.rank && axis < shape.rank;
    if (fits && axis < 0) axis += shape.rank;
    if (fits && old) fits = is_one_axis(&shape, axis, &axis);
    if (!fits || pcl_import_moved_axis(axis, shape.rank, layout) != shape.rank - 1) {
        const pcl_op *op = log ? &pcl_onnx_log_softmax : plain ? &pcl_onnx_softmax : &pcl_onnx_hardmax;
        pcl_import_generic(in, node, op, softmax);
        return;
    }
    pcl_attributes attributes = {.softmax = {.beta = 1.0f}};
    pcl_tensor *x = pcl_import_operand(in, node->inputs[0], shape.rank, layout);
    x = pcl_import_emit(in, log ? &pcl_op_log_softmax : &pcl_op_softmax, PCL_FLOAT32, &attributes, 1, &x);
    pcl_import_set(in, node, 0, x, layout);
}
