/* SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: every block of positions (y, x) of
 * a picture, taken apart into a batch of smaller pictures, one for each
 * offset in the block; and back.
 *
 *     batched[(by * block_x + bx) * batch + n][y][x][c] =
 *     picture[n][y * block_y + by - before_y][x * block_x + bx - before_x][c]
 *
 * `before` is the padding on one way and the cropping on the other. */
#include "ops/elements.h"
#include "ops/move.h"
#include "ops/table.h"

typedef struct blocks {
    int32_t rank;  /* of the block: 1 up to the tensors' rank less 1 */
    int32_t sizes[PCL_MAX_RANK];
    int32_t edges[PCL_MAX_RANK][2]; /* padded or cropped before and after */
    int64_t count; /* positions in a block */
} blocks;

static pcl_status read_blocks(const pcl_infer_context *context, const pcl_node *node, blocks *out) {
    PCL_TRY_RETURN(pcl_check_rank(context, node, node->inputs[0], 2, PCL_MAX_RANK));
    PCL_TRY_RETURN(pcl_read_integers(context, node, node->inputs[1], out->sizes, node->inputs[0]->shape.rank - 1,
                                     &out->rank));
    PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[2], out->edges[0], 2 * out->rank));
    out->count = 1;
    for (int32_t d = 0; d < out->rank; d++) {
        if (out->sizes[d] < 1 || out->edges[d][0] < 0 || out->edges[d][1] < 0)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "block size %d, edges %d and %d", out->sizes[d],
                                 out->edges[d][0], out->edges[d][1]);
        out->count *= out->sizes[d];
        if (out->count > INT32_MAX)
            return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its blocks are too large");
    }
    return PCL_OK;
}

static pcl_status keep_blocks(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer = {context->error, context->arena};
    blocks *self = pcl_new_prepared(context, step, sizeof *self);
    return self ? read_blocks(&infer, step->node, self) : PCL_ERROR_MEMORY;
}

/* The pictures at one offset of the block: their strides in both tensors. */
static pcl_block block_at(const blocks *self, const pcl_tensor *picture, const pcl_tensor *batched,
                          const int32_t *offset, size_t number, bool to_picture) {
    pcl_block block = {.element = pcl_dtype_size(picture->dtype)};
    ptrdiff_t picture_strides[PCL_MAX_RANK], batched_strides[PCL_MAX_RANK];
    pcl_row_major(&picture->shape, picture_strides);
    pcl_row_major(&batched->shape, batched_strides);
    ptrdiff_t picture_first = 0;
    ptrdiff_t batched_first = (ptrdiff_t)(number * (size_t)picture->shape.dims[0]) * batched_strides[0];
    for (int32_t d = 0; d < picture->shape.rank; d++) {
        int64_t first = 0, end = picture->shape.dims[d], step = 1;
        if (d >= 1 && d <= self->rank) { /* positions first .. end - 1 of the batched picture have a pixel */
            int64_t ahead = (int64_t)self->edges[d - 1][0] - offset[d - 1];
            step = self->sizes[d - 1];
            first = ahead > 0 ? (ahead + step - 1) / step : 0;
            end = (end + ahead + step - 1) / step;
            if (end > batched->shape.dims[d]) end = batched->shape.dims[d];
            if (first < end) picture_first += (ptrdiff_t)(first * step - ahead) * picture_strides[d];
            if (first < end) batched_first += (ptrdiff_t)first * batched_strides[d];
        }
        ptrdiff_t picture_stride = first + 1 < end ? (ptrdiff_t)step * picture_strides[d] : 0;
        size_t size = first < end ? (size_t)(end - first) : 0;
        pcl_block_push(&block, size, to_picture ? batched_strides[d] : picture_stride,
                       to_picture ? picture_stride : batched_strides[d]);
    }
    block.in_first = to_picture ? batched_first : picture_first;
    block.out_first = to_picture ? picture_first : batched_first;
    return block;
}

static void copy_blocks(const pcl_run_context *context, const blocks *self, const pcl_tensor *picture,
                        const pcl_tensor *batched, bool to_picture) {
    int32_t offset[PCL_MAX_RANK] = {0};
    size_t number = 0;
    if (picture->bytes == 0 || batched->bytes == 0) return;
    do {
        pcl_block block = block_at(self, picture, batched, offset, number++, to_picture);
        pcl_block_copy(context->pool, &block, to_picture ? batched->data : picture->data,
                       to_picture ? picture->data : batched->data);
    } while (pcl_next_index(self->sizes, self->rank, offset));
}

/* --- SPACE_TO_BATCH_ND: picture, block sizes, paddings --------------------- */

static pcl_status infer_to_batch(const pcl_infer_context *context, pcl_node *node) {
    const pcl_shape *in = &node->inputs[0]->shape;
    blocks all;
    pcl_shape shape = {0};
    PCL_TRY_RETURN(pcl_check_moved(context, node, node->inputs[0], node->outputs[0]));
    PCL_TRY_RETURN(read_blocks(context, node, &all));
    PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, in->dims[0] * all.count));
    for (int32_t d = 0; d < all.rank; d++) {
        int64_t padded = (int64_t)in->dims[d + 1] + all.edges[d][0] + all.edges[d][1];
        if (padded % all.sizes[d] != 0)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "%lld positions do not make blocks of %d",
                                 (long long)padded, all.sizes[d]);
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, padded / all.sizes[d]));
    }
    for (int32_t d = all.rank + 1; d < in->rank; d++) PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, in->dims[d]));
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

static pcl_status run_to_batch(const pcl_run_context *context, const pcl_step *step) {
    const pcl_tensor *out = step->node->outputs[0];
    int64_t zero = pcl_is_quantised(out) ? pcl_tensor_zero_point(out) : 0; /* its first bytes are what a type needs */
    pcl_fill(context->pool, &zero, pcl_dtype_size(out->dtype), out->data, pcl_tensor_count(out));
    copy_blocks(context, step->prepared, step->node->inputs[0], out, false);
    return PCL_OK;
}

const pcl_op pcl_op_space_to_batch_nd = {
    "SPACE_TO_BATCH_ND", 3, 3, 1, 1, infer_to_batch, keep_blocks, run_to_batch, .in_place = false,
};

/* --- BATCH_TO_SPACE_ND: pictures, block sizes, croppings ------------------- */

static pcl_status infer_to_space(const pcl_infer_context *context, pcl_node *node) {
    const pcl_shape *in = &node->inputs[0]->shape;
    blocks all;
    pcl_shape shape = {0};
    PCL_TRY_RETURN(pcl_check_moved(context, node, node->inputs[0], node->outputs[0]));
    PCL_TRY_RETURN(read_blocks(context, node, &all));
    if (in->dims[0] % all.count != 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "a batch of %d does not make blocks of %lld",
                             in->dims[0], (long long)all.count);
    PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, in->dims[0] / all.count));
    for (int32_t d = 0; d < all.rank; d++) {
        int64_t whole = (int64_t)in->dims[d + 1] * all.sizes[d];
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, whole - all.edges[d][0] - all.edges[d][1]));
    }
    for (int32_t d = all.rank + 1; d < in->rank; d++) PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, in->dims[d]));
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

static pcl_status run_to_space(const pcl_run_context *context, const pcl_step *step) {
    copy_blocks(context, step->prepared, step->node->outputs[0], step->node->inputs[0], true);
    return PCL_OK;
}

const pcl_op pcl_op_batch_to_space_nd = {
    "BATCH_TO_SPACE_ND", 3, 3, 1, 1, infer_to_space, keep_blocks, run_to_space, .in_place = false,
};
