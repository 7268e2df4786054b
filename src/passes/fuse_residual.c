#include "ops/table.h"
#include "passes/passes.h"

static bool can_carry(const pcl_node *conv, const pcl_tensor *middle) {
    return conv && conv->op == &pcl_op_conv_2d && middle->uses == 1 && !conv->attributes.conv.residual;
}

/* Quantised sums must be possible in the kernel's fixed point. */
static bool scales_fit(const pcl_tensor *middle, const pcl_tensor *residual, const pcl_tensor *out) {
    if (middle->dtype == PCL_FLOAT32) return true;
    pcl_add_u8 parameters;
    return pcl_is_quantised(middle) && pcl_is_quantised(residual) && pcl_is_quantised(out) &&
           pcl_add_u8_prepare(&parameters, pcl_tensor_scale(middle), pcl_tensor_zero_point(middle),
                              pcl_tensor_scale(residual), pcl_tensor_zero_point(residual), false, pcl_tensor_scale(out),
                              pcl_tensor_zero_point(out), 0, 255);
}

/* The convolution takes the place of the ADD, where the residual is sure to
 * exist. */
static pcl_status fuse(pcl_graph *graph, int32_t at, int32_t side) {
    pcl_node *add = graph->nodes[at];
    pcl_tensor *middle = add->inputs[side], *residual = add->inputs[1 - side], *out = add->outputs[0];
    pcl_node *conv = middle->producer;
    if (!can_carry(conv, middle) || middle == residual || middle->dtype != residual->dtype) return PCL_OK;
    if (!pcl_shape_equal(&middle->shape, &residual->shape) || !scales_fit(middle, residual, out)) return PCL_OK;
    pcl_node *fused = pcl_graph_alloc(graph, 1, sizeof *fused);
    pcl_tensor **inputs = pcl_graph_alloc(graph, 4, sizeof *inputs);
    if (!fused || !inputs) return PCL_ERROR_LIMIT;
    *fused = *conv;
    inputs[0] = conv->inputs[0];
    inputs[1] = conv->inputs[1];
    inputs[2] = pcl_node_input(conv, 2);
    inputs[3] = residual;
    fused->inputs = inputs;
    fused->input_count = 4;
    fused->outputs = add->outputs;
    fused->name = add->name;
    pcl_conv_attributes *attributes = &fused->attributes.conv;
    attributes->residual = true;
    attributes->residual_activation = add->attributes.binary.activation;
    attributes->middle_scale = pcl_tensor_scale(middle);
    attributes->middle_zero_point = pcl_tensor_zero_point(middle);
    out->producer = fused;
    graph->nodes[at] = fused;
    conv->op = NULL;
    return PCL_OK;
}

pcl_status pcl_pass_fuse_residual(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i]->op != &pcl_op_add) continue;
        PCL_TRY_RETURN(fuse(graph, i, 0));
        if (graph->nodes[i]->op == &pcl_op_add) PCL_TRY_RETURN(fuse(graph, i, 1));
    }
    pcl_graph_sweep(graph);
    return PCL_OK;
}
