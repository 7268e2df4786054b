/* Windows that slide over one to three spatial dimensions, as convolutions and
 * pools have them. Always described as three: dimensions that a tensor lacks
 * come first and are 1. */
#ifndef PCL_TOOLS_OPS_WINDOW_H
#define PCL_TOOLS_OPS_WINDOW_H

#include "ops/op.h"
#include "tools/ops/attributes.h"

enum { PCL_ONNX_SPATIAL = 3 };

typedef struct pcl_onnx_window {
    int32_t rank; /* spatial dimensions that the tensor has */
    int32_t in[PCL_ONNX_SPATIAL], kernel[PCL_ONNX_SPATIAL], stride[PCL_ONNX_SPATIAL], dilation[PCL_ONNX_SPATIAL];
    int32_t before[PCL_ONNX_SPATIAL], after[PCL_ONNX_SPATIAL], out[PCL_ONNX_SPATIAL];
} pcl_onnx_window;

/* Reads the attributes for x [N, C, spatial...]. `weights` [M, C, kernel...]
 * names the kernel; NULL: kernel_shape does. Sizes are checked to lie in
 * 1..65536, pads in 0..65536; `out` is left at 1. */
pcl_status pcl_onnx_read_window(const pcl_infer_context *context, const pcl_node *node,
                                const pcl_onnx_window_attributes *attributes, const pcl_tensor *x,
                                const pcl_tensor *weights, pcl_onnx_window *out);

/* Fills in auto_pad's pads, and how often the window fits; ceil_mode counts a
 * last one that is partly outside, if it starts inside or in the padding before. */
pcl_status pcl_onnx_fit_window(const pcl_infer_context *context, const pcl_node *node, pcl_onnx_auto_pad auto_pad,
                               bool ceil_mode, pcl_onnx_window *window);

/* Splits total padding between the two ends: the odd one comes last for SAME_UPPER, first otherwise. */
void pcl_onnx_split_padding(pcl_onnx_window *window, int32_t axis, int64_t total, bool upper);

/* Appends the spatial dimensions that the tensor has. */
pcl_status pcl_onnx_push_spatial(const pcl_infer_context *context, const pcl_node *node, const pcl_onnx_window *window,
                                 pcl_shape *shape);

/* Takes the rows of a plane as one long row, and the planes of a volume as
 * one, where a window of 1 goes from element to element: fewer, longer runs.
 * For a fitted window that is only walked from then on. */
void pcl_onnx_merge_rows(pcl_onnx_window *window);

/* Where one element of the window meets the innermost dimension of the input:
 * positions out .. out + count - 1 of the output belong to in, in + stride, ...
 * of the input. Both are counted from the plane's first element; `k` numbers
 * the window's elements. */
typedef void (*pcl_onnx_row)(void *argument, size_t k, size_t in, size_t out, size_t count);

/* Calls `row` for all that lies inside the input, k ascending. */
void pcl_onnx_walk_window(const pcl_onnx_window *window, pcl_onnx_row row, void *argument);

/* Products over the spatial dimensions; of the kernel, saturated. */
size_t pcl_onnx_in_plane(const pcl_onnx_window *window);
size_t pcl_onnx_out_plane(const pcl_onnx_window *window);
uint64_t pcl_onnx_kernel_size(const pcl_onnx_window *window);

#endif
