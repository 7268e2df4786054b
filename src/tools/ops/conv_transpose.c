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
    const pcl_tensor *bias = pcl_node_input(node, 2);
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[0], PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[1], PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_describe_conv(context, node, node->inputs[0], node->inputs[1], true, out));
    PCL_TRY_RETURN(check_lists(context, node, out->window.rank));
    if (bias) {
        PCL_TRY_RETURN(pcl_onnx_check(context, node, bias, PCL_ONNX_FLOATS));
        int64_t channels = (int64_t)out->groups * (int64_t)out->out_channels;
        PCL_TRY_RETURN(pcl_onnx_check_vector(context, node, bias, channels > INT32_MAX ? -1 : (int32_t)channels));
    }
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

typedef struct conv_task {
    pcl_onnx_conv_shape conv;
    const float *x, *weights, *bias;
    float *out;
} conv_task;

/* One channel of the input into one of the output. */
typedef struct channel_task {
    const float *in, *weights;
    float *out;
    size_t stride;
} channel_task;

/* The window's input is the output here. */
static void spread_row(void *argument, size_t k, size_t out, size_t in, size_t count) {
    const channel_task *task = argument;
    const float *from = task->in + in, weight = task->weights[k];
    float *restrict to = task->out + out;
    for (size_t i = 0; i < count; i++) to[i * task->stride] += weight * from[i];
}

/* Threads share the planes of the output, [N * M][plane]. */
static void run_part(void *argument, int32_t index, int32_t count) {
    const conv_task *task = argument;
    const pcl_onnx_conv_shape *conv = &task->conv;
    size_t begin, end, channels = conv->groups * conv->out_channels;
    size_t out_plane = pcl_onnx_in_plane(&conv->window), in_plane = pcl_onnx_out_plane(&conv->window);
    size_t kernel = (size_t)pcl_onnx_kernel_size(&conv->window);
    pcl_partition(conv->batch * channels, 1, index, count, &begin, &end);
    for (size_t plane = begin; plane < end; plane++) {
        size_t n = plane / channels, m = plane % channels, group = m / conv->out_channels;
        float *out = task->out + plane * out_plane, start = task->bias ? task->bias[m] : 0.0f;
        for (size_t i = 0; i < out_plane; i++) out[i] = start;
        for (size_t c = 0; c < conv->in_channels; c++) {
            size_t channel = group * conv->in_channels + c; /* weights [C][M / group][kernel] */
            size_t weight = channel * conv->out_channels + m % conv->out_channels;
            size_t from = n * conv->groups * conv->in_channels + channel;
            channel_task part = {task->x + from * in_plane, task->weights + weight * kernel, out,
                                 (size_t)conv->window.stride[2]};
            pcl_onnx_walk_window(&conv->window, spread_row, &part);
        }
    }
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    pcl_infer_context infer_context = {context->error, NULL};
    const pcl_node *node = step->node;
    const pcl_tensor *bias = pcl_node_input(node, 2);
    conv_task task = {.x = node->inputs[0]->data, .weights = node->inputs[1]->data, .out = node->outputs[0]->data,
                      .bias = bias ? bias->data : NULL};
    PCL_TRY_RETURN(describe(&infer_context, node, &task.conv));
    pcl_pool_run(context->pool, run_part, &task, pcl_onnx_threads_for(node));
    return PCL_OK;
}

const pcl_op pcl_onnx_conv_transpose = {"ConvTranspose", 2, 3, 1, 1, infer, NULL, run, .in_place = false};
