#include "ops/table.h"
#include "tools/convert/build.h"
#include "tools/quantise/quantise.h"
#include "tools/quantise/weights.h"

enum { SMALL = 64 }; /* constants with fewer elements are not worth a node */

static pcl_tensor *halve(pcl_graph *graph, const pcl_tensor *tensor) {
    pcl_tensor *out = pcl_build_constant(graph, tensor->name, PCL_FLOAT16, &tensor->shape, NULL);
    for (size_t i = 0; out && i < pcl_tensor_count(tensor); i++)
        ((uint16_t *)out->data)[i] = pcl_float_to_half(((const float *)tensor->data)[i]);
    return out;
}

/* The small form of constant `input` of a node; NULL with *keep set when it stays. */
static pcl_tensor *shrink(pcl_graph *graph, const pcl_node *node, int32_t input, pcl_dtype dtype, bool *keep) {
    const pcl_tensor *tensor = node->inputs[input];
    bool weights = pcl_has_weights(node) && input == 1;
    *keep = !tensor || !tensor->constant || tensor->dtype != PCL_FLOAT32 || pcl_tensor_count(tensor) < SMALL ||
            (dtype == PCL_INT8 && !weights);
    if (*keep) return NULL;
    if (dtype == PCL_FLOAT16) return halve(graph, tensor);
    return pcl_quantise_weights(graph, tensor, pcl_weight_axis(node), NULL, 0.0f);
}

pcl_status pcl_shrink_weights(pcl_graph *graph, pcl_dtype dtype) {
    pcl_tensor **expanded = pcl_graph_alloc(graph, (size_t)graph->tensor_count, sizeof *expanded);
    if (!expanded) return PCL_ERROR_LIMIT;
    for (int32_t n = 0; n < graph->node_count; n++) {
        pcl_node *node = graph->nodes[n];
        for (int32_t i = 0; i < node->input_count; i++) {
            bool keep;
            const pcl_tensor *tensor = node->inputs[i];
            pcl_tensor *known = tensor && tensor->constant && tensor->place >= 0 ? expanded[tensor->place] : NULL;
            pcl_tensor *small = known ? NULL : shrink(graph, node, i, dtype, &keep);
            if (!known && keep) continue;
            if (!known) {
                known = small ? pcl_graph_new_tensor(graph, tensor->name, PCL_FLOAT32, &tensor->shape) : NULL;
                if (!known || !pcl_build_node(graph, n++, &pcl_op_dequantize, 1, &small, known)) return PCL_ERROR_LIMIT;
                expanded[tensor->place] = known;
            }
            node->inputs[i] = known;
        }
    }
    pcl_graph_link(graph);
    return PCL_OK;
}
