/* SLICE and STRIDED_SLICE: a part of every dimension. */
#include "ops/move.h"
#include "ops/table.h"

/* --- SLICE ----------------------------------------------------------------- */

static pcl_status describe_slice(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                 pcl_block *block) {
    const pcl_shape *in = &node->inputs[0]->shape;
    int32_t begins[PCL_MAX_RANK], sizes[PCL_MAX_RANK];
    ptrdiff_t in_strides[PCL_MAX_RANK], out_strides[PCL_MAX_RANK];
    PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[1], begins, in->rank));
    PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[2], sizes, in->rank));
    pcl_row_major(in, in_strides);
    for (int32_t d = 0; d < in->rank; d++) {
        int64_t size = sizes[d] == -1 ? (int64_t)in->dims[d] - begins[d] : sizes[d];
        if (begins[d] < 0 || size < 0 || begins[d] + size > in->dims[d])
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE,
                                 "%d elements from %d on are not within the %d of axis %d", sizes[d], begins[d],
                                 in->dims[d], d);
        PCL_TRY_RETURN(pcl_push_dim(context, node, shape, size));
        if (size > 0) block->in_first += begins[d] * in_strides[d];
    }
    pcl_row_major(shape, out_strides);
    for (int32_t d = 0; d < in->rank; d++)
        pcl_block_push(block, (size_t)shape->dims[d], in_strides[d], out_strides[d]);
    return PCL_OK;
}

static pcl_status infer_slice(const pcl_infer_context *context, pcl_node *node) {
    return pcl_infer_block(context, node, describe_slice);
}

static pcl_status prepare_slice(const pcl_prepare_context *context, pcl_step *step) {
    return pcl_prepare_block(context, step, describe_slice);
}

const pcl_op pcl_op_slice = {"SLICE", 3, 3, 1, 1, infer_slice, prepare_slice, pcl_run_block, .in_place = false};

/* --- STRIDED_SLICE --------------------------------------------------------- */

enum { MAX_ENTRIES = 32 }; /* a mask has no more bits */

/* Numpy's x[begin:end:stride, ..., newaxis, 3]: one entry for each position
 * between the brackets, which the masks give their meaning. */
typedef struct entries {
    int32_t count;
    int32_t begin[MAX_ENTRIES], end[MAX_ENTRIES], stride[MAX_ENTRIES];
} entries;

static bool has(int32_t mask, int32_t entry) { return ((uint32_t)mask >> entry) & 1u; }

static pcl_status read_entries(const pcl_infer_context *context, const pcl_node *node, entries *out) {
    PCL_TRY_RETURN(pcl_read_integers(context, node, node->inputs[1], out->begin, MAX_ENTRIES, &out->count));
    PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[2], out->end, out->count));
    return pcl_read_exactly(context, node, node->inputs[3], out->stride, out->count);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

/* The elements begin, begin + stride, .. of an axis; `count` of them. */
typedef struct span {
    int64_t begin, stride, count;
} span;

/* An entry that is a single position: it takes the axis away. */
static pcl_status read_position(const pcl_infer_context *context, const pcl_node *node, const entries *list,
                                int32_t entry, int64_t size, span *out) {
    int64_t begin = list->begin[entry];
    if (begin < 0) begin += size;
    if (has(node->attributes.strided_slice.begin_mask, entry)) begin = 0;
    if (begin < 0 || begin >= size || list->stride[entry] < 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "position %d does not exist in an axis of %d",
                             list->begin[entry], (int32_t)size);
    *out = (span){begin, 1, 1};
    return PCL_OK;
}

/* Positions below 0 count from the end; what lies outside is cut off. */
static void read_range(const pcl_node *node, const entries *list, int32_t entry, int64_t size, span *out) {
    int64_t begin = list->begin[entry], end = list->end[entry], stride = list->stride[entry];
    int64_t lowest = stride > 0 ? 0 : -1, highest = stride > 0 ? size : size - 1;
    begin = clamp(begin < 0 ? begin + size : begin, lowest, highest);
    if (has(node->attributes.strided_slice.begin_mask, entry)) begin = stride > 0 ? lowest : highest;
    if (node->attributes.strided_slice.offset) end += begin;
    end = clamp(end < 0 ? end + size : end, lowest, highest);
    if (has(node->attributes.strided_slice.end_mask, entry)) end = stride > 0 ? highest : lowest;
    int64_t distance = stride > 0 ? end - begin : begin - end, step = stride > 0 ? stride : -stride;
    *out = (span){begin, stride, distance > 0 ? (distance + step - 1) / step : 0};
}

