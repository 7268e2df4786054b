/* ConvInteger and QLinearConv: convolutions of bytes with 32-bit sums. */
#include <string.h>

#include "ops/elements.h"
#include "tools/ops/byte_product.h"
#include "tools/ops/check.h"
#include "tools/ops/conv.h"
#include "tools/ops/requantize.h"
#include "tools/ops/table.h"

typedef struct conv_integer {
    pcl_onnx_conv_shape shape;
    const pcl_tensor *x, *weights, *x_zero, *w_zero;
    const pcl_tensor *bias; /* int32, or NULL */
    size_t centred; /* offset into the scratch: a group's channels of x less the zero point, int16 */
    size_t sums;    /* the same: uint32, of a plane, or of a tile of positions by the channels of a group */
    bool as_product;
    pcl_onnx_byte_product product; /* the following, when as_product */
    size_t places, line;           /* offsets: int32 [TILE_ROWS][kernel]; uint32 [TILE_ROWS] */
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

/* As a matrix product it pays when a group has several output channels. */
static pcl_status want_product(const pcl_prepare_context *context, pcl_step *step, conv_integer *self) {
    const pcl_onnx_conv_shape *shape = &self->shape;
    size_t kernel = (size_t)pcl_onnx_kernel_size(&shape->window), rows = PCL_ONNX_TILE_ROWS;
    size_t part = PCL_ONNX_EXACT_DEPTH / kernel * kernel; /* whole channels */
    PCL_TRY_RETURN(pcl_onnx_want_byte_product(context, step, shape->in_channels * kernel, shape->out_channels, part,
                                              &self->product));
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, rows * kernel, sizeof(int32_t), &self->places));
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, rows, sizeof(uint32_t), &self->line));
    return pcl_onnx_scratch(context, step, shape->out_channels, rows * sizeof(uint32_t), &self->sums);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    conv_integer *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(describe(&infer_context, step->node, self));
    const pcl_onnx_conv_shape *shape = &self->shape;
    pcl_onnx_merge_rows(&self->shape.window);
    size_t plane = pcl_onnx_in_plane(&shape->window);
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, shape->in_channels * plane, sizeof(int16_t), &self->centred));
    self->as_product = shape->out_channels >= 4 && pcl_onnx_kernel_size(&shape->window) <= PCL_ONNX_EXACT_DEPTH;
    if (self->as_product) return want_product(context, step, self);
    return pcl_onnx_scratch(context, step, pcl_onnx_out_plane(&shape->window), sizeof(uint32_t), &self->sums);
}

/* --- Channel by channel ------------------------------------------------------------------ */

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

static uint32_t bias_of(const conv_integer *self, size_t m) {
    return self->bias ? ((const uint32_t *)self->bias->data)[m] : 0;
}

/* `x`: the channels of the group. */
static void compute_plane(const conv_integer *self, const int16_t *x, size_t m, uint32_t *sums) {
    const pcl_onnx_conv_shape *shape = &self->shape;
    size_t in_plane = pcl_onnx_in_plane(&shape->window), kernel = (size_t)pcl_onnx_kernel_size(&shape->window);
    for (size_t i = 0; i < pcl_onnx_out_plane(&shape->window); i++) sums[i] = bias_of(self, m);
    for (size_t c = 0; c < shape->in_channels; c++) {
        channel_task task = {.in = x + c * in_plane,
                             .weights = (const uint8_t *)self->weights->data + (m * shape->in_channels + c) * kernel,
                             .weights_signed = self->weights->dtype == PCL_INT8,
                             .weight_zero = pcl_onnx_zero_point(self->w_zero, m),
                             .sums = sums,
                             .stride = (size_t)shape->window.stride[2]};
        pcl_onnx_walk_window(&shape->window, add_row, &task);
    }
}

/* Stores sums of channel m at `at` in a plane of the output. */
static void store_sums(const pcl_step *step, size_t m, const uint32_t *sums, size_t count, size_t at) {
    uint8_t *out = step->node->outputs[0]->data;
    if (step->op == &pcl_onnx_conv_integer) memcpy(out + at * sizeof *sums, sums, count * sizeof *sums);
    else pcl_onnx_store_products(step->node, m, 0, sums, count, out + at);
}

static void run_planes(const pcl_step *step, size_t n, size_t group) {
    const conv_integer *self = step->prepared;
    const pcl_onnx_conv_shape *shape = &self->shape;
    uint8_t *scratch = step->scratch;
    uint32_t *sums = (uint32_t *)(scratch + self->sums);
    size_t plane = pcl_onnx_out_plane(&shape->window);
    for (size_t i = 0; i < shape->out_channels; i++) {
        size_t m = group * shape->out_channels + i;
        compute_plane(self, (const int16_t *)(scratch + self->centred), m, sums);
        store_sums(step, m, sums, plane, (n * shape->groups * shape->out_channels + m) * plane);
    }
}

