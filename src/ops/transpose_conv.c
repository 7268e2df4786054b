/* TRANSPOSE_CONV. Output (y, x) sums the products of inputs and weights for
 * which  input row * stride + filter row = y + pad, columns alike. All outputs
 * with the same y % stride and x % stride (a phase) therefore see the same
 * part of the filter, every stride-th row and column of it, and make up an
 * ordinary convolution of stride 1. Each phase is one; its results go to
 * every stride-th pixel of the output. */
#include "ops/dense.h"
#include "ops/elements.h"
#include "ops/im2col.h"
#include "ops/table.h"

enum {
    MAX_STRIDE = 64,
    MAX_SIDE = 1 << 28, /* this and the next as for CONV_2D */
    MAX_PATCH = 1 << 26,
    PATCH_BYTES = 128 << 10, /* patches made before they are used */
    ROW_TILE = 6
};

/* Inputs: output shape, weights [out_c, h, w, in_c], x [N, H, W, in_c], bias. */
static pcl_weighted tensors_of(const pcl_node *node) {
    pcl_tensor *output = node->outputs[0];
    return (pcl_weighted){.input = node->inputs[2],
                          .weights = node->inputs[1],
                          .bias = pcl_node_input(node, 3),
                          .output = output,
                          .channel_axis = 0,
                          .channels = node->inputs[1]->shape.dims[0],
                          .out_scale = pcl_tensor_scale(output),
                          .out_zero_point = pcl_tensor_zero_point(output),
                          .activation = node->attributes.conv.activation};
}

static pcl_status check_sizes(const pcl_infer_context *context, const pcl_node *node, const pcl_shape *out) {
    const int32_t *in = node->inputs[2]->shape.dims, *weights = node->inputs[1]->shape.dims;
    const pcl_conv_attributes *attributes = &node->attributes.conv;
    for (int32_t i = 0; i < 4; i++)
        if (in[i] < 1 || weights[i] < 1 || out->dims[i] < 1)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its input, filter or output is empty");
    if (out->dims[0] != in[0] || out->dims[3] != weights[0] || in[3] != weights[3])
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE,
                             "batch or channels of its input, filter and output differ");
    bool sane = in[1] <= MAX_SIDE && in[2] <= MAX_SIDE && out->dims[1] <= MAX_SIDE && out->dims[2] <= MAX_SIDE &&
                pcl_tensor_count(node->inputs[1]) / (size_t)weights[0] <= MAX_PATCH;
    if (!sane || attributes->stride_h > MAX_STRIDE || attributes->stride_w > MAX_STRIDE)
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its picture or stride %dx%d is too large",
                             attributes->stride_h, attributes->stride_w);
    return PCL_OK;
}

/* The pads are those of the convolution that leads from the output to the
 * input. As in TFLite, the input's size need not be what that one gives. */
static pcl_status find_pads(const pcl_infer_context *context, pcl_node *node, const pcl_shape *out) {
    pcl_conv_attributes *attributes = &node->attributes.conv;
    pcl_pads *pads = &attributes->pads;
    const int32_t *filter = node->inputs[1]->shape.dims;
    int32_t unused;
    if (attributes->dilation_h > 1 || attributes->dilation_w > 1)
        return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED, "dilation is not supported");
    PCL_TRY_RETURN(pcl_window(context, node, out->dims[1], filter[1], attributes->stride_h, 1, attributes->padding,
                              &pads->top, &pads->bottom, &unused));
    return pcl_window(context, node, out->dims[2], filter[2], attributes->stride_w, 1, attributes->padding,
                      &pads->left, &pads->right, &unused);
}

static pcl_status infer_transpose_conv(const pcl_infer_context *context, pcl_node *node) {
    pcl_shape out = {.rank = 4};
    int32_t count;
    PCL_TRY_RETURN(pcl_check_rank(context, node, node->inputs[1], 4, 4));
    PCL_TRY_RETURN(pcl_check_rank(context, node, node->inputs[2], 4, 4));
    PCL_TRY_RETURN(pcl_read_integers(context, node, node->inputs[0], out.dims, 4, &count));
    if (count != 4) return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its output shape has rank %d", count);
    PCL_TRY_RETURN(check_sizes(context, node, &out));
    PCL_TRY_RETURN(find_pads(context, node, &out));
    PCL_TRY_RETURN(pcl_tensor_set_shape(node->outputs[0], &out, context->error));
    pcl_weighted tensors = tensors_of(node);
    PCL_TRY_RETURN(pcl_check_weighted(context, node, &tensors));
    uint64_t inputs = pcl_tensor_count(tensors.input), per_input = pcl_tensor_count(tensors.weights);
    if (__builtin_mul_overflow(inputs, per_input / (uint64_t)tensors.weights->shape.dims[3], &node->macs))
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its work cannot be counted in 64 bits");
    return PCL_OK;
}

/* --- Preparation ---------------------------------------------------------- */

/* One axis of a phase: outputs first, first + stride, ... are the convolution
 * of the input with filter rows (taps - 1 - i) * stride + rest for tap i. */
