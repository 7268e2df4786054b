#include <string.h>

#include "ops/conv_method.h"
#include "ops/dense.h"

enum {
    MIN_RUN = 9,     /* below it the kernels' ends of runs outweigh patches */
    MIN_WIDTH = 20,  /* any number from here on is a sum of the heights of the kernels' tiles */
    MAX_HEIGHT = 32, /* of the filter: as many rows with their pads are kept */
    QUAD = 4,        /* bytes that the kernel multiplies at once */
    SLACK = 16       /* bytes that kernels may read beyond the end */
};

typedef struct indirect_conv {
    pcl_im2col window;
    size_t pictures, in_channels;
    pcl_dense dense;
    size_t run;             /* elements, with what the kernel reads more and multiplies by zero */
    size_t out_element;     /* bytes */
    bool padded;            /* rows reach beyond the picture's sides: copies with their pads lie in a ring */
    size_t row_bytes;       /* that the filter sees in a row of the picture, pads among them, and SLACK */
    const uint8_t *outside; /* [row_bytes] of pad_byte */
    size_t thread_scratch; /* bytes: filter_h pointers, the ring */
} indirect_conv;

/* Bytes: when the kernel takes runs, and hardly any of it is filled up. */
static bool fits_kernel(const pcl_kernels *kernels, const pcl_weighted *tensors, int64_t run) {
    if (tensors->input->dtype == PCL_FLOAT32) return true;
    int64_t whole = (run + QUAD - 1) / QUAD * QUAD;
    return kernels->takes_runs && tensors->weights->dtype == PCL_INT8 && whole * 8 <= run * 9 &&
           pcl_weight_zero_point(tensors->weights, 0) == 0;
}

static bool pays(const pcl_kernels *kernels, const pcl_node *node, const pcl_im2col *window,
                 const pcl_weighted *tensors) {
    int64_t run = (int64_t)window->filter_w * tensors->input->shape.dims[3];
    return !window->upsampled && window->tap_bytes == window->pixel_bytes && window->filter_h > 1 &&
           window->filter_h <= MAX_HEIGHT && window->dilation_h == 1 && window->dilation_w == 1 &&
           window->out_w >= MIN_WIDTH && run >= MIN_RUN && !node->attributes.conv.residual &&
           fits_kernel(kernels, tensors, run);
}

/* --- Preparation ---------------------------------------------------------- */

static bool plan_rows(indirect_conv *self, size_t threads, size_t *scratch_bytes) {
    const pcl_im2col *window = &self->window;
    int64_t seen = (int64_t)(window->out_w - 1) * window->stride_w + window->filter_w;
    self->padded = window->pad_left > 0 || seen - window->pad_left > window->in_w;
    size_t filter_h = (size_t)window->filter_h, ring = 0;
    if (seen > INT32_MAX || !pcl_size_mul((size_t)seen, window->pixel_bytes, &self->row_bytes)) return false;
    if (!pcl_size_add(self->row_bytes, SLACK, &self->row_bytes)) return false;
    self->row_bytes = self->row_bytes / SLACK * SLACK;
    if (self->padded && !pcl_size_mul(self->row_bytes, filter_h, &ring)) return false;
    if (!pcl_size_add(ring, filter_h * sizeof(void *) + PCL_ALIGNMENT, &self->thread_scratch)) return false;
    self->thread_scratch = self->thread_scratch / PCL_ALIGNMENT * PCL_ALIGNMENT;
    return pcl_size_mul(self->thread_scratch, threads, scratch_bytes);
}

static bool pack(const pcl_prepare_context *context, const pcl_node *node, const pcl_weighted *tensors,
                 indirect_conv *self) {
    const pcl_im2col *window = &self->window;
    int32_t *offsets = pcl_tap_offsets(context->arena, window, (int32_t)self->in_channels, self->run, 1);
    uint8_t *outside = pcl_arena_alloc(context->arena, self->row_bytes);
    if (!offsets || !outside) return false;
    memset(outside, window->pad_byte, self->row_bytes);
    self->outside = outside;
    pcl_weight_matrix matrix = {.rows = (size_t)window->out_w,
                                .channels = (size_t)tensors->channels,
                                .repeats = (size_t)window->merged,
                                .depth = (size_t)window->filter_h * self->run,
                                .channel_stride = pcl_tensor_count(tensors->weights) / (size_t)tensors->channels,
                                .offsets = offsets};
    return pcl_dense_prepare(context, node, tensors, &matrix, &self->dense) == PCL_OK;
}

