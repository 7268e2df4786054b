/* Ways to compute some convolutions faster than by patches. The first in
 * conv.c's list that pays for a convolution is the one it takes; where none
 * does, pixels may merge, and pcl_indirect_conv is asked last. */
#ifndef PCL_OPS_CONV_METHOD_H
#define PCL_OPS_CONV_METHOD_H

#include "ops/conv.h"
#include "ops/im2col.h"

/* Weights are [out_channels][height][width][in_channels]. */
typedef struct pcl_conv_method {
    bool (*pays)(const pcl_kernels *kernels, const pcl_node *node, const pcl_im2col *window,
                 const pcl_weighted *tensors);
    /* Transforms and packs the weights; *scratch_bytes is what run needs. NULL,
     * with the error set, when memory is short. */
    const void *(*prepare)(const pcl_prepare_context *context, const pcl_node *node, const pcl_im2col *window,
                           const pcl_weighted *tensors, int32_t threads, size_t *scratch_bytes);
    /* One part of the convolution. */
    void (*run)(const pcl_kernels *kernels, const void *prepared, const pcl_node *node, uint8_t *scratch,
                const pcl_part *part);
} pcl_conv_method;

/* 3x3 convolutions of floats by Winograd's minimal filtering F(4x4, 3x3)
 * (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016):
 * a tile of 4x4 outputs takes 36 products per pair of channels, not 144. Its
 * sums differ from the direct ones by up to 4e-5 of the outputs' root mean
 * square (tests/unit/conv_test.c, 48 channels of noise). */
extern const pcl_conv_method pcl_winograd_f32;

/* Quantised 3x3 convolutions by the same F(4x4, 3x3), in integers: of 16 bits
 * in the products, modulo 2^32 in the sums. What G divides by, 24 in each
 * direction, is left to the end and exact: the result is the direct one's to
 * the bit. */
extern const pcl_conv_method pcl_winograd_u8;

/* Convolutions without patches: what a row of the filter sees of a row of the
 * picture is a run of the matrix' rows, and the kernel takes a pointer to each
 * run (Dukhan, "The Indirect Convolution Algorithm", 2019). The same sums in
 * the same order as with patches, but of large filters of floats: these take
 * Winograd's form in segments (ops/winograd_segments.h). */
extern const pcl_conv_method pcl_indirect_conv;

#endif
