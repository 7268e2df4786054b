/* From the bytes of a .tflite file to a graph. */
#ifndef PCL_MODEL_TFLITE_READ_H
#define PCL_MODEL_TFLITE_READ_H

#include "core/bytes.h"
#include "model/graph.h"

/* Reads the first subgraph into `graph`, whose arena and error are set and
 * which is otherwise empty. Constants stay in the file when their alignment
 * allows. Checks structure, types, shapes, quantisation and the order of the
 * nodes; nodes whose operator the engine lacks come with op == NULL and the
 * operator's name. Shapes of activations are the file's and not to be
 * trusted until inferred. signatures: for each graph input, the dimensions as
 * the file leaves them open (-1); may be NULL. */
pcl_status pcl_tflite_read(pcl_bytes file, pcl_graph *graph, pcl_shape *signatures, int32_t signature_capacity);

#endif