static const void *prepare(const pcl_prepare_context *context, const pcl_node *node, const pcl_im2col *window,
                           const pcl_weighted *tensors, int32_t threads, size_t *scratch_bytes) {
    indirect_conv *self = pcl_arena_alloc(context->arena, sizeof *self);
    if (self) {
        *self = (indirect_conv){.window = *window,
                                .pictures = (size_t)tensors->input->shape.dims[0],
                                .in_channels = (size_t)tensors->input->shape.dims[3],
                                .out_element = pcl_dtype_size(tensors->output->dtype)};
        self->run = (size_t)window->filter_w * self->in_channels;
        if (tensors->input->dtype != PCL_FLOAT32) self->run = pcl_round_up(self->run, QUAD);
        if (plan_rows(self, (size_t)threads, scratch_bytes) && pack(context, node, tensors, self)) return self;
    }
    (void)pcl_no_memory(context, node);
    return NULL;
}

/* --- Running -------------------------------------------------------------- */

/* The rows of one picture as the filter passes over them from top to bottom. */
typedef struct passage {
    const indirect_conv *self;
    const uint8_t *picture; /* [in_h][in_w] pixels */
    uint8_t *ring;          /* [filter_h][row_bytes]: row y of the picture at (y + pad_top) % filter_h */
    int32_t made;           /* the rows above this one that are still wanted are in the ring */
} passage;

/* Row y of the picture, NULL where there is none. */
static const uint8_t *picture_row(const passage *p, int32_t y) {
    const pcl_im2col *window = &p->self->window;
    if (window->reflect) y = pcl_mirror(y, window->in_h);
    if (y < 0 || y >= window->in_h) return NULL;
    return p->picture + (size_t)y * (size_t)window->in_w * window->pixel_bytes;
}

static uint8_t *ring_row(const passage *p, int32_t y) {
    const pcl_im2col *window = &p->self->window;
    return p->ring + (size_t)((y + window->pad_top) % window->filter_h) * p->self->row_bytes;
}

/* What the filter's rows see for row y of the output, from column -pad_left on. */
static void find_runs(passage *p, int32_t y, const void **runs) {
    const pcl_im2col *window = &p->self->window;
    bool padded = p->self->padded;
    int32_t seen = (window->out_w - 1) * window->stride_w + window->filter_w;
    int32_t top = y * window->stride_h - window->pad_top;
    if (p->made < top) p->made = top;
    for (; padded && p->made < top + window->filter_h; p->made++) {
        const uint8_t *row = picture_row(p, p->made);
        if (row) pcl_padded_row(window, row, -window->pad_left, seen, ring_row(p, p->made));
    }
    for (int32_t i = 0; i < window->filter_h; i++) {
        const uint8_t *row = picture_row(p, top + i);
        if (!row) runs[i] = p->self->outside;
        else runs[i] = padded ? ring_row(p, top + i) : row + (size_t)-window->pad_left * window->pixel_bytes;
    }
}

static void run(const pcl_kernels *kernels, const void *prepared, const pcl_node *node,
                uint8_t *scratch, const pcl_part *part) {
    const indirect_conv *self = prepared;
    const pcl_im2col *window = &self->window;
    size_t begin, end, height = (size_t)window->out_h, width = (size_t)window->out_w;
    size_t columns = self->dense.columns, out_bytes = width * columns * self->out_element;
    pcl_partition(self->pictures * height, 1, part, &begin, &end);
    const void **runs = (const void **)(void *)(scratch + (size_t)part->thread * self->thread_scratch);
    pcl_dense_left left = {.stride = (size_t)window->stride_w * self->in_channels, .runs = runs, .run = self->run};
    passage p = {.self = self, .ring = (uint8_t *)(runs + window->filter_h)};
    for (size_t row = begin; row < end; row++) {
        size_t picture = row / height;
        if (row == begin || row % height == 0) {
            p.picture = (const uint8_t *)node->inputs[0]->data +
                        picture * (size_t)window->in_h * (size_t)window->in_w * window->pixel_bytes;
            p.made = -window->pad_top;
        }
        find_runs(&p, (int32_t)(row % height), runs);
        pcl_dense_run(kernels, &self->dense, width, &left, 0, columns,
                      (uint8_t *)node->outputs[0]->data + row * out_bytes, columns);
    }
}

const pcl_conv_method pcl_indirect_conv = {.pays = pays, .prepare = prepare, .run = run};
