/* How the coordinates of a resized axis go back to the input's. */
#ifndef PCL_TOOLS_OPS_RESIZE_H
#define PCL_TOOLS_OPS_RESIZE_H

#include "ops/op.h"
#include "tools/ops/attributes.h"

typedef struct pcl_onnx_resize_axis {
    int32_t in, out;
    float scale;            /* out / in, as the file says or as the sizes make it */
    float roi_start, roi_end; /* TF_CROP_AND_RESIZE */
} pcl_onnx_resize_axis;

/* Reads scales or sizes and makes the output's shape; roi stays 0..1. */
pcl_status pcl_onnx_describe_resize(const pcl_infer_context *context, const pcl_node *node,
                                    pcl_onnx_resize_axis axes[PCL_MAX_RANK], pcl_shape *shape);

/* The coordinate in the input of coordinate `at` of the output. In single
 * precision, as ONNX Runtime computes it: nearest neighbours depend on it. */
float pcl_onnx_resize_coordinate(pcl_onnx_coordinates mode, const pcl_onnx_resize_axis *axis, int32_t at);

/* The coordinate as the whole number that `mode` rounds it to, within the input. */
int32_t pcl_onnx_resize_nearest(pcl_onnx_nearest_mode mode, float coordinate, int32_t size);

/* Weights of `taps` adjacent inputs from `first` on, which may lie outside. */
typedef struct pcl_onnx_resize_filter {
    int32_t taps;
    int32_t *first; /* [out] */
    float *weights; /* [out][taps] */
} pcl_onnx_resize_filter;

/* How many inputs make one output, linearly or cubically. */
int32_t pcl_onnx_resize_taps(const pcl_onnx_resize_attributes *attributes, const pcl_onnx_resize_axis *axis);
/* Fills filter->first and filter->weights, which have room for all outputs. */
void pcl_onnx_fill_resize_filter(const pcl_onnx_resize_attributes *attributes, const pcl_onnx_resize_axis *axis,
                                 pcl_onnx_resize_filter *filter);

#endif
