/* TRANSPOSE. */
#include "ops/move.h"
#include "ops/table.h"

static pcl_status read_permutation(const pcl_infer_context *context, const pcl_node *node, int32_t *axes) {
    int32_t rank = node->inputs[0]->shape.rank;
    bool seen[PCL_MAX_RANK] = {false};
    PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[1], axes, rank));
    for (int32_t d = 0; d < rank; d++) {
        PCL_TRY_RETURN(pcl_normalise_axis(context, node, axes[d], rank, &axes[d]));
        if (seen[axes[d]])
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "axis %d appears twice in its permutation",
                                 axes[d]);
        seen[axes[d]] = true;
    }
    return PCL_OK;
}

static pcl_status describe(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                           pcl_block *block) {
    const pcl_shape *in = &node->inputs[0]->shape;
    int32_t axes[PCL_MAX_RANK];
    ptrdiff_t in_strides[PCL_MAX_RANK], out_strides[PCL_MAX_RANK];
    PCL_TRY_RETURN(read_permutation(context, node, axes));
    shape->rank = in->rank;
    for (int32_t d = 0; d < in->rank; d++) shape->dims[d] = in->dims[axes[d]];
    pcl_row_major(in, in_strides);
    pcl_row_major(shape, out_strides);
    for (int32_t d = 0; d < in->rank; d++)
        pcl_block_push(block, (size_t)shape->dims[d], in_strides[axes[d]], out_strides[d]);
    return PCL_OK;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    return pcl_infer_block(context, node, describe);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    return pcl_prepare_block(context, step, describe);
}

const pcl_op pcl_op_transpose = {"TRANSPOSE", 2, 2, 1, 1, infer, prepare, pcl_run_block, .in_place = false};
