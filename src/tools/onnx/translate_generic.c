/* Operators that only the tools have: their attributes, and nothing else. */
#include "tools/onnx/translators.h"

#include <math.h>

/* Those without attributes. */
void pcl_translate_generic(pcl_importer *in, const pcl_onnx_node *node) {
    static const struct {
        const char *type;
        const pcl_op *op;
    } rows[] = {{"DynamicQuantizeLinear", &pcl_onnx_dynamic_quantize_linear},
                {"MatMulInteger", &pcl_onnx_matmul_integer},
                {"NonZero", &pcl_onnx_nonzero},
                {"QLinearMatMul", &pcl_onnx_qlinear_matmul}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (pcl_text_is(node->type, rows[i].type)) pcl_import_generic(in, node, rows[i].op, NULL);
}

void pcl_translate_quantized_conv(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_conv_attributes *conv = pcl_import_alloc(in, 1, sizeof *conv);
    if (!conv) return;
    conv->window = pcl_window_attributes(in, node);
    conv->group = pcl_attribute_int(node, "group", 1);
    if (in->status != PCL_OK) return;
    pcl_import_generic(in, node,
                       pcl_text_is(node->type, "QLinearConv") ? &pcl_onnx_qlinear_conv : &pcl_onnx_conv_integer, conv);
}

/* Reals made of constant bytes remember their scales: they may become such
 * weights again (fuse_quantized.h). */
static void note_origin(pcl_importer *in, const pcl_onnx_node *node, int32_t axis) {
    const pcl_tensor *x = node->inputs[0]->plain, *scale = node->inputs[1]->plain;
    pcl_tensor *out = node->outputs[0] ? node->outputs[0]->plain : NULL;
    if (!x || !x->constant || !out || !out->constant || scale->dtype != PCL_FLOAT32) return;
    if (x->dtype != PCL_INT8 && x->dtype != PCL_UINT8) return;
    size_t count = pcl_tensor_count(scale);
    if (count == 1) axis = 0;
    else if (!pcl_import_axis(in, &axis, x->shape.rank) || (size_t)x->shape.dims[axis] != count) return;
    for (size_t i = 0; i < count; i++)
        if (!(((const float *)scale->data)[i] > 0.0f && isfinite(((const float *)scale->data)[i]))) return;
    pcl_quantization *quantization = &out->quantization;
    quantization->zero_points = pcl_import_alloc(in, count, sizeof *quantization->zero_points);
    if (!quantization->zero_points) return;
    quantization->scales = scale->data;
    quantization->axis = axis;
    quantization->count = (int32_t)count;
}

void pcl_translate_quantize(pcl_importer *in, const pcl_onnx_node *node) {
    bool forth = pcl_text_is(node->type, "QuantizeLinear");
    pcl_onnx_quantize_attributes *quantize = pcl_import_alloc(in, 1, sizeof *quantize);
    if (!quantize) return;
    quantize->axis = pcl_attribute_int(node, "axis", 1);
    quantize->block_size = pcl_attribute_int(node, "block_size", 0);
    int32_t type = pcl_attribute_int(node, "output_dtype", 0);
    quantize->out_dtype = type ? pcl_onnx_dtype((uint64_t)(uint32_t)type) : PCL_UINT8;
    if (quantize->out_dtype == PCL_DTYPE_COUNT)
        pcl_import_fail(in, PCL_ERROR_UNSUPPORTED, "its output_dtype is not supported");
    if (!pcl_import_needs(in, node, 2)) return;
    const pcl_op *op = forth ? &pcl_onnx_quantize_linear : &pcl_onnx_dequantize_linear;
    pcl_tensor *scale = pcl_import_plain(in, node->inputs[1]), *zero_point = pcl_import_plain_input(in, node, 2);
    if (!scale || pcl_tensor_count(scale) != 1) {
        pcl_import_generic(in, node, op, quantize);
    } else { /* one scale for all: any layout will do */
        pcl_layout layout = pcl_import_layout(node, 1);
        pcl_tensor *x = pcl_import_operand(in, node->inputs[0], pcl_import_shape(node->inputs[0]).rank, layout);
        pcl_tensor *inputs[] = {x, scale, zero_point};
        pcl_attributes attributes = {.tools = quantize};
        pcl_dtype dtype = forth ? quantize->out_dtype : scale->dtype;
        pcl_import_set(in, node, 0, pcl_import_emit(in, op, dtype, &attributes, zero_point ? 3 : 2, inputs), layout);
    }
    if (!forth && in->status == PCL_OK) note_origin(in, node, quantize->axis);
}

void pcl_translate_index(pcl_importer *in, const pcl_onnx_node *node) {
    static const char *const reductions[] = {"none", "add", "mul", "max", "min", NULL};
    static const struct {
        const char *type;
        const pcl_op *op;
        int32_t axis;
    } rows[] = {{"Compress", &pcl_onnx_compress, 0},
                {"GatherElements", &pcl_onnx_gather_elements, 0},
                {"GatherND", &pcl_onnx_gather_nd, 0},
                {"OneHot", &pcl_onnx_one_hot, -1},
                {"Scatter", &pcl_onnx_scatter_elements, 0},
                {"ScatterElements", &pcl_onnx_scatter_elements, 0},
                {"ScatterND", &pcl_onnx_scatter_nd, 0}};
    pcl_onnx_index_attributes *index = pcl_import_alloc(in, 1, sizeof *index);
    for (size_t i = 0; index && i < sizeof rows / sizeof *rows; i++) {
        if (!pcl_text_is(node->type, rows[i].type)) continue;
        *index = (pcl_onnx_index_attributes){
            .axis = pcl_attribute_int(node, "axis", rows[i].axis),
            .batch_dims = pcl_attribute_int(node, "batch_dims", 0),
            .reduction = (pcl_onnx_reduction)pcl_attribute_word(in, node, "reduction", reductions, 0),
            .has_axis = pcl_attribute_exists(node, "axis")};
        if (in->status == PCL_OK) pcl_import_generic(in, node, rows[i].op, index);
    }
}

void pcl_translate_top_k(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_top_k_attributes *top = pcl_import_alloc(in, 1, sizeof *top);
    if (!top || !pcl_import_needs(in, node, 1)) return;
    top->axis = pcl_attribute_int(node, "axis", -1);
    top->largest = pcl_attribute_int(node, "largest", 1) != 0;
    pcl_tensor *k = pcl_import_plain_input(in, node, 1);
    int64_t old = pcl_attribute_int(node, "k", 0); /* before opset 10 */
    if (!k) k = pcl_import_constant(in, PCL_INT64, &(pcl_shape){1, {1}}, &old);
    pcl_import_generic_from(in, node, &pcl_onnx_top_k, top, 2,
                            (pcl_tensor *[]){pcl_import_plain(in, node->inputs[0]), k});
}

void pcl_translate_cumsum(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_cumulative_attributes *sum = pcl_import_alloc(in, 1, sizeof *sum);
    if (!sum) return;
    sum->exclusive = pcl_attribute_int(node, "exclusive", 0) != 0;
    sum->reverse = pcl_attribute_int(node, "reverse", 0) != 0;
    pcl_import_generic(in, node, &pcl_onnx_cumsum, sum);
}

void pcl_translate_trilu(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_trilu_attributes *trilu = pcl_import_alloc(in, 1, sizeof *trilu);
    if (!trilu) return;
    trilu->upper = pcl_attribute_int(node, "upper", 1) != 0;
    pcl_import_generic(in, node, &pcl_onnx_trilu, trilu);
}

void pcl_translate_eye_like(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_eye_attributes *eye = pcl_import_alloc(in, 1, sizeof *eye);
    if (!eye) return;
    eye->k = pcl_attribute_int(node, "k", 0);
    eye->has_dtype = pcl_attribute_exists(node, "dtype");
    eye->dtype = pcl_onnx_dtype((uint64_t)(uint32_t)pcl_attribute_int(node, "dtype", 1));
    if (eye->dtype == PCL_DTYPE_COUNT) pcl_import_fail(in, PCL_ERROR_UNSUPPORTED, "its dtype is not supported");
    else pcl_import_generic(in, node, &pcl_onnx_eye_like, eye);
}

void pcl_translate_reverse_sequence(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_reverse_attributes *reverse = pcl_import_alloc(in, 1, sizeof *reverse);
    if (!reverse) return;
    reverse->batch_axis = pcl_attribute_int(node, "batch_axis", 1);
    reverse->time_axis = pcl_attribute_int(node, "time_axis", 0);
    pcl_import_generic(in, node, &pcl_onnx_reverse_sequence, reverse);
}
