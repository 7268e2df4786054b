/* Weights and biases as integers. */
#ifndef PCL_TOOLS_QUANTISE_WEIGHTS_H
#define PCL_TOOLS_QUANTISE_WEIGHTS_H

#include "model/graph.h"
#include "tools/quantise/rounding.h"

/* The axis of a node's weights along which its output channels lie. */
int32_t pcl_weight_axis(const pcl_node *node);

/* int8 weights, symmetric, a scale per channel. input_scale (0: none) makes
 * scales large enough for the bias (may be NULL) to fit 32 bits. */
pcl_tensor *pcl_quantise_weights(pcl_graph *graph, const pcl_tensor *weights, int32_t axis, const pcl_tensor *bias,
                                 float input_scale);

/* int32 bias for quantised weights. moments: to correct for the
 * rounding of the weights; NULL: no correction. bias may be NULL. */
pcl_tensor *pcl_quantise_bias(pcl_graph *graph, const pcl_node *node, const pcl_tensor *bias, const pcl_tensor *weights,
                              const pcl_tensor *quantised, float input_scale, const pcl_moments *moments);

#endif
