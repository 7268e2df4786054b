#include <string.h>

#include "ops/conv_method.h"
#include "ops/dense.h"
#include "ops/winograd_segments.h"

enum {
    MIN_RUN = 9,     /* below it the kernels' ends of runs outweigh patches */
    MIN_WIDTH = 20,  /* any number from here on is a sum of the heights of the kernels' tiles */
    MAX_HEIGHT = 32, /* of the filter: some more rows with their pads are kept */
    QUAD = 4,        /* bytes that the kernel multiplies at once */
    VECTOR = 16,     /* bytes that are copied at once */
    SLACK = 16       /* bytes that kernels may read beyond the end */
};

typedef struct indirect_conv {
    pcl_im2col window;
    size_t pictures, in_channels;
    pcl_winograd_segments segments;
    pcl_dense dense;        /* where not by these */
    int32_t band, seen;     /* rows of the output that are made at once, and of the picture that they see */
    int32_t width;          /* pixels seen of a row */
    size_t run;             /* elements, with what the kernel reads more and multiplies by zero */
    size_t out_element;     /* bytes */
    bool padded;            /* rows reach beyond the picture's sides, or are larger: copies lie in a ring */
    size_t row_bytes;       /* that the filter sees in a row of the picture, pads among them, and SLACK */
    const uint8_t *outside; /* [row_bytes] of pad_byte */
    size_t thread_scratch;  /* bytes: pointers to the rows, the segments', the ring */
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
    bool copies_whole = window->pixel_bytes % VECTOR == 0 && window->pad_left >= 0 && tensors->channels % 8 == 0;
    return (!window->upsampled || copies_whole) && window->tap_bytes == window->pixel_bytes && window->filter_h > 1 &&
           window->filter_h <= MAX_HEIGHT && window->dilation_h == 1 && window->dilation_w == 1 &&
           window->out_w >= MIN_WIDTH && run >= MIN_RUN && !node->attributes.conv.residual &&
           fits_kernel(kernels, tensors, run);
}

/* --- Preparation ---------------------------------------------------------- */

static bool plan_rows(indirect_conv *self, size_t threads, size_t *scratch_bytes) {
    const pcl_im2col *window = &self->window;
    int64_t width = (int64_t)(window->out_w - 1) * window->stride_w + window->filter_w;
    if (self->band > 1) width = (int64_t)pcl_winograd_segments_seen(self->segments.tiles, self->segments.across);
    self->padded = window->upsampled || window->pad_left > 0 || width - window->pad_left > window->in_w;
    size_t rows = (size_t)self->seen, ring = 0;
    if (width > INT32_MAX || !pcl_size_mul((size_t)width, window->pixel_bytes, &self->row_bytes)) return false;
    self->width = (int32_t)width;
    if (!pcl_size_add(self->row_bytes, SLACK, &self->row_bytes)) return false;
    self->row_bytes = self->row_bytes / SLACK * SLACK;
    if (self->padded && !pcl_size_mul(self->row_bytes, rows, &ring)) return false;
    size_t others = rows * sizeof(void *) + pcl_winograd_segments_scratch(&self->segments) * sizeof(float);
    if (!pcl_size_add(ring, others + PCL_ALIGNMENT, &self->thread_scratch)) return false;
    self->thread_scratch = self->thread_scratch / PCL_ALIGNMENT * PCL_ALIGNMENT;
    return pcl_size_mul(self->thread_scratch, threads, scratch_bytes);
}

static bool pack(const pcl_prepare_context *context, const pcl_node *node, const pcl_weighted *tensors,
                 indirect_conv *self) {
    const pcl_im2col *window = &self->window;
    int32_t *offsets = pcl_tap_offsets(context->arena, window, (int32_t)self->in_channels, self->run, 1);
    if (!offsets) return false;
    pcl_weight_matrix matrix = {.rows = (size_t)window->out_w,
                                .channels = (size_t)tensors->channels,
                                .repeats = (size_t)window->merged,
                                .depth = (size_t)window->filter_h * self->run,
                                .channel_stride = pcl_tensor_count(tensors->weights) / (size_t)tensors->channels,
                                .offsets = offsets};
    return pcl_dense_prepare(context, node, tensors, &matrix, &self->dense) == PCL_OK;
}

static bool make_outside(pcl_arena *arena, indirect_conv *self) {
    uint8_t *outside = pcl_arena_alloc(arena, self->row_bytes);
    if (!outside) return false;
    memset(outside, self->window.pad_byte, self->row_bytes);
    self->outside = outside;
    return true;
}

