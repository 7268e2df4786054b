/* From a float graph to one of 8-bit integers, or to one with small weights. */
#ifndef PCL_TOOLS_QUANTISE_QUANTISE_H
#define PCL_TOOLS_QUANTISE_QUANTISE_H

#include "tools/quantise/moments.h"
#include "tools/quantise/statistics.h"
#include "tools/tools.h"

typedef struct pcl_quantise_options {
    const pcl_range *ranges;            /* [tensor_count] of a numbered graph */
    pcl_moments *moments;               /* [node_count]: of the layers whose weights are rounded by them */
    pcl_arena *arena;                   /* that of the moments */
    const uint8_t *forms;               /* [node_count]: pcl_layer_form; may be NULL: all int8 */
    bool float_inputs, float_outputs;   /* of the model: as they are, else uint8 where they are computed with as bytes */
} pcl_quantise_options;

/* Weights become int8 with a scale per output channel, activations int8 with
 * one scale and zero point, rounded for the least error of what the layer computes, biases int32,
 * corrected for the mean of that error. Operators that only move values share the scale of what
 * they move. What has no good 8-bit form, instance normalisations first of
 * all, stays float between DEQUANTIZE and QUANTIZE. The graph is numbered. */
pcl_status pcl_quantise(pcl_graph *graph, const pcl_quantise_options *options);

/* Weights become float16, or int8 with a scale per output channel, followed
 * by DEQUANTIZE: smaller files, float arithmetic. */
pcl_status pcl_shrink_weights(pcl_graph *graph, pcl_dtype dtype);

/* Convolutions and fully connected layers, which the report lists. */
bool pcl_has_weights(const pcl_node *node);

/* Would an output in float serve such a layer? It does where nothing reads it as bytes: before norms. */
bool pcl_may_widen(const pcl_graph *graph, const pcl_node *node);

/* Are the weights and the bias of such a layer known, and floats? */
bool pcl_can_quantise(const pcl_node *node);

#endif
