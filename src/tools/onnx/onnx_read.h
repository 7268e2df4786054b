/* .onnx files as graphs of the engine. */
#ifndef PCL_TOOLS_ONNX_READ_H
#define PCL_TOOLS_ONNX_READ_H

#include "kernels.h"
#include "tools/onnx/onnx_file.h"

/* Inputs, outputs and nodes as the file has them, without shapes between
 * them; see model/read.h. */
pcl_status pcl_onnx_describe(pcl_bytes bytes, pcl_graph *graph, pcl_shape *signatures, int32_t capacity);

/* Translates the file for inputs of these shapes. Inputs and outputs keep
 * ONNX's names, types and layout. */
pcl_status pcl_onnx_read(pcl_bytes bytes, pcl_graph *graph, const pcl_shape *shapes, const pcl_kernels *kernels,
                         double max_work);

#endif
