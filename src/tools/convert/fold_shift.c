#include "tools/convert/fold_shift.h"

#include "ops/table.h"
#include "tools/convert/build.h"

static bool is_float_constant(const pcl_tensor *tensor) {
    return tensor && tensor->constant && tensor->dtype == PCL_FLOAT32;
}

/* x + c or x - c, c with one element, or one for each of the channels. */
static bool is_shift(const pcl_node *node) {
    if ((node->op != &pcl_op_add && node->op != &pcl_op_sub) || node->attributes.binary.activation != PCL_ACTIVATION_NONE)
        return false;
    const pcl_tensor *x = node->inputs[0], *shift = node->inputs[1];
    if (x->constant || x->shape.rank != 4 || !is_float_constant(shift) || !pcl_shape_equal(&x->shape, &node->outputs[0]->shape))
        return false;
    size_t count = pcl_tensor_count(shift), last = shift->shape.rank ? (size_t)shift->shape.dims[shift->shape.rank - 1] : 1;
    return count == 1 || (count == last && last == (size_t)x->shape.dims[3]);
}

static bool reads_whole(const pcl_node *node, const pcl_tensor *x) {
    const pcl_conv_attributes *conv = &node->attributes.conv;
    if (node->op != &pcl_op_conv_2d || node->inputs[0] != x || !is_float_constant(node->inputs[1])) return false;
    if (node->input_count > 2 && node->inputs[2] && !is_float_constant(node->inputs[2])) return false;
    bool padded = conv->pads.top || conv->pads.left || conv->pads.bottom || conv->pads.right;
    return (!padded || conv->reflect) && node->inputs[1]->shape.dims[3] == x->shape.dims[3];
}

/* The bias becomes b + W c. */
static pcl_status shift_bias(pcl_graph *graph, pcl_node *conv, const pcl_tensor *shift, float sign) {
    const pcl_tensor *weights = conv->inputs[1], *bias = conv->input_count > 2 ? conv->inputs[2] : NULL;
    size_t channels = (size_t)weights->shape.dims[0], depth = (size_t)weights->shape.dims[3];
    size_t each = pcl_tensor_count(weights) / channels, step = pcl_tensor_count(shift) > 1;
    const float *reals = weights->data, *shifts = shift->data;
    pcl_tensor *sum = pcl_build_constant(graph, bias ? bias->name : "bias", PCL_FLOAT32, &(pcl_shape){1, {(int32_t)channels}}, NULL);
    pcl_tensor **inputs = pcl_graph_alloc(graph, 3, sizeof *inputs);
    if (!sum || !inputs) return PCL_ERROR_LIMIT;
    for (size_t c = 0; c < channels; c++) {
        double value = bias ? (double)((const float *)bias->data)[c] : 0.0;
        for (size_t i = 0; i < each; i++) value += (double)(sign * reals[c * each + i] * shifts[i % depth * step]);
        ((float *)sum->data)[c] = (float)value;
    }
    inputs[0] = conv->inputs[0];
    inputs[1] = conv->inputs[1];
    inputs[2] = sum;
    conv->inputs = inputs;
    conv->input_count = 3;
    return PCL_OK;
}

static pcl_status fold(pcl_graph *graph, pcl_node *node) {
    if (!is_shift(node)) return PCL_OK;
    const pcl_tensor *shifted = node->outputs[0];
    pcl_node *reader = pcl_only_reader(graph, shifted), *conv = reader;
    if (reader && reader->op == &pcl_op_mirror_pad) conv = pcl_only_reader(graph, shifted = reader->outputs[0]);
    if (!conv || !reads_whole(conv, shifted)) return PCL_OK;
    PCL_TRY_RETURN(shift_bias(graph, conv, node->inputs[1], node->op == &pcl_op_sub ? -1.0f : 1.0f));
    reader->inputs[0] = node->inputs[0];
    node->op = NULL;
    return PCL_OK;
}

pcl_status pcl_fold_shifts(pcl_graph *graph) {
    for (int32_t n = 0; n < graph->node_count; n++) PCL_TRY_RETURN(fold(graph, graph->nodes[n]));
    pcl_graph_sweep(graph);
    return PCL_OK;
}
