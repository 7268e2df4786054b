/* ArgMax and ArgMin: where along an axis the greatest or least number is. */
#include "tools/ops/check.h"
#include "tools/ops/order.h"
#include "tools/ops/table.h"

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_arg_attributes *attributes = node->attributes.tools;
    const pcl_shape *in = &node->inputs[0]->shape;
    pcl_shape shape = {0};
    int32_t axis;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[0], PCL_ONNX_NUMBERS));
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, attributes->axis, in->rank, &axis));
    if (in->dims[axis] == 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "axis %d has no elements", axis);
    for (int32_t d = 0; d < in->rank; d++) {
        if (d != axis) shape.dims[shape.rank++] = in->dims[d];
        else if (attributes->keepdims) shape.dims[shape.rank++] = 1;
    }
    return pcl_onnx_output(context, node, 0, PCL_INT64, &shape);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_onnx_arg_attributes *attributes = step->node->attributes.tools;
    const pcl_shape *shape = &step->node->inputs[0]->shape;
    pcl_onnx_lines *lines = pcl_new_prepared(context, step, sizeof *lines);
    if (!lines) return PCL_ERROR_MEMORY;
    int32_t axis = pcl_onnx_from_zero(attributes->axis, shape->rank);
    *lines = pcl_onnx_lines_of(shape, axis, axis + 1);
    return pcl_onnx_scratch(context, step, lines->size, sizeof(int64_t), NULL);
}

static size_t find_best(const int64_t *keys, size_t count, bool least, bool last) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        bool better = least ? keys[i] < keys[best] : keys[i] > keys[best];
        if (better || (last && keys[i] == keys[best])) best = i;
    }
    return best;
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_onnx_arg_attributes *attributes = step->node->attributes.tools;
    const pcl_onnx_lines *lines = step->prepared;
    int64_t *out = step->node->outputs[0]->data;
    for (size_t i = 0; i < lines->outer * lines->inner; i++) {
        pcl_onnx_order_keys(lines, step->node->inputs[0], i, step->scratch);
        out[i] = (int64_t)find_best(step->scratch, lines->size, step->op == &pcl_onnx_arg_min,
                                    attributes->select_last_index);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_arg_max = {"ArgMax", 1, 1, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_arg_min = {"ArgMin", 1, 1, 1, 1, infer, prepare, run, .in_place = false};
