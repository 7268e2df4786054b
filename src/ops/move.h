/* What operators that only move data check in common. */
#ifndef PCL_OPS_MOVE_H
#define PCL_OPS_MOVE_H

#include "ops/strided_copy.h"

/* Fails unless `out` has the type and the quantisation of `in`. */
pcl_status pcl_check_moved(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *in,
                           const pcl_tensor *out);

/* Reads a constant tensor of exactly `count` integers, whatever its shape. */
pcl_status pcl_read_exactly(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                            int32_t *out, int32_t count);

/* Reads a constant axis of a tensor of rank `rank`; counted from 0. */
pcl_status pcl_read_axis(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                         int32_t rank, int32_t *out);

/* Adds a last dimension; fails where it is negative or does not fit, or the
 * rank is at its greatest. */
pcl_status pcl_push_dim(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape, int64_t dim);

/* Product of the dimensions begin .. end - 1 of a shape that was checked. */
size_t pcl_dims_product(const pcl_shape *shape, int32_t begin, int32_t end);

/* Advances `index` through an array of these sizes, last dimension fastest;
 * false when it is back at zero. */
bool pcl_next_index(const int32_t *sizes, int32_t rank, int32_t *index);

/* --- Operators whose output is one block of their first input --------------- */

/* Checks the node's attributes and constants and computes the output's shape
 * and which elements it holds. The shape starts empty, the block with rank 0
 * and the element's size. */
typedef pcl_status (*pcl_describe)(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                   pcl_block *block);

pcl_status pcl_infer_block(const pcl_infer_context *context, pcl_node *node, pcl_describe describe);
pcl_status pcl_prepare_block(const pcl_prepare_context *context, pcl_step *step, pcl_describe describe);
/* The `run` of such an operator. */
pcl_status pcl_run_block(const pcl_run_context *context, const pcl_step *step);

#endif
