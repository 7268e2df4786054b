/* DEPTHWISE_CONV_2D: every channel has filters of its own. Rows of the output
 * are made some at a time, from pointers to the rows of the input under the filter. */
#include <string.h>

#include "ops/conv.h"
#include "ops/table.h"

/* --- Checks --------------------------------------------------------------- */

static pcl_conv_filter depthwise_filter(const pcl_node *node) {
    const int32_t *dims = node->inputs[1]->shape.dims;
    return (pcl_conv_filter){.height = dims[1], .width = dims[2], .in_channels = 1, .out_channels = dims[3]};
}

static pcl_status check_channels(const pcl_infer_context *context, const pcl_node *node) {
    const int32_t *filter = node->inputs[1]->shape.dims;
    int32_t channels = node->inputs[0]->shape.dims[3], multiplier = node->attributes.conv.depth_multiplier;
    bool fits = filter[0] == 1 && filter[3] % channels == 0 &&
                (multiplier == 0 || multiplier == filter[3] / channels);
    if (fits) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE,
                         "a filter %dx%dx%dx%d with multiplier %d does not fit %d channels", filter[0], filter[1],
                         filter[2], filter[3], multiplier, channels);
}

static pcl_status infer_depthwise(const pcl_infer_context *context, pcl_node *node) {
    pcl_status status = PCL_OK;
    PCL_TRY(pcl_check_rank(context, node, node->inputs[0], 4, 4));
    PCL_TRY(pcl_check_rank(context, node, node->inputs[1], 4, 4));
    if (node->attributes.conv.reflect || node->attributes.conv.residual)
        return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED, "mirrored pads and residuals are CONV_2D's");
    pcl_conv_filter filter = depthwise_filter(node);
    PCL_TRY(pcl_conv_infer_window(context, node, &filter));
    PCL_TRY(check_channels(context, node));
    pcl_weighted tensors = pcl_conv_tensors(node, 3, filter.out_channels);
    PCL_TRY(pcl_check_weighted(context, node, &tensors));
done:
    return status;
}

/* --- Preparation ---------------------------------------------------------- */

/* Threads share pairs of output rows. A kernel is given as many rows as leave their inputs in the cache. */
enum { PAIR = 2, INPUT_BYTES = 48 << 10 };

typedef struct depthwise {
    pcl_dwconv shape; /* of the most rows that a kernel is given */
    size_t element;   /* bytes */
    size_t in_channels, multiplier;
    int32_t in_h, out_h, pad_top;
    size_t row_bytes;  /* of the input, times the multiplier */
    size_t unit_rows;  /* output rows: 2, or 1 when rows must be widened */
    size_t units;      /* of an output picture */
    size_t pictures;
    size_t row_count;  /* pointers that the kernel needs */
    const uint8_t *pad_row; /* [row_bytes] */
    const void *packed;
    const int8_t *rest;
    const void *bias;
    pcl_requantization requantization; /* when quantised */
    uint8_t pad_value;
    float low, high; /* otherwise */
    int32_t parts, threads;
    /* A thread's scratch, in bytes: the kernel's, the pointers, the widened
     * rows [filter_h][row_bytes]. */
    size_t kernel_scratch, wide_at, wide_stride, thread_scratch;
} depthwise;

/* The weights of channel c less their zero point; gives their sum. */
PCL_APART uint32_t center_apart(const pcl_tensor *from, size_t c, size_t end, size_t channels, int16_t *weights) {
    int32_t zero_point = pcl_weight_zero_point(from, c);
    uint32_t sum = 0;
    for (size_t i = c; i < end; i += channels) {
        weights[i] = (int16_t)(pcl_weight_integer(from, i) - zero_point);
        sum += (uint32_t)weights[i];
    }
    return sum;
}

