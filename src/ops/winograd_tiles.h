/* The tiles that Winograd's convolutions cut a picture into. */
#ifndef PCL_OPS_WINOGRAD_TILES_H
#define PCL_OPS_WINOGRAD_TILES_H

#include "ops/im2col.h"

enum {
    PCL_WINOGRAD_SIDE = 4,                                         /* outputs along a tile */
    PCL_WINOGRAD_LINE = PCL_WINOGRAD_SIDE + 2,                     /* pixels along it that they see */
    PCL_WINOGRAD_TAPS = PCL_WINOGRAD_LINE - PCL_WINOGRAD_SIDE + 1, /* of the filter along it */
    PCL_WINOGRAD_MATRICES = PCL_WINOGRAD_LINE * PCL_WINOGRAD_LINE, /* pixels in all; products that a set of tiles takes */
};

/* G of F(4, 3), with the points 0, 1, -1, 2, -2: what a filter of three becomes. In integers: its rows times 24, 12, 12,
 * 24, 24 and 8. */
extern const int32_t pcl_winograd_filter[PCL_WINOGRAD_LINE][PCL_WINOGRAD_TAPS];

/* Whether a window is 3x3 with stride 1, no dilation and all channels in one group. */
bool pcl_winograd_fits(const pcl_im2col *window);

/* Tiles of 4x4 outputs (the last of a row or column maybe less), row-major over a picture, then the batch. */
typedef struct pcl_winograd_tiles {
    int32_t in_h, in_w, out_h, out_w;
    int32_t pad_top, pad_left;
    bool reflect, upsampled; /* upsampled: the picture has half of in_h and in_w, its pixels count as two by two */
    bool paired; /* upsampled, and in every tile the second and third row and the fourth and fifth are the same pixels,
                  * and so are the columns */
    size_t per_row, per_picture, count;
} pcl_winograd_tiles;

/* Whether a matrix of transformed tiles is all zeros. The second point of F(4x4, 3x3) takes 4 (d1 - d2) + d4 - d3 of a
 * line, of pairs nothing: 25 products are left of 36. */
static inline bool pcl_winograd_vanishes(const pcl_winograd_tiles *tiles, size_t matrix) {
    return tiles->paired && (matrix / PCL_WINOGRAD_LINE == 2 || matrix % PCL_WINOGRAD_LINE == 2);
}

/* How many are left. */
static inline int pcl_winograd_products(const pcl_winograd_tiles *tiles) { return tiles->paired ? 25 : 36; }

pcl_winograd_tiles pcl_winograd_cut(const pcl_im2col *window, size_t pictures);

/* The place of a tile's outputs in the batch. */
typedef struct pcl_winograd_place {
    size_t picture;
    int32_t y, x;
    int32_t rows, columns; /* 1..PCL_WINOGRAD_SIDE, that are within the picture */
    size_t first;          /* pixel of the output, counted over the batch */
} pcl_winograd_place;

pcl_winograd_place pcl_winograd_place_of(const pcl_winograd_tiles *tiles, size_t tile);
/* Clears the products of matrices that vanish, which nothing else writes. products: [MATRICES][stride] of 32 bits. */
void pcl_winograd_clear(const pcl_winograd_tiles *tiles, void *products, size_t stride);
/* From a tile to the next one. */
void pcl_winograd_advance(const pcl_winograd_tiles *tiles, pcl_winograd_place *place);

/* Points at the pixels of `pixel_bytes` under a tile, `outside` where there are none. follows: taps hold
 * those of the tile before. */
void pcl_winograd_find_taps(const pcl_winograd_tiles *tiles, const pcl_winograd_place *place, const void *input,
                            size_t pixel_bytes, const void *outside, bool follows,
                            const void *taps[PCL_WINOGRAD_MATRICES]);

#endif
