/* 3x3 convolutions of floats by Winograd's minimal filtering F(4x4, 3x3)
 * (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016):
 * a tile of 4x4 outputs takes 36 products per pair of channels, not 144. Its
 * sums differ from the direct ones by up to 4e-5 of the outputs' root mean
 * square (tests/unit/conv_test.c, 48 channels of noise). */
#ifndef PCL_OPS_WINOGRAD_H
#define PCL_OPS_WINOGRAD_H

#include "ops/conv.h"
#include "ops/im2col.h"

typedef struct pcl_winograd pcl_winograd;

/* Whether it pays: 3x3, stride 1, one group, enough channels and tiles. */
bool pcl_winograd_pays(const pcl_im2col *window, const pcl_weighted *tensors);

/* Transforms and packs the weights; *scratch_bytes is what run needs. NULL,
 * with the error set, when memory is short. */
const pcl_winograd *pcl_winograd_prepare(const pcl_prepare_context *context, const pcl_node *node,
                                         const pcl_im2col *window, const pcl_weighted *tensors, int32_t threads,
                                         size_t *scratch_bytes);

/* The part of the convolution that thread `index` of `count` does. */
void pcl_winograd_run(const pcl_kernels *kernels, const pcl_winograd *winograd, const pcl_node *node, uint8_t *scratch,
                      int32_t index, int32_t count);

#endif