static pcl_status pack_u8(const pcl_prepare_context *context, const pcl_node *node, const pcl_weighted *tensors,
                          depthwise *self) {
    const pcl_dwconv *shape = &self->shape;
    size_t channels = shape->channels, taps = shape->filter_h * shape->filter_w;
    size_t bytes = pcl_dwconv_u8_packed_bytes(channels, shape->filter_h, shape->filter_w);
    int16_t *weights = pcl_arena_alloc_array(context->arena, taps * channels, sizeof *weights);
    int8_t *packed = pcl_arena_alloc(context->arena, bytes), *rest = NULL;
    int32_t *bias = pcl_arena_alloc_array(context->arena, channels, sizeof *bias);
    float *scale = pcl_arena_alloc_array(context->arena, channels, sizeof *scale);
    if (!weights || !packed || !bias || !scale) return pcl_no_memory(context, node);

    for (size_t c = 0; c < channels; c++) {
        uint32_t sum = center_apart(tensors->weights, c, taps * channels, channels, weights);
        bias[c] = pcl_fold_bias(pcl_bias_integer(tensors->bias, c), pcl_tensor_zero_point(tensors->input),
                                context->kernels->dot_offset, sum);
        scale[c] = pcl_requantization_scale(tensors, c);
    }
    if (pcl_pack_dwconv_u8(packed, NULL, weights, channels, shape->filter_h, shape->filter_w)) {
        rest = pcl_arena_alloc(context->arena, bytes);
        if (!rest) return pcl_no_memory(context, node);
        pcl_pack_dwconv_u8(packed, rest, weights, channels, shape->filter_h, shape->filter_w);
    }
    self->packed = packed;
    self->rest = rest;
    self->bias = bias;
    self->requantization = (pcl_requantization){scale, tensors->out_zero_point, 0, 255, true};
    return PCL_OK;
}

