#include "tools/ops/product.h"

#include <string.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/check.h"

/* The dimensions before the last two. */
static pcl_shape batch_of(const pcl_shape *shape) {
    pcl_shape batch = *shape;
    batch.rank = shape->rank > 2 ? shape->rank - 2 : 0;
    return batch;
}

pcl_status pcl_onnx_describe_product(const pcl_infer_context *context, const pcl_node *node, const pcl_shape *a,
                                     const pcl_shape *b, pcl_onnx_product *out, pcl_shape *shape) {
    if (a->rank < 1 || b->rank < 1)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "a scalar is no factor of a matrix product");
    int32_t rows = a->rank > 1 ? a->dims[a->rank - 2] : 1, depth = a->dims[a->rank - 1];
    int32_t depth_of_b = b->dims[b->rank > 1 ? b->rank - 2 : 0], columns = b->rank > 1 ? b->dims[b->rank - 1] : 1;
    if (depth != depth_of_b)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "rows of %d meet columns of %d", depth, depth_of_b);
    pcl_shape batch_a = batch_of(a), batch_b = batch_of(b);
    *out = (pcl_onnx_product){.rows = (size_t)rows, .depth = (size_t)depth, .columns = (size_t)columns};
    PCL_TRY_RETURN(pcl_broadcast_shape(context, node, &batch_a, &batch_b, &out->batch));
    pcl_broadcast_strides(&batch_a, &out->batch, out->a_strides);
    pcl_broadcast_strides(&batch_b, &out->batch, out->b_strides);
    *shape = out->batch;
    if (a->rank > 1) PCL_TRY_RETURN(pcl_push_dim(context, node, shape, rows));
    if (b->rank > 1) PCL_TRY_RETURN(pcl_push_dim(context, node, shape, columns));
    size_t count;
    if (!pcl_shape_count(shape, &count))
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its output is too large");
    out->matrices = pcl_dims_product(&out->batch, 0, out->batch.rank);
    return PCL_OK;
}

void pcl_onnx_count_product(pcl_node *node, size_t depth) {
    node->macs = pcl_onnx_work(pcl_tensor_count(node->outputs[0]), depth);
}

void pcl_onnx_product_pair(const pcl_onnx_product *product, size_t index, size_t *a, size_t *b) {
    *a = *b = 0;
    for (int32_t d = product->batch.rank - 1; d >= 0; d--) {
        size_t size = (size_t)product->batch.dims[d];
        *a += index % size * product->a_strides[d];
        *b += index % size * product->b_strides[d];
        index /= size;
    }
}

/* Integers wrap around. */
static void add_integers(int64_t *sums, int64_t factor, const int64_t *row, size_t count) {
    for (size_t c = 0; c < count; c++) sums[c] = (int64_t)((uint64_t)sums[c] + (uint64_t)factor * (uint64_t)row[c]);
}

static void add_reals(double *sums, double factor, const double *row, size_t count) {
    for (size_t c = 0; c < count; c++) sums[c] += factor * row[c];
}

void pcl_onnx_multiply_row(pcl_dtype dtype, const void *a, const void *b, size_t depth, size_t columns, void *sums,
                           void *row) {
    size_t size = pcl_dtype_size(dtype);
    memset(sums, 0, columns * sizeof(double)); /* of integers, too */
    for (size_t k = 0; k < depth; k++) {
        const uint8_t *of_a = (const uint8_t *)a + k * size, *of_b = (const uint8_t *)b + k * columns * size;
        if (pcl_is_integer(dtype)) {
            int64_t factor;
            pcl_load_integers(dtype, of_a, &factor, 1);
            pcl_load_integers(dtype, of_b, row, columns);
            add_integers(sums, factor, row, columns);
        } else {
            double factor;
            pcl_load_reals(dtype, of_a, &factor, 1);
            pcl_load_reals(dtype, of_b, row, columns);
            add_reals(sums, factor, row, columns);
        }
    }
}
