#include "ops/table.h"
#include "passes/passes.h"

bool pcl_only_moves_data(const pcl_op *op) {
    static const pcl_op *const movers[] = {
        &pcl_op_mirror_pad,     &pcl_op_pad,         &pcl_op_resize_nearest_neighbor, &pcl_op_reshape,
        &pcl_op_squeeze,        &pcl_op_expand_dims, &pcl_op_transpose,               &pcl_op_depth_to_space,
        &pcl_op_space_to_depth, &pcl_op_slice,       &pcl_op_strided_slice,
    };
    for (size_t i = 0; i < sizeof movers / sizeof *movers; i++)
        if (op == movers[i]) return true;
    return false;
}

/* QUANTIZE(move(x)) becomes move(QUANTIZE(x)): less data moves, and the
 * QUANTIZE may meet a DEQUANTIZE. The two nodes change places, so that the
 * order stays topological. */
static pcl_status move_up(pcl_graph *graph, int32_t at) {
    pcl_node *quantize = graph->nodes[at];
    pcl_tensor *moved = quantize->inputs[0], *out = quantize->outputs[0];
    pcl_node *mover = moved->producer;
    if (!mover || moved->uses != 1 || moved->dtype != PCL_FLOAT32 || !pcl_only_moves_data(mover->op)) return PCL_OK;
    pcl_tensor *quantised = pcl_graph_alloc(graph, 1, sizeof *quantised);
    if (!quantised) return PCL_ERROR_LIMIT;
    *quantised = *out;
    quantised->shape = mover->inputs[0]->shape;
    quantised->bytes = pcl_tensor_count(mover->inputs[0]) * pcl_dtype_size(out->dtype);
    quantised->name = mover->inputs[0]->name;
    int32_t before = at;
    while (graph->nodes[before] != mover) before--;
    graph->nodes[before] = quantize;
    graph->nodes[at] = mover;
    quantize->inputs[0] = mover->inputs[0];
    quantize->outputs[0] = quantised;
    mover->inputs[0] = quantised;
    mover->outputs[0] = out;
    mover->name = out->name;
    pcl_graph_link(graph);
    return PCL_OK;
}

/* QUANTIZE(DEQUANTIZE(x)) reads x itself: the conversion between two
 * quantisations computes what the pair did. */
static void skip_dequantize(pcl_graph *graph, pcl_node *quantize) {
    pcl_node *before = quantize->inputs[0]->producer;
    if (!before || before->op != &pcl_op_dequantize || !pcl_is_quantised(before->inputs[0])) return;
    if (before->inputs[0]->quantization.count != 1) return;
    quantize->inputs[0] = before->inputs[0];
    quantize->attributes.quantize.through_reals = true;
    pcl_graph_link(graph);
}

/* A conversion to the same type and quantisation vanishes. Outputs of the
 * model keep their own tensor, so there the producer writes it directly. */
static void remove_identity(pcl_graph *graph, pcl_node *node) {
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    if (!pcl_same_quantisation(in, out)) return;
    if (!pcl_graph_is_output(graph, out)) {
        pcl_graph_replace_uses(graph, out, in);
        node->op = NULL;
    } else if (in->producer && in->uses == 1) {
        for (int32_t i = 0; i < in->producer->output_count; i++)
            if (in->producer->outputs[i] == in) in->producer->outputs[i] = out;
        node->op = NULL;
        node->inputs[0] = NULL;
    }
    pcl_graph_link(graph);
}

pcl_status pcl_pass_fuse_quantize(pcl_graph *graph) {
    /* Backwards, so that a QUANTIZE rises through several movers in turn: the
     * place it leaves is behind the scan, the one it takes ahead of it. */
    for (int32_t i = graph->node_count - 1; i >= 0; i--)
        if (graph->nodes[i]->op == &pcl_op_quantize) PCL_TRY_RETURN(move_up(graph, i));
    for (int32_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == &pcl_op_quantize) skip_dequantize(graph, graph->nodes[i]);
    pcl_graph_sweep(graph);
    for (int32_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == &pcl_op_quantize) remove_identity(graph, graph->nodes[i]);
    pcl_graph_sweep(graph);
    return PCL_OK;
}
