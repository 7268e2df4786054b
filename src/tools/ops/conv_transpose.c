/* ConvTranspose: float, one to three spatial dimensions, groups, dilations.
 * It is the Conv whose input and output change places: the window slides over
 * the output, and its `in` is the output's size. */
#include "ops/elements.h"
#include "tools/ops/check.h"
#include "tools/ops/conv.h"
#include "tools/ops/table.h"

static pcl_status check_lists(const pcl_infer_context *context, const pcl_node *node, int32_t rank) {
    const pcl_onnx_conv_attributes *attributes = node->attributes.tools;
    const pcl_onnx_list *padding = &attributes->output_padding, *shape = &attributes->output_shape;
    bool fits = (padding->count == 0 || padding->count == rank) && (shape->count == 0 || shape->count == rank);
    for (int32_t i = 0; i < padding->count; i++) fits = fits && padding->values[i] >= 0 && padding->values[i] <= 65536;
    if (fits) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "output_padding or output_shape is out of range");
}

/* Swaps the two sizes: window->in becomes the output's, window->out the input's. */
static pcl_status fit_axis(const pcl_infer_context *context, const pcl_node *node, pcl_onnx_window *window,
                           int32_t axis) {
    const pcl_onnx_conv_attributes *attributes = node->attributes.tools;
    pcl_onnx_auto_pad auto_pad = attributes->window.auto_pad;
    int32_t i = axis - (PCL_ONNX_SPATIAL - window->rank);
    int64_t extent = (int64_t)(window->kernel[axis] - 1) * window->dilation[axis] + 1;
    int64_t more = i >= 0 && attributes->output_padding.count ? attributes->output_padding.values[i] : 0;
    int64_t full = (int64_t)window->stride[axis] * (window->in[axis] - 1) + more + extent; /* without pads */
    int64_t wanted = full - window->before[axis] - window->after[axis];
    bool upper = auto_pad == PCL_ONNX_SAME_UPPER, same = upper || auto_pad == PCL_ONNX_SAME_LOWER;
    bool given = i >= 0 && attributes->output_shape.count;
    if (given) wanted = attributes->output_shape.values[i];
    else if (same) wanted = (int64_t)window->in[axis] * window->stride[axis];
    if (wanted < 1 || wanted > INT32_MAX || full > INT32_MAX)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its output would have a side of %lld",
                             (long long)wanted);
    if (given || same) pcl_onnx_split_padding(window, axis, full - wanted, upper);
    window->out[axis] = window->in[axis];
    window->in[axis] = (int32_t)wanted;
    return PCL_OK;
}

static pcl_status describe(const pcl_infer_context *context, const pcl_node *node, pcl_onnx_conv_shape *out) {
    PCL_TRY_RETURN(pcl_onnx_describe_float_conv(context, node, true, out));
    PCL_TRY_RETURN(check_lists(context, node, out->window.rank));
    for (int32_t axis = 0; axis < PCL_ONNX_SPATIAL; axis++)
        PCL_TRY_RETURN(fit_axis(context, node, &out->window, axis));
    return PCL_OK;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    pcl_onnx_conv_shape conv, swapped;
    PCL_TRY_RETURN(describe(context, node, &conv));
    swapped = conv;
    for (int32_t i = 0; i < PCL_ONNX_SPATIAL; i++) swapped.window.out[i] = conv.window.in[i];
    PCL_TRY_RETURN(pcl_onnx_output_conv(context, node, PCL_FLOAT32, &swapped));
    uint64_t each = pcl_onnx_work(conv.out_channels, pcl_onnx_kernel_size(&conv.window));
    node->macs = pcl_onnx_work(pcl_tensor_count(node->inputs[0]), each);
    return PCL_OK;
}

/* The window's input is the output here. */
static void spread_row(void *argument, size_t k, size_t out, size_t in, size_t count) {
    const pcl_onnx_conv_channel *channel = argument;
    const float *from = channel->in + in, weight = channel->weights[k];
    float *restrict to = channel->out + out;
    for (size_t i = 0; i < count; i++) to[i * channel->stride] += weight * from[i];
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    pcl_infer_context infer_context = {context->error, NULL};
    pcl_onnx_conv_shape conv;
    PCL_TRY_RETURN(describe(&infer_context, step->node, &conv));
    pcl_onnx_run_float_conv(context, step->node, &conv, true, spread_row);
    return PCL_OK;
}

const pcl_op pcl_onnx_conv_transpose = {"ConvTranspose", 2, 3, 1, 1, infer, NULL, run, .in_place = false};
