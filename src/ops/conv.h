/* Convolutions as products of matrices: CONV_2D itself, and depthwise
 * convolutions of one input channel, which are the same thing. */
#ifndef PCL_OPS_CONV_H
#define PCL_OPS_CONV_H

#include "ops/im2col.h"
#include "ops/weights.h"

/* Sizes of a convolution's parts, from the shapes that infer checked. */
typedef struct pcl_conv_filter {
    int32_t height, width;
    int32_t in_channels;  /* that one output channel sees */
    int32_t out_channels; /* in all */
} pcl_conv_filter;

/* Input [N, H, W, C], weights, optional bias and output of CONV_2D and
 * DEPTHWISE_CONV_2D. */
pcl_weighted pcl_conv_tensors(const pcl_node *node, int32_t channel_axis, int32_t channels);

/* Checks input and output as pictures, fills attributes.conv.pads, sets the
 * output's shape [N, out_h, out_w, out_channels] and the node's macs. */
pcl_status pcl_conv_infer_window(const pcl_infer_context *context, pcl_node *node, const pcl_conv_filter *filter);

/* Weights [out_channels][height][width][in_channels] when channel_stride is
 * height * width * in_channels and tap_stride 1; [height][width][out_channels]
 * for channel_stride 1 and tap_stride out_channels. Elements. */
pcl_status pcl_conv_prepare(const pcl_prepare_context *context, pcl_step *step, const pcl_weighted *tensors,
                            const pcl_conv_filter *filter, size_t channel_stride, size_t tap_stride);
pcl_status pcl_conv_run(const pcl_run_context *context, const pcl_step *step);

/* Offsets, for each of the window's merged pixels, of the weights under its rows: [merged][filter_h][run], `run` at least
 * filter_w * channels. NULL when memory is exhausted. */
int32_t *pcl_tap_offsets(pcl_arena *arena, const pcl_im2col *window, int32_t channels, size_t run, size_t tap_stride);

/* Whether an upsampled CONV_2D, its shapes inferred, can be prepared. */
bool pcl_conv_upsamples(const pcl_kernels *kernels, const pcl_node *node);

/* Parameters of output = result + residual, quantised; false when the scales are out of range. */
bool pcl_conv_residual_u8(const pcl_node *node, pcl_add_u8 *out);

/* out = clamp(out + residual, low, high): [rows][stride], `columns` of each row. NaN passes. */
void pcl_add_residual_f32(float *out, const float *residual, size_t rows, size_t columns, size_t stride, float low,
                          float high);

#endif
