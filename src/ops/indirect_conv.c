#include "ops/conv_method.h"
#include "ops/dense.h"

enum {
    MIN_RUN = 9,     /* below it the kernels' ends of runs outweigh patches */
    MIN_WIDTH = 20,  /* any number from here on is a sum of the heights of the kernels' tiles */
    MAX_HEIGHT = 32, /* of the filter: as many rows with their pads are kept */
    COLUMN_TILE = 8, /* output channels that fill the kernels */
    VECTOR = 4       /* floats that kernels may read beyond the end */
};

typedef struct indirect_conv {
    pcl_im2col window;
    size_t pictures, in_channels, out_channels;
    pcl_dense dense;
    bool padded;           /* rows reach beyond the picture's sides: copies with their pads lie in a ring */
    size_t row_floats;     /* that the filter sees in a row of the picture, pads among them */
    const float *outside;  /* [row_floats] zeros */
    size_t thread_scratch; /* bytes: filter_h pointers, the ring */
} indirect_conv;

static bool pays(const pcl_kernels *kernels, const pcl_node *node, const pcl_im2col *window,
                 const pcl_weighted *tensors) {
    (void)kernels;
    return tensors->input->dtype == PCL_FLOAT32 && !window->upsampled && window->tap_bytes == window->pixel_bytes &&
           window->filter_h > 1 && window->filter_h <= MAX_HEIGHT && window->dilation_h == 1 &&
           window->dilation_w == 1 && window->out_w >= MIN_WIDTH &&
           (int64_t)window->filter_w * tensors->input->shape.dims[3] >= MIN_RUN &&
           tensors->channels % COLUMN_TILE == 0 && !node->attributes.conv.residual;
}

/* --- Preparation ---------------------------------------------------------- */

static bool plan_rows(indirect_conv *self, size_t threads, size_t *scratch_bytes) {
    const pcl_im2col *window = &self->window;
    int64_t seen = (int64_t)(window->out_w - 1) * window->stride_w + window->filter_w;
    self->padded = window->pad_left > 0 || seen - window->pad_left > window->in_w;
    size_t filter_h = (size_t)window->filter_h, ring = 0;
    if (seen > INT32_MAX || !pcl_size_mul((size_t)seen, self->in_channels, &self->row_floats)) return false;
    if (!pcl_size_add(self->row_floats, VECTOR, &self->row_floats)) return false;
    if (self->padded && !pcl_size_mul(self->row_floats, filter_h * sizeof(float), &ring)) return false;
    if (!pcl_size_add(ring, filter_h * sizeof(float *) + PCL_ALIGNMENT, &self->thread_scratch)) return false;
    self->thread_scratch = self->thread_scratch / PCL_ALIGNMENT * PCL_ALIGNMENT;
    return pcl_size_mul(self->thread_scratch, threads, scratch_bytes);
}

static bool pack(const pcl_prepare_context *context, const pcl_node *node, const pcl_weighted *tensors,
                 indirect_conv *self) {
    const pcl_im2col *window = &self->window;
    size_t depth = (size_t)window->filter_h * (size_t)window->filter_w * self->in_channels;
    int32_t *offsets = pcl_plain_offsets(context->arena, depth);
    float *outside = pcl_arena_alloc_array(context->arena, self->row_floats, sizeof *outside); /* zeroed */
    self->outside = outside;
    pcl_weight_matrix matrix = {.rows = (size_t)window->out_w,
                                .channels = self->out_channels,
                                .repeats = 1,
                                .depth = depth,
                                .channel_stride = depth,
                                .offsets = offsets};
    return offsets && outside && pcl_dense_prepare(context, node, tensors, &matrix, &self->dense) == PCL_OK;
}

static const void *prepare(const pcl_prepare_context *context, const pcl_node *node, const pcl_im2col *window,
                           const pcl_weighted *tensors, int32_t threads, size_t *scratch_bytes) {
    indirect_conv *self = pcl_arena_alloc(context->arena, sizeof *self);
    if (self) {
        *self = (indirect_conv){.window = *window,
                                .pictures = (size_t)tensors->input->shape.dims[0],
                                .in_channels = (size_t)tensors->input->shape.dims[3],
                                .out_channels = (size_t)tensors->channels};
        if (plan_rows(self, (size_t)threads, scratch_bytes) && pack(context, node, tensors, self)) return self;
    }
    (void)pcl_node_fail(context->error, node, PCL_ERROR_MEMORY, "no memory for the packed weights");
    return NULL;
}