static const void *prepare(const pcl_prepare_context *context, const pcl_node *node, const pcl_im2col *window,
                           const pcl_weighted *tensors, int32_t threads, size_t *scratch_bytes) {
    indirect_conv *self = pcl_arena_alloc(context->arena, sizeof *self);
    if (self) {
        *self = (indirect_conv){.window = *window,
                                .pictures = (size_t)tensors->input->shape.dims[0],
                                .in_channels = (size_t)tensors->input->shape.dims[3],
                                .out_element = pcl_dtype_size(tensors->output->dtype)};
        bool by_segments = pcl_winograd_segments_plan(window, tensors, &self->segments);
        self->run = (size_t)window->filter_w * self->in_channels;
        if (tensors->input->dtype != PCL_FLOAT32) self->run = pcl_round_up(self->run, QUAD);
        bool done = by_segments ? pcl_winograd_segments_prepare(context->arena, window, tensors, &self->segments)
                                : pack(context, node, tensors, self);
        self->band = by_segments ? PCL_SEGMENT : 1;
        self->seen = by_segments ? (int32_t)pcl_winograd_segments_seen(1, self->segments.down) : window->filter_h;
        if (done && plan_rows(self, (size_t)threads, scratch_bytes) && make_outside(context->arena, self)) return self;
    }
    (void)pcl_no_memory(context, node);
    return NULL;
}

/* --- Running -------------------------------------------------------------- */

/* The rows of one picture as the filter passes over them from top to bottom. */
typedef struct passage {
    const indirect_conv *self;
    const uint8_t *picture; /* [in_h][in_w] pixels */
    uint8_t *ring;          /* [seen][row_bytes]: row y of the picture at (y + pad_top) % seen */
    int32_t made;           /* the rows above this one that are still wanted are in the ring */
} passage;

/* Row y of the picture, NULL where there is none. */
static const uint8_t *picture_row(const passage *p, int32_t y) {
    const pcl_im2col *window = &p->self->window;
    if (window->reflect) y = pcl_mirror(y, window->in_h);
    if (y < 0 || y >= window->in_h) return NULL;
    return p->picture + (size_t)(y >> window->upsampled) * (size_t)(window->in_w >> window->upsampled) * window->pixel_bytes;
}

static uint8_t *ring_row(const passage *p, int32_t y) {
    const pcl_im2col *window = &p->self->window;
    return p->ring + (size_t)((y + window->pad_top) % p->self->seen) * p->self->row_bytes;
}

/* What the filter's rows see for a band from row y of the output on, from column -pad_left on. */
static void find_runs(passage *p, int32_t y, const void **runs) {
    const pcl_im2col *window = &p->self->window;
    bool padded = p->self->padded;
    int32_t top = y * window->stride_h - window->pad_top;
    if (p->made < top) p->made = top;
    for (; padded && p->made < top + p->self->seen; p->made++) {
        const uint8_t *row = picture_row(p, p->made);
        if (row) pcl_padded_row(window, row, -window->pad_left, p->self->width, ring_row(p, p->made));
    }
    for (int32_t i = 0; i < p->self->seen; i++) {
        const uint8_t *row = picture_row(p, top + i);
        if (!row) runs[i] = p->self->outside;
        else runs[i] = padded ? ring_row(p, top + i) : row + (size_t)-window->pad_left * window->pixel_bytes;
    }
}

static void run(const pcl_kernels *kernels, const void *prepared, const pcl_node *node,
                uint8_t *scratch, const pcl_part *part) {
    const indirect_conv *self = prepared;
    const pcl_im2col *window = &self->window;
    size_t begin, end, height = (size_t)window->out_h, width = (size_t)window->out_w, band = (size_t)self->band;
    size_t columns = (size_t)window->merged * (size_t)node->outputs[0]->shape.dims[3];
    size_t bands = (height + band - 1) / band;
    pcl_partition(self->pictures * bands, 1, part, &begin, &end);
    const void **runs = (const void **)(void *)(scratch + (size_t)part->thread * self->thread_scratch);
    pcl_dense_left left = {.stride = (size_t)window->stride_w * self->in_channels, .runs = runs, .run = self->run};
    float *of_segments = (float *)(void *)(runs + self->seen);
    passage p = {.self = self, .ring = (uint8_t *)(of_segments + pcl_winograd_segments_scratch(&self->segments))};
    for (size_t i = begin; i < end; i++) {
        size_t picture = i / bands, y = i % bands * band;
        if (i == begin || y == 0) {
            p.picture = (const uint8_t *)node->inputs[0]->data +
                        picture * (node->inputs[0]->bytes / self->pictures);
            p.made = -window->pad_top;
        }
        find_runs(&p, (int32_t)y, runs);
        void *out = (uint8_t *)node->outputs[0]->data + (picture * height + y) * width * columns * self->out_element;
        if (band > 1)
            pcl_winograd_segments_run(kernels, &self->segments, runs, i % bands, i > begin && y > 0, of_segments, out,
                                      width, (int32_t)(height - y < band ? height - y : band));
        else
            pcl_dense_run(kernels, &self->dense, width, &left, 0, columns, out, columns);
    }
}

const pcl_conv_method pcl_indirect_conv = {.pays = pays, .prepare = prepare, .run = run};
