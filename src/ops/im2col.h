/* The patches of a picture that a convolution's filter sees, one after another
 * as rows of a matrix. */
#ifndef PCL_OPS_IM2COL_H
#define PCL_OPS_IM2COL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A patch is [filter_h][filter_w][tap_bytes]: of every pixel under the filter,
 * the tap_bytes from first_byte on. The patch of output (y, x) begins at row
 * y * stride_h - pad_top, column x * stride_w - pad_left of the picture; the
 * pads may be negative. */
typedef struct pcl_im2col {
    int32_t in_h, in_w;
    int32_t out_h, out_w;
    int32_t filter_h, filter_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    bool reflect;       /* outside lies the mirrored picture, without its edge; else pad_byte */
    uint8_t pad_byte;
    bool upsampled;     /* the picture has half of in_h and in_w, pixels count as two by two: not for pcl_im2col_fill */
    size_t pixel_bytes; /* of the picture */
    size_t first_byte, tap_bytes;
    int32_t merged; /* outputs side by side that count as one, see merge_pixels in conv.c; not for pcl_im2col_fill */
} pcl_im2col;

/* Coordinate i of 0..size-1, mirrored into it when it lies outside. */
static inline int32_t pcl_mirror(int32_t i, int32_t size) { return i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i; }

/* Pixels first..first + count - 1 of a row of the picture, to `to`: what lies outside is mirrored, or pad_byte. Of an
 * upsampled picture `first` is at most 0, and pixels have a multiple of 16 bytes. */
void pcl_padded_row(const pcl_im2col *window, const void *row, int32_t first, int32_t count, void *to);

/* From one patch to the next: at least what the patch has, at least as much
 * more as pcl_im2col_fill writes beyond it. */
size_t pcl_im2col_stride(const pcl_im2col *patches);

/* Writes the patches of outputs first..first + count - 1, counted row-major
 * over [batch][out_h][out_w], to out: [count][stride]. Reads up to 15 bytes past the
 * end of the picture, writes all of count * stride bytes or fewer. */
void pcl_im2col_fill(const pcl_im2col *patches, const uint8_t *pictures, size_t first, size_t count, uint8_t *out);

#endif
