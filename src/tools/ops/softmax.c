/* Softmax, LogSoftmax and Hardmax along one axis, or (opsets below 13) along
 * all dimensions from one on, taken as one. */
#include <math.h>

#include "tools/ops/check.h"
#include "tools/ops/lines.h"
#include "tools/ops/table.h"

static pcl_status find_lines(const pcl_infer_context *context, const pcl_node *node, pcl_onnx_lines *out) {
    const pcl_onnx_softmax_attributes *attributes = node->attributes.tools;
    const pcl_shape *shape = &node->inputs[0]->shape;
    int32_t axis = attributes->axis;
    /* Flattened, an axis equal to the rank leaves lines of one element. */
    if (!attributes->flatten || axis != shape->rank)
        PCL_TRY_RETURN(pcl_normalise_axis(context, node, axis, shape->rank, &axis));
    *out = pcl_onnx_lines_of(shape, axis, attributes->flatten ? shape->rank : axis + 1);
    return PCL_OK;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    pcl_onnx_lines lines;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[0], PCL_ONNX_REALS));
    PCL_TRY_RETURN(find_lines(context, node, &lines));
    return pcl_onnx_output(context, node, 0, node->inputs[0]->dtype, &node->inputs[0]->shape);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    pcl_onnx_lines *lines = pcl_new_prepared(context, step, sizeof *lines);
    if (!lines) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(find_lines(&infer_context, step->node, lines));
    return pcl_onnx_scratch(context, step, lines->size, sizeof(double), NULL);
}

static double greatest(const double *values, size_t count) {
    double result = -INFINITY;
    for (size_t i = 0; i < count; i++) result = values[i] > result ? values[i] : result;
    return result;
}

static void softmax(double *values, size_t count) {
    double top = greatest(values, count), sum = 0.0;
    for (size_t i = 0; i < count; i++) sum += values[i] = exp(values[i] - top);
    for (size_t i = 0; i < count; i++) values[i] /= sum;
}

static void log_softmax(double *values, size_t count) {
    double top = greatest(values, count), sum = 0.0;
    for (size_t i = 0; i < count; i++) sum += exp(values[i] - top);
    for (size_t i = 0; i < count; i++) values[i] = values[i] - top - log(sum);
}

/* 1 at the first greatest, 0 elsewhere. */
static void hardmax(double *values, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (values[i] > values[best]) best = i;
    for (size_t i = 0; i < count; i++) values[i] = i == best;
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_onnx_lines *lines = step->prepared;
    void (*function)(double *, size_t) = step->op == &pcl_onnx_softmax       ? softmax
                                         : step->op == &pcl_onnx_log_softmax ? log_softmax
                                                                             : hardmax;
    for (size_t i = 0; i < lines->outer * lines->inner; i++) {
        pcl_onnx_load_line(lines, step->node->inputs[0], i, step->scratch);
        function(step->scratch, lines->size);
        pcl_onnx_store_line(lines, step->node->outputs[0], i, step->scratch);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_softmax = {"Softmax", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_log_softmax = {"LogSoftmax", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_hardmax = {"Hardmax", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
