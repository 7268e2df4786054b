#include "tools/convert/sign.h"

#include "ops/table.h"
#include "passes/passes.h"
#include "tools/convert/build.h"
#include "tools/quantise/quantise.h"

static const pcl_tensor *weights_of(const pcl_node *node) {
    bool weighted = pcl_has_weights(node) && node->inputs[1]->constant && pcl_is_quantised(node->inputs[1]);
    return weighted && pcl_is_quantised(node->outputs[0]) ? node->inputs[1] : NULL;
}

/* *sign: are there int8 weights? */
static pcl_status check_weights(const pcl_graph *graph, bool *sign) {
    *sign = false;
    for (int32_t n = 0; n < graph->node_count; n++) {
        const pcl_tensor *weights = weights_of(graph->nodes[n]);
        if (weights && weights->dtype == PCL_INT8) *sign = true;
    }
    for (int32_t n = 0; n < graph->node_count; n++) {
        const pcl_tensor *weights = weights_of(graph->nodes[n]);
        if (!weights || weights->dtype == PCL_INT8 || (!*sign && weights->quantization.count == 1)) continue;
        return pcl_node_fail(graph->error, graph->nodes[n], PCL_ERROR_UNSUPPORTED,
                             "its weights are beyond int8, and TFLite has uint8 ones only where all are, of one scale each");
    }
    return PCL_OK;
}

static bool is_unsigned(const pcl_tensor *tensor) {
    return tensor && tensor->dtype == PCL_UINT8 && tensor->quantization.count == 1;
}

/* The model's own uint8 stays, behind a QUANTIZE that only moves the zero point. */
static pcl_status sign_end(pcl_graph *graph, pcl_tensor **end, bool is_input) {
    pcl_tensor *outer = *end, *inner = outer;
    if (!is_unsigned(outer)) return PCL_OK;
    *end = pcl_build_like(graph, outer, outer->name, &outer->shape);
    if (!*end) return PCL_ERROR_LIMIT;
    pcl_tensor *from = is_input ? *end : inner, *to = is_input ? inner : *end;
    return pcl_build_node(graph, is_input ? 0 : graph->node_count, &pcl_op_quantize, 1, &from, to) ? PCL_OK : PCL_ERROR_LIMIT;
}

/* Node *at computes with reals, between a DEQUANTIZE and a QUANTIZE: rounded once, as it was. */
static pcl_status compute_in_reals(pcl_graph *graph, int32_t *at) {
    pcl_node *node = graph->nodes[*at];
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    pcl_tensor *real_in = pcl_graph_new_tensor(graph, in->name, PCL_FLOAT32, &in->shape);
    pcl_tensor *real_out = pcl_graph_new_tensor(graph, out->name, PCL_FLOAT32, &out->shape);
    if (!real_in || !real_out) return PCL_ERROR_LIMIT;
    if (!pcl_build_node(graph, (*at)++, &pcl_op_dequantize, 1, &in, real_in) ||
        !pcl_build_node(graph, ++*at, &pcl_op_quantize, 1, &real_out, out))
        return PCL_ERROR_LIMIT;
    node->inputs[0] = real_in;
    node->outputs[0] = real_out;
    return PCL_OK;
}

/* Input i of node *at is brought to the scale of its output. */
static pcl_status requantise_before(pcl_graph *graph, int32_t *at, int32_t i) {
    pcl_node *node = graph->nodes[*at];
    pcl_tensor *in = node->inputs[i], *same = pcl_build_like(graph, node->outputs[0], in->name, &in->shape);
    if (!same || !pcl_build_node(graph, (*at)++, &pcl_op_quantize, 1, &in, same)) return PCL_ERROR_LIMIT;
    node->inputs[i] = same;
    return PCL_OK;
}

static pcl_status keep_scale(pcl_graph *graph, int32_t *at) {
    pcl_node *node = graph->nodes[*at];
    const pcl_tensor *out = node->outputs[0];
    if (!pcl_is_quantised(out)) return PCL_OK;
    if (node->op == &pcl_op_average_pool_2d && !pcl_same_quantisation(node->inputs[0], out)) return compute_in_reals(graph, at);
    for (int32_t i = 0; node->op == &pcl_op_concatenation && i < node->input_count; i++)
        if (!pcl_same_quantisation(node->inputs[i], out)) PCL_TRY_RETURN(requantise_before(graph, at, i));
    return PCL_OK;
}

static pcl_status sign_tensors(pcl_graph *graph, const pcl_node *node, pcl_tensor **tensors, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        bool is_end = tensors[i] && (pcl_graph_is_input(graph, tensors[i]) || pcl_graph_is_output(graph, tensors[i]));
        if (is_unsigned(tensors[i]) && !is_end && tensors[i] != weights_of(node)) PCL_TRY_RETURN(pcl_change_sign(graph, tensors[i], PCL_INT8));
    }
    return PCL_OK;
}

pcl_status pcl_sign_activations(pcl_graph *graph) {
    bool wanted;
    PCL_TRY_RETURN(check_weights(graph, &wanted));
    if (!wanted) return PCL_OK;
    for (int32_t i = 0; i < graph->input_count; i++) PCL_TRY_RETURN(sign_end(graph, &graph->inputs[i], true));
    for (int32_t i = 0; i < graph->output_count; i++) PCL_TRY_RETURN(sign_end(graph, &graph->outputs[i], false));
    for (int32_t n = 0; n < graph->node_count; n++) {
        pcl_node *node = graph->nodes[n];
        PCL_TRY_RETURN(sign_tensors(graph, node, node->inputs, node->input_count));
        PCL_TRY_RETURN(sign_tensors(graph, node, node->outputs, node->output_count));
    }
    for (int32_t n = 0; n < graph->node_count; n++) PCL_TRY_RETURN(keep_scale(graph, &n));
    pcl_graph_link(graph);
    return PCL_OK;
}
