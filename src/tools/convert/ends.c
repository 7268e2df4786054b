#include "tools/convert/ends.h"

#include <string.h>

#include "ops/table.h"
#include "tools/convert/build.h"

static bool is_transpose(const pcl_node *node, const int32_t order[4]) {
    if (!node || node->op != &pcl_op_transpose) return false;
    const pcl_tensor *axes = node->inputs[1];
    return axes->constant && axes->dtype == PCL_INT32 && pcl_tensor_count(axes) == 4 &&
           memcmp(axes->data, order, 4 * sizeof *order) == 0;
}

static pcl_node *transposing_reader(const pcl_graph *graph, const pcl_tensor *tensor) {
    static const int32_t to_channels_last[4] = {0, 2, 3, 1};
    pcl_node *found = NULL;
    if (pcl_graph_is_output(graph, tensor)) return NULL;
    for (int32_t n = 0; n < graph->node_count; n++)
        for (int32_t i = 0; i < graph->nodes[n]->input_count; i++) {
            if (graph->nodes[n]->inputs[i] != tensor) continue;
            if (found || !is_transpose(graph->nodes[n], to_channels_last)) return NULL;
            found = graph->nodes[n];
        }
    return found;
}

void pcl_float32_ends(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->input_count; i++) {
        pcl_tensor *in = graph->inputs[i];
        pcl_node *cast = in->dtype == PCL_FLOAT16 ? pcl_only_reader(graph, in) : NULL;
        if (!cast || cast->op != &pcl_op_cast || cast->outputs[0]->dtype != PCL_FLOAT32 || pcl_graph_is_output(graph, cast->outputs[0])) continue;
        cast->outputs[0]->name = in->name;
        graph->inputs[i] = cast->outputs[0];
        cast->op = NULL;
        pcl_graph_sweep(graph);
        graph->inputs[i]->producer = NULL;
    }
    for (int32_t i = 0; i < graph->output_count; i++) {
        pcl_tensor *out = graph->outputs[i];
        pcl_node *cast = out->dtype == PCL_FLOAT16 && out->producer && out->producer->op == &pcl_op_cast ? out->producer : NULL;
        if (!cast || out->uses != 1 || cast->inputs[0]->dtype != PCL_FLOAT32 || pcl_graph_is_input(graph, cast->inputs[0]))
            continue;
        cast->inputs[0]->name = out->name;
        graph->outputs[i] = cast->inputs[0];
        pcl_graph_sweep(graph);
    }
}

void pcl_channels_last_ends(pcl_graph *graph) {
    static const int32_t to_channels_first[4] = {0, 3, 1, 2};
    for (int32_t i = 0; i < graph->input_count; i++) {
        pcl_node *transpose = transposing_reader(graph, graph->inputs[i]);
        if (!transpose || pcl_graph_is_output(graph, transpose->outputs[0])) continue;
        transpose->outputs[0]->name = graph->inputs[i]->name;
        graph->inputs[i] = transpose->outputs[0];
        transpose->op = NULL;
        pcl_graph_sweep(graph);
        graph->inputs[i]->producer = NULL;
    }
    for (int32_t i = 0; i < graph->output_count; i++) {
        pcl_node *transpose = graph->outputs[i]->producer;
        if (!is_transpose(transpose, to_channels_first) || graph->outputs[i]->uses != 1) continue;
        if (pcl_graph_is_input(graph, transpose->inputs[0]) || pcl_graph_is_output(graph, transpose->inputs[0])) continue;
        transpose->inputs[0]->name = graph->outputs[i]->name;
        graph->outputs[i] = transpose->inputs[0];
        pcl_graph_sweep(graph);
    }
}

static bool is_conversion(const pcl_node *node) {
    return node && (node->op == &pcl_op_quantize || node->op == &pcl_op_dequantize);
}

static int32_t index_of(const pcl_graph *graph, const pcl_node *node) {
    int32_t n = 0;
    while (graph->nodes[n] != node) n++;
    return n;
}

/* second(first(x)), one a TRANSPOSE and one a conversion, becomes first(second(x)). */
static pcl_status exchange(pcl_graph *graph, pcl_node *first, pcl_node *second) {
    bool transposes_first = second->op == &pcl_op_transpose; /* from now on */
    pcl_tensor *in = first->inputs[0], *out = second->outputs[0];
    pcl_tensor *between = pcl_build_like(graph, transposes_first ? in : out, out->name, transposes_first ? &out->shape : &in->shape);
    if (!between) return PCL_ERROR_LIMIT;
    int32_t at = index_of(graph, first), behind = index_of(graph, second);
    graph->nodes[at] = second;
    graph->nodes[behind] = first;
    second->inputs[0] = in;
    second->outputs[0] = first->inputs[0] = between;
    first->outputs[0] = out;
    pcl_graph_link(graph);
    return PCL_OK;
}

pcl_status pcl_move_transposes_to_ends(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->input_count; i++) {
        pcl_node *first = pcl_only_reader(graph, graph->inputs[i]);
        pcl_node *second = is_conversion(first) ? pcl_only_reader(graph, first->outputs[0]) : NULL;
        if (second && second->op == &pcl_op_transpose) PCL_TRY_RETURN(exchange(graph, first, second));
    }
    for (int32_t i = 0; i < graph->output_count; i++) {
        pcl_node *second = graph->outputs[i]->producer, *first = is_conversion(second) ? second->inputs[0]->producer : NULL;
        if (!first || first->op != &pcl_op_transpose || graph->outputs[i]->uses != 1) continue;
        if (pcl_only_reader(graph, first->outputs[0]) == second) PCL_TRY_RETURN(exchange(graph, first, second));
    }
    return PCL_OK;
}
