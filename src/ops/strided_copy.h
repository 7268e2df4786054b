/* Copies blocks of elements between arrays of any strides: what transposing,
 * slicing, joining, padding, tiling and their kin have in common. */
#ifndef PCL_OPS_STRIDED_COPY_H
#define PCL_OPS_STRIDED_COPY_H

#include "ops/op.h"

/* Room to split every dimension of a tensor in two. */
enum { PCL_MAX_BLOCK_RANK = 2 * PCL_MAX_RANK };

typedef struct pcl_block_dim {
    size_t size;
    ptrdiff_t in_stride, out_stride; /* in elements; negative: backwards; in_stride 0: repeated */
} pcl_block_dim;

/* Element (i, j, ..) of the block is in[in_first + i * dims[0].in_stride + j * dims[1].in_stride + ..]
 * and goes to the same expression of `out`. No two elements go to one place. */
typedef struct pcl_block {
    size_t element; /* bytes of one: 1, 2, 4 or 8 */
    ptrdiff_t in_first, out_first;
    int32_t rank; /* 0: a single element */
    pcl_block_dim dims[PCL_MAX_BLOCK_RANK]; /* outermost first */
} pcl_block;

/* Adds an innermost dimension. */
void pcl_block_push(pcl_block *block, size_t size, ptrdiff_t in_stride, ptrdiff_t out_stride);

/* Copies, from several threads when the block is large. The arrays do not
 * overlap. An empty block touches neither array. */
void pcl_block_copy(pcl_pool *pool, const pcl_block *block, const void *in, void *out);

/* Writes the element at `value` to out[0 .. count - 1]. */
void pcl_fill(pcl_pool *pool, const void *value, size_t element, void *out, size_t count);

/* Row-major strides in elements; 0 where a dimension is 1. */
void pcl_row_major(const pcl_shape *shape, ptrdiff_t strides[PCL_MAX_RANK]);

#endif
