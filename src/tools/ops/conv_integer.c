/* ConvInteger and QLinearConv: convolutions of bytes with 32-bit sums. */
#include <string.h>

#include "ops/elements.h"
#include "tools/ops/check.h"
#include "tools/ops/conv.h"
#include "tools/ops/requantize.h"
#include "tools/ops/table.h"

typedef struct conv_integer {
    pcl_onnx_conv_shape shape;
    const pcl_tensor *x, *weights, *x_zero, *w_zero;
    const pcl_tensor *bias; /* int32, or NULL */
    size_t centred;         /* offset into the scratch: one x of the batch less its zero point, int16 */
} conv_integer;

static pcl_status describe(const pcl_infer_context *context, const pcl_node *node, conv_integer *out) {
    const pcl_onnx_conv_attributes *attributes = node->attributes.tools;
    bool qlinear = node->op == &pcl_onnx_qlinear_conv;
    out->x = node->inputs[0];
    out->weights = node->inputs[qlinear ? PCL_ONNX_W : 1];
    out->x_zero = pcl_node_input(node, 2);
    out->w_zero = pcl_node_input(node, qlinear ? PCL_ONNX_W_ZERO : 3);
    out->bias = qlinear ? pcl_node_input(node, 8) : NULL;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, out->x, PCL_ONNX_BYTES));
    PCL_TRY_RETURN(pcl_onnx_check(context, node, out->weights, PCL_ONNX_BYTES));
    PCL_TRY_RETURN(pcl_onnx_describe_conv(context, node, out->x, out->weights, false, &out->shape));
    return pcl_onnx_fit_window(context, node, attributes->window.auto_pad, false, &out->shape.window);
}

static pcl_status check_zero_points(const pcl_infer_context *context, const pcl_node *node, const conv_integer *self) {
    if (self->x_zero) {
        PCL_TRY_RETURN(pcl_onnx_check_type(context, node, self->x_zero, self->x->dtype));
        PCL_TRY_RETURN(pcl_onnx_check_single(context, node, self->x_zero));
    }
    if (!self->w_zero) return PCL_OK;
    PCL_TRY_RETURN(pcl_onnx_check_type(context, node, self->w_zero, self->weights->dtype));
    if (pcl_tensor_count(self->w_zero) == 1) return PCL_OK;
    return pcl_onnx_check_vector(context, node, self->w_zero, self->weights->shape.dims[0]);
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    conv_integer self;
    PCL_TRY_RETURN(describe(context, node, &self));
    PCL_TRY_RETURN(check_zero_points(context, node, &self));
    if (node->op == &pcl_onnx_conv_integer) return pcl_onnx_output_conv(context, node, PCL_INT32, &self.shape);
    int32_t channels = self.weights->shape.dims[0];
    PCL_TRY_RETURN(pcl_onnx_check_qlinear(context, node, channels));
    if (self.bias) {
        PCL_TRY_RETURN(pcl_onnx_check_type(context, node, self.bias, PCL_INT32));
        PCL_TRY_RETURN(pcl_onnx_check_vector(context, node, self.bias, channels));
    }
    return pcl_onnx_output_conv(context, node, node->inputs[PCL_ONNX_Y_ZERO]->dtype, &self.shape);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    conv_integer *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(describe(&infer_context, step->node, self));
    pcl_onnx_merge_rows(&self->shape.window);
    size_t channels = self->shape.groups * self->shape.in_channels, plane = pcl_onnx_in_plane(&self->shape.window);
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, pcl_onnx_out_plane(&self->shape.window), sizeof(uint32_t), NULL));
    return pcl_onnx_scratch(context, step, channels * plane, sizeof(int16_t), &self->centred);
}

/* One channel of the kernel, over one channel of the input into the sums. */
typedef struct channel_task {
    const int16_t *in;
    const uint8_t *weights;
    bool weights_signed;
    int32_t weight_zero;
    uint32_t *sums; /* wrap around */
    size_t stride;
} channel_task;

static void add_row(void *argument, size_t k, size_t in, size_t out, size_t count) {
    const channel_task *task = argument;
    const int16_t *from = task->in + in;
    uint32_t *restrict sums = task->sums + out;
    int32_t weight = (task->weights_signed ? (int8_t)task->weights[k] : task->weights[k]) - task->weight_zero;
    size_t stride = task->stride;
    if (stride == 1)
        for (size_t i = 0; i < count; i++) sums[i] += (uint32_t)(from[i] * weight);
    else
        for (size_t i = 0; i < count; i++) sums[i] += (uint32_t)(from[i * stride] * weight);
}

/* `x`: the channels of one of the batch. */
static void compute_plane(const conv_integer *self, const int16_t *x, size_t m, uint32_t *sums) {
    const pcl_onnx_conv_shape *shape = &self->shape;
    size_t in_plane = pcl_onnx_in_plane(&shape->window), kernel = (size_t)pcl_onnx_kernel_size(&shape->window);
    size_t first = m / shape->out_channels * shape->in_channels;
    uint32_t start = self->bias ? ((const uint32_t *)self->bias->data)[m] : 0;
    for (size_t i = 0; i < pcl_onnx_out_plane(&shape->window); i++) sums[i] = start;
    for (size_t c = 0; c < shape->in_channels; c++) {
        channel_task task = {.in = x + (first + c) * in_plane,
                             .weights = (const uint8_t *)self->weights->data + (m * shape->in_channels + c) * kernel,
                             .weights_signed = self->weights->dtype == PCL_INT8,
                             .weight_zero = pcl_onnx_zero_point(self->w_zero, m),
                             .sums = sums,
                             .stride = (size_t)shape->window.stride[2]};
        pcl_onnx_walk_window(&shape->window, add_row, &task);
    }
}

static void store_plane(const pcl_step *step, size_t channel, const uint32_t *sums, size_t count, uint8_t *out) {
    if (step->op == &pcl_onnx_conv_integer) memcpy(out, sums, count * sizeof *sums);
    else pcl_onnx_store_products(step->node, channel, 0, sums, count, out);
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const conv_integer *self = step->prepared;
    const pcl_onnx_conv_shape *shape = &self->shape;
    size_t channels = shape->groups * shape->out_channels, plane = pcl_onnx_out_plane(&shape->window);
    size_t in_count = shape->groups * shape->in_channels * pcl_onnx_in_plane(&shape->window);
    size_t element = pcl_dtype_size(step->node->outputs[0]->dtype);
    int16_t *centred = (int16_t *)((uint8_t *)step->scratch + self->centred);
    uint8_t *out = step->node->outputs[0]->data;
    for (size_t n = 0; n < shape->batch; n++) {
        pcl_onnx_centre(self->x->dtype, (const uint8_t *)self->x->data + n * in_count, in_count,
                        pcl_onnx_zero_point(self->x_zero, 0), centred);
        for (size_t m = 0; m < channels; m++) {
            compute_plane(self, centred, m, step->scratch);
            store_plane(step, m, step->scratch, plane, out + (n * channels + m) * plane * element);
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_conv_integer = {"ConvInteger", 2, 4, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_qlinear_conv = {"QLinearConv", 8, 9, 1, 1, infer, prepare, run, .in_place = false};
