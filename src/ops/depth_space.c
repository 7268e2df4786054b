/* DEPTH_TO_SPACE and SPACE_TO_DEPTH: squares of pixels from and to channels,
 * channel (row * block + column) * depth + c for depth c of the pixel at
 * (row, column) of a square. */
#include "ops/move.h"
#include "ops/table.h"

/* Both sides seen as [batch][height][block][width][block][depth], squares
 * taken apart. */
typedef struct squares {
    int64_t batch, height, width, block, depth;
} squares;

static pcl_status read_block(const pcl_infer_context *context, const pcl_node *node, int64_t *out) {
    int32_t size = node->attributes.depth_space.block_size;
    PCL_TRY_RETURN(pcl_check_rank(context, node, node->inputs[0], 4, 4));
    if (size < 1 || size > 1 << 15) /* its square fits int32 */
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "block size %d is out of range", size);
    *out = size;
    return PCL_OK;
}

/* Strides of [batch][height][row][width][column][depth] in a picture, and in
 * the tensor that keeps squares in its channels. */
static void push_dims(pcl_block *block, const squares *s, bool to_picture) {
    const int64_t sizes[6] = {s->batch, s->height, s->block, s->width, s->block, s->depth};
    int64_t picture[6], deep[6];
    picture[5] = 1;
    for (int i = 4; i >= 0; i--) picture[i] = picture[i + 1] * sizes[i + 1];
    deep[5] = 1;
    deep[4] = s->depth;
    deep[2] = s->block * deep[4];
    deep[3] = s->block * deep[2];
    deep[1] = s->width * deep[3];
    deep[0] = s->height * deep[1];
    for (int i = 0; i < 6; i++)
        pcl_block_push(block, (size_t)sizes[i], (ptrdiff_t)(to_picture ? deep[i] : picture[i]),
                       (ptrdiff_t)(to_picture ? picture[i] : deep[i]));
}

/* --- DEPTH_TO_SPACE -------------------------------------------------------- */

static pcl_status describe_to_space(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                    pcl_block *block) {
    const int32_t *dims = node->inputs[0]->shape.dims;
    squares s;
    PCL_TRY_RETURN(read_block(context, node, &s.block));
    if (dims[3] % (s.block * s.block) != 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "%d channels do not make squares of %d", dims[3],
                             (int32_t)s.block);
    s.batch = dims[0];
    s.height = dims[1];
    s.width = dims[2];
    s.depth = dims[3] / (s.block * s.block);
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, s.batch));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, s.height * s.block));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, s.width * s.block));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, s.depth));
    push_dims(block, &s, true);
    return PCL_OK;
}

static pcl_status infer_to_space(const pcl_infer_context *context, pcl_node *node) {
    return pcl_infer_block(context, node, describe_to_space);
}

static pcl_status prepare_to_space(const pcl_prepare_context *context, pcl_step *step) {
    return pcl_prepare_block(context, step, describe_to_space);
}

const pcl_op pcl_op_depth_to_space = {
    "DEPTH_TO_SPACE", 1, 1, 1, 1, infer_to_space, prepare_to_space, pcl_run_block, .in_place = false,
};

/* --- SPACE_TO_DEPTH -------------------------------------------------------- */

static pcl_status describe_to_depth(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                    pcl_block *block) {
    const int32_t *dims = node->inputs[0]->shape.dims;
    squares s;
    PCL_TRY_RETURN(read_block(context, node, &s.block));
    if (dims[1] % s.block != 0 || dims[2] % s.block != 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "%dx%d pixels do not make squares of %d", dims[1],
                             dims[2], (int32_t)s.block);
    s.batch = dims[0];
    s.height = dims[1] / s.block;
    s.width = dims[2] / s.block;
    s.depth = dims[3];
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, s.batch));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, s.height));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, s.width));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, s.depth * s.block * s.block));
    push_dims(block, &s, false);
    return PCL_OK;
}

static pcl_status infer_to_depth(const pcl_infer_context *context, pcl_node *node) {
    return pcl_infer_block(context, node, describe_to_depth);
}

static pcl_status prepare_to_depth(const pcl_prepare_context *context, pcl_step *step) {
    return pcl_prepare_block(context, step, describe_to_depth);
}

const pcl_op pcl_op_space_to_depth = {
    "SPACE_TO_DEPTH", 1, 1, 1, 1, infer_to_depth, prepare_to_depth, pcl_run_block, .in_place = false,
};
