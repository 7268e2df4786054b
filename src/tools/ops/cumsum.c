/* CumSum: running totals along an axis. */
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/lines.h"
#include "tools/ops/table.h"

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0];
    int32_t axis;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, PCL_ONNX_NUMBERS));
    PCL_TRY_RETURN(pcl_read_axis(context, node, node->inputs[1], x->shape.rank, &axis));
    return pcl_onnx_output(context, node, 0, x->dtype, &x->shape);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    const pcl_shape *shape = &step->node->inputs[0]->shape;
    int32_t axis;
    pcl_onnx_lines *lines = pcl_new_prepared(context, step, sizeof *lines);
    if (!lines) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(pcl_read_axis(&infer_context, step->node, step->node->inputs[1], shape->rank, &axis));
    *lines = pcl_onnx_lines_of(shape, axis, axis + 1);
    return pcl_onnx_scratch(context, step, lines->size, sizeof(double), NULL);
}

static void sum_reals(const pcl_onnx_cumulative_attributes *attributes, double *values, size_t count) {
    double total = 0.0;
    for (size_t i = 0; i < count; i++) {
        double *at = &values[attributes->reverse ? count - 1 - i : i], before = total;
        total += *at;
        *at = attributes->exclusive ? before : total;
    }
}

/* Wraps around. */
static void sum_integers(const pcl_onnx_cumulative_attributes *attributes, int64_t *values, size_t count) {
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t *at = &values[attributes->reverse ? count - 1 - i : i];
        uint64_t before = total;
        total += (uint64_t)*at;
        *at = (int64_t)(attributes->exclusive ? before : total);
    }
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_onnx_cumulative_attributes *attributes = step->node->attributes.tools;
    const pcl_tensor *x = step->node->inputs[0], *out = step->node->outputs[0];
    const pcl_onnx_lines *lines = step->prepared;
    for (size_t i = 0; i < lines->outer * lines->inner; i++) {
        if (pcl_is_integer(x->dtype)) {
            pcl_onnx_load_integer_line(lines, x, i, step->scratch);
            sum_integers(attributes, step->scratch, lines->size);
            pcl_onnx_store_integer_line(lines, out, i, step->scratch);
        } else {
            pcl_onnx_load_line(lines, x, i, step->scratch);
            sum_reals(attributes, step->scratch, lines->size);
            pcl_onnx_store_line(lines, out, i, step->scratch);
        }
    }
    return PCL_OK;
}

/* Not in place: the axis is an input too, and might be of as many bytes. */
const pcl_op pcl_onnx_cumsum = {"CumSum", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
