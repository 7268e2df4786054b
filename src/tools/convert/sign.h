/* From quantised graphs as the engine computes them to those that TFLite's specification allows. */
#ifndef PCL_TOOLS_CONVERT_SIGN_H
#define PCL_TOOLS_CONVERT_SIGN_H

#include "model/graph.h"

/* Beside int8 weights activations are int8 there: the uint8 ones of a graph
 * with such weights become int8 of the same reals, its own ends excepted.
 * A concatenation gets its inputs in its own scale, and an average over a
 * window with another scale than its input's is one of reals. Shapes are
 * inferred. Weights that only uint8 holds are PCL_ERROR_UNSUPPORTED beside
 * int8 ones, or with scales by channel. */
pcl_status pcl_sign_activations(pcl_graph *graph);

#endif
