/* RESHAPE, SQUEEZE, EXPAND_DIMS: the same bytes under another shape. */
#include "ops/move.h"
#include "ops/table.h"

/* --- RESHAPE --------------------------------------------------------------- */

/* The shape asked for: a tensor where there is one, else the attribute. */
static pcl_status read_shape(const pcl_infer_context *context, const pcl_node *node, pcl_shape *out) {
    const pcl_tensor *tensor = pcl_node_input(node, 1);
    if (tensor && tensor->shape.rank == 1)
        return pcl_read_integers(context, node, tensor, out->dims, PCL_MAX_RANK, &out->rank);
    out->rank = node->attributes.reshape.rank;
    if (out->rank < 0) return pcl_node_fail(context->error, node, PCL_ERROR_FORMAT, "it does not say which shape");
    for (int32_t d = 0; d < out->rank; d++) out->dims[d] = node->attributes.reshape.dims[d];
    if (out->rank == 1 && out->dims[0] == 0) out->rank = 0; /* how old files spell a scalar */
    return PCL_OK;
}

/* Replaces the one dimension of -1 by what is left of `count` elements. */
static pcl_status resolve_shape(const pcl_infer_context *context, const pcl_node *node, size_t count, pcl_shape *shape) {
    int32_t open = -1;
    size_t known;
    pcl_shape rest = *shape;
    for (int32_t d = 0; d < shape->rank; d++) {
        if (shape->dims[d] != -1) continue;
        if (open >= 0) return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its shape has more than one -1");
        open = d;
        rest.dims[d] = 1;
    }
    bool fits = pcl_shape_count(&rest, &known);
    if (fits && open >= 0 && known > 0) {
        shape->dims[open] = (int32_t)(count / known);
        known *= count / known;
    }
    if (fits && known == count && (open < 0 || shape->dims[open] >= 0)) return PCL_OK;
    char text[96];
    pcl_shape_format(shape, text);
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "%zu elements do not make the shape %s", count, text);
}

static pcl_status infer_reshape(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    pcl_shape shape;
    PCL_TRY_RETURN(pcl_check_moved(context, node, in, out));
    PCL_TRY_RETURN(read_shape(context, node, &shape));
    PCL_TRY_RETURN(resolve_shape(context, node, pcl_tensor_count(in), &shape));
    return pcl_tensor_set_shape(out, &shape, context->error);
}

const pcl_op pcl_op_reshape = {"RESHAPE", 1, 2, 1, 1, infer_reshape, NULL, NULL, .view = true};

/* --- SQUEEZE --------------------------------------------------------------- */

static pcl_status infer_squeeze(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    pcl_shape shape = {0};
    bool dropped[PCL_MAX_RANK] = {false};
    PCL_TRY_RETURN(pcl_check_moved(context, node, in, out));
    for (int32_t i = 0; i < node->attributes.squeeze.count; i++) {
        int32_t axis;
        PCL_TRY_RETURN(pcl_normalise_axis(context, node, node->attributes.squeeze.axes[i], in->shape.rank, &axis));
        if (in->shape.dims[axis] != 1)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "axis %d to be dropped has %d elements", axis,
                                 in->shape.dims[axis]);
        dropped[axis] = true;
    }
    for (int32_t d = 0; d < in->shape.rank; d++) {
        if (node->attributes.squeeze.count == 0) dropped[d] = in->shape.dims[d] == 1;
        if (!dropped[d]) shape.dims[shape.rank++] = in->shape.dims[d];
    }
    return pcl_tensor_set_shape(out, &shape, context->error);
}

const pcl_op pcl_op_squeeze = {"SQUEEZE", 1, 1, 1, 1, infer_squeeze, NULL, NULL, .view = true};

/* --- EXPAND_DIMS ----------------------------------------------------------- */

static pcl_status infer_expand_dims(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    pcl_shape shape = {0};
    int32_t axis;
    PCL_TRY_RETURN(pcl_check_moved(context, node, in, out));
    PCL_TRY_RETURN(pcl_read_axis(context, node, node->inputs[1], in->shape.rank + 1, &axis));
    for (int32_t d = 0; d <= in->shape.rank; d++) {
        int32_t dim = d == axis ? 1 : in->shape.dims[d < axis ? d : d - 1];
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, dim));
    }
    return pcl_tensor_set_shape(out, &shape, context->error);
}

const pcl_op pcl_op_expand_dims = {"EXPAND_DIMS", 2, 2, 1, 1, infer_expand_dims, NULL, NULL, .view = true};
