/* What the operators of this folder check in common. */
#ifndef PCL_TOOLS_OPS_CHECK_H
#define PCL_TOOLS_OPS_CHECK_H

#include "ops/op.h"
#include "tools/ops/attributes.h"

typedef enum pcl_onnx_types {
    PCL_ONNX_NUMBERS,  /* all but bool */
    PCL_ONNX_REALS,    /* float16, float32, float64 */
    PCL_ONNX_INTEGERS, /* without bool */
    PCL_ONNX_UNSIGNED,
    PCL_ONNX_BOOLS,
    PCL_ONNX_FLOATS,  /* float32 alone */
    PCL_ONNX_BYTES,   /* int8, uint8 */
    PCL_ONNX_INDICES, /* int32, int64 */
    PCL_ONNX_ANY
} pcl_onnx_types;

/* Fails unless the tensor's type is among these. */
pcl_status pcl_onnx_check(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                          pcl_onnx_types types);

/* Fails unless the tensor's type is this one. */
pcl_status pcl_onnx_check_type(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                               pcl_dtype dtype);

/* Fails unless the tensor has one dimension of `length`. */
pcl_status pcl_onnx_check_vector(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                                 int32_t length);

/* Fails unless the tensor has one element, whatever its rank. */
pcl_status pcl_onnx_check_single(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor);

/* Fails unless the tensor's data is known before running: the output's shape depends on it. */
pcl_status pcl_onnx_check_constant(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor);

/* Gives output `index`, when the node has it, its type and shape. */
pcl_status pcl_onnx_output(const pcl_infer_context *context, pcl_node *node, int32_t index, pcl_dtype dtype,
                           const pcl_shape *shape);

/* Reads a constant list of axes, each counted from 0 afterwards. One that does
 * not exist or is named twice is an error. */
pcl_status pcl_onnx_read_axes(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                              int32_t rank, int32_t axes[PCL_MAX_RANK], int32_t *count);

/* An axis that infer accepted, counted from 0. */
static inline int32_t pcl_onnx_from_zero(int32_t axis, int32_t rank) { return axis < 0 ? axis + rank : axis; }

/* Wants scratch for count * size bytes more than step->scratch_bytes, which is
 * first rounded up to a multiple of 64; *offset (may be NULL) is where they lie. */
pcl_status pcl_onnx_scratch(const pcl_prepare_context *context, pcl_step *step, size_t count, size_t size,
                            size_t *offset);

/* How many parts of the node's multiply-accumulates are worth making. */
int32_t pcl_onnx_parts_for(const pcl_node *node);

/* a * b, or as much as fits. */
uint64_t pcl_onnx_work(uint64_t a, uint64_t b);

#endif
