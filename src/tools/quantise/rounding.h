/* Weights rounded with a view to what their layer computes. */
#ifndef PCL_TOOLS_QUANTISE_ROUNDING_H
#define PCL_TOOLS_QUANTISE_ROUNDING_H

#include "tools/quantise/moments.h"

/* Rounds the node's float weights anew into `quantised`, int8 [as weights]
 * with a scale per output channel, which may become a little smaller. Weights
 * are rounded one after the other; each takes back, as far as the values that
 * they multiply move together, what rounding the ones before it has done to the
 * output. Of the error this leaves out the mean, which belongs into the bias.
 * (LDLQ: Chee et al., QuIP, 2023; GPTQ is the same.) Remembered until more
 * windows have been seen. False when memory is exhausted. */
bool pcl_round_for_outputs(pcl_moments *moments, pcl_arena *arena, const pcl_node *node, const pcl_tensor *weights,
                           pcl_tensor *quantised);

/* The output channel that element i of a node's weights belongs to, and which of the values it multiplies. */
typedef struct pcl_weight_rows {
    size_t rows, per_channel; /* rows of weights, each summing `length` values; rows of one output channel lie together */
    size_t row_step, step;    /* elements from row to row, and from weight to weight */
    size_t per_group;         /* rows that see the same group of values */
} pcl_weight_rows;

pcl_weight_rows pcl_rows_of(const pcl_node *node, const pcl_tensor *weights, const pcl_moments *moments);

#endif
