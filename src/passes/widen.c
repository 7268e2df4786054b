#include "ops/table.h"
#include "passes/passes.h"

/* The bytes that a DEQUANTIZE made into an input; NULL where none did. Nothing has been checked yet: inputs may be
 * missing. */
static pcl_tensor *bytes_of(const pcl_node *node, int32_t input) {
    const pcl_tensor *reals = pcl_node_input(node, input);
    const pcl_node *producer = reals ? reals->producer : NULL;
    if (!producer || producer->op != &pcl_op_dequantize) return NULL;
    pcl_tensor *bytes = pcl_node_input(producer, 0);
    return bytes && pcl_is_quantised(bytes) ? bytes : NULL;
}

enum { MAX_DEPTH = 1 << 15 }; /* sums of as many products of nine bits stay within 32 */

/* What the integer kernels ask of weights (ops/weights.c); the rest is computed in float. */
static bool weights_fit(const pcl_tensor *weights) {
    const pcl_quantization *quantization = &weights->quantization;
    const pcl_shape *shape = &weights->shape;
    if (!weights->constant || shape->rank != 4 || shape->dims[0] < 1) return false;
    if (pcl_tensor_count(weights) / (size_t)shape->dims[0] > MAX_DEPTH) return false;
    if (quantization->count == 1) return true;
    for (int32_t i = 0; i < quantization->count; i++)
        if (quantization->zero_points[i] != 0) return false;
    return weights->dtype == PCL_INT8 && quantization->axis == 0;
}

void pcl_pass_widen(pcl_graph *graph) {
    bool any = false;
    for (int32_t i = 0; i < graph->node_count; i++) {
        pcl_node *node = graph->nodes[i];
        if (node->op != &pcl_op_conv_2d) continue;
        pcl_tensor *input = bytes_of(node, 0), *weights = bytes_of(node, 1);
        if (!input || !weights || input->constant || input->quantization.count != 1 || !weights_fit(weights)) continue;
        node->inputs[0] = input;
        node->inputs[1] = weights;
        any = true;
    }
    if (!any) return;
    pcl_graph_sweep(graph); /* or the weights would become reals for nobody */
}
