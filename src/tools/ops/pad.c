/* Pad in all its modes; negative pads crop. */
#include "tools/ops/axis_maps.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

typedef struct axis_pads {
    int32_t before[PCL_MAX_RANK], after[PCL_MAX_RANK];
} axis_pads;

static pcl_status read_pads(const pcl_infer_context *context, const pcl_node *node, axis_pads *out) {
    const pcl_tensor *axes_input = pcl_node_input(node, 3);
    int32_t rank = node->inputs[0]->shape.rank, axes[PCL_MAX_RANK], pads[2 * PCL_MAX_RANK], named = rank, count;
    *out = (axis_pads){0};
    for (int32_t d = 0; d < rank; d++) axes[d] = d;
    if (axes_input) PCL_TRY_RETURN(pcl_onnx_read_axes(context, node, axes_input, rank, axes, &named));
    PCL_TRY_RETURN(pcl_read_integers(context, node, node->inputs[1], pads, 2 * PCL_MAX_RANK, &count));
    if (count != 2 * named)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "%d pads for %d axes", count, named);
    for (int32_t i = 0; i < named; i++) {
        out->before[axes[i]] = pads[i];
        out->after[axes[i]] = pads[named + i];
    }
    return PCL_OK;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_pad_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *value = pcl_node_input(node, 2);
    axis_pads pads;
    pcl_shape shape = {.rank = x->shape.rank};
    PCL_TRY_RETURN(read_pads(context, node, &pads));
    if (value) {
        PCL_TRY_RETURN(pcl_onnx_check_type(context, node, value, x->dtype));
        PCL_TRY_RETURN(pcl_onnx_check_single(context, node, value));
    }
    for (int32_t d = 0; d < shape.rank; d++) {
        int64_t size = x->shape.dims[d], wanted = size + pads.before[d] + pads.after[d];
        bool from_nothing = attributes->mode != PCL_ONNX_PAD_CONSTANT && size == 0 && wanted > 0;
        if (wanted < 0 || wanted > INT32_MAX || from_nothing)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "pads of %d and %d do not fit %d",
                                 pads.before[d], pads.after[d], x->shape.dims[d]);
        shape.dims[d] = (int32_t)wanted;
    }
    return pcl_onnx_output(context, node, 0, x->dtype, &shape);
}

/* Where coordinate `at` of a dimension of `size`, which may lie outside, takes its value from. */
static int32_t find_source(pcl_onnx_pad_mode mode, int64_t at, int64_t size) {
    if (at >= 0 && at < size) return (int32_t)at;
    if (mode == PCL_ONNX_PAD_CONSTANT) return PCL_ONNX_NOWHERE;
    if (mode == PCL_ONNX_PAD_EDGE || size == 1) return at < 0 ? 0 : (int32_t)(size - 1);
    int64_t period = mode == PCL_ONNX_PAD_WRAP ? size : 2 * (size - 1);
    at %= period;
    if (at < 0) at += period;
    return (int32_t)(at < size ? at : period - at); /* the latter: mirrored without the edge */
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_onnx_pad_attributes *attributes = step->node->attributes.tools;
    pcl_infer_context infer_context = {context->error, context->arena};
    axis_pads pads;
    PCL_TRY_RETURN(read_pads(&infer_context, step->node, &pads));
    pcl_onnx_axis_maps *maps = pcl_onnx_new_axis_maps(context, step);
    if (!maps) return PCL_ERROR_MEMORY;
    for (int32_t d = 0; d < maps->out.rank; d++)
        for (int32_t i = 0; i < maps->out.dims[d]; i++)
            maps->maps[d][i] = find_source(attributes->mode, (int64_t)i - pads.before[d], maps->in.dims[d]);
    return PCL_OK;
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    static const uint8_t zero[8] = {0};
    const pcl_tensor *value = pcl_node_input(step->node, 2);
    pcl_onnx_run_axis_maps(context->pool, step->prepared, step->node->inputs[0]->data, step->node->outputs[0]->data,
                           value ? value->data : zero);
    return PCL_OK;
}

const pcl_op pcl_onnx_pad = {"Pad", 2, 4, 1, 1, infer, prepare, run, .in_place = false};
