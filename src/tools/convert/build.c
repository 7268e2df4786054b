#include "tools/convert/build.h"

#include <string.h>

pcl_tensor *pcl_build_constant(pcl_graph *graph, const char *name, pcl_dtype dtype, const pcl_shape *shape,
                               const void *data) {
    pcl_tensor *tensor = pcl_graph_new_tensor(graph, name, dtype, shape);
    if (!tensor) return NULL;
    tensor->constant = true;
    tensor->data = pcl_graph_alloc(graph, tensor->bytes + 16, 1); /* kernels may read past the end */
    if (!tensor->data) return NULL;
    if (data) memcpy(tensor->data, data, tensor->bytes);
    return tensor;
}

pcl_tensor *pcl_build_like(pcl_graph *graph, const pcl_tensor *like, const char *name, const pcl_shape *shape) {
    pcl_tensor *tensor = pcl_graph_new_tensor(graph, name, like->dtype, shape);
    if (tensor) tensor->quantization = like->quantization;
    return tensor;
}

bool pcl_build_quantization(pcl_graph *graph, pcl_tensor *tensor, float scale, int32_t zero_point) {
    tensor->quantization = (pcl_quantization){.count = 1,
                                              .scales = pcl_graph_alloc(graph, 1, sizeof(float)),
                                              .zero_points = pcl_graph_alloc(graph, 1, sizeof(int32_t))};
    if (!tensor->quantization.scales || !tensor->quantization.zero_points) return false;
    tensor->quantization.scales[0] = scale;
    tensor->quantization.zero_points[0] = zero_point;
    return true;
}

pcl_node *pcl_build_node(pcl_graph *graph, int32_t at, const pcl_op *op, int32_t input_count, pcl_tensor *const *inputs,
                         pcl_tensor *output) {
    for (int32_t i = 0; i < input_count; i++)
        if (!inputs[i]) return NULL; /* whose making failed */
    pcl_node *node = pcl_graph_insert_node(graph, at, op, input_count, 1);
    if (!node) return NULL;
    node->op_name = op->name;
    node->name = output->name;
    memcpy(node->inputs, inputs, sizeof *inputs * (size_t)input_count);
    node->outputs[0] = output;
    return node;
}

pcl_node *pcl_only_reader(const pcl_graph *graph, const pcl_tensor *tensor) {
    for (int32_t n = 0; tensor->uses == 1 && n < graph->node_count; n++)
        for (int32_t i = 0; i < graph->nodes[n]->input_count; i++)
            if (graph->nodes[n]->inputs[i] == tensor) return graph->nodes[n];
    return NULL;
}