static pcl_status pack_f32(const pcl_prepare_context *context, const pcl_node *node, const pcl_weighted *tensors,
                           depthwise *self) {
    size_t channels = self->shape.channels, count = self->shape.filter_h * self->shape.filter_w * channels;
    float *packed = pcl_arena_alloc_array(context->arena, count, sizeof *packed);
    float *bias = pcl_arena_alloc_array(context->arena, channels, sizeof *bias);
    if (!packed || !bias) return pcl_no_memory(context, node);
    for (size_t i = 0; i < count; i++) packed[i] = pcl_weight_real(tensors->weights, i, i % channels);
    for (size_t c = 0; c < channels; c++) bias[c] = pcl_bias_real(tensors->bias, c);
    self->packed = packed;
    self->bias = bias;
    pcl_activation_range(tensors->activation, &self->low, &self->high);
    return PCL_OK;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static void set_sizes(depthwise *self, const pcl_node *node, const pcl_conv_filter *filter) {
    const pcl_conv_attributes *attributes = &node->attributes.conv;
    const int32_t *in = node->inputs[0]->shape.dims, *out = node->outputs[0]->shape.dims;
    self->in_channels = (size_t)in[3];
    self->multiplier = (size_t)out[3] / self->in_channels;
    self->unit_rows = self->multiplier == 1 ? PAIR : 1;
    self->shape = (pcl_dwconv){.channels = (size_t)out[3],
                               .in_width = (size_t)in[2], .out_width = (size_t)out[2],
                               .filter_h = (size_t)filter->height, .filter_w = (size_t)filter->width,
                               .stride_h = (size_t)attributes->stride_h, .stride_w = (size_t)attributes->stride_w,
                               .dilation_h = (size_t)attributes->dilation_h,
                               .dilation_w = (size_t)attributes->dilation_w,
                               .pad_left = (size_t)attributes->pads.left,
                               .out_rows = self->unit_rows,
                               .out_stride = (size_t)out[2] * (size_t)out[3]};
    self->in_h = in[1];
    self->out_h = out[1];
    self->pad_top = attributes->pads.top;
    self->pictures = (size_t)in[0];
    self->units = ((size_t)out[1] + self->unit_rows - 1) / self->unit_rows;
}

/* False when the sizes overflow. */
static bool plan_scratch(depthwise *self, size_t *scratch_bytes) {
    size_t kernel = self->element == 1 ? pcl_dwconv_u8_scratch(&self->shape) : 0, wide = 0;
    if (!pcl_size_mul(self->shape.in_width * self->element, self->shape.channels, &self->row_bytes)) return false;
    if (kernel > SIZE_MAX / 4 || self->row_bytes > SIZE_MAX / 4) return false;
    pcl_dwconv *shape = &self->shape;
    size_t units = INPUT_BYTES / PAIR / self->row_bytes / shape->stride_h;
    if (self->multiplier == 1 && units > 1) shape->out_rows = least(units, self->units) * PAIR;
    self->row_count =
        (shape->out_rows + self->unit_rows - 2) * shape->stride_h + (shape->filter_h - 1) * shape->dilation_h + 1;
    self->kernel_scratch = pcl_round_up(kernel, PCL_ALIGNMENT);
    self->wide_stride = pcl_round_up(self->row_bytes + 16, PCL_ALIGNMENT);
    if (self->multiplier > 1 && !pcl_size_mul(self->wide_stride, self->shape.filter_h, &wide)) return false;
    self->wide_at = self->kernel_scratch + pcl_round_up(self->row_count * sizeof(void *), PCL_ALIGNMENT);
    return pcl_size_add(wide, self->wide_at, &self->thread_scratch) &&
           pcl_size_mul(self->thread_scratch, (size_t)self->threads, scratch_bytes);
}

static pcl_status prepare_rows(const pcl_prepare_context *context, pcl_step *step, const pcl_weighted *tensors,
                               const pcl_conv_filter *filter) {
    pcl_node *node = step->node;
    depthwise *self = pcl_arena_alloc(context->arena, sizeof *self);
    if (!self) return pcl_no_memory(context, node);
    self->element = pcl_dtype_size(tensors->input->dtype);
    self->parts = pcl_useful_parts(node->macs, self->element == 1 ? 10000 : 5000);
    self->threads = pcl_employed(context->threads, self->parts);
    set_sizes(self, node, filter);
    if (!plan_scratch(self, &step->scratch_bytes))
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its rows are too large");
    uint8_t *pad_row = pcl_arena_alloc(context->arena, self->row_bytes + 16);
    if (!pad_row) return pcl_no_memory(context, node);
    bool quantised = pcl_weighted_quantised(tensors);
    self->pad_value = quantised ? (uint8_t)pcl_tensor_zero_point(tensors->input) : 0;
    memset(pad_row, self->pad_value, self->row_bytes);
    self->pad_row = pad_row;
    step->prepared = self;
    return quantised ? pack_u8(context, node, tensors, self) : pack_f32(context, node, tensors, self);
}

/* With one input channel the filters see what a CONV_2D's would. */
static bool is_plain_conv(const pcl_node *node) {
    return node->inputs[0]->shape.dims[3] == 1 && node->outputs[0]->shape.dims[3] > 1;
}

/* Or is of reals. The kernels know no other requantisation. */
static bool saturates(const pcl_weighted *tensors, const pcl_conv_filter *filter) {
    pcl_requantization to = {.saturates = true};
    if (pcl_weighted_quantised(tensors))
        pcl_weighted_requantization(tensors, 0, (size_t)filter->out_channels,
                                    (size_t)filter->height * (size_t)filter->width, &to);
    return to.saturates;
}

static pcl_status prepare_depthwise(const pcl_prepare_context *context, pcl_step *step) {
    pcl_conv_filter filter = depthwise_filter(step->node);
    pcl_weighted tensors = pcl_conv_tensors(step->node, 3, filter.out_channels);
    if (is_plain_conv(step->node) || !saturates(&tensors, &filter)) {
        step->op = &pcl_op_conv_2d;
        return pcl_conv_prepare(context, step, &tensors, &filter, 1, (size_t)filter.out_channels);
    }
    return prepare_rows(context, step, &tensors, &filter);
}

/* --- Running -------------------------------------------------------------- */

typedef struct depthwise_run {
    const pcl_kernels *kernels;
    const depthwise *self;
    const uint8_t *input;
    uint8_t *output;
    uint8_t *scratch;
} depthwise_run;

/* Repeats every channel `multiplier` times. */
static void widen_row(const depthwise *self, const uint8_t *in, uint8_t *out) {
    size_t count = self->shape.in_width * self->in_channels;
    for (size_t i = 0; i < count; i++, in += self->element)
        for (size_t m = 0; m < self->multiplier; m++, out += self->element) memcpy(out, in, self->element);
}

/* Fills rows[] with the input rows under the filter for `out_rows` rows from y on. */
static void find_rows(const depthwise *self, const uint8_t *picture, int32_t y, size_t out_rows, const uint8_t **rows,
                      uint8_t *wide) {
    size_t row_bytes = self->row_bytes / self->multiplier;
    for (size_t r = 0; r < out_rows; r++)
        for (size_t i = 0; i < self->shape.filter_h; i++) {
            size_t index = r * self->shape.stride_h + i * self->shape.dilation_h;
            int32_t row = y * (int32_t)self->shape.stride_h - self->pad_top + (int32_t)index;
            rows[index] = self->pad_row;
            if (row < 0 || row >= self->in_h) continue;
            rows[index] = picture + (size_t)row * row_bytes;
            if (self->multiplier == 1) continue;
            widen_row(self, rows[index], wide + i * self->wide_stride);
            rows[index] = wide + i * self->wide_stride;
        }
}

static void run_u8(const depthwise_run *run, const pcl_dwconv *shape, const void *rows, uint8_t *out, void *scratch) {
    const depthwise *self = run->self;
    pcl_dwconv_u8 task = {.shape = *shape,
                          .rows = rows,
                          .pad_value = self->pad_value,
                          .packed = self->packed,
                          .rest = self->rest,
                          .bias = self->bias,
                          .requantization = self->requantization,
                          .out = out,
                          .scratch = scratch};
    run->kernels->dwconv_u8(&task);
}

static void run_f32(const depthwise_run *run, const pcl_dwconv *shape, const void *rows, uint8_t *out) {
    const depthwise *self = run->self;
    pcl_dwconv_f32 task = {.shape = *shape,
                           .rows = rows,
                           .packed = self->packed,
                           .bias = self->bias,
                           .low = self->low,
                           .high = self->high,
                           .out = (float *)(void *)out};
    run->kernels->dwconv_f32(&task);
}

static void run_part(void *argument, const pcl_part *part) {
    const depthwise_run *run = argument;
    const depthwise *self = run->self;
    size_t first, end, picture_bytes = (size_t)self->in_h * (self->row_bytes / self->multiplier);
    pcl_partition(self->pictures * self->units, 1, part, &first, &end);
    uint8_t *scratch = run->scratch + (size_t)part->thread * self->thread_scratch;
    const uint8_t **rows = (const uint8_t **)(void *)(scratch + self->kernel_scratch);
    uint8_t *wide = scratch + self->wide_at;
    for (size_t i = first; i < end;) {
        pcl_dwconv shape = self->shape;
        size_t picture = i / self->units, y = i % self->units * self->unit_rows;
        size_t left = least((end - i) * self->unit_rows, (size_t)self->out_h - y);
        if (left < shape.out_rows + self->unit_rows) shape.out_rows = left; /* an odd row goes with those before */
        i += (shape.out_rows + self->unit_rows - 1) / self->unit_rows;
        find_rows(self, run->input + picture * picture_bytes, (int32_t)y, shape.out_rows, rows, wide);
        uint8_t *out = run->output + (picture * (size_t)self->out_h + y) * shape.out_stride * self->element;
        if (self->element == 1) run_u8(run, &shape, rows, out, scratch);
        else run_f32(run, &shape, rows, out);
    }
}

static pcl_status run_depthwise(const pcl_run_context *context, const pcl_step *step) {
    const depthwise *self = step->prepared;
    depthwise_run run = {.kernels = context->kernels,
                         .self = self,
                         .input = step->node->inputs[0]->data,
                         .output = step->node->outputs[0]->data,
                         .scratch = step->scratch};
    pcl_pool_run(context->pool, run_part, &run, self->parts);
    return PCL_OK;
}

const pcl_op pcl_op_depthwise_conv_2d = {.name = "DEPTHWISE_CONV_2D",
                                         .min_inputs = 2,
                                         .max_inputs = 3,
                                         .min_outputs = 1,
                                         .max_outputs = 1,
                                         .infer = infer_depthwise,
                                         .prepare = prepare_depthwise,
                                         .run = run_depthwise};
