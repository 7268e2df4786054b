/* Small builders that the conversions share, NULL when memory is exhausted
 * (graph->error is then filled), and a search. */
#ifndef PCL_TOOLS_CONVERT_BUILD_H
#define PCL_TOOLS_CONVERT_BUILD_H

#include "ops/op.h"

/* Copies the data; zeroes when it is NULL. */
pcl_tensor *pcl_build_constant(pcl_graph *graph, const char *name, pcl_dtype dtype, const pcl_shape *shape,
                               const void *data);

/* A tensor of the same type and quantisation, without data. */
pcl_tensor *pcl_build_like(pcl_graph *graph, const pcl_tensor *like, const char *name, const pcl_shape *shape);

/* One scale and zero point. */
bool pcl_build_quantization(pcl_graph *graph, pcl_tensor *tensor, float scale, int32_t zero_point);

/* A node with one output, before position `at`; attributes are zero. */
pcl_node *pcl_build_node(pcl_graph *graph, int32_t at, const pcl_op *op, int32_t input_count, pcl_tensor *const *inputs,
                         pcl_tensor *output);

/* The one node that reads a tensor; NULL when there are none, several, or it is an output of the graph besides. */
pcl_node *pcl_only_reader(const pcl_graph *graph, const pcl_tensor *tensor);

#endif
