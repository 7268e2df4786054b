/* Instance normalisations that an exporter took apart. */
#ifndef PCL_TOOLS_ONNX_FUSE_NORM_H
#define PCL_TOOLS_ONNX_FUSE_NORM_H

#include "model/graph.h"

/* The operators of
 *     mean = average of x over the picture      difference = x - mean
 *     variance = average of difference^2        out = difference / sqrt(variance + epsilon) * gamma + beta
 * (gamma and beta may be missing) become one INSTANCE_NORM, channels last.
 * The graph is linked before and after. */
pcl_status pcl_onnx_fuse_norms(pcl_graph *graph);

#endif
