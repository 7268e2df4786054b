#include <math.h>
#include <string.h>

#include "ops/conv_method.h"
#include "ops/dense.h"

enum {
    MIN_DEPTH = 24,           /* below it the kernels' ends outweigh their products */
    COLUMN_TILE = 8,          /* output channels that patches fill the kernels with */
    PARTS_BYTES = 96 << 10,   /* of a strip: they stay in the second-level cache */
    ROW_TILE = 12,            /* rows that the GEMM kernels do at once, in narrow matrices */
    VECTOR = 4                /* floats that kernels may read beyond the end */
};

/* Done in strips of columns of the output, each from top to bottom: no two compute the same. */
typedef struct row_conv {
    pcl_im2col window;
    size_t pictures, in_channels, out_channels;
    pcl_dense dense;  /* columns [filter_h][out_channels], depth [filter_w][in_channels], no bias */
    const float *bias; /* [out_channels] */
    int32_t strip;    /* width */
    size_t strips;    /* of a picture */
    size_t columns;        /* of a part: those of `dense` in whole vectors; what is too much is never read */
    size_t part_floats;    /* [strip][columns] */
    size_t row_floats;     /* [strip - 1 + filter_w][in_channels], and what kernels read beyond */
    size_t thread_scratch; /* bytes: filter_h pointers, as many parts, a row */
} row_conv;

/* Stride 1, no residual, few output channels, not few weights in a row of the filter. */
static bool pays(const pcl_kernels *kernels, const pcl_node *node, const pcl_im2col *window,
                 const pcl_weighted *tensors) {
    (void)kernels;
    int64_t depth = (int64_t)window->filter_w * tensors->input->shape.dims[3];
    return tensors->input->dtype == PCL_FLOAT32 && !window->upsampled && window->tap_bytes == window->pixel_bytes &&
           window->filter_h > 1 && window->stride_h == 1 && window->stride_w == 1 && window->dilation_h == 1 &&
           window->dilation_w == 1 && depth >= MIN_DEPTH && tensors->channels < COLUMN_TILE &&
           window->out_w >= ROW_TILE && window->out_h >= window->filter_h && !node->attributes.conv.residual;
}

/* --- Preparation ---------------------------------------------------------- */

static bool pack(const pcl_prepare_context *context, const pcl_node *node, const pcl_weighted *tensors,
                 row_conv *self) {
    size_t filter_h = (size_t)self->window.filter_h, depth = (size_t)self->window.filter_w * self->in_channels;
    int32_t *offsets = pcl_plain_offsets(context->arena, filter_h * depth); /* row after row of a channel's filter */
    float *bias = pcl_arena_alloc_array(context->arena, self->out_channels, sizeof *bias);
    if (!offsets || !bias) return false;
    pcl_weight_matrix matrix = {.rows = (size_t)self->window.in_w,
                                .channels = self->out_channels,
                                .repeats = filter_h,
                                .depth = depth,
                                .channel_stride = filter_h * depth,
                                .offsets = offsets};
    pcl_weighted without_bias = *tensors;
    without_bias.bias = NULL;
    without_bias.activation = PCL_ACTIVATION_NONE;
    if (pcl_dense_prepare(context, node, &without_bias, &matrix, &self->dense) != PCL_OK) return false;
    for (size_t c = 0; c < self->out_channels; c++) bias[c] = pcl_bias_real(tensors->bias, c);
    self->bias = bias;
    pcl_activation_range(tensors->activation, &self->dense.low, &self->dense.high);
    return true;
}

/* False when a strip is too large. */
static bool plan_strips(row_conv *self, size_t threads, size_t *scratch_bytes) {
    size_t filter_h = (size_t)self->window.filter_h, row, bytes;
    if (!pcl_size_mul(filter_h, self->out_channels, &self->columns)) return false;
    self->columns = pcl_round_up(self->columns, VECTOR);
    size_t fitting = PARTS_BYTES / sizeof(float) / filter_h / self->columns / ROW_TILE * ROW_TILE;
    size_t width = (size_t)self->window.out_w, parts = threads > 1 ? threads * PCL_PARTS_EACH : 1;
    if (fitting > (width + parts - 1) / parts) fitting = (width + parts - 1) / parts;
    self->strip = fitting < ROW_TILE ? ROW_TILE : fitting < width ? (int32_t)fitting : self->window.out_w;
    self->strips = (width + (size_t)self->strip - 1) / (size_t)self->strip;
    if (!pcl_size_add((size_t)self->strip - 1, (size_t)self->window.filter_w, &row)) return false;
    if (!pcl_size_mul(row, self->in_channels, &self->row_floats)) return false;
    if (!pcl_size_add(self->row_floats, VECTOR, &self->row_floats)) return false;
    if (!pcl_size_mul((size_t)self->strip, self->columns, &self->part_floats)) return false;
    if (!pcl_size_add(self->part_floats, VECTOR, &self->part_floats)) return false;
    if (!pcl_size_mul(self->part_floats, sizeof(float), &bytes)) return false;
    if (!pcl_size_mul(bytes + sizeof(float *), filter_h, &bytes)) return false;
    if (!pcl_size_mul(self->row_floats, sizeof(float), &row)) return false;
    if (!pcl_size_add(bytes, row, &self->thread_scratch)) return false;
    self->thread_scratch = pcl_round_up(self->thread_scratch, PCL_ALIGNMENT);
    return pcl_size_mul(self->thread_scratch, threads, scratch_bytes);
}

