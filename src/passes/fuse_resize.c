#include "ops/conv.h"
#include "ops/table.h"
#include "passes/passes.h"

static bool doubles(const pcl_node *resize) {
    if (resize->op != &pcl_op_resize_nearest_neighbor || resize->attributes.resize.align_corners) return false;
    const int32_t *in = resize->inputs[0]->shape.dims, *out = resize->outputs[0]->shape.dims;
    return out[1] == 2 * (int64_t)in[1] && out[2] == 2 * (int64_t)in[2];
}

static void fuse(const pcl_kernels *kernels, pcl_node *conv) {
    pcl_tensor *middle = conv->inputs[0];
    pcl_node *resize = middle->producer;
    if (!resize || middle->uses != 1 || !doubles(resize)) return;
    conv->inputs[0] = resize->inputs[0];
    conv->attributes.conv.upsampled = true;
    if (pcl_conv_upsamples(kernels, conv)) {
        conv->inputs[0]->uses++;
        resize->op = NULL;
        return;
    }
    conv->inputs[0] = middle;
    conv->attributes.conv.upsampled = false;
}

pcl_status pcl_pass_fuse_resize(pcl_graph *graph, const pcl_kernels *kernels) {
    for (int32_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == &pcl_op_conv_2d) fuse(kernels, graph->nodes[i]);
    pcl_graph_sweep(graph);
    return PCL_OK;
}
