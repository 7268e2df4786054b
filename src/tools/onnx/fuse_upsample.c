#include "tools/onnx/fuse_upsample.h"

#include <string.h>

#include "ops/table.h"

static pcl_node *maker(const pcl_tensor *tensor, const pcl_op *op) {
    return tensor && tensor->producer && tensor->producer->op == op ? tensor->producer : NULL;
}

static pcl_tensor *reshaped(pcl_tensor *tensor) {
    pcl_node *node = maker(tensor, &pcl_op_reshape);
    return node ? node->inputs[0] : tensor;
}

/* x of [rows, columns] such that `tensor` is [rows, 2 * columns], every row of x twice. */
static pcl_tensor *doubled(pcl_tensor *tensor, size_t rows) {
    pcl_node *node = maker(tensor, &pcl_op_concatenation);
    if (!node || node->input_count != 2 || node->inputs[0] != node->inputs[1]) return NULL;
    const pcl_shape *shape = &node->inputs[0]->shape;
    bool by_row = shape->rank == 2 && node->attributes.concat.axis == 1 && (size_t)shape->dims[0] == rows;
    return by_row && node->attributes.concat.activation == PCL_ACTIVATION_NONE ? node->inputs[0] : NULL;
}

/* Whether a node turns [N,C,H,W] to [N,H,W,C], or back. */
static bool is_turn(const pcl_node *node, const int32_t *axes) {
    const pcl_tensor *permutation = node->inputs[1];
    return permutation->constant && permutation->dtype == PCL_INT32 && pcl_tensor_count(permutation) == 4 &&
           memcmp(permutation->data, axes, 4 * sizeof *axes) == 0;
}

/* The picture, channels last, of which `out` (channels last as well) is twice the size; NULL when it is none. */
static pcl_tensor *half_of(const pcl_node *to_last) {
    static const int32_t last[] = {0, 2, 3, 1}, first[] = {0, 3, 1, 2};
    if (to_last->op != &pcl_op_transpose || !is_turn(to_last, last)) return NULL;
    const int32_t *dims = to_last->inputs[0]->shape.dims; /* N, C, 2H, 2W */
    if (dims[2] % 2 || dims[3] % 2) return NULL;
    size_t rows = (size_t)dims[0] * (size_t)dims[1] * (size_t)(dims[2] / 2), pixels = rows * (size_t)(dims[3] / 2);
    pcl_tensor *wide = doubled(reshaped(to_last->inputs[0]), rows);
    pcl_tensor *single = wide ? doubled(reshaped(wide), pixels) : NULL;
    pcl_node *to_first = single ? maker(reshaped(single), &pcl_op_transpose) : NULL;
    if (!to_first || !is_turn(to_first, first)) return NULL;
    const int32_t *half = to_first->inputs[0]->shape.dims; /* N, H, W, C */
    bool fits = half[0] == dims[0] && half[1] == dims[2] / 2 && half[2] == dims[3] / 2 && half[3] == dims[1];
    return fits && to_first->inputs[0]->dtype == PCL_FLOAT32 ? to_first->inputs[0] : NULL;
}

static pcl_status replace(pcl_graph *graph, pcl_node *node, pcl_tensor *half) {
    pcl_tensor *sides = pcl_graph_new_tensor(graph, node->name, PCL_INT32, &(pcl_shape){1, {2}});
    int32_t *data = sides ? pcl_graph_alloc(graph, sides->bytes + 16, 1) : NULL;
    if (!data) return PCL_ERROR_LIMIT;
    data[0] = half->shape.dims[1] * 2;
    data[1] = half->shape.dims[2] * 2;
    sides->constant = true;
    sides->data = data;
    node->op = &pcl_op_resize_nearest_neighbor;
    node->op_name = node->op->name;
    node->inputs[0] = half;
    node->inputs[1] = sides;
    node->attributes = (pcl_attributes){.resize = {.align_corners = false}};
    return PCL_OK;
}

pcl_status pcl_onnx_fuse_upsamples(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++) {
        pcl_tensor *half = half_of(graph->nodes[i]);
        if (half) PCL_TRY_RETURN(replace(graph, graph->nodes[i], half));
    }
    pcl_graph_sweep(graph);
    return PCL_OK;
}