typedef struct axis {
    int32_t first, count; /* outputs */
    int32_t taps, rest;
    int32_t pad;
    bool empty; /* no part of the filter: one tap without weight, that sees nothing but padding */
} axis;

static axis axis_of(int32_t first, int32_t in_size, int32_t out_size, int32_t filter, int32_t stride, int32_t pad) {
    axis a = {.first = first, .count = (out_size - first + stride - 1) / stride, .rest = (first + pad) % stride};
    a.empty = a.rest >= filter;
    a.taps = a.empty ? 1 : (filter - a.rest + stride - 1) / stride;
    a.pad = a.empty ? -in_size : a.taps - 1 - (first + pad - a.rest) / stride;
    return a;
}

typedef struct phase {
    axis y, x;
    pcl_im2col patches;
    bool direct; /* rows of the input are rows of patches */
    pcl_dense dense;
} phase;

typedef struct transpose_conv {
    size_t phase_count;
    phase *phases;
    int32_t parts, threads;
    size_t thread_scratch; /* bytes */
    int32_t stride_h, stride_w;
    size_t batch, out_h, out_w;
} transpose_conv;

static pcl_im2col patches_of(const pcl_node *node, const phase *p) {
    const pcl_tensor *input = node->inputs[2];
    const int32_t *in = input->shape.dims;
    size_t pixel_bytes = (size_t)in[3] * pcl_dtype_size(input->dtype);
    return (pcl_im2col){.in_h = in[1], .in_w = in[2],
                        .out_h = p->y.count, .out_w = p->x.count,
                        .filter_h = p->y.taps, .filter_w = p->x.taps,
                        .stride_h = 1, .stride_w = 1,
                        .dilation_h = 1, .dilation_w = 1,
                        .pad_top = p->y.pad, .pad_left = p->x.pad,
                        .pad_byte = input->dtype == PCL_UINT8 ? (uint8_t)pcl_tensor_zero_point(input) : 0,
                        .pixel_bytes = pixel_bytes,
                        .tap_bytes = pixel_bytes};
}

/* Where the weights of the phase's taps lie in [filter_h][filter_w][in_c]. */
static int32_t *tap_offsets(pcl_arena *arena, const pcl_node *node, const phase *p) {
    const int32_t *filter = node->inputs[1]->shape.dims;
    const pcl_conv_attributes *attributes = &node->attributes.conv;
    int32_t channels = filter[3];
    int32_t *offsets = pcl_arena_alloc_array(arena, (size_t)p->y.taps * (size_t)p->x.taps * (size_t)channels,
                                             sizeof *offsets);
    int32_t *next = offsets;
    for (int32_t i = 0; offsets && i < p->y.taps; i++)
        for (int32_t j = 0; j < p->x.taps; j++) {
            int32_t row = (p->y.taps - 1 - i) * attributes->stride_h + p->y.rest;
            int32_t column = (p->x.taps - 1 - j) * attributes->stride_w + p->x.rest;
            bool weighs = !p->y.empty && !p->x.empty;
            for (int32_t c = 0; c < channels; c++)
                *next++ = weighs ? (row * filter[2] + column) * channels + c : PCL_NO_WEIGHT;
        }
    return offsets;
}

static pcl_status prepare_phase(const pcl_prepare_context *context, const pcl_node *node, phase *p) {
    const int32_t *filter = node->inputs[1]->shape.dims;
    pcl_weighted tensors = tensors_of(node);
    int32_t *offsets = tap_offsets(context->arena, node, p);
    if (!offsets) return pcl_no_memory(context, node);
    p->patches = patches_of(node, p);
    p->direct = p->y.taps == 1 && p->x.taps == 1 && p->y.pad == 0 && p->x.pad == 0 &&
                p->y.count <= p->patches.in_h && p->x.count <= p->patches.in_w;
    pcl_weight_matrix matrix = {.rows = (size_t)p->y.count * (size_t)p->x.count,
                                .channels = (size_t)filter[0],
                                .repeats = 1,
                                .depth = (size_t)p->y.taps * (size_t)p->x.taps * (size_t)filter[3],
                                .channel_stride = (size_t)filter[1] * (size_t)filter[2] * (size_t)filter[3],
                                .offsets = offsets};
    return pcl_dense_prepare(context, node, &tensors, &matrix, &p->dense);
}

/* Patches that are made together, of one output row of a phase. */
static size_t chunk_of(const phase *p) {
    size_t wanted = PATCH_BYTES / pcl_im2col_stride(&p->patches);
    wanted = wanted < ROW_TILE ? ROW_TILE : wanted / ROW_TILE * ROW_TILE;
    return wanted < (size_t)p->x.count ? wanted : (size_t)p->x.count;
}

static bool plan_scratch(transpose_conv *self, size_t *scratch_bytes) {
    for (size_t i = 0; i < self->phase_count; i++) {
        size_t bytes;
        if (!pcl_size_mul(chunk_of(&self->phases[i]), pcl_im2col_stride(&self->phases[i].patches), &bytes) ||
            bytes > SIZE_MAX / 2)
            return false;
        bytes = pcl_round_up(bytes, PCL_ALIGNMENT);
        if (bytes > self->thread_scratch) self->thread_scratch = bytes;
    }
    return pcl_size_mul(self->thread_scratch, (size_t)self->threads, scratch_bytes);
}

