/* Activations that an exporter wrote as products. */
#ifndef PCL_TOOLS_ONNX_FUSE_PRODUCT_H
#define PCL_TOOLS_ONNX_FUSE_PRODUCT_H

#include "model/graph.h"

/* Products of x, a number and a function of x, in any order and nesting:
 *     x * 1/2 * (1 + erf(x / sqrt(2)))    becomes GELU
 *     x * 1/6 * relu6(x + 3)              becomes HARD_SWISH
 * The graph is linked before and after. */
pcl_status pcl_onnx_fuse_products(pcl_graph *graph);

#endif