/* --- Running -------------------------------------------------------------- */

/* The rows of one picture as the filter passes over them from top to bottom. */
typedef struct passage {
    const indirect_conv *self;
    const float *picture; /* [in_h][in_w][in_channels] */
    float *ring;          /* [filter_h][row_floats]: row y of the picture at (y + pad_top) % filter_h */
    int32_t made;         /* the rows above this one that are still wanted are in the ring */
} passage;

/* Row y of the picture, NULL where there is none. */
static const float *picture_row(const passage *p, int32_t y) {
    const pcl_im2col *window = &p->self->window;
    if (window->reflect) y = pcl_mirror(y, window->in_h);
    if (y < 0 || y >= window->in_h) return NULL;
    return p->picture + (size_t)y * (size_t)window->in_w * p->self->in_channels;
}

static float *ring_row(const passage *p, int32_t y) {
    const pcl_im2col *window = &p->self->window;
    return p->ring + (size_t)((y + window->pad_top) % window->filter_h) * p->self->row_floats;
}

/* What the filter's rows see for row y of the output, from column -pad_left on. */
static void find_runs(passage *p, int32_t y, const float **runs) {
    const pcl_im2col *window = &p->self->window;
    bool padded = p->self->padded;
    size_t channels = p->self->in_channels;
    int32_t seen = (window->out_w - 1) * window->stride_w + window->filter_w;
    int32_t top = y * window->stride_h - window->pad_top;
    if (p->made < top) p->made = top;
    for (; padded && p->made < top + window->filter_h; p->made++) {
        const float *row = picture_row(p, p->made);
        float *to = ring_row(p, p->made);
        if (row) pcl_padded_row(row, window->in_w, channels, window->reflect, -window->pad_left, seen, to);
    }
    for (int32_t i = 0; i < window->filter_h; i++) {
        const float *row = picture_row(p, top + i);
        if (!row) runs[i] = p->self->outside;
        else runs[i] = padded ? ring_row(p, top + i) : row + (size_t)-window->pad_left * channels;
    }
}

static void run_row(const pcl_kernels *kernels, const indirect_conv *self, const float *const *runs, float *out) {
    size_t run = (size_t)self->window.filter_w * self->in_channels;
    pcl_gemm_f32 task = {.rows = (size_t)self->window.out_w,
                         .columns = self->out_channels,
                         .depth = self->dense.depth,
                         .a_stride = (size_t)self->window.stride_w * self->in_channels,
                         .runs = runs,
                         .run = run,
                         .packed = self->dense.packed,
                         .bias = self->dense.bias,
                         .low = self->dense.low,
                         .high = self->dense.high,
                         .out = out,
                         .out_stride = self->out_channels};
    kernels->gemm_f32(&task);
}

static void run(const pcl_kernels *kernels, const void *prepared, const pcl_node *node,
                uint8_t *scratch, const pcl_part *part) {
    const indirect_conv *self = prepared;
    const pcl_im2col *window = &self->window;
    size_t begin, end, height = (size_t)window->out_h, row_floats = (size_t)window->out_w * self->out_channels;
    pcl_partition(self->pictures * height, 1, part, &begin, &end);
    const float **runs = (const float **)(void *)(scratch + (size_t)part->thread * self->thread_scratch);
    passage p = {.self = self, .ring = (float *)(void *)(runs + window->filter_h)};
    for (size_t row = begin; row < end; row++) {
        size_t picture = row / height;
        if (row == begin || row % height == 0) {
            p.picture = (const float *)node->inputs[0]->data +
                        picture * (size_t)window->in_h * (size_t)window->in_w * self->in_channels;
            p.made = -window->pad_top;
        }
        find_runs(&p, (int32_t)(row % height), runs);
        run_row(kernels, self, runs, (float *)node->outputs[0]->data + row * row_floats);
    }
}

const pcl_conv_method pcl_indirect_conv = {.pays = pays, .prepare = prepare, .run = run};
