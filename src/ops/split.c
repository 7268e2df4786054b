/* SPLIT, SPLIT_V and UNPACK: one tensor taken apart along an axis. */
#include "ops/move.h"
#include "ops/table.h"

/* Fills each output, which is [outer][its share], from the input, [outer][in_run],
 * `outer` being the dimensions before the axis. */
static pcl_status take_apart(const pcl_run_context *context, const pcl_node *node, const pcl_tensor *in) {
    int32_t axis = node->attributes.unpack.axis;
    size_t outer = pcl_dims_product(&in->shape, 0, axis), in_run = pcl_dims_product(&in->shape, axis, in->shape.rank);
    pcl_block block = {.element = pcl_dtype_size(in->dtype)};
    if (outer == 0) return PCL_OK;
    for (int32_t i = 0; i < node->output_count; i++) {
        size_t run = pcl_tensor_count(node->outputs[i]) / outer;
        block.rank = 0;
        pcl_block_push(&block, outer, (ptrdiff_t)in_run, (ptrdiff_t)run);
        pcl_block_push(&block, run, 1, 1);
        pcl_block_copy(context->pool, &block, in->data, node->outputs[i]->data);
        block.in_first += (ptrdiff_t)run;
    }
    return PCL_OK;
}

/* Where the value is the first input. */
static pcl_status run_first(const pcl_run_context *context, const pcl_step *step) {
    return take_apart(context, step->node, step->node->inputs[0]);
}

static pcl_status set_output(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *in,
                             pcl_tensor *out, int32_t axis, int32_t size) {
    pcl_shape shape = in->shape;
    shape.dims[axis] = size;
    PCL_TRY_RETURN(pcl_check_moved(context, node, in, out));
    return pcl_tensor_set_shape(out, &shape, context->error);
}

/* --- SPLIT: axis, value ---------------------------------------------------- */

static pcl_status infer_split(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *in = node->inputs[1];
    int32_t axis;
    PCL_TRY_RETURN(pcl_read_axis(context, node, node->inputs[0], in->shape.rank, &axis));
    int32_t size = in->shape.dims[axis];
    if (size % node->output_count != 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "%d elements do not make %d equal parts", size,
                             node->output_count);
    for (int32_t i = 0; i < node->output_count; i++)
        PCL_TRY_RETURN(set_output(context, node, in, node->outputs[i], axis, size / node->output_count));
    node->attributes.unpack.axis = axis;
    return PCL_OK;
}

static pcl_status run_split(const pcl_run_context *context, const pcl_step *step) {
    return take_apart(context, step->node, step->node->inputs[1]);
}

const pcl_op pcl_op_split = {"SPLIT", 2, 2, 1, -1, infer_split, NULL, run_split, .in_place = false};

/* --- SPLIT_V: value, sizes, axis ------------------------------------------- */

/* Replaces the one size of -1 by what the others leave of `total`. */
static pcl_status resolve_sizes(const pcl_infer_context *context, const pcl_node *node, int32_t total, int32_t *sizes) {
    int32_t open = -1;
    int64_t sum = 0;
    for (int32_t i = 0; i < node->output_count; i++) {
        if (sizes[i] < -1 || (sizes[i] == -1 && open >= 0))
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "size %d of its parts is %d", i, sizes[i]);
        if (sizes[i] == -1) open = i;
        else sum += sizes[i];
    }
    if (open >= 0 && sum <= total) {
        sizes[open] = (int32_t)(total - sum);
        sum = total;
    }
    if (sum == total) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its parts make up %lld elements of %d",
                         (long long)sum, total);
}

static pcl_status infer_split_v(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *in = node->inputs[0];
    int32_t axis;
    int32_t *sizes = pcl_arena_alloc_array(context->arena, (size_t)node->output_count, sizeof *sizes);
    if (!sizes) return pcl_node_fail(context->error, node, PCL_ERROR_MEMORY, "no memory for the sizes of its parts");
    PCL_TRY_RETURN(pcl_read_axis(context, node, node->inputs[2], in->shape.rank, &axis));
    PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[1], sizes, node->output_count));
    PCL_TRY_RETURN(resolve_sizes(context, node, in->shape.dims[axis], sizes));
    for (int32_t i = 0; i < node->output_count; i++)
        PCL_TRY_RETURN(set_output(context, node, in, node->outputs[i], axis, sizes[i]));
    node->attributes.unpack.axis = axis;
    return PCL_OK;
}

const pcl_op pcl_op_split_v = {"SPLIT_V", 3, 3, 1, -1, infer_split_v, NULL, run_first, .in_place = false};

/* --- UNPACK: the axis itself goes ------------------------------------------ */

static pcl_status infer_unpack(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *in = node->inputs[0];
    pcl_shape shape = {0};
    int32_t axis;
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, node->attributes.unpack.axis, in->shape.rank, &axis));
    if (in->shape.dims[axis] != node->output_count)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "axis %d has %d elements for %d outputs", axis,
                             in->shape.dims[axis], node->output_count);
    for (int32_t d = 0; d < in->shape.rank; d++)
        if (d != axis) shape.dims[shape.rank++] = in->shape.dims[d];
    for (int32_t i = 0; i < node->output_count; i++) {
        PCL_TRY_RETURN(pcl_check_moved(context, node, in, node->outputs[i]));
        PCL_TRY_RETURN(pcl_tensor_set_shape(node->outputs[i], &shape, context->error));
    }
    node->attributes.unpack.axis = axis;
    return PCL_OK;
}

const pcl_op pcl_op_unpack = {"UNPACK", 1, 1, 1, -1, infer_unpack, NULL, run_first, .in_place = false};