static const void *prepare(const pcl_prepare_context *context, const pcl_node *node, const pcl_im2col *window,
                           const pcl_weighted *tensors, int32_t threads, size_t *scratch_bytes) {
    row_conv *self = pcl_arena_alloc(context->arena, sizeof *self);
    if (self) {
        *self = (row_conv){.window = *window,
                               .pictures = (size_t)tensors->input->shape.dims[0],
                               .in_channels = (size_t)tensors->input->shape.dims[3],
                               .out_channels = (size_t)tensors->channels};
        if (plan_strips(self, (size_t)threads, scratch_bytes) && pack(context, node, tensors, self)) return self;
    }
    (void)pcl_no_memory(context, node);
    return NULL;
}

/* --- Running -------------------------------------------------------------- */

typedef struct strip {
    const pcl_kernels *kernels;
    const row_conv *self;
    const float *picture; /* [in_h][in_w][in_channels] */
    float *out;           /* [out_h][out_w][out_channels] */
    int32_t x, width;     /* columns of the output */
    float *parts;         /* [filter_h], that of the picture's row y at (y + pad_top) % filter_h */
    float *row;
    const float **order;  /* [filter_h]: the parts of a row of the output, from its top down */
} strip;

/* The pixels of a row of the picture from column x - pad_left on, pads among them. */
static const float *padded_row(const strip *s, const float *row) {
    const row_conv *self = s->self;
    size_t channels = self->in_channels;
    int32_t first = s->x - self->window.pad_left, count = s->width - 1 + self->window.filter_w;
    if (first >= 0 && first + count <= self->window.in_w) return row + (size_t)first * channels;
    pcl_padded_row(&self->window, row, first, count, s->row);
    return s->row;
}

/* What row y of the picture, which may lie outside of it, adds to rows of the output. */
static void make_part(const strip *s, int32_t y) {
    const row_conv *self = s->self;
    float *part = s->parts + (size_t)((y + self->window.pad_top) % self->window.filter_h) * self->part_floats;
    if (self->window.reflect) y = pcl_mirror(y, self->window.in_h);
    if (y < 0 || y >= self->window.in_h) {
        memset(part, 0, self->part_floats * sizeof *part);
        return;
    }
    const float *row = padded_row(s, s->picture + (size_t)y * (size_t)self->window.in_w * self->in_channels);
    pcl_gemm_f32 task = {.rows = (size_t)s->width,
                         .columns = self->columns,
                         .depth = self->dense.depth,
                         .a = row,
                         .a_stride = self->in_channels,
                         .packed = self->dense.packed,
                         .bias = self->dense.bias,
                         .low = -INFINITY,
                         .high = INFINITY,
                         .out = part,
                         .out_stride = self->columns};
    s->kernels->gemm_f32(&task);
}

/* Row y of the output: the bias and the parts of filter_h rows of the picture. */
static void sum_parts(const strip *s, int32_t y) {
    const row_conv *self = s->self;
    for (int32_t i = 0; i < self->window.filter_h; i++)
        s->order[i] =
            s->parts + (size_t)((y + i) % self->window.filter_h) * self->part_floats + (size_t)i * self->out_channels;
    pcl_sum_f32 task = {.pixels = (size_t)s->width,
                        .channels = self->out_channels,
                        .count = (size_t)self->window.filter_h,
                        .parts = s->order,
                        .stride = self->columns,
                        .bias = self->bias,
                        .low = self->dense.low,
                        .high = self->dense.high,
                        .out = s->out + ((size_t)y * (size_t)self->window.out_w + (size_t)s->x) * self->out_channels};
    s->kernels->sum_f32(&task);
}

static void run_strip(const strip *s) {
    const row_conv *self = s->self;
    for (int32_t i = 0; i < self->window.filter_h - 1; i++) make_part(s, i - self->window.pad_top);
    for (int32_t y = 0; y < self->window.out_h; y++) {
        make_part(s, y - self->window.pad_top + self->window.filter_h - 1);
        sum_parts(s, y);
    }
}

static void run(const pcl_kernels *kernels, const void *prepared, const pcl_node *node,
                uint8_t *scratch, const pcl_part *part) {
    const row_conv *self = prepared;
    const float **order = (const float **)(void *)(scratch + (size_t)part->thread * self->thread_scratch);
    float *parts = (float *)(order + self->window.filter_h);
    size_t begin, end;
    size_t in_floats = (size_t)self->window.in_h * (size_t)self->window.in_w * self->in_channels;
    size_t out_floats = (size_t)self->window.out_h * (size_t)self->window.out_w * self->out_channels;
    pcl_partition(self->pictures * self->strips, 1, part, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        size_t picture = i / self->strips;
        strip s = {.kernels = kernels, .self = self, .order = order, .parts = parts};
        s.row = parts + self->part_floats * (size_t)self->window.filter_h;
        s.picture = (const float *)node->inputs[0]->data + picture * in_floats;
        s.out = (float *)node->outputs[0]->data + picture * out_floats;
        s.x = (int32_t)(i % self->strips) * self->strip;
        s.width = self->window.out_w - s.x < self->strip ? self->window.out_w - s.x : self->strip;
        run_strip(&s);
    }
}

const pcl_conv_method pcl_row_conv = {.pays = pays, .prepare = prepare, .run = run};
