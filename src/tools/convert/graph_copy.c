#include "tools/convert/graph_copy.h"

#include <string.h>

static void forget(pcl_tensor **tensors, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        if (tensors[i]) tensors[i]->place = -1;
}

static void number(pcl_graph *graph, pcl_tensor **tensors, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (!tensors[i] || tensors[i]->place >= 0) continue;
        tensors[i]->place = graph->tensor_count;
        graph->tensors[graph->tensor_count++] = tensors[i];
    }
}

pcl_status pcl_graph_number(pcl_graph *graph) {
    size_t most = (size_t)graph->input_count + (size_t)graph->output_count;
    forget(graph->inputs, graph->input_count);
    forget(graph->outputs, graph->output_count);
    for (int32_t n = 0; n < graph->node_count; n++) {
        pcl_node *node = graph->nodes[n];
        most += (size_t)node->input_count + (size_t)node->output_count;
        forget(node->inputs, node->input_count);
        forget(node->outputs, node->output_count);
    }
    graph->tensors = pcl_graph_alloc(graph, most, sizeof *graph->tensors);
    graph->tensor_count = 0;
    if (!graph->tensors) return PCL_ERROR_LIMIT;
    number(graph, graph->inputs, graph->input_count);
    for (int32_t n = 0; n < graph->node_count; n++) {
        number(graph, graph->nodes[n]->inputs, graph->nodes[n]->input_count);
        number(graph, graph->nodes[n]->outputs, graph->nodes[n]->output_count);
    }
    number(graph, graph->outputs, graph->output_count);
    return PCL_OK;
}

static void copy_list(const pcl_graph *to, pcl_tensor *const *from, pcl_tensor **list, int32_t count) {
    for (int32_t i = 0; i < count; i++) list[i] = from[i] ? to->tensors[from[i]->place] : NULL;
}

static bool copy_tensors(const pcl_graph *from, pcl_graph *to) {
    pcl_tensor *tensors = pcl_graph_alloc(to, (size_t)from->tensor_count, sizeof *tensors);
    to->tensors = pcl_graph_alloc(to, (size_t)from->tensor_count, sizeof *to->tensors);
    to->tensor_count = from->tensor_count;
    if (!tensors || !to->tensors) return false;
    for (int32_t i = 0; i < from->tensor_count; i++) {
        tensors[i] = *from->tensors[i];
        to->tensors[i] = &tensors[i];
    }
    return true;
}

pcl_status pcl_graph_copy(const pcl_graph *from, pcl_graph *to) {
    if (!copy_tensors(from, to)) return PCL_ERROR_LIMIT;
    for (int32_t n = 0; n < from->node_count; n++) {
        const pcl_node *node = from->nodes[n];
        pcl_node *copy = pcl_graph_insert_node(to, n, node->op, node->input_count, node->output_count);
        if (!copy) return PCL_ERROR_LIMIT;
        pcl_tensor **inputs = copy->inputs, **outputs = copy->outputs;
        *copy = *node;
        copy->inputs = inputs;
        copy->outputs = outputs;
        copy_list(to, node->inputs, inputs, node->input_count);
        copy_list(to, node->outputs, outputs, node->output_count);
    }
    to->inputs = pcl_graph_alloc(to, (size_t)from->input_count, sizeof *to->inputs);
    to->outputs = pcl_graph_alloc(to, (size_t)from->output_count, sizeof *to->outputs);
    if (!to->inputs || !to->outputs) return PCL_ERROR_LIMIT;
    to->input_count = from->input_count;
    to->output_count = from->output_count;
    copy_list(to, from->inputs, to->inputs, from->input_count);
    copy_list(to, from->outputs, to->outputs, from->output_count);
    pcl_graph_link(to);
    return PCL_OK;
}
