/* Slice and Expand: blocks of a tensor, in any direction and repeated. */
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

static pcl_status infer_block(const pcl_infer_context *context, pcl_node *node, pcl_describe describe) {
    const pcl_tensor *x = node->inputs[0];
    pcl_shape shape = {0};
    pcl_block block = {.element = pcl_dtype_size(x->dtype)};
    PCL_TRY_RETURN(describe(context, node, &shape, &block));
    return pcl_onnx_output(context, node, 0, x->dtype, &shape);
}

/* --- Slice --------------------------------------------------------------------- */

typedef struct slice_range {
    int32_t start, step, count;
} slice_range;

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

/* Negative ends count from the dimension's; both are then clamped to it. */
static slice_range find_range(int64_t start, int64_t end, int64_t step, int64_t size) {
    int64_t before_first = step < 0 ? -1 : 0, last = step < 0 ? size - 1 : size;
    start = clamp(start < 0 ? start + size : start, 0, last);
    end = clamp(end < 0 ? end + size : end, before_first, last);
    int64_t count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
    if (size == 0 || count < 0) count = 0;
    return (slice_range){(int32_t)(count ? start : 0), (int32_t)step, (int32_t)count};
}

static pcl_status read_ranges(const pcl_infer_context *context, const pcl_node *node, slice_range *ranges) {
    const pcl_shape *shape = &node->inputs[0]->shape;
    const pcl_tensor *axes_input = pcl_node_input(node, 3), *steps_input = pcl_node_input(node, 4);
    int32_t starts[PCL_MAX_RANK], ends[PCL_MAX_RANK], axes[PCL_MAX_RANK], steps[PCL_MAX_RANK], count, named;
    for (int32_t d = 0; d < shape->rank; d++) ranges[d] = (slice_range){0, 1, shape->dims[d]};
    PCL_TRY_RETURN(pcl_read_integers(context, node, node->inputs[1], starts, PCL_MAX_RANK, &count));
    PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[2], ends, count));
    named = count;
    for (int32_t i = 0; i < count; i++) axes[i] = i, steps[i] = 1;
    if (axes_input) PCL_TRY_RETURN(pcl_onnx_read_axes(context, node, axes_input, shape->rank, axes, &named));
    if (steps_input) PCL_TRY_RETURN(pcl_read_exactly(context, node, steps_input, steps, count));
    if (named != count || count > shape->rank)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "%d starts and %d axes do not fit rank %d", count,
                             named, shape->rank);
    for (int32_t i = 0; i < count; i++) {
        if (steps[i] == 0) return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "a step is 0");
        ranges[axes[i]] = find_range(starts[i], ends[i], steps[i], shape->dims[axes[i]]);
    }
    return PCL_OK;
}

static pcl_status describe_slice(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                 pcl_block *block) {
    const pcl_shape *in = &node->inputs[0]->shape;
    slice_range ranges[PCL_MAX_RANK];
    ptrdiff_t in_strides[PCL_MAX_RANK], out_strides[PCL_MAX_RANK];
    PCL_TRY_RETURN(read_ranges(context, node, ranges));
    shape->rank = in->rank;
    for (int32_t d = 0; d < in->rank; d++) shape->dims[d] = ranges[d].count;
    pcl_row_major(in, in_strides);
    pcl_row_major(shape, out_strides);
    for (int32_t d = 0; d < in->rank; d++) {
        ptrdiff_t step = ranges[d].count > 1 ? ranges[d].step : 0; /* within the dimension, so no product overflows */
        block->in_first += ranges[d].start * in_strides[d];
        pcl_block_push(block, (size_t)ranges[d].count, step * in_strides[d], out_strides[d]);
    }
    return PCL_OK;
}

static pcl_status infer_slice(const pcl_infer_context *context, pcl_node *node) {
    return infer_block(context, node, describe_slice);
}

static pcl_status prepare_slice(const pcl_prepare_context *context, pcl_step *step) {
    return pcl_prepare_block(context, step, describe_slice);
}

const pcl_op pcl_onnx_slice = {"Slice", 3, 5, 1, 1, infer_slice, prepare_slice, pcl_run_block, .in_place = false};

/* --- Expand -------------------------------------------------------------------- */

static pcl_status describe_expand(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                  pcl_block *block) {
    const pcl_shape *in = &node->inputs[0]->shape;
    pcl_shape wanted;
    size_t in_strides[PCL_MAX_RANK];
    ptrdiff_t out_strides[PCL_MAX_RANK];
    PCL_TRY_RETURN(pcl_read_integers(context, node, node->inputs[1], wanted.dims, PCL_MAX_RANK, &wanted.rank));
    PCL_TRY_RETURN(pcl_broadcast_shape(context, node, in, &wanted, shape));
    size_t count;
    if (!pcl_shape_count(shape, &count))
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its output is too large");
    pcl_broadcast_strides(in, shape, in_strides);
    pcl_row_major(shape, out_strides);
    for (int32_t d = 0; d < shape->rank; d++)
        pcl_block_push(block, (size_t)shape->dims[d], (ptrdiff_t)in_strides[d], out_strides[d]);
    return PCL_OK;
}

static pcl_status infer_expand(const pcl_infer_context *context, pcl_node *node) {
    return infer_block(context, node, describe_expand);
}

static pcl_status prepare_expand(const pcl_prepare_context *context, pcl_step *step) {
    return pcl_prepare_block(context, step, describe_expand);
}

const pcl_op pcl_onnx_expand = {"Expand", 2, 2, 1, 1, infer_expand, prepare_expand, pcl_run_block, .in_place = false};
