/* Matrix products of stacks of matrices as numpy has them, and one row of one. */
#ifndef PCL_TOOLS_OPS_PRODUCT_H
#define PCL_TOOLS_OPS_PRODUCT_H

#include "ops/op.h"

/* a [batch...][rows][depth] times b [batch...][depth][columns]. A vector is a
 * row on the left, a column on the right; batches broadcast. */
typedef struct pcl_onnx_product {
    size_t rows, depth, columns, matrices; /* the last: of the result */
    pcl_shape batch;
    size_t a_strides[PCL_MAX_RANK], b_strides[PCL_MAX_RANK]; /* in matrices */
} pcl_onnx_product;

/* Also the shape of the result, without the dimensions that vectors lack. */
pcl_status pcl_onnx_describe_product(const pcl_infer_context *context, const pcl_node *node, const pcl_shape *a,
                                     const pcl_shape *b, pcl_onnx_product *out, pcl_shape *shape);

/* Sets node->macs for the result that output 0 has. */
void pcl_onnx_count_product(pcl_node *node, size_t depth);

/* Which matrices of a and b make matrix `index` of the result. */
void pcl_onnx_product_pair(const pcl_onnx_product *product, size_t index, size_t *a, size_t *b);

/* sums[c] = sum over k of a[k] * b[k][c] for numbers of one type, as double or,
 * for integers, as int64 that wraps around. `row` has room for `columns` too. */
void pcl_onnx_multiply_row(pcl_dtype dtype, const void *a, const void *b, size_t depth, size_t columns, void *sums,
                           void *row);

#endif
