/* DepthToSpace and SpaceToDepth: squares of pixels as channels and back. */
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

static pcl_status refuse_size(const pcl_infer_context *context, const pcl_node *node, int32_t blocksize) {
    char text[96];
    pcl_shape_format(&node->inputs[0]->shape, text);
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "a block size of %d does not divide %s", blocksize,
                         text);
}

/* x   [N, b, b, C, H, W], or CRD: [N, C, b, b, H, W]
 * out [N, C, H, b, W, b] */
static pcl_status describe_depth_to_space(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                          pcl_block *block) {
    const pcl_onnx_depth_space_attributes *attributes = node->attributes.tools;
    const int32_t *in = node->inputs[0]->shape.dims, side = attributes->blocksize;
    PCL_TRY_RETURN(pcl_check_rank(context, node, node->inputs[0], 4, 4));
    if (side < 1 || side > INT16_MAX || in[1] % (side * side) != 0) return refuse_size(context, node, side);
    int32_t channels = in[1] / (side * side);
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, in[0]));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, channels));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, (int64_t)in[2] * side));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, (int64_t)in[3] * side));

    ptrdiff_t b = side, c = channels, h = in[2], w = in[3], plane = h * w;
    ptrdiff_t of_channel = attributes->crd ? b * b * plane : plane;
    ptrdiff_t of_column = attributes->crd ? plane : c * plane, of_row = of_column * b;
    pcl_block_push(block, (size_t)in[0], b * b * c * plane, b * b * c * plane);
    pcl_block_push(block, (size_t)c, of_channel, plane * b * b);
    pcl_block_push(block, (size_t)h, w, b * w * b);
    pcl_block_push(block, (size_t)b, of_row, w * b);
    pcl_block_push(block, (size_t)w, 1, b);
    pcl_block_push(block, (size_t)b, of_column, 1);
    return PCL_OK;
}

/* x [N, C, H, b, W, b], out [N, b, b, C, H, W] */
static pcl_status describe_space_to_depth(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                          pcl_block *block) {
    const pcl_onnx_depth_space_attributes *attributes = node->attributes.tools;
    const int32_t *in = node->inputs[0]->shape.dims, side = attributes->blocksize;
    PCL_TRY_RETURN(pcl_check_rank(context, node, node->inputs[0], 4, 4));
    if (side < 1 || side > INT16_MAX || in[2] % side != 0 || in[3] % side != 0)
        return refuse_size(context, node, side);
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, in[0]));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, (int64_t)in[1] * side * side));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, in[2] / side));
    PCL_TRY_RETURN(pcl_push_dim(context, node, shape, in[3] / side));

    ptrdiff_t b = side, c = in[1], h = in[2] / side, w = in[3] / side, plane = h * w;
    pcl_block_push(block, (size_t)in[0], b * b * c * plane, b * b * c * plane);
    pcl_block_push(block, (size_t)b, w * b, b * c * plane);
    pcl_block_push(block, (size_t)b, 1, c * plane);
    pcl_block_push(block, (size_t)c, b * b * plane, plane);
    pcl_block_push(block, (size_t)h, b * w * b, w);
    pcl_block_push(block, (size_t)w, b, 1);
    return PCL_OK;
}

static pcl_describe describe_for(const pcl_node *node) {
    return node->op == &pcl_onnx_depth_to_space ? describe_depth_to_space : describe_space_to_depth;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    pcl_shape shape = {0};
    pcl_block block = {0};
    PCL_TRY_RETURN(describe_for(node)(context, node, &shape, &block));
    return pcl_onnx_output(context, node, 0, node->inputs[0]->dtype, &shape);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    return pcl_prepare_block(context, step, describe_for(step->node));
}

const pcl_op pcl_onnx_depth_to_space = {"DepthToSpace", 1, 1, 1, 1, infer, prepare, pcl_run_block, .in_place = false};
const pcl_op pcl_onnx_space_to_depth = {"SpaceToDepth", 1, 1, 1, 1, infer, prepare, pcl_run_block, .in_place = false};
