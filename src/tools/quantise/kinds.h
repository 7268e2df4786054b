/* What 8-bit arithmetic means for each operator. */
#ifndef PCL_TOOLS_QUANTISE_KINDS_H
#define PCL_TOOLS_QUANTISE_KINDS_H

#include "model/graph.h"

typedef enum pcl_kind {
    PCL_KIND_FLOAT,    /* has no 8-bit form, or none worth having */
    PCL_KIND_WEIGHTED, /* sums products with weights; output in a scale of its own */
    PCL_KIND_FREE,     /* computes in its inputs' scales; output in a scale of its own */
    PCL_KIND_MOVE,     /* output values are input values: one scale for all */
    PCL_KIND_FIXED     /* TFLite prescribes the output's scale */
} pcl_kind;

pcl_kind pcl_kind_of(const pcl_node *node);

/* The scale and zero point that TFLite prescribes for a FIXED operator's int8 output. */
void pcl_fixed_quantisation(const pcl_node *node, float *scale, int32_t *zero_point);

#endif
