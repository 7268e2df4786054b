/* What the weights of a layer multiply: means and second moments of the values
 * under its window, by which the weights are rounded (rounding.h). */
#ifndef PCL_TOOLS_QUANTISE_MOMENTS_H
#define PCL_TOOLS_QUANTISE_MOMENTS_H

#include "model/graph.h"

/* Row i of `products` and of the matrices made of it holds what value i has to
 * do with the values of its own block. */
typedef struct pcl_moments {
    size_t groups; /* outputs of one group see the same values */
    size_t length; /* values that one output sums, in the order of its weights; of a transposed convolution, input channels */
    size_t block;
    size_t count;    /* windows seen; 0: none yet, and nothing below is there */
    float *windows;  /* [a few][groups][length]: those to be added together */
    float *sums;     /* [groups][length] */
    float *products; /* [groups][length][block]: sums below the diagonal and on it; factors above it (rounding.c) */
    float *residues; /* [groups][length]: the factors' diagonal */
    int8_t *rounded; /* weights as they were rounded when `rounded_count` windows had been seen */
    float *scales;
    size_t rounded_count;
} pcl_moments;

/* Adds windows of the node's float input, spread over it. The node has just
 * run. False when memory is exhausted. */
bool pcl_moments_add(pcl_moments *moments, pcl_arena *arena, const pcl_node *node, size_t windows);

#endif
