/* What a prepared model runs: a flat list of steps over one block of memory. */
#ifndef PCL_RUN_PROGRAM_H
#define PCL_RUN_PROGRAM_H

#include "ops/op.h"
#include "pincel.h"

typedef struct pcl_program {
    pcl_step *steps;
    int32_t step_count;
    size_t block_bytes; /* activations and scratch */
    pcl_norms *norms;   /* in the block; the steps' `norm` follow it */
} pcl_program;

/* Prepares every node of the graph as a step, plans the memory and gives every
 * tensor its data. All memory comes from the graph's arena. */
pcl_status pcl_program_build(pcl_program *program, pcl_graph *graph, const pcl_kernels *kernels, int32_t threads);

#endif
