/* Conv: float, one to three spatial dimensions, groups, dilations. */
#include "tools/ops/conv.h"

#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

pcl_status pcl_onnx_describe_conv(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *x,
                                  const pcl_tensor *weights, bool transposed, pcl_onnx_conv_shape *out) {
    const pcl_onnx_conv_attributes *attributes = node->attributes.tools;
    PCL_TRY_RETURN(pcl_onnx_read_window(context, node, &attributes->window, x, weights, &out->window));
    int32_t groups = attributes->group, channels = x->shape.dims[1];
    int32_t first = weights->shape.dims[0], second = weights->shape.dims[1];
    bool fits = groups >= 1 && channels >= 1 && first >= 1 && second >= 1 && channels % groups == 0;
    if (transposed) fits = fits && first == channels;
    else fits = fits && first % groups == 0 && second == channels / groups;
    if (!fits)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE,
                             "weights of %d and %d channels in %d groups do not fit %d channels", first, second, groups,
                             channels);
    out->batch = (size_t)x->shape.dims[0];
    out->groups = (size_t)groups;
    out->in_channels = (size_t)(channels / groups);
    out->out_channels = (size_t)(transposed ? second : first / groups);
    return PCL_OK;
}

pcl_status pcl_onnx_output_conv(const pcl_infer_context *context, pcl_node *node, pcl_dtype dtype,
                                const pcl_onnx_conv_shape *conv) {
    pcl_shape shape = {0};
    PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, (int64_t)conv->batch));
    PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, (int64_t)conv->groups * (int64_t)conv->out_channels));
    PCL_TRY_RETURN(pcl_onnx_push_spatial(context, node, &conv->window, &shape));
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 0, dtype, &shape));
    uint64_t each = pcl_onnx_work(conv->in_channels, pcl_onnx_kernel_size(&conv->window));
    node->macs = pcl_onnx_work(pcl_tensor_count(node->outputs[0]), each);
    return PCL_OK;
}

pcl_status pcl_onnx_describe_float_conv(const pcl_infer_context *context, const pcl_node *node, bool transposed,
                                        pcl_onnx_conv_shape *out) {
    const pcl_tensor *bias = pcl_node_input(node, 2);
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[0], PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[1], PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_describe_conv(context, node, node->inputs[0], node->inputs[1], transposed, out));
    if (!bias) return PCL_OK;
    int64_t channels = (int64_t)out->groups * (int64_t)out->out_channels;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, bias, PCL_ONNX_FLOATS));
    return pcl_onnx_check_vector(context, node, bias, channels > INT32_MAX ? -1 : (int32_t)channels);
}

typedef struct conv_task {
    const pcl_onnx_conv_shape *conv;
    bool transposed;
    pcl_onnx_row add;
    const float *x, *weights, *bias;
    float *out;
} conv_task;

/* Place of the kernel between channel c of a group's input and channel m of the output. */
static size_t kernel_at(const conv_task *task, size_t group, size_t c, size_t m) {
    const pcl_onnx_conv_shape *conv = task->conv;
    if (!task->transposed) return m * conv->in_channels + c; /* weights [M][C / group][kernel] */
    return (group * conv->in_channels + c) * conv->out_channels + m % conv->out_channels; /* [C][M / group][kernel] */
}

/* Threads share the planes of the output, [N * M][plane]. */
static void run_part(void *argument, const pcl_part *part) {
    const conv_task *task = argument;
    const pcl_onnx_conv_shape *conv = task->conv;
    size_t begin, end, channels = conv->groups * conv->out_channels;
    size_t in_plane = pcl_onnx_in_plane(&conv->window), out_plane = pcl_onnx_out_plane(&conv->window);
    size_t from_plane = task->transposed ? out_plane : in_plane, to_plane = task->transposed ? in_plane : out_plane;
    size_t kernel = (size_t)pcl_onnx_kernel_size(&conv->window);
    pcl_partition(conv->batch * channels, 1, part, &begin, &end);
    for (size_t plane = begin; plane < end; plane++) {
        size_t n = plane / channels, m = plane % channels, group = m / conv->out_channels;
        float *out = task->out + plane * to_plane, start = task->bias ? task->bias[m] : 0.0f;
        for (size_t i = 0; i < to_plane; i++) out[i] = start;
        for (size_t c = 0; c < conv->in_channels; c++) {
            size_t from = (n * conv->groups + group) * conv->in_channels + c;
            pcl_onnx_conv_channel channel = {task->x + from * from_plane,
                                             task->weights + kernel_at(task, group, c, m) * kernel, out,
                                             (size_t)conv->window.stride[2]};
            pcl_onnx_walk_window(&conv->window, task->add, &channel);
        }
    }
}

void pcl_onnx_run_float_conv(const pcl_run_context *context, const pcl_node *node, const pcl_onnx_conv_shape *conv,
                             bool transposed, pcl_onnx_row add) {
    const pcl_tensor *bias = pcl_node_input(node, 2);
    conv_task task = {.conv = conv, .transposed = transposed, .add = add,
                      .x = node->inputs[0]->data, .weights = node->inputs[1]->data,
                      .bias = bias ? bias->data : NULL, .out = node->outputs[0]->data};
    pcl_pool_run(context->pool, run_part, &task, pcl_onnx_parts_for(node));
}

/* --- Conv ------------------------------------------------------------------- */

static pcl_status describe(const pcl_infer_context *context, const pcl_node *node, pcl_onnx_conv_shape *out) {
    const pcl_onnx_conv_attributes *attributes = node->attributes.tools;
    PCL_TRY_RETURN(pcl_onnx_describe_float_conv(context, node, false, out));
    return pcl_onnx_fit_window(context, node, attributes->window.auto_pad, false, &out->window);
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    pcl_onnx_conv_shape conv;
    PCL_TRY_RETURN(describe(context, node, &conv));
    return pcl_onnx_output_conv(context, node, PCL_FLOAT32, &conv);
}

static void add_row(void *argument, size_t k, size_t in, size_t out, size_t count) {
    const pcl_onnx_conv_channel *channel = argument;
    const float *from = channel->in + in, weight = channel->weights[k];
    float *restrict to = channel->out + out;
    size_t stride = channel->stride;
    if (stride == 1)
        for (size_t i = 0; i < count; i++) to[i] += weight * from[i];
    else
        for (size_t i = 0; i < count; i++) to[i] += weight * from[i * stride];
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    pcl_infer_context infer_context = {context->error, NULL};
    pcl_onnx_conv_shape conv;
    PCL_TRY_RETURN(describe(&infer_context, step->node, &conv));
    pcl_onnx_merge_rows(&conv.window);
    pcl_onnx_run_float_conv(context, step->node, &conv, false, add_row);
    return PCL_OK;
}

const pcl_op pcl_onnx_conv = {"Conv", 2, 3, 1, 1, infer, NULL, run, .in_place = false};