/* How many axes the ellipsis at `entry` stands for. */
static int32_t ellipsis_length(const pcl_node *node, const entries *list, int32_t entry) {
    int32_t others = 0;
    for (int32_t i = 0; i < list->count; i++)
        if (i != entry && !has(node->attributes.strided_slice.new_axis_mask, i)) others++;
    return node->inputs[0]->shape.rank - others;
}

/* Where the walk over the entries stands: the next axis of the input. */
typedef struct slicing {
    const pcl_infer_context *context;
    const pcl_node *node;
    pcl_shape *shape;
    pcl_block *block;
    ptrdiff_t in_strides[PCL_MAX_RANK];
    int32_t axis;
} slicing;

/* Out strides are filled in when the shape is complete. */
static pcl_status take_axis(slicing *state, const span *span, bool keep) {
    ptrdiff_t stride = state->in_strides[state->axis++];
    if (span->count > 0) state->block->in_first += (ptrdiff_t)span->begin * stride;
    if (!keep) return PCL_OK;
    PCL_TRY_RETURN(pcl_push_dim(state->context, state->node, state->shape, span->count));
    pcl_block_push(state->block, (size_t)span->count, span->count > 1 ? (ptrdiff_t)span->stride * stride : 0, 0);
    return PCL_OK;
}

static pcl_status take_whole_axes(slicing *state, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        span whole = {0, 1, state->node->inputs[0]->shape.dims[state->axis]};
        PCL_TRY_RETURN(take_axis(state, &whole, true));
    }
    return PCL_OK;
}

static pcl_status take_entry(slicing *state, const entries *list, int32_t entry) {
    const pcl_node *node = state->node;
    const pcl_shape *in = &node->inputs[0]->shape;
    span span;
    if (has(node->attributes.strided_slice.new_axis_mask, entry)) {
        PCL_TRY_RETURN(pcl_push_dim(state->context, node, state->shape, 1));
        pcl_block_push(state->block, 1, 0, 0);
        return PCL_OK;
    }
    if (state->axis == in->rank)
        return pcl_node_fail(state->context->error, node, PCL_ERROR_SHAPE, "it slices more axes than rank %d has",
                             in->rank);
    if (list->stride[entry] == 0)
        return pcl_node_fail(state->context->error, node, PCL_ERROR_SHAPE, "its stride %d is 0", entry);
    if (has(node->attributes.strided_slice.shrink_axis_mask, entry)) {
        PCL_TRY_RETURN(read_position(state->context, node, list, entry, in->dims[state->axis], &span));
        return take_axis(state, &span, false);
    }
    read_range(node, list, entry, in->dims[state->axis], &span);
    return take_axis(state, &span, true);
}

static pcl_status take_entries(slicing *state, const entries *list) {
    bool ellipsis_seen = false;
    for (int32_t entry = 0; entry < list->count; entry++) {
        if (!has(state->node->attributes.strided_slice.ellipsis_mask, entry)) {
            PCL_TRY_RETURN(take_entry(state, list, entry));
            continue;
        }
        if (ellipsis_seen)
            return pcl_node_fail(state->context->error, state->node, PCL_ERROR_SHAPE, "it has more than one ellipsis");
        ellipsis_seen = true;
        int32_t length = ellipsis_length(state->node, list, entry);
        int32_t left = state->node->inputs[0]->shape.rank - state->axis;
        PCL_TRY_RETURN(take_whole_axes(state, length < left ? length : left));
    }
    return take_whole_axes(state, state->node->inputs[0]->shape.rank - state->axis);
}

static pcl_status describe_strided_slice(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                         pcl_block *block) {
    entries list;
    slicing state = {.context = context, .node = node, .shape = shape, .block = block};
    ptrdiff_t out_strides[PCL_MAX_RANK];
    PCL_TRY_RETURN(read_entries(context, node, &list));
    pcl_row_major(&node->inputs[0]->shape, state.in_strides);
    PCL_TRY_RETURN(take_entries(&state, &list));
    pcl_row_major(shape, out_strides);
    for (int32_t d = 0; d < shape->rank; d++) block->dims[d].out_stride = out_strides[d];
    return PCL_OK;
}

static pcl_status infer_strided_slice(const pcl_infer_context *context, pcl_node *node) {
    return pcl_infer_block(context, node, describe_strided_slice);
}

static pcl_status prepare_strided_slice(const pcl_prepare_context *context, pcl_step *step) {
    return pcl_prepare_block(context, step, describe_strided_slice);
}

const pcl_op pcl_op_strided_slice = {
    "STRIDED_SLICE", 4, 4, 1, 1, infer_strided_slice, prepare_strided_slice, pcl_run_block, .in_place = false,
};
