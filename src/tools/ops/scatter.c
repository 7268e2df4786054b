/* ScatterElements and ScatterND: a copy of x in which some elements or slices
 * are replaced by updates or combined with them. */
#include <math.h>
#include <string.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/index.h"
#include "tools/ops/table.h"

static pcl_status check_types(const pcl_infer_context *context, const pcl_node *node) {
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0];
    bool combines = attributes->reduction != PCL_ONNX_REDUCTION_NONE;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, combines ? PCL_ONNX_NUMBERS : PCL_ONNX_ANY));
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[1], PCL_ONNX_INDICES));
    return pcl_onnx_check_type(context, node, node->inputs[2], x->dtype);
}

static double combine_reals(pcl_onnx_reduction reduction, double a, double b) {
    if (reduction == PCL_ONNX_REDUCTION_ADD) return a + b;
    if (reduction == PCL_ONNX_REDUCTION_MUL) return a * b;
    if (isnan(a) || isnan(b)) return a + b;
    return (reduction == PCL_ONNX_REDUCTION_MAX) == (a > b) ? a : b;
}

/* Wraps around. `shift`: half the range for uint64, which then orders as int64 does. */
static int64_t combine_integers(pcl_onnx_reduction reduction, int64_t a, int64_t b, uint64_t shift) {
    if (reduction == PCL_ONNX_REDUCTION_ADD) return (int64_t)((uint64_t)a + (uint64_t)b);
    if (reduction == PCL_ONNX_REDUCTION_MUL) return (int64_t)((uint64_t)a * (uint64_t)b);
    bool greater = (int64_t)((uint64_t)a + shift) > (int64_t)((uint64_t)b + shift);
    return (reduction == PCL_ONNX_REDUCTION_MAX) == greater ? a : b;
}

static void update(pcl_onnx_reduction reduction, pcl_dtype dtype, uint8_t *out, const uint8_t *updates,
                   size_t count) {
    size_t size = pcl_dtype_size(dtype);
    if (reduction == PCL_ONNX_REDUCTION_NONE) {
        if (count) memcpy(out, updates, count * size);
        return;
    }
    for (size_t i = 0; i < count; i++, out += size, updates += size) {
        if (pcl_is_integer(dtype)) {
            int64_t a, b;
            pcl_load_integers(dtype, out, &a, 1);
            pcl_load_integers(dtype, updates, &b, 1);
            a = combine_integers(reduction, a, b, dtype == PCL_UINT64 ? (uint64_t)1 << 63 : 0);
            pcl_store_integers(dtype, &a, out, 1);
        } else {
            double a, b;
            pcl_load_reals(dtype, out, &a, 1);
            pcl_load_reals(dtype, updates, &b, 1);
            a = combine_reals(reduction, a, b);
            pcl_store_reals(dtype, &a, out, 1);
        }
    }
}

static void copy_x(const pcl_node *node) {
    const pcl_tensor *x = node->inputs[0];
    if (x->bytes) memcpy(node->outputs[0]->data, x->data, x->bytes);
}

/* --- ScatterElements: indices and updates of one shape --------------------------- */

static pcl_status infer_elements(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *indices = node->inputs[1], *updates = node->inputs[2];
    int32_t axis;
    PCL_TRY_RETURN(check_types(context, node));
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, attributes->axis, x->shape.rank, &axis));
    bool fits = indices->shape.rank == x->shape.rank && pcl_shape_equal(&indices->shape, &updates->shape);
    for (int32_t d = 0; fits && d < x->shape.rank; d++)
        fits = d == axis || indices->shape.dims[d] <= x->shape.dims[d];
    if (!fits)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "indices and updates do not fit the tensor");
    return pcl_onnx_output(context, node, 0, x->dtype, &x->shape);
}

static pcl_status run_elements(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *indices = node->inputs[1], *updates = node->inputs[2];
    const pcl_shape *shape = &indices->shape;
    int32_t axis = pcl_onnx_from_zero(attributes->axis, shape->rank);
    int32_t position[PCL_MAX_RANK] = {0};
    size_t size = pcl_dtype_size(x->dtype), index;
    copy_x(node);
    for (size_t i = 0; i < pcl_tensor_count(indices); i++) {
        size_t to = 0;
        PCL_TRY_RETURN(pcl_onnx_index(context, node, indices, i, x->shape.dims[axis], &index));
        for (int32_t d = 0; d < shape->rank; d++)
            to = to * (size_t)x->shape.dims[d] + (d == axis ? index : (size_t)position[d]);
        update(attributes->reduction, x->dtype, (uint8_t *)node->outputs[0]->data + to * size,
               (const uint8_t *)updates->data + i * size, 1);
        pcl_next_index(shape->dims, shape->rank, position);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_scatter_elements = {
    "ScatterElements", 3, 3, 1, 1, infer_elements, NULL, run_elements, .in_place = false};

/* --- ScatterND: indices [rows...][depth], updates [rows...][the other dimensions of x] */

static pcl_status infer_nd(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0], *indices = node->inputs[1];
    pcl_shape wanted = {0};
    PCL_TRY_RETURN(check_types(context, node));
    PCL_TRY_RETURN(pcl_check_rank(context, node, indices, 1, PCL_MAX_RANK));
    int32_t last = indices->shape.rank - 1, depth = indices->shape.dims[last];
    if (depth < 1 || depth > x->shape.rank)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "indices of %d numbers into a tensor of rank %d",
                             depth, x->shape.rank);
    for (int32_t d = 0; d < last; d++) PCL_TRY_RETURN(pcl_push_dim(context, node, &wanted, indices->shape.dims[d]));
    for (int32_t d = depth; d < x->shape.rank; d++)
        PCL_TRY_RETURN(pcl_push_dim(context, node, &wanted, x->shape.dims[d]));
    if (!pcl_shape_equal(&wanted, &node->inputs[2]->shape))
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "the updates do not fit indices and tensor");
    return pcl_onnx_output(context, node, 0, x->dtype, &x->shape);
}

static pcl_status run_nd(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *indices = node->inputs[1], *updates = node->inputs[2];
    int32_t last = indices->shape.rank - 1, depth = indices->shape.dims[last];
    size_t rows = pcl_dims_product(&indices->shape, 0, last), slice;
    size_t count = pcl_dims_product(&x->shape, depth, x->shape.rank), bytes = count * pcl_dtype_size(x->dtype);
    copy_x(node);
    for (size_t row = 0; row < rows; row++) {
        PCL_TRY_RETURN(pcl_onnx_index_row(context, node, indices, row, &x->shape, 0, depth, &slice));
        update(attributes->reduction, x->dtype, (uint8_t *)node->outputs[0]->data + slice * bytes,
               (const uint8_t *)updates->data + row * bytes, count);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_scatter_nd = {"ScatterND", 3, 3, 1, 1, infer_nd, NULL, run_nd, .in_place = false};
