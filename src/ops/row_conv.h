/* Convolutions of floats without patches. A row of the picture, its pads
 * beside it, is the matrix that one row of the filter sees: the matrix' rows
 * overlap, each beginning a pixel after the one before. Its product with all
 * rows of the filter side by side, as columns, is what this row of the picture
 * adds to filter_h rows of the output; a row of the output is the sum of
 * filter_h such parts. Few output channels thereby fill the kernels' columns,
 * and nothing is copied filter_h times. */
#ifndef PCL_OPS_ROW_CONV_H
#define PCL_OPS_ROW_CONV_H

#include "ops/conv.h"
#include "ops/im2col.h"

typedef struct pcl_row_conv pcl_row_conv;

/* Whether it pays: stride 1, no residual, few output channels, not few weights in a row of the filter. */
bool pcl_row_conv_pays(const pcl_im2col *window, const pcl_weighted *tensors, const pcl_conv_attributes *attributes);

/* Packs the weights; *scratch_bytes is what run needs. NULL, with the error set, when memory is short. */
const pcl_row_conv *pcl_row_conv_prepare(const pcl_prepare_context *context, const pcl_node *node,
                                         const pcl_im2col *window, const pcl_weighted *tensors, int32_t threads,
                                         size_t *scratch_bytes);

/* The part of the convolution that thread `index` of `count` does. */
void pcl_row_conv_run(const pcl_kernels *kernels, const pcl_row_conv *conv, const pcl_node *node, uint8_t *scratch,
                      int32_t index, int32_t count);

#endif
