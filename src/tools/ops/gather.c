/* Gather, GatherElements and GatherND: elements and slices chosen by indices. */
#include <string.h>

#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/index.h"
#include "tools/ops/table.h"

/* --- Gather ----------------------------------------------------------------------
 * x [outer][size][inner], indices [count], out [outer][count][inner] */

static int32_t axis_of(const pcl_node *node) {
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    return pcl_onnx_from_zero(attributes->axis, node->inputs[0]->shape.rank);
}

static pcl_status infer_gather(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *indices = node->inputs[1];
    pcl_shape shape = {0};
    int32_t axis;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, indices, PCL_ONNX_INDICES));
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, attributes->axis, x->shape.rank, &axis));
    for (int32_t d = 0; d < axis; d++) PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, x->shape.dims[d]));
    for (int32_t d = 0; d < indices->shape.rank; d++)
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, indices->shape.dims[d]));
    for (int32_t d = axis + 1; d < x->shape.rank; d++)
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, x->shape.dims[d]));
    return pcl_onnx_output(context, node, 0, x->dtype, &shape);
}

static pcl_status run_gather(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    const pcl_tensor *x = node->inputs[0], *indices = node->inputs[1];
    int32_t axis = axis_of(node), size = x->shape.dims[axis];
    size_t outer = pcl_dims_product(&x->shape, 0, axis), count = pcl_tensor_count(indices), index;
    size_t bytes = pcl_dims_product(&x->shape, axis + 1, x->shape.rank) * pcl_dtype_size(x->dtype);
    for (size_t i = 0; i < count; i++) {
        PCL_TRY_RETURN(pcl_onnx_index(context, node, indices, i, size, &index));
        if (bytes == 0) continue;
        for (size_t o = 0; o < outer; o++)
            memcpy((uint8_t *)node->outputs[0]->data + (o * count + i) * bytes,
                   (const uint8_t *)x->data + (o * (size_t)size + index) * bytes, bytes);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_gather = {"Gather", 2, 2, 1, 1, infer_gather, NULL, run_gather, .in_place = false};

/* --- GatherElements ---------------------------------------------------------------
 * out has the shape of the indices; each element comes from its own place but
 * for the coordinate along the axis, which is the index. */

static pcl_status infer_elements(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *indices = node->inputs[1];
    int32_t axis;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, indices, PCL_ONNX_INDICES));
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, attributes->axis, x->shape.rank, &axis));
    PCL_TRY_RETURN(pcl_check_rank(context, node, indices, x->shape.rank, x->shape.rank));
    for (int32_t d = 0; d < x->shape.rank; d++)
        if (d != axis && indices->shape.dims[d] > x->shape.dims[d])
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "dimension %d of the indices is %d of %d", d,
                                 indices->shape.dims[d], x->shape.dims[d]);
    return pcl_onnx_output(context, node, 0, x->dtype, &indices->shape);
}

static pcl_status run_elements(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    const pcl_tensor *x = node->inputs[0], *indices = node->inputs[1];
    const pcl_shape *shape = &indices->shape;
    int32_t axis = axis_of(node), position[PCL_MAX_RANK] = {0};
    size_t size = pcl_dtype_size(x->dtype), index;
    for (size_t i = 0; i < pcl_tensor_count(indices); i++) {
        size_t from = 0;
        PCL_TRY_RETURN(pcl_onnx_index(context, node, indices, i, x->shape.dims[axis], &index));
        for (int32_t d = 0; d < shape->rank; d++)
            from = from * (size_t)x->shape.dims[d] + (d == axis ? index : (size_t)position[d]);
        memcpy((uint8_t *)node->outputs[0]->data + i * size, (const uint8_t *)x->data + from * size, size);
        pcl_next_index(shape->dims, shape->rank, position);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_gather_elements = {
    "GatherElements", 2, 2, 1, 1, infer_elements, NULL, run_elements, .in_place = false};

/* --- GatherND ----------------------------------------------------------------------
 * x [batch...][depth dimensions][slice...], indices [batch...][rows...][depth],
 * out [batch...][rows...][slice...] */

static pcl_status infer_nd(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *indices = node->inputs[1];
    pcl_shape shape = {0};
    int32_t batch = attributes->batch_dims;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, indices, PCL_ONNX_INDICES));
    PCL_TRY_RETURN(pcl_check_rank(context, node, indices, 1, PCL_MAX_RANK));
    int32_t last = indices->shape.rank - 1, depth = indices->shape.dims[last];
    if (batch < 0 || batch > last || batch > x->shape.rank || depth < 1 || depth > x->shape.rank - batch)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE,
                             "indices of %d numbers after %d batch dimensions into a tensor of rank %d", depth, batch,
                             x->shape.rank);
    for (int32_t d = 0; d < last; d++) {
        if (d < batch && indices->shape.dims[d] != x->shape.dims[d])
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "batch dimension %d is %d and %d", d,
                                 x->shape.dims[d], indices->shape.dims[d]);
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, indices->shape.dims[d]));
    }
    for (int32_t d = batch + depth; d < x->shape.rank; d++)
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, x->shape.dims[d]));
    return pcl_onnx_output(context, node, 0, x->dtype, &shape);
}

static pcl_status run_nd(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *indices = node->inputs[1];
    int32_t batch_dims = attributes->batch_dims, last = indices->shape.rank - 1, depth = indices->shape.dims[last];
    size_t batch = pcl_dims_product(&indices->shape, 0, batch_dims), slice;
    size_t rows = pcl_dims_product(&indices->shape, batch_dims, last);
    size_t slices = pcl_dims_product(&x->shape, batch_dims, batch_dims + depth);
    size_t bytes = pcl_dims_product(&x->shape, batch_dims + depth, x->shape.rank) * pcl_dtype_size(x->dtype);
    for (size_t row = 0; row < batch * rows; row++) {
        PCL_TRY_RETURN(pcl_onnx_index_row(context, node, indices, row, &x->shape, batch_dims, depth, &slice));
        if (bytes == 0) continue;
        memcpy((uint8_t *)node->outputs[0]->data + row * bytes,
               (const uint8_t *)x->data + (row / rows * slices + slice) * bytes, bytes);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_gather_nd = {"GatherND", 2, 2, 1, 1, infer_nd, NULL, run_nd, .in_place = false};
