/* ReverseSequence: the first sequence_lens[b] steps of each batch, backwards. */
#include <string.h>

#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

static pcl_status infer_reverse(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_reverse_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0];
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 2, PCL_MAX_RANK));
    PCL_TRY_RETURN(pcl_onnx_check_type(context, node, node->inputs[1], PCL_INT64));
    bool fits = (attributes->batch_axis == 0 && attributes->time_axis == 1) ||
                (attributes->batch_axis == 1 && attributes->time_axis == 0);
    if (!fits)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its axes are %d and %d, expected 0 and 1",
                             attributes->batch_axis, attributes->time_axis);
    PCL_TRY_RETURN(
        pcl_onnx_check_vector(context, node, node->inputs[1], x->shape.dims[attributes->batch_axis]));
    return pcl_onnx_output(context, node, 0, x->dtype, &x->shape);
}

static pcl_status run_reverse(const pcl_run_context *context, const pcl_step *step) {
    const pcl_onnx_reverse_attributes *attributes = step->node->attributes.tools;
    const pcl_tensor *x = step->node->inputs[0];
    const int64_t *lengths = step->node->inputs[1]->data;
    int64_t batches = x->shape.dims[attributes->batch_axis], times = x->shape.dims[attributes->time_axis];
    size_t bytes = pcl_dims_product(&x->shape, 2, x->shape.rank) * pcl_dtype_size(x->dtype);
    bool time_first = attributes->time_axis == 0;
    for (int64_t b = 0; b < batches; b++) {
        if (lengths[b] < 0 || lengths[b] > times)
            return pcl_node_fail(context->error, step->node, PCL_ERROR_VALUE, "a sequence of %lld in %lld steps",
                                 (long long)lengths[b], (long long)times);
        for (int64_t t = 0; t < times && bytes; t++) {
            int64_t from = t < lengths[b] ? lengths[b] - 1 - t : t;
            size_t in_at = (size_t)(time_first ? from * batches + b : b * times + from);
            size_t out_at = (size_t)(time_first ? t * batches + b : b * times + t);
            memcpy((uint8_t *)step->node->outputs[0]->data + out_at * bytes, (const uint8_t *)x->data + in_at * bytes,
                   bytes);
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_reverse_sequence = {
    "ReverseSequence", 2, 2, 1, 1, infer_reverse, NULL, run_reverse, .in_place = false};
