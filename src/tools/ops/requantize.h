/* From reals and sums of products to quantised integers, and the parameters
 * of the QLinear operators. */
#ifndef PCL_TOOLS_OPS_REQUANTIZE_H
#define PCL_TOOLS_OPS_REQUANTIZE_H

#include "ops/op.h"

/* saturate(round(quotient) + zero_point), halves to even; NaN gives the zero
 * point. An integer type of at most 16 bits. */
void pcl_onnx_store_quantised(float quotient, int64_t zero_point, pcl_dtype dtype, void *out);

/* x, its scale and zero point; w (or b), scale and zero point; y's scale and
 * zero point: the first eight inputs of QLinearConv and QLinearMatMul. */
enum { PCL_ONNX_X, PCL_ONNX_X_SCALE, PCL_ONNX_X_ZERO, PCL_ONNX_W, PCL_ONNX_W_SCALE, PCL_ONNX_W_ZERO,
       PCL_ONNX_Y_SCALE, PCL_ONNX_Y_ZERO };

/* Checks those: types, single values, and for w one value or `channels` of them. */
pcl_status pcl_onnx_check_qlinear(const pcl_infer_context *context, const pcl_node *node, int32_t channels);

/* Value `i` of an int8 or uint8 tensor that may have only one; 0 when it is NULL. */
int32_t pcl_onnx_zero_point(const pcl_tensor *tensor, size_t i);

/* Stores a sum of products that belongs to channel `channel` of w as y. */
void pcl_onnx_store_product(const pcl_node *node, size_t channel, int32_t sum, void *out);

#endif
