#include "model/graph.h"

#include <stdarg.h>
#include <string.h>

void *pcl_graph_alloc(pcl_graph *graph, size_t count, size_t size) {
    void *memory = pcl_arena_alloc_array(graph->arena, count, size);
    if (!memory) pcl_fail(graph->error, PCL_ERROR_LIMIT, "the model needs more memory than its limit allows");
    return memory;
}

pcl_tensor *pcl_graph_new_tensor(pcl_graph *graph, const char *name, pcl_dtype dtype, const pcl_shape *shape) {
    pcl_tensor *tensor = pcl_graph_alloc(graph, 1, sizeof *tensor);
    if (!tensor) return NULL;
    *tensor = (pcl_tensor){.name = name, .dtype = dtype};
    return pcl_tensor_set_shape(tensor, shape, graph->error) == PCL_OK ? tensor : NULL;
}

static bool make_room(pcl_graph *graph) {
    if (graph->node_count < graph->node_capacity) return true;
    int32_t capacity = graph->node_capacity ? graph->node_capacity * 2 : 64;
    pcl_node **nodes = pcl_graph_alloc(graph, (size_t)capacity, sizeof *nodes);
    if (!nodes) return false;
    if (graph->node_count) memcpy(nodes, graph->nodes, sizeof *nodes * (size_t)graph->node_count);
    graph->nodes = nodes;
    graph->node_capacity = capacity;
    return true;
}

pcl_node *pcl_graph_insert_node(pcl_graph *graph, int32_t at, const struct pcl_op *op, int32_t input_count,
                                int32_t output_count) {
    if (!make_room(graph)) return NULL;
    pcl_node *node = pcl_graph_alloc(graph, 1, sizeof *node);
    pcl_tensor **places = pcl_graph_alloc(graph, (size_t)input_count + (size_t)output_count, sizeof *places);
    if (!node || !places) return NULL;
    *node = (pcl_node){.op = op,
                       .op_name = "",
                       .name = "",
                       .input_count = input_count,
                       .output_count = output_count,
                       .inputs = places,
                       .outputs = places + input_count};
    memmove(graph->nodes + at + 1, graph->nodes + at, sizeof *graph->nodes * (size_t)(graph->node_count - at));
    graph->nodes[at] = node;
    graph->node_count++;
    return node;
}

void pcl_graph_link(pcl_graph *graph) {
    for (int32_t n = 0; n < graph->node_count; n++) {
        pcl_node *node = graph->nodes[n];
        for (int32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i]) node->inputs[i]->uses = 0, node->inputs[i]->producer = NULL;
        for (int32_t i = 0; i < node->output_count; i++) node->outputs[i]->uses = 0;
    }
    for (int32_t i = 0; i < graph->output_count; i++) graph->outputs[i]->uses = 0, graph->outputs[i]->producer = NULL;
    for (int32_t n = 0; n < graph->node_count; n++) {
        pcl_node *node = graph->nodes[n];
        for (int32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i]) node->inputs[i]->uses++;
        for (int32_t i = 0; i < node->output_count; i++) node->outputs[i]->producer = node;
    }
    for (int32_t i = 0; i < graph->output_count; i++) graph->outputs[i]->uses++;
}

void pcl_graph_replace_uses(pcl_graph *graph, pcl_tensor *from, pcl_tensor *to) {
    for (int32_t n = 0; n < graph->node_count; n++)
        for (int32_t i = 0; i < graph->nodes[n]->input_count; i++)
            if (graph->nodes[n]->inputs[i] == from) graph->nodes[n]->inputs[i] = to;
    for (int32_t i = 0; i < graph->output_count; i++)
        if (graph->outputs[i] == from) graph->outputs[i] = to;
}

static bool is_read(const pcl_node *node) {
    for (int32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i]->uses > 0) return true;
    return false;
}

void pcl_graph_sweep(pcl_graph *graph) {
    pcl_graph_link(graph);
    /* Backwards, so that a chain that ends unread goes in one pass. */
    for (int32_t n = graph->node_count - 1; n >= 0; n--) {
        pcl_node *node = graph->nodes[n];
        if (node->op && is_read(node)) continue;
        for (int32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i]) node->inputs[i]->uses--;
        graph->nodes[n] = NULL;
    }
    int32_t kept = 0;
    for (int32_t n = 0; n < graph->node_count; n++)
        if (graph->nodes[n]) graph->nodes[kept++] = graph->nodes[n];
    graph->node_count = kept;
    pcl_graph_link(graph);
}

static bool is_listed(pcl_tensor *const *list, int32_t count, const pcl_tensor *tensor) {
    for (int32_t i = 0; i < count; i++)
        if (list[i] == tensor) return true;
    return false;
}

bool pcl_graph_is_input(const pcl_graph *graph, const pcl_tensor *tensor) {
    return is_listed(graph->inputs, graph->input_count, tensor);
}

bool pcl_graph_is_output(const pcl_graph *graph, const pcl_tensor *tensor) {
    return is_listed(graph->outputs, graph->output_count, tensor);
}

pcl_status pcl_graph_check_supported(const pcl_graph *graph) {
    char list[900];
    size_t used = 0;
    int32_t missing = 0;
    for (int32_t i = 0; i < graph->node_count; i++) {
        const pcl_node *node = graph->nodes[i];
        if (node->op) continue;
        pcl_format(list + used, sizeof list - used, "%s%s v%d ('%s')", missing ? ", " : "", node->op_name, node->version,
                   node->name);
        used += strlen(list + used);
        missing++;
    }
    if (!missing) return PCL_OK;
    return pcl_fail(graph->error, PCL_ERROR_UNSUPPORTED, "%d nodes use unsupported operators: %s", missing, list);
}

pcl_status pcl_node_fail(pcl_error *error, const pcl_node *node, pcl_status status, const char *format, ...) {
    if (!error) return status;
    /* The detail is formatted apart, since the message names the node first. */
    char detail[512];
    va_list arguments;
    va_start(arguments, format);
    pcl_format_list(detail, sizeof detail, format, arguments);
    va_end(arguments);
    pcl_fail(error, status, "%s '%s': %s", node->op_name, node->name, detail);
    pcl_format(error->op, sizeof error->op, "%s", node->op_name);
    pcl_format(error->tensor, sizeof error->tensor, "%s", node->name);
    return status;
}
