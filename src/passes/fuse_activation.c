#include "ops/table.h"
#include "passes/passes.h"

/* Where a node keeps its fused activation; NULL when it has none. */
static pcl_activation *activation_of(pcl_node *node) {
    if (node->op == &pcl_op_conv_2d || node->op == &pcl_op_depthwise_conv_2d || node->op == &pcl_op_transpose_conv)
        return &node->attributes.conv.activation;
    if (node->op == &pcl_op_fully_connected) return &node->attributes.fully_connected.activation;
    if (node->op == &pcl_op_add || node->op == &pcl_op_sub || node->op == &pcl_op_mul || node->op == &pcl_op_div)
        return &node->attributes.binary.activation;
    if (node->op == &pcl_op_instance_norm) return &node->attributes.instance_norm.activation;
    if (node->op == &pcl_op_average_pool_2d || node->op == &pcl_op_max_pool_2d) return &node->attributes.pool.activation;
    return NULL;
}

static pcl_activation activation_from(const pcl_op *op) {
    if (op == &pcl_op_relu) return PCL_ACTIVATION_RELU;
    if (op == &pcl_op_relu6) return PCL_ACTIVATION_RELU6;
    if (op == &pcl_op_relu_n1_to_1) return PCL_ACTIVATION_RELU_N1_TO_1;
    return PCL_ACTIVATION_NONE;
}

static void fuse(pcl_node *node) {
    pcl_activation activation = activation_from(node->op);
    pcl_tensor *middle = node->inputs[0], *out = node->outputs[0];
    pcl_node *before = middle->producer;
    if (activation == PCL_ACTIVATION_NONE || !before || middle->uses != 1) return;
    pcl_activation *place = activation_of(before);
    bool integer = middle->dtype != PCL_FLOAT32 && !pcl_is_quantised(middle);
    if (!place || *place != PCL_ACTIVATION_NONE || integer || !pcl_same_quantisation(middle, out)) return;
    *place = activation;
    before->outputs[0] = out;
    before->name = out->name;
    node->op = NULL;
    out->producer = before;
}

pcl_status pcl_pass_fuse_activation(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++) fuse(graph->nodes[i]);
    pcl_graph_sweep(graph);
    return PCL_OK;
}
