/* Models in which QuantizeLinear and DequantizeLinear stand around operators
 * on reals ("QDQ"), which are to be computed on 8-bit integers. */
#ifndef PCL_TOOLS_ONNX_FUSE_QUANTIZED_H
#define PCL_TOOLS_ONNX_FUSE_QUANTIZED_H

#include "model/graph.h"

/* Values between a QuantizeLinear and DequantizeLinear of the same scale
 * become quantised tensors of the engine, all uint8; operators whose inputs
 * come from such and whose only output goes into one compute in integers.
 * Constant weights say in their `quantization` which int8 values they were
 * made of (pcl_translate_quantize puts it there). The graph is linked before
 * and after. */
pcl_status pcl_onnx_fuse_quantized(pcl_graph *graph);

#endif