static pcl_status prepare_transpose_conv(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    const pcl_conv_attributes *attributes = &node->attributes.conv;
    const int32_t *filter = node->inputs[1]->shape.dims, *in = node->inputs[2]->shape.dims;
    const int32_t *out = node->outputs[0]->shape.dims;
    transpose_conv *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    int32_t rows = attributes->stride_h < out[1] ? attributes->stride_h : out[1];
    int32_t columns = attributes->stride_w < out[2] ? attributes->stride_w : out[2];
    *self = (transpose_conv){.phase_count = (size_t)rows * (size_t)columns,
                             .stride_h = attributes->stride_h, .stride_w = attributes->stride_w,
                             .batch = (size_t)out[0], .out_h = (size_t)out[1], .out_w = (size_t)out[2],
                             .parts = pcl_useful_parts(node->macs, PCL_MACS_PER_MICROSECOND)};
    self->threads = pcl_employed(context->threads, self->parts);
    self->phases = pcl_arena_alloc_array(context->arena, self->phase_count, sizeof *self->phases);
    if (!self->phases) return pcl_no_memory(context, node);
    for (int32_t i = 0; i < rows * columns; i++) {
        phase *p = &self->phases[i];
        p->y = axis_of(i / columns, in[1], out[1], filter[1], attributes->stride_h, attributes->pads.top);
        p->x = axis_of(i % columns, in[2], out[2], filter[2], attributes->stride_w, attributes->pads.left);
        PCL_TRY_RETURN(prepare_phase(context, node, p));
    }
    if (!plan_scratch(self, &step->scratch_bytes))
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its patches are too large");
    return PCL_OK;
}

/* --- Running -------------------------------------------------------------- */

typedef struct transpose_run {
    const pcl_kernels *kernels;
    const transpose_conv *self;
    const uint8_t *in;
    uint8_t *out;
    uint8_t *scratch;
} transpose_run;

/* Row `row` of a phase, counted over the batch. */
static void run_row(const transpose_run *run, const phase *p, size_t row, uint8_t *scratch) {
    const transpose_conv *self = run->self;
    size_t element = p->dense.element, columns = p->dense.columns, count = (size_t)p->x.count;
    size_t picture = row / (size_t)p->y.count, y = row % (size_t)p->y.count;
    size_t out_pixel = (picture * self->out_h + y * (size_t)self->stride_h + (size_t)p->y.first) * self->out_w +
                       (size_t)p->x.first;
    uint8_t *out = run->out + out_pixel * columns * element;
    size_t out_stride = (size_t)self->stride_w * columns;
    if (p->direct) {
        const uint8_t *in = run->in + (picture * (size_t)p->patches.in_h + y) * (size_t)p->patches.in_w *
                                          p->patches.pixel_bytes;
        pcl_dense_left left = {.a = in, .stride = p->dense.depth};
        pcl_dense_run(run->kernels, &p->dense, count, &left, 0, columns, out, out_stride);
        return;
    }
    size_t chunk = chunk_of(p), stride = pcl_im2col_stride(&p->patches) / element;
    for (size_t x = 0, part; x < count; x += part) {
        part = pcl_even_chunk(count - x, chunk, ROW_TILE);
        pcl_im2col_fill(&p->patches, run->in, row * count + x, part, scratch);
        pcl_dense_left left = {.a = scratch, .stride = stride};
        pcl_dense_run(run->kernels, &p->dense, part, &left, 0, columns, out + x * out_stride * element,
                      out_stride);
    }
}

static void run_part(void *argument, const pcl_part *part) {
    const transpose_run *run = argument;
    const transpose_conv *self = run->self;
    uint8_t *scratch = run->scratch + (size_t)part->thread * self->thread_scratch;
    for (size_t i = 0; i < self->phase_count; i++) {
        const phase *p = &self->phases[i];
        size_t first, end;
        pcl_partition(self->batch * (size_t)p->y.count, 1, part, &first, &end);
        for (size_t row = first; row < end; row++) run_row(run, p, row, scratch);
    }
}

static pcl_status run_transpose_conv(const pcl_run_context *context, const pcl_step *step) {
    const transpose_conv *self = step->prepared;
    transpose_run run = {context->kernels, self, step->node->inputs[2]->data, step->node->outputs[0]->data,
                         step->scratch};
    pcl_pool_run(context->pool, run_part, &run, self->parts);
    return PCL_OK;
}

const pcl_op pcl_op_transpose_conv = {.name = "TRANSPOSE_CONV",
                                      .min_inputs = 3,
                                      .max_inputs = 4,
                                      .min_outputs = 1,
                                      .max_outputs = 1,
                                      .infer = infer_transpose_conv,
                                      .prepare = prepare_transpose_conv,
                                      .run = run_transpose_conv};
