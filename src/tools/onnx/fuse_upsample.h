/* Doublings of a picture that an exporter spelled out. */
#ifndef PCL_TOOLS_ONNX_FUSE_UPSAMPLE_H
#define PCL_TOOLS_ONNX_FUSE_UPSAMPLE_H

#include "model/graph.h"

/* Older exporters write nearest neighbours of twice the size as reshapes and
 * concatenations of a value with itself: [N*C*H*W, 1] twice, side by side, then
 * [N*C*H, 2*W] twice. They become RESIZE_NEAREST_NEIGHBOR, channels last. The
 * graph is linked before and after. */
pcl_status pcl_onnx_fuse_upsamples(pcl_graph *graph);

#endif
