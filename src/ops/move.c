#include "ops/move.h"

#include "ops/elements.h"

pcl_status pcl_check_moved(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *in,
                           const pcl_tensor *out) {
    PCL_TRY_RETURN(pcl_check_dtype(context, node, out, (pcl_dtype[]){in->dtype, PCL_DTYPE_COUNT}));
    if (pcl_same_quantisation(in, out)) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_TYPE, "the quantisations of '%s' and '%s' differ", in->name,
                         out->name);
}

pcl_status pcl_read_exactly(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                            int32_t *out, int32_t count) {
    int32_t found;
    PCL_TRY_RETURN(pcl_read_integers(context, node, tensor, out, count, &found));
    if (found == count) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "tensor '%s' has %d elements, expected %d",
                         tensor->name, found, count);
}

pcl_status pcl_read_axis(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                         int32_t rank, int32_t *out) {
    int32_t axis;
    PCL_TRY_RETURN(pcl_read_exactly(context, node, tensor, &axis, 1));
    return pcl_normalise_axis(context, node, axis, rank, out);
}

pcl_status pcl_push_dim(const pcl_infer_context *context, const pcl_node *node, pcl_shape *shape, int64_t dim) {
    if (shape->rank == PCL_MAX_RANK)
        return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED, "its output has a rank above %d",
                             PCL_MAX_RANK);
    if (dim < 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "dimension %d of its output would be %lld",
                             shape->rank, (long long)dim);
    if (dim > INT32_MAX)
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "dimension %d of its output would be %lld",
                             shape->rank, (long long)dim);
    shape->dims[shape->rank++] = (int32_t)dim;
    return PCL_OK;
}

size_t pcl_dims_product(const pcl_shape *shape, int32_t begin, int32_t end) {
    size_t product = 1;
    for (int32_t d = begin; d < end; d++) product *= (size_t)shape->dims[d];
    return product;
}

bool pcl_next_index(const int32_t *sizes, int32_t rank, int32_t *index) {
    for (int32_t d = rank - 1; d >= 0; d--) {
        if (++index[d] < sizes[d]) return true;
        index[d] = 0;
    }
    return false;
}

pcl_status pcl_infer_block(const pcl_infer_context *context, pcl_node *node, pcl_describe describe) {
    pcl_shape shape = {0};
    pcl_block block = {.element = pcl_dtype_size(node->inputs[0]->dtype)};
    PCL_TRY_RETURN(pcl_check_moved(context, node, node->inputs[0], node->outputs[0]));
    PCL_TRY_RETURN(describe(context, node, &shape, &block));
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

pcl_status pcl_prepare_block(const pcl_prepare_context *context, pcl_step *step, pcl_describe describe) {
    pcl_infer_context infer = {context->error, context->arena};
    pcl_shape shape = {0};
    pcl_block *block = pcl_new_prepared(context, step, sizeof *block);
    if (!block) return PCL_ERROR_MEMORY;
    block->element = pcl_dtype_size(step->node->inputs[0]->dtype);
    return describe(&infer, step->node, &shape, block);
}

pcl_status pcl_run_block(const pcl_run_context *context, const pcl_step *step) {
    pcl_block_copy(context->pool, step->prepared, step->node->inputs[0]->data, step->node->outputs[0]->data);
    return PCL_OK;
}
