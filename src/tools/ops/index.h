/* Indices as ONNX has them: int32 or int64, negative ones counted from the end. */
#ifndef PCL_TOOLS_OPS_INDEX_H
#define PCL_TOOLS_OPS_INDEX_H

#include "ops/op.h"

/* Index `at` of the tensor, into a dimension of `size`; PCL_ERROR_VALUE when it lies outside. */
pcl_status pcl_onnx_index(const pcl_run_context *context, const pcl_node *node, const pcl_tensor *indices, size_t at,
                          int32_t size, size_t *out);

/* The number of the slice that row `row` of indices [rows][depth] names, in
 * the dimensions first .. first + depth - 1 of `shape`. */
pcl_status pcl_onnx_index_row(const pcl_run_context *context, const pcl_node *node, const pcl_tensor *indices,
                              size_t row, const pcl_shape *shape, int32_t first, int32_t depth, size_t *out);

#endif
