/* Shapes of a grouped convolution in ONNX's layout, shared by its float and
 * integer forms. */
#ifndef PCL_TOOLS_OPS_CONV_H
#define PCL_TOOLS_OPS_CONV_H

#include "tools/ops/window.h"

typedef struct pcl_onnx_conv_shape {
    pcl_onnx_window window;
    size_t batch, groups;
    size_t in_channels, out_channels; /* of one group */
} pcl_onnx_conv_shape;

/* Checks x [N, C, ...] and weights [M, C / group, ...] (transposed: [C, M / group, ...])
 * against the attributes. The window is read, not yet fitted. */
pcl_status pcl_onnx_describe_conv(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *x,
                                  const pcl_tensor *weights, bool transposed, pcl_onnx_conv_shape *out);

/* The same for node's inputs x, weights and optional bias, all float. */
pcl_status pcl_onnx_describe_float_conv(const pcl_infer_context *context, const pcl_node *node, bool transposed,
                                        pcl_onnx_conv_shape *out);

/* Sets output 0, [N, M, ...] of the fitted window, and node->macs. */
pcl_status pcl_onnx_output_conv(const pcl_infer_context *context, pcl_node *node, pcl_dtype dtype,
                                const pcl_onnx_conv_shape *conv);

/* One channel of the kernel between one channel of the input and one of the
 * output: the argument of the function that pcl_onnx_walk_window calls. */
typedef struct pcl_onnx_conv_channel {
    const float *in, *weights;
    float *out;
    size_t stride; /* along the last axis */
} pcl_onnx_conv_channel;

/* Fills output 0 with the bias and adds every channel through `add`, rows of
 * the fitted window. transposed: the window slides over the output. */
void pcl_onnx_run_float_conv(const pcl_run_context *context, const pcl_node *node, const pcl_onnx_conv_shape *conv,
                             bool transposed, pcl_onnx_row add);

#endif
