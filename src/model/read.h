/* From the bytes of a model file to a graph, whatever the format. The engine
 * knows .tflite alone (model/read.c); the tools module puts another pair of
 * functions in their place that knows .onnx as well (tools/read.c). */
#ifndef PCL_MODEL_READ_H
#define PCL_MODEL_READ_H

#include "core/bytes.h"
#include "kernels.h"
#include "model/graph.h"

/* What the file says of itself: inputs, outputs and nodes, with op NULL where
 * it is unsupported. `graph` comes with its arena and error set. signatures:
 * for each graph input, the dimensions as the file leaves them open (-1). */
pcl_status pcl_model_describe(pcl_bytes file, pcl_graph *graph, pcl_shape *signatures, int32_t capacity);

/* The graph to work on. shapes: those that the inputs are going to have, in
 * order; readers that need none of them, like .tflite's, leave the file's in
 * place. kernels and max_work: for readers that evaluate what is constant. */
pcl_status pcl_model_read(pcl_bytes file, pcl_graph *graph, const pcl_shape *shapes, const pcl_kernels *kernels,
                          double max_work);

#endif
