/* Winograd's F(3x3, 3x3) for larger filters of floats, by convolutions that take the picture's rows as runs
 * (indirect_conv.c). A filter is cut in segments of 3x3, and so is the output in tiles: what one segment sees of the
 * picture for one tile, others see for others, so that each is transformed once. 25 products with all the segments take
 * the place of 9: of 81 multiplications for each output of a 9x9 filter 25 are left. Results differ from the direct
 * ones by up to 6e-5 of their root mean square (tests/unit/conv_test.c: 9x9 filters of 16 channels of noise). */
#ifndef PCL_OPS_WINOGRAD_SEGMENTS_H
#define PCL_OPS_WINOGRAD_SEGMENTS_H

#include "ops/im2col.h"
#include "ops/weights.h"

enum {
    PCL_SEGMENT = 3,                                /* pixels along a segment of the filter, and along a tile */
    PCL_SEGMENT_LINE = 2 * PCL_SEGMENT - 1,         /* that both together see */
    PCL_SEGMENT_MATRICES = PCL_SEGMENT_LINE * PCL_SEGMENT_LINE
};

typedef struct pcl_winograd_segments {
    size_t down, across;   /* segments of the filter */
    size_t tiles;          /* of a row of the output */
    size_t in_channels, channels;
    size_t lanes;          /* channels, up to a multiple of 4 */
    size_t row_floats;     /* of a transformed row of tiles: those that the filter sees */
    size_t product_floats; /* of a row's products */
    const float *packed;   /* [MATRICES] of what pcl_pack_gemm_f32 makes of [lanes][down][across][in_channels] */
    size_t packed_stride;  /* floats from one to the next */
    const float *bias;     /* [2][lanes]: of the matrix that has it, and of the others */
    float low, high;
} pcl_winograd_segments;

/* Whether a convolution is sooner done so, and how; all but the weights. */
bool pcl_winograd_segments_plan(const pcl_im2col *window, const pcl_weighted *tensors, pcl_winograd_segments *self);

/* False when memory is exhausted. */
bool pcl_winograd_segments_prepare(pcl_arena *arena, const pcl_im2col *window, const pcl_weighted *tensors,
                                   pcl_winograd_segments *self);

/* Pixels that so many tiles and segments see. */
static inline size_t pcl_winograd_segments_seen(size_t tiles, size_t segments) {
    return PCL_SEGMENT * (tiles + segments) - 1;
}

/* Floats of scratch. */
size_t pcl_winograd_segments_scratch(const pcl_winograd_segments *self);

/* A band of up to three rows of the output, [count][width][channels]. rows: what one tile sees, their pads in them; 12
 * bytes beyond their ends may be read. follows: scratch is that of the band before. */
void pcl_winograd_segments_run(const pcl_kernels *kernels, const pcl_winograd_segments *self, const void *const *rows,
                               size_t band, bool follows, float *scratch, float *out, size_t width, int32_t count);

#endif
