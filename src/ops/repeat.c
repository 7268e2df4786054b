/* TILE and BROADCAST_TO: the input, repeated. */
#include "ops/move.h"
#include "ops/table.h"

/* --- TILE ------------------------------------------------------------------ */

static pcl_status describe_tile(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                pcl_block *block) {
    const pcl_shape *in = &node->inputs[0]->shape;
    int32_t multiples[PCL_MAX_RANK];
    ptrdiff_t in_strides[PCL_MAX_RANK], out_strides[PCL_MAX_RANK];
    PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[1], multiples, in->rank));
    for (int32_t d = 0; d < in->rank; d++) {
        if (multiples[d] < 0)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "axis %d is repeated %d times", d, multiples[d]);
        PCL_TRY_RETURN(pcl_push_dim(context, node, shape, (int64_t)in->dims[d] * multiples[d]));
    }
    pcl_row_major(in, in_strides);
    pcl_row_major(shape, out_strides);
    for (int32_t d = 0; d < in->rank; d++) {
        pcl_block_push(block, (size_t)multiples[d], 0, (ptrdiff_t)((size_t)out_strides[d] * (size_t)in->dims[d]));
        pcl_block_push(block, (size_t)in->dims[d], in_strides[d], out_strides[d]);
    }
    return PCL_OK;
}

static pcl_status infer_tile(const pcl_infer_context *context, pcl_node *node) {
    return pcl_infer_block(context, node, describe_tile);
}

static pcl_status prepare_tile(const pcl_prepare_context *context, pcl_step *step) {
    return pcl_prepare_block(context, step, describe_tile);
}

const pcl_op pcl_op_tile = {"TILE", 2, 2, 1, 1, infer_tile, prepare_tile, pcl_run_block, .in_place = false};

/* --- BROADCAST_TO ---------------------------------------------------------- */

static pcl_status describe_broadcast(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                     pcl_block *block) {
    const pcl_shape *in = &node->inputs[0]->shape;
    pcl_shape target, both;
    size_t in_strides[PCL_MAX_RANK];
    ptrdiff_t out_strides[PCL_MAX_RANK];
    PCL_TRY_RETURN(pcl_read_integers(context, node, node->inputs[1], target.dims, PCL_MAX_RANK, &target.rank));
    PCL_TRY_RETURN(pcl_broadcast_shape(context, node, in, &target, &both));
    for (int32_t d = 0; d < target.rank; d++) PCL_TRY_RETURN(pcl_push_dim(context, node, shape, target.dims[d]));
    if (!pcl_shape_equal(&both, shape))
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its input is larger than the shape asked for");
    pcl_broadcast_strides(in, shape, in_strides);
    pcl_row_major(shape, out_strides);
    for (int32_t d = 0; d < shape->rank; d++)
        pcl_block_push(block, (size_t)shape->dims[d], (ptrdiff_t)in_strides[d], out_strides[d]);
    return PCL_OK;
}

static pcl_status infer_broadcast(const pcl_infer_context *context, pcl_node *node) {
    return pcl_infer_block(context, node, describe_broadcast);
}

static pcl_status prepare_broadcast(const pcl_prepare_context *context, pcl_step *step) {
    return pcl_prepare_block(context, step, describe_broadcast);
}

const pcl_op pcl_op_broadcast_to = {
    "BROADCAST_TO", 2, 2, 1, 1, infer_broadcast, prepare_broadcast, pcl_run_block, .in_place = false,
};
