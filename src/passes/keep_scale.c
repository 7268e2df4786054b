#include <string.h>

#include "ops/table.h"
#include "passes/passes.h"

/* How many times `to` holds `from`, or 0 when not exactly. */
static int32_t whole_ratio(int32_t to, int32_t from) { return from > 0 && to % from == 0 ? to / from : 0; }

void pcl_pass_keep_scale(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++) {
        pcl_node *node = graph->nodes[i];
        if (node->op != &pcl_op_resize_nearest_neighbor && node->op != &pcl_op_resize_bilinear) continue;
        if (node->input_count < 2 || !node->inputs[0] || !node->inputs[1]) continue;
        const pcl_tensor *in = node->inputs[0], *size = node->inputs[1];
        if (!size->constant || size->dtype != PCL_INT32 || size->bytes != 8 || in->shape.rank != 4) continue;
        int32_t target[2]; /* height, width */
        memcpy(target, size->data, sizeof target);
        int32_t rows = whole_ratio(target[0], in->shape.dims[1]), columns = whole_ratio(target[1], in->shape.dims[2]);
        if (rows < 1 || columns < 1) continue;
        node->attributes.resize.scale_h = rows;
        node->attributes.resize.scale_w = columns;
    }
}
