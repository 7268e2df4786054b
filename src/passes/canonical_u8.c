#include "ops/table.h"
#include "passes/passes.h"

/* Weights stay int8: kernels multiply uint8 by int8. */
static bool reads_as_weights(const pcl_node *node, int32_t input) {
    bool has_weights = node->op == &pcl_op_conv_2d || node->op == &pcl_op_depthwise_conv_2d ||
                       node->op == &pcl_op_fully_connected || node->op == &pcl_op_transpose_conv;
    return has_weights && input == 1 && node->inputs[1]->constant;
}

static bool is_convertible(const pcl_tensor *tensor) {
    return tensor && tensor->dtype == PCL_INT8 && tensor->quantization.count == 1;
}

static void replace_everywhere(pcl_graph *graph, pcl_tensor *from, pcl_tensor *to) {
    for (int32_t n = 0; n < graph->node_count; n++) {
        pcl_node *node = graph->nodes[n];
        for (int32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i] == from) node->inputs[i] = to;
        for (int32_t i = 0; i < node->output_count; i++)
            if (node->outputs[i] == from) node->outputs[i] = to;
    }
}

/* zero_points gets memory of its own: tensors of a file never share it, but
 * `tensor` may be a copy of one that keeps the old value. */
pcl_status pcl_change_sign(pcl_graph *graph, pcl_tensor *tensor, pcl_dtype dtype) {
    int32_t *zero_point = pcl_graph_alloc(graph, 1, sizeof *zero_point);
    if (!zero_point) return PCL_ERROR_LIMIT;
    *zero_point = tensor->quantization.zero_points[0] + (dtype == PCL_UINT8 ? 128 : -128);
    tensor->quantization.zero_points = zero_point;
    tensor->dtype = dtype;
    if (!tensor->constant) return PCL_OK;
    uint8_t *data = pcl_graph_alloc(graph, tensor->bytes + 16, 1);
    if (!data) return PCL_ERROR_LIMIT;
    for (size_t i = 0; i < tensor->bytes; i++) data[i] = ((const uint8_t *)tensor->data)[i] ^ 0x80;
    tensor->data = data;
    return PCL_OK;
}

/* Puts a QUANTIZE between the model's own int8 tensor and its uint8 twin,
 * which takes its place among the nodes. */
static pcl_status convert_border(pcl_graph *graph, pcl_tensor *outer, bool is_input) {
    pcl_tensor *inner = pcl_graph_alloc(graph, 1, sizeof *inner);
    if (!inner) return PCL_ERROR_LIMIT;
    *inner = *outer;
    PCL_TRY_RETURN(pcl_change_sign(graph, inner, PCL_UINT8));
    replace_everywhere(graph, outer, inner);
    int32_t at = is_input ? 0 : graph->node_count;
    pcl_node *node = pcl_graph_insert_node(graph, at, &pcl_op_quantize, 1, 1);
    if (!node) return PCL_ERROR_LIMIT;
    node->op_name = pcl_op_quantize.name;
    node->name = outer->name;
    node->version = 1;
    node->inputs[0] = is_input ? outer : inner;
    node->outputs[0] = is_input ? inner : outer;
    return PCL_OK;
}

static bool is_weights_anywhere(const pcl_graph *graph, const pcl_tensor *tensor) {
    for (int32_t n = 0; n < graph->node_count; n++) {
        const pcl_node *node = graph->nodes[n];
        for (int32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i] == tensor && reads_as_weights(node, i)) return true;
    }
    return false;
}

static pcl_status convert(pcl_graph *graph, pcl_tensor *tensor) {
    if (!is_convertible(tensor)) return PCL_OK;
    bool input = pcl_graph_is_input(graph, tensor), output = pcl_graph_is_output(graph, tensor);
    if (input && output) return PCL_OK;
    if (input || (output && !tensor->constant)) return convert_border(graph, tensor, input);
    if (output || (tensor->constant && is_weights_anywhere(graph, tensor))) return PCL_OK;
    return pcl_change_sign(graph, tensor, PCL_UINT8);
}

pcl_status pcl_pass_canonical_u8(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++) {
        pcl_node *node = graph->nodes[i];
        if (node->op == &pcl_op_average_pool_2d) node->attributes.pool.from_int8 = node->outputs[0]->dtype == PCL_INT8;
    }
    for (int32_t i = 0; i < graph->tensor_count; i++) PCL_TRY_RETURN(convert(graph, graph->tensors[i]));
    pcl_graph_link(graph);
    return PCL_OK;
}