/* --- As a matrix product: rows are positions of the window, columns the group's output channels */

typedef struct row_task {
    const int16_t *x;      /* the channels of the group */
    const int32_t *places; /* [row][kernel]: in a plane of x; -1: in the padding */
    size_t plane, kernel;
} row_task;

static void fill_row(const void *argument, size_t row, size_t first, size_t count, float *out) {
    const row_task *task = argument;
    const int32_t *places = task->places + row * task->kernel;
    for (size_t c = first / task->kernel; c < (first + count) / task->kernel; c++) {
        const int16_t *plane = task->x + c * task->plane;
        for (size_t k = 0; k < task->kernel; k++) *out++ = places[k] < 0 ? 0.0f : (float)plane[places[k]];
    }
}

/* Where the window's elements lie at a position of the output. */
static void find_places(const pcl_onnx_window *window, size_t position, int32_t *places) {
    int64_t start[PCL_ONNX_SPATIAL], at[PCL_ONNX_SPATIAL];
    for (int32_t i = PCL_ONNX_SPATIAL - 1; i >= 0; i--) {
        start[i] = (int64_t)(position % (size_t)window->out[i]) * window->stride[i] - window->before[i];
        position /= (size_t)window->out[i];
    }
    for (int32_t d = 0; d < window->kernel[0]; d++) {
        at[0] = start[0] + (int64_t)d * window->dilation[0];
        for (int32_t h = 0; h < window->kernel[1]; h++) {
            at[1] = start[1] + (int64_t)h * window->dilation[1];
            for (int32_t w = 0; w < window->kernel[2]; w++) {
                at[2] = start[2] + (int64_t)w * window->dilation[2];
                bool inside = true;
                for (int32_t i = 0; i < PCL_ONNX_SPATIAL; i++) inside = inside && at[i] >= 0 && at[i] < window->in[i];
                *places++ = inside ? (int32_t)((at[0] * window->in[1] + at[1]) * window->in[2] + at[2]) : -1;
            }
        }
    }
}

static void run_product(const pcl_run_context *context, const pcl_step *step, size_t n, size_t group) {
    const conv_integer *self = step->prepared;
    const pcl_onnx_conv_shape *shape = &self->shape;
    size_t columns = shape->out_channels, kernel = (size_t)pcl_onnx_kernel_size(&shape->window);
    size_t plane = pcl_onnx_out_plane(&shape->window);
    uint8_t *scratch = step->scratch;
    uint32_t *sums = (uint32_t *)(scratch + self->sums), *line = (uint32_t *)(scratch + self->line);
    int32_t *places = (int32_t *)(scratch + self->places);
    row_task task = {(const int16_t *)(scratch + self->centred), places, pcl_onnx_in_plane(&shape->window), kernel};
    for (size_t first = 0, rows; first < plane; first += rows) {
        rows = plane - first < PCL_ONNX_TILE_ROWS ? plane - first : PCL_ONNX_TILE_ROWS;
        for (size_t row = 0; row < rows; row++) find_places(&shape->window, first + row, places + row * kernel);
        for (size_t i = 0; i < rows * columns; i++) sums[i] = bias_of(self, group * columns + i % columns);
        pcl_onnx_multiply_tile(&self->product, context->kernels, scratch, fill_row, &task, rows, sums);
        for (size_t c = 0; c < columns; c++) {
            size_t m = group * columns + c;
            for (size_t row = 0; row < rows; row++) line[row] = sums[row * columns + c];
            store_sums(step, m, line, rows, (n * shape->groups * columns + m) * plane + first);
        }
    }
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const conv_integer *self = step->prepared;
    const pcl_onnx_conv_shape *shape = &self->shape;
    size_t depth = shape->in_channels * (size_t)pcl_onnx_kernel_size(&shape->window);
    size_t in_count = shape->in_channels * pcl_onnx_in_plane(&shape->window);
    uint8_t *scratch = step->scratch;
    for (size_t group = 0; group < shape->groups; group++) {
        size_t first = group * shape->out_channels; /* weights [M][depth] */
        if (self->as_product)
            pcl_onnx_pack_b(&self->product, scratch, self->weights->dtype,
                            (const uint8_t *)self->weights->data + first * depth, 1, depth, self->w_zero, first);
        for (size_t n = 0; n < shape->batch; n++) {
            pcl_onnx_centre(self->x->dtype, (const uint8_t *)self->x->data + (n * shape->groups + group) * in_count,
                            in_count, pcl_onnx_zero_point(self->x_zero, 0), (int16_t *)(scratch + self->centred));
            if (self->as_product) run_product(context, step, n, group);
            else run_planes(step, n, group);
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_conv_integer = {"ConvInteger", 2, 4, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_qlinear_conv = {"QLinearConv", 8, 9, 1, 1, infer, prepare, run, .in_place = false};
