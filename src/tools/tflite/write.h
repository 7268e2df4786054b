/* From a graph to the bytes of a .tflite file that LiteRT runs as well. */
#ifndef PCL_TOOLS_TFLITE_WRITE_H
#define PCL_TOOLS_TFLITE_WRITE_H

#include "core/bytes.h"
#include "model/graph.h"

/* What is written besides the graph. */
typedef struct pcl_tflite_extra {
    const char *description; /* may be NULL */
    pcl_bytes metadata;      /* the buffer named TFLITE_METADATA; size 0: none */
    const pcl_shape *signatures; /* [input_count]: dimensions left open are -1; may be NULL */
} pcl_tflite_extra;

/* Writes the graph as file format version 3: constants at multiples of 16
 * bytes, no signature. Every node's operator and attributes are ones that
 * TFLite has (pcl_lower_for_tflite saw to it), else PCL_ERROR_UNSUPPORTED
 * with all that are not. Biases, int32, get the scales that their operator
 * gives them. *out is malloc'd; the caller frees it. extra may be NULL. */
pcl_status pcl_tflite_write(pcl_graph *graph, const pcl_tflite_extra *extra, uint8_t **out, size_t *out_size);

#endif
