/* From what the engine's operators can do to what TFLite's can. */
#ifndef PCL_TOOLS_CONVERT_LOWER_H
#define PCL_TOOLS_CONVERT_LOWER_H

#include "model/graph.h"

/* Pads of any size become PAD, MIRROR_PAD or PADV2 before the operator,
 * convolutions without a bias get one of zeroes, an INSTANCE_NORM becomes the
 * operators that passes/fuse_instance_norm.c recognises. Shapes are inferred;
 * float and quantised graphs alike. */
pcl_status pcl_lower_for_tflite(pcl_graph *graph);

#endif
