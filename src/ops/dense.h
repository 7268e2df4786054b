/* Weights packed for the GEMM kernels, with the bias and the output's
 * arithmetic: all that is left to name at run time is a, out and their sizes. */
#ifndef PCL_OPS_DENSE_H
#define PCL_OPS_DENSE_H

#include "ops/weights.h"

/* Weights seen as a matrix. Column r * channels + c belongs to output channel
 * first_channel + c; its element k is the weight at
 * first + c * channel_stride + offsets[r][k]. PCL_NO_WEIGHT as an offset
 * stands for a zero. */
typedef struct pcl_weight_matrix {
    size_t rows; /* of the matrix that it multiplies: what packing pays depends on them */
    size_t channels, repeats, depth;
    size_t first, first_channel, channel_stride;
    const int32_t *offsets; /* [repeats][depth] */
} pcl_weight_matrix;

#define PCL_NO_WEIGHT (-1)

typedef struct pcl_dense {
    bool quantised; /* a, and out unless it is widened */
    size_t columns, depth;
    size_t element; /* bytes of an element of a */
    size_t row_tile; /* rows that the kernel does at once, or some times so many */
    const void *packed;
    bool paired; /* for gemm_pairs, not gemm_u8 */
    const void *bias; /* int32 or float [columns] */
    int32_t weight_zero_point;
    pcl_requantization requantization; /* when quantised */
    const float *shift;                /* [columns] to add when the result is widened, else NULL */
    float low, high;                   /* of reals */
} pcl_dense;

pcl_status pcl_dense_prepare(const pcl_prepare_context *context, const pcl_node *node, const pcl_weighted *weighted,
                             const pcl_weight_matrix *matrix, pcl_dense *out);

/* The matrix to be multiplied, in uint8 or float: rows `stride` elements apart, whole or in runs (kernels/kernels.h). */
typedef struct pcl_dense_left {
    const void *a;
    size_t stride;
    const void *const *runs;
    size_t run;
} pcl_dense_left;

/* out[row][c] for first_column <= c < first_column + columns (first_column a
 * multiple of 8); `out` is the place of (0, first_column). Strides in elements. */
void pcl_dense_run(const pcl_kernels *kernels, const pcl_dense *dense, size_t rows, const pcl_dense_left *left,
                   size_t first_column, size_t columns, void *out, size_t out_stride);

/* Whether threads share the columns of the result more evenly than its rows. */
bool pcl_share_columns(size_t rows, size_t columns, int32_t threads);

/* What of a result belongs to a part of the work, in tiles of the kernels:
 * all rows of some columns, or all columns of some rows. */
typedef struct pcl_dense_part {
    size_t first_row, end_row, first_column, end_column; /* either may be empty */
} pcl_dense_part;
pcl_dense_part pcl_dense_share(const pcl_dense *dense, size_t rows, bool by_columns, const pcl_part *part);

/* The offsets 0, 1, ... depth - 1. NULL when memory is exhausted. */
int32_t *pcl_plain_offsets(pcl_arena *arena, size_t depth);

#endif
