#include "ops/table.h"
#include "passes/passes.h"

/* Paddings of the picture's height and width alone; false for anything else. */
static bool picture_pads(const pcl_tensor *paddings, pcl_pads *out) {
    if (!paddings->constant || pcl_tensor_count(paddings) != 8) return false;
    int64_t values[8];
    for (int i = 0; i < 8; i++)
        values[i] = paddings->dtype == PCL_INT64 ? ((const int64_t *)paddings->data)[i]
                                                 : ((const int32_t *)paddings->data)[i];
    if (values[0] || values[1] || values[6] || values[7]) return false;
    *out = (pcl_pads){(int32_t)values[2], (int32_t)values[4], (int32_t)values[3], (int32_t)values[5]};
    return true;
}

static void fuse(pcl_node *conv) {
    bool plain = conv->op == &pcl_op_conv_2d;
    if (!plain && conv->op != &pcl_op_depthwise_conv_2d) return;
    pcl_conv_attributes *attributes = &conv->attributes.conv;
    pcl_tensor *middle = conv->inputs[0];
    pcl_node *pad = middle->producer;
    if (!pad || middle->uses != 1 || attributes->padding != PCL_PADDING_VALID) return;
    bool zeros = pad->op == &pcl_op_pad;
    bool reflects = plain && pad->op == &pcl_op_mirror_pad && !pad->attributes.mirror_pad.symmetric;
    if ((!zeros && !reflects) || !pcl_same_quantisation(pad->inputs[0], middle)) return;
    if (!picture_pads(pad->inputs[1], &attributes->pads)) return;
    attributes->padding = PCL_PADDING_EXPLICIT;
    attributes->reflect = reflects;
    conv->inputs[0] = pad->inputs[0];
    conv->inputs[0]->uses++;
    pad->op = NULL;
}

pcl_status pcl_pass_fuse_pad(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op) fuse(graph->nodes[i]);
    pcl_graph_sweep(graph);
    return PCL_OK;
}
