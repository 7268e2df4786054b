/* Scales moved between neighbours, so that every channel of an activation
 * uses the whole 8-bit range. */
#ifndef PCL_TOOLS_QUANTISE_EQUALISE_H
#define PCL_TOOLS_QUANTISE_EQUALISE_H

#include "model/graph.h"
#include "tools/quantise/statistics.h"

/* Changes constants (copies of them) so that the float model computes what it
 * did, up to rounding:
 *
 *   a convolution before an instance normalisation: each output channel is
 *   centred and scaled to the range of the widest, which the norm undoes;
 *   what that changes of epsilon's weight, gamma takes back for the variance
 *   seen;
 *
 *   layers and normalisations before layers, with at most RELUs, sums of two,
 *   pads, pools and resizing between: channel c is divided by sqrt(a / w), a
 *   its greatest value and w the greatest weight that reads it, and those
 *   weights are multiplied by that. (Dividing by all of a leaves no room for
 *   values that were not seen.) Tensors that are added to each other have their
 *   factors in common.
 *   (After Nagel et al., Data-Free Quantization Through Weight Equalization
 *   and Bias Correction, 2019; Xiao et al., SmoothQuant, 2022.)
 *
 * The graph is numbered and linked; both change. *count: layers changed. */
pcl_status pcl_equalise(pcl_graph *graph, const pcl_statistics *statistics, int32_t *count);

#endif
