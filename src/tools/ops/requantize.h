/* From reals and sums of products to quantised integers, and the parameters
 * of the QLinear operators. */
#ifndef PCL_TOOLS_OPS_REQUANTIZE_H
#define PCL_TOOLS_OPS_REQUANTIZE_H

#include "ops/op.h"

/* out = saturate(round(quotient) + zero_point), halves to even; NaN gives the
 * zero point. At most PCL_BLOCK elements of an integer type of at most 16 bits. */
void pcl_onnx_store_quantised(const double *quotients, size_t count, int64_t zero_point, pcl_dtype dtype, void *out);

/* x, its scale and zero point; w (or b), scale and zero point; y's scale and
 * zero point: the first eight inputs of QLinearConv and QLinearMatMul. */
enum { PCL_ONNX_X, PCL_ONNX_X_SCALE, PCL_ONNX_X_ZERO, PCL_ONNX_W, PCL_ONNX_W_SCALE, PCL_ONNX_W_ZERO,
       PCL_ONNX_Y_SCALE, PCL_ONNX_Y_ZERO };

/* Checks those: types, single values, and for w one value or `channels` of them. */
pcl_status pcl_onnx_check_qlinear(const pcl_infer_context *context, const pcl_node *node, int32_t channels);

/* Value `i` of an int8 or uint8 tensor that may have only one; 0 when it is NULL. */
int32_t pcl_onnx_zero_point(const pcl_tensor *tensor, size_t i);

/* out = in - zero_point, for int8 or uint8. */
void pcl_onnx_centre(pcl_dtype dtype, const void *in, size_t count, int32_t zero_point, int16_t *out);

/* Stores sums of products as y, a byte each. Sum i belongs to channel
 * first_channel + i * channel_step of w. */
void pcl_onnx_store_products(const pcl_node *node, size_t first_channel, size_t channel_step, const uint32_t *sums,
                             size_t count, uint8_t *out);

#endif
