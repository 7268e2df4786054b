/* Winograd's F(4, 3) down the picture, for convolutions of floats that take its rows as runs (indirect_conv.c): a band
 * of four rows of the output takes six products for three rows of the filter, a segment, not twelve. The products of
 * all segments and of all that lies along a row are summed within the kernel, before the transform back. Results differ
 * from the direct ones by up to 3e-5 of their root mean square (tests/unit/conv_test.c, 8x9 filters of 48 channels of
 * noise). */
#ifndef PCL_OPS_WINOGRAD_ROWS_H
#define PCL_OPS_WINOGRAD_ROWS_H

#include "ops/im2col.h"
#include "ops/weights.h"
#include "ops/winograd_tiles.h"

typedef struct pcl_winograd_rows {
    size_t segments;      /* 0: not done so */
    size_t width, stride; /* pixels of a row of the output; floats from what one sees to what the next one does */
    size_t run, columns;  /* floats that a row of the filter sees, and that it makes of them */
    size_t row_floats;    /* of a transformed row: what the filter sees of one, and as many as kernels may write more */
    const float *packed;  /* [PCL_WINOGRAD_LINE] of what pcl_pack_gemm_f32 makes of [columns][segments][run] */
    size_t packed_stride; /* floats from one to the next */
    const float *bias;    /* [PCL_WINOGRAD_LINE][columns] */
    float low, high;
} pcl_winograd_rows;

/* How many segments a filter has, where it pays to take it so and the rows are not too long; else 0. */
size_t pcl_winograd_rows_segments(const pcl_im2col *window, const pcl_weighted *tensors);

/* Rows of the picture that a band sees. */
static inline int32_t pcl_winograd_rows_seen(size_t segments) { return ((int32_t)segments + 1) * PCL_WINOGRAD_TAPS; }

/* `self` has its segments. False when memory is exhausted. */
bool pcl_winograd_rows_prepare(pcl_arena *arena, const pcl_im2col *window, const pcl_weighted *tensors,
                               pcl_winograd_rows *self);

/* Floats of scratch. */
size_t pcl_winograd_rows_scratch(const pcl_winograd_rows *self);

/* Up to four rows of the output, [count][width][columns]. rows: [seen], their pads in them; 12 bytes beyond their ends
 * may be read. */
void pcl_winograd_rows_run(const pcl_kernels *kernels, const pcl_winograd_rows *self, const void *const *rows,
                           float *scratch, float *out, int32_t count);

#endif
