/* The model's ends in the type and layout that the engine works in. */
#ifndef PCL_TOOLS_CONVERT_ENDS_H
#define PCL_TOOLS_CONVERT_ENDS_H

#include "model/graph.h"

/* float16 inputs and outputs that are converted at once become float32. */
void pcl_float32_ends(pcl_graph *graph);

/* An input that everybody reads through a TRANSPOSE to channels last becomes
 * that transposed tensor, under its own name; likewise an output made by a
 * TRANSPOSE to channels first. */
void pcl_channels_last_ends(pcl_graph *graph);

/* Where there is but a QUANTIZE or DEQUANTIZE between an end and its TRANSPOSE,
 * the two change places. Shapes are inferred. */
pcl_status pcl_move_transposes_to_ends(pcl_graph *graph);

#endif
