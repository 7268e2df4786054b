/* PAD, PADV2 and MIRROR_PAD. */
#include "ops/elements.h"
#include "ops/move.h"
#include "ops/table.h"

/* Reads the paddings, [rank][before, after], and computes the output's shape. */
static pcl_status read_paddings(const pcl_infer_context *context, const pcl_node *node,
                                int32_t paddings[PCL_MAX_RANK][2], pcl_shape *shape) {
    const pcl_shape *in = &node->inputs[0]->shape;
    PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[1], paddings[0], 2 * in->rank));
    for (int32_t d = 0; d < in->rank; d++) {
        if (paddings[d][0] < 0 || paddings[d][1] < 0)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "axis %d is padded by %d and %d", d,
                                 paddings[d][0], paddings[d][1]);
        PCL_TRY_RETURN(pcl_push_dim(context, node, shape, (int64_t)in->dims[d] + paddings[d][0] + paddings[d][1]));
    }
    return PCL_OK;
}

/* --- PAD and PADV2: the input amid a value --------------------------------- */

static pcl_status describe_inside(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape,
                                  pcl_block *block) {
    const pcl_shape *in = &node->inputs[0]->shape;
    int32_t paddings[PCL_MAX_RANK][2];
    size_t in_stride = 1, out_stride = 1;
    PCL_TRY_RETURN(read_paddings(context, node, paddings, shape));
    block->rank = in->rank;
    size_t first = 0; /* wraps for shapes that are refused afterwards */
    for (int32_t d = in->rank - 1; d >= 0; d--) {
        block->dims[d] = (pcl_block_dim){(size_t)in->dims[d], (ptrdiff_t)in_stride, (ptrdiff_t)out_stride};
        first += (size_t)paddings[d][0] * out_stride;
        in_stride *= (size_t)in->dims[d];
        out_stride *= (size_t)shape->dims[d];
    }
    block->out_first = (ptrdiff_t)first;
    return PCL_OK;
}

static pcl_status infer_pad(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *value = pcl_node_input(node, 2);
    if (value) {
        PCL_TRY_RETURN(pcl_check_moved(context, node, node->inputs[0], value));
        if (pcl_tensor_count(value) != 1)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its value has %zu elements",
                                 pcl_tensor_count(value));
    }
    return pcl_infer_block(context, node, describe_inside);
}

static pcl_status prepare_pad(const pcl_prepare_context *context, pcl_step *step) {
    return pcl_prepare_block(context, step, describe_inside);
}

static pcl_status run_pad(const pcl_run_context *context, const pcl_step *step) {
    const pcl_tensor *out = step->node->outputs[0], *value = pcl_node_input(step->node, 2);
    int64_t zero = pcl_is_quantised(out) ? pcl_tensor_zero_point(out) : 0; /* its first bytes are what a type needs */
    pcl_fill(context->pool, value ? value->data : &zero, pcl_dtype_size(out->dtype), out->data, pcl_tensor_count(out));
    return pcl_run_block(context, step);
}

const pcl_op pcl_op_pad = {"PAD", 2, 2, 1, 1, infer_pad, prepare_pad, run_pad, .in_place = false};
const pcl_op pcl_op_padv2 = {"PADV2", 3, 3, 1, 1, infer_pad, prepare_pad, run_pad, .in_place = false};

/* --- MIRROR_PAD ------------------------------------------------------------ */

/* Every axis in three parts: what the front mirrors, the input itself, what
 * the back mirrors. Their combinations are blocks, mirrored parts with
 * negative strides. */
enum { PARTS = 3 };

typedef struct mirror_part {
    size_t size, in_first, out_first;
    bool backwards;
} mirror_part;

typedef struct mirror {
    mirror_part parts[PCL_MAX_RANK][PARTS];
} mirror;

static pcl_status infer_mirror(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *in = node->inputs[0];
    pcl_shape shape = {0};
    int32_t paddings[PCL_MAX_RANK][2], edge = node->attributes.mirror_pad.symmetric ? 0 : 1;
    PCL_TRY_RETURN(pcl_check_moved(context, node, in, node->outputs[0]));
    PCL_TRY_RETURN(read_paddings(context, node, paddings, &shape));
    for (int32_t d = 0; d < shape.rank; d++) {
        int32_t most = in->shape.dims[d] - edge > 0 ? in->shape.dims[d] - edge : 0;
        if (paddings[d][0] > most || paddings[d][1] > most)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "axis %d of %d elements cannot mirror %d and %d",
                                 d, in->shape.dims[d], paddings[d][0], paddings[d][1]);
    }
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

static pcl_status prepare_mirror(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    pcl_infer_context infer = {context->error, context->arena};
    pcl_shape shape = {0};
    int32_t paddings[PCL_MAX_RANK][2];
    size_t edge = node->attributes.mirror_pad.symmetric ? 0 : 1;
    mirror *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(read_paddings(&infer, node, paddings, &shape));
    for (int32_t d = 0; d < shape.rank; d++) {
        size_t size = (size_t)node->inputs[0]->shape.dims[d];
        size_t before = (size_t)paddings[d][0], after = (size_t)paddings[d][1];
        self->parts[d][0] = (mirror_part){before, before - 1 + edge, 0, true};
        self->parts[d][1] = (mirror_part){size, 0, before, false};
        self->parts[d][2] = (mirror_part){after, size - 1 - edge, before + size, true};
    }
    return PCL_OK;
}

static pcl_status run_mirror(const pcl_run_context *context, const pcl_step *step) {
    const mirror *self = step->prepared;
    const pcl_tensor *in = step->node->inputs[0], *out = step->node->outputs[0];
    int32_t rank = out->shape.rank, parts[PCL_MAX_RANK], chosen[PCL_MAX_RANK] = {0};
    ptrdiff_t in_strides[PCL_MAX_RANK], out_strides[PCL_MAX_RANK];
    pcl_row_major(&in->shape, in_strides);
    pcl_row_major(&out->shape, out_strides);
    for (int32_t d = 0; d < rank; d++) parts[d] = PARTS;
    do {
        pcl_block block = {.element = pcl_dtype_size(in->dtype)};
        for (int32_t d = 0; d < rank; d++) {
            const mirror_part *part = &self->parts[d][chosen[d]];
            pcl_block_push(&block, part->size, part->backwards ? -in_strides[d] : in_strides[d], out_strides[d]);
            if (part->size == 0) continue;
            block.in_first += (ptrdiff_t)part->in_first * in_strides[d];
            block.out_first += (ptrdiff_t)part->out_first * out_strides[d];
        }
        pcl_block_copy(context->pool, &block, in->data, out->data);
    } while (pcl_next_index(parts, rank, chosen));
    return PCL_OK;
}

const pcl_op pcl_op_mirror_pad = {
    "MIRROR_PAD", 2, 2, 1, 1, infer_mirror, prepare_mirror, run_mirror, .in_place = false,
};
