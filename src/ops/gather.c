/* GATHER and GATHER_ND: slices of a tensor, chosen by indices. */
#include <string.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "ops/table.h"

static pcl_status check_indices(const pcl_infer_context *context, const pcl_node *node) {
    return pcl_check_dtype(context, node, node->inputs[1], (pcl_dtype[]){PCL_INT32, PCL_INT64, PCL_DTYPE_COUNT});
}

static int64_t index_at(const pcl_tensor *indices, size_t i) {
    return indices->dtype == PCL_INT32 ? ((const int32_t *)indices->data)[i] : ((const int64_t *)indices->data)[i];
}

static pcl_status refuse_index(const pcl_run_context *context, const pcl_node *node, int64_t index, int32_t size) {
    return pcl_node_fail(context->error, node, PCL_ERROR_VALUE, "index %lld is not within 0..%d", (long long)index,
                         size - 1);
}

/* --- GATHER ----------------------------------------------------------------
 * params:  [batch][outer][size][inner], `size` being the axis
 * indices: [batch][count]
 * out:     [batch][outer][count][inner] */

static pcl_status infer_gather(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *params = node->inputs[0], *indices = node->inputs[1];
    pcl_shape shape = {0};
    int32_t axis, batch_dims = node->attributes.gather.batch_dims;
    PCL_TRY_RETURN(pcl_check_moved(context, node, params, node->outputs[0]));
    PCL_TRY_RETURN(check_indices(context, node));
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, node->attributes.gather.axis, params->shape.rank, &axis));
    if (batch_dims < 0) batch_dims += indices->shape.rank;
    if (batch_dims < 0 || batch_dims > axis || batch_dims > indices->shape.rank)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "%d batch dimensions do not fit axis %d",
                             node->attributes.gather.batch_dims, axis);
    for (int32_t d = 0; d < axis; d++) {
        if (d < batch_dims && params->shape.dims[d] != indices->shape.dims[d])
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "batch dimension %d is %d and %d", d,
                                 params->shape.dims[d], indices->shape.dims[d]);
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, params->shape.dims[d]));
    }
    for (int32_t d = batch_dims; d < indices->shape.rank; d++)
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, indices->shape.dims[d]));
    for (int32_t d = axis + 1; d < params->shape.rank; d++)
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, params->shape.dims[d]));
    node->attributes.gather.axis = axis;
    node->attributes.gather.batch_dims = batch_dims;
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

static pcl_status run_gather(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    const pcl_tensor *params = node->inputs[0], *indices = node->inputs[1];
    const pcl_shape *shape = &params->shape;
    int32_t axis = node->attributes.gather.axis, batch_dims = node->attributes.gather.batch_dims;
    size_t batch = pcl_dims_product(shape, 0, batch_dims), outer = pcl_dims_product(shape, batch_dims, axis);
    size_t size = (size_t)shape->dims[axis], count = pcl_dims_product(&indices->shape, batch_dims, indices->shape.rank);
    size_t bytes = pcl_dims_product(shape, axis + 1, shape->rank) * pcl_dtype_size(params->dtype);
    for (size_t i = 0; i < pcl_tensor_count(indices); i++)
        if (index_at(indices, i) < 0 || index_at(indices, i) >= shape->dims[axis])
            return refuse_index(context, node, index_at(indices, i), shape->dims[axis]);
    if (node->outputs[0]->bytes == 0) return PCL_OK;
    const uint8_t *in = params->data;
    uint8_t *out = node->outputs[0]->data;
    for (size_t b = 0; b < batch; b++) {
        for (size_t o = 0; o < outer; o++, in += size * bytes) {
            for (size_t i = 0; i < count; i++, out += bytes)
                memcpy(out, in + (size_t)index_at(indices, b * count + i) * bytes, bytes);
        }
    }
    return PCL_OK;
}

const pcl_op pcl_op_gather = {"GATHER", 2, 2, 1, 1, infer_gather, NULL, run_gather, .in_place = false};

/* --- GATHER_ND -------------------------------------------------------------
 * indices: [count][depth], each row a position in the first `depth` dimensions of params
 * out:     [count][the remaining dimensions] */

static pcl_status infer_gather_nd(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *params = node->inputs[0], *indices = node->inputs[1];
    pcl_shape shape = {0};
    PCL_TRY_RETURN(pcl_check_moved(context, node, params, node->outputs[0]));
    PCL_TRY_RETURN(check_indices(context, node));
    PCL_TRY_RETURN(pcl_check_rank(context, node, indices, 1, PCL_MAX_RANK));
    int32_t last = indices->shape.rank - 1, depth = indices->shape.dims[last];
    if (depth > params->shape.rank)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "indices of %d numbers into a tensor of rank %d",
                             depth, params->shape.rank);
    for (int32_t d = 0; d < last; d++)
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, indices->shape.dims[d]));
    for (int32_t d = depth; d < params->shape.rank; d++)
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, params->shape.dims[d]));
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

/* The number of the slice at row `row` of the indices. */
static pcl_status find_slice(const pcl_run_context *context, const pcl_node *node, size_t row, size_t *out) {
    const pcl_tensor *params = node->inputs[0], *indices = node->inputs[1];
    int32_t depth = indices->shape.dims[indices->shape.rank - 1];
    *out = 0;
    for (int32_t d = 0; d < depth; d++) {
        int64_t index = index_at(indices, row * (size_t)depth + (size_t)d);
        int32_t size = params->shape.dims[d];
        if (index < 0 || index >= size) return refuse_index(context, node, index, size);
        *out = *out * (size_t)size + (size_t)index;
    }
    return PCL_OK;
}

static pcl_status run_gather_nd(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    const pcl_tensor *params = node->inputs[0];
    const pcl_shape *shape = &node->inputs[1]->shape;
    size_t rows = pcl_dims_product(shape, 0, shape->rank - 1), slice;
    size_t bytes = pcl_dims_product(&params->shape, shape->dims[shape->rank - 1], params->shape.rank) *
                   pcl_dtype_size(params->dtype);
    for (size_t row = 0; row < rows; row++) {
        PCL_TRY_RETURN(find_slice(context, node, row, &slice));
        if (bytes == 0) continue;
        memcpy((uint8_t *)node->outputs[0]->data + row * bytes, (const uint8_t *)params->data + slice * bytes, bytes);
    }
    return PCL_OK;
}

const pcl_op pcl_op_gather_nd = {"GATHER_ND", 2, 2, 1, 1, infer_gather_nd, NULL, run_gather_nd, .in_place = false};
