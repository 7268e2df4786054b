#include "ops/winograd.h"

#include <math.h>

#include "ops/elements.h"

enum {
    OUT_TILE = 4,
    IN_TILE = 6,
    MATRICES = IN_TILE * IN_TILE, /* products of matrices that a set of tiles takes */
    PANEL = 8,                    /* columns that the packed layout keeps side by side */
    ROW_TILE = 12,                /* rows that the GEMM kernels do at once, in narrow matrices */
    CHUNK_BYTES = 1 << 20,        /* of transformed tiles: they stay in the second-level cache */
    MIN_TILES = 12,
    GAP = 16 /* floats after each matrix of a chunk, or rows of all of them fall into the same set of the cache */
};

struct pcl_winograd {
    int32_t in_h, in_w, out_h, out_w;
    int32_t pad_top, pad_left;
    bool reflect;
    int32_t tiles_h, tiles_w; /* of a picture */
    size_t tiles;             /* over the batch */
    size_t in_channels, out_channels;
    const float *packed;  /* [MATRICES] of what pcl_pack_gemm_f32 makes of [out_channels][in_channels] */
    size_t packed_stride; /* floats from one to the next */
    const float *bias;    /* [out_channels] */
    const float *zeros;   /* [max(in_channels, out_channels)]: pixels outside, and a bias */
    float low, high, residual_low, residual_high;
    size_t chunk;                   /* tiles done at a time */
    size_t in_stride, out_stride;   /* floats from one matrix of transformed tiles, or of products, to the next */
    size_t thread_scratch;          /* bytes: [MATRICES] of [chunk][in_channels], then of [chunk][out_channels] */
};

static int32_t tiles_along(int32_t size) { return (size + OUT_TILE - 1) / OUT_TILE; }

bool pcl_winograd_pays(const pcl_im2col *window, const pcl_weighted *tensors) {
    size_t in_channels = (size_t)tensors->input->shape.dims[3], out_channels = (size_t)tensors->channels;
    bool fits = tensors->input->dtype == PCL_FLOAT32 && window->filter_h == 3 && window->filter_w == 3 &&
                window->stride_h == 1 && window->stride_w == 1 && window->dilation_h == 1 && window->dilation_w == 1 &&
                window->tap_bytes == window->pixel_bytes && in_channels % 4 == 0 && out_channels % 4 == 0;
    if (!fits) return false;
    double pictures = (double)tensors->input->shape.dims[0];
    double tiles = pictures * tiles_along(window->out_h) * tiles_along(window->out_w);
    double pairs = (double)in_channels * (double)out_channels;
    double direct = pictures * window->out_h * window->out_w * 9.0 * pairs;
    double transforms = 10.0 * (double)(in_channels + out_channels); /* measured, in multiply-accumulates of a matrix */
    return tiles >= MIN_TILES && tiles * MATRICES * (pairs + transforms) < 0.7 * direct;
}

/* --- Preparation ---------------------------------------------------------- */

/* out = G g G^T, g: a 3x3 filter. */
static void transform_filter(const double g[9], float *out, size_t stride) {
    static const double G[IN_TILE][3] = {{1. / 4, 0, 0},           {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6},
                                         {1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}};
    for (int i = 0; i < IN_TILE; i++)
        for (int j = 0; j < IN_TILE; j++) {
            double sum = 0;
            for (int y = 0; y < 3; y++)
                for (int x = 0; x < 3; x++) sum += G[i][y] * G[j][x] * g[y * 3 + x];
            out[(size_t)(i * IN_TILE + j) * stride] = (float)sum;
        }
}

/* panel: [MATRICES][PANEL][in_channels] */
static void transform_panel(const pcl_winograd *self, const pcl_tensor *weights, size_t first, size_t width,
                            float *panel) {
    size_t depth = self->in_channels;
    for (size_t column = 0; column < width; column++)
        for (size_t c = 0; c < depth; c++) {
            double filter[9];
            for (size_t tap = 0; tap < 9; tap++)
                filter[tap] = (double)pcl_weight_real(weights, ((first + column) * 9 + tap) * depth + c, first + column);
            transform_filter(filter, panel + column * depth + c, PANEL * depth);
        }
}

static bool pack(pcl_arena *arena, pcl_winograd *self, const pcl_weighted *tensors) {
    size_t depth = self->in_channels, columns = self->out_channels;
    size_t packed_bytes = pcl_gemm_f32_packed_bytes(columns, depth);
    size_t zeros = depth > columns ? depth : columns;
    float *packed = pcl_arena_alloc_array(arena, MATRICES, packed_bytes);
    float *panel = pcl_arena_alloc_array(arena, MATRICES * PANEL * sizeof *panel, depth);
    float *bias = pcl_arena_alloc_array(arena, columns, sizeof *bias);
    self->zeros = pcl_arena_alloc_array(arena, zeros, sizeof *self->zeros); /* arenas give zeroed memory */
    if (!packed || !panel || !bias || !self->zeros) return false;
    self->packed = packed;
    self->packed_stride = packed_bytes / sizeof *packed;
    self->bias = bias;
    for (size_t first = 0; first < columns; first += PANEL) {
        size_t width = columns - first < PANEL ? columns - first : PANEL;
        transform_panel(self, tensors->weights, first, width, panel);
        for (size_t i = 0; i < MATRICES; i++)
            pcl_pack_gemm_f32(packed + i * self->packed_stride + first * depth, panel + i * PANEL * depth, width, depth,
                              depth, 1);
    }
    for (size_t c = 0; c < columns; c++) bias[c] = pcl_bias_real(tensors->bias, c);
    return true;
}

const pcl_winograd *pcl_winograd_prepare(const pcl_prepare_context *context, const pcl_node *node,
                                         const pcl_im2col *window, const pcl_weighted *tensors, int32_t threads,
                                         size_t *scratch_bytes) {
    pcl_winograd *self = pcl_arena_alloc(context->arena, sizeof *self);
    if (self) {
        *self = (pcl_winograd){.in_h = window->in_h, .in_w = window->in_w,
                               .out_h = window->out_h, .out_w = window->out_w,
                               .pad_top = window->pad_top, .pad_left = window->pad_left,
                               .reflect = window->reflect,
                               .tiles_h = tiles_along(window->out_h), .tiles_w = tiles_along(window->out_w),
                               .in_channels = (size_t)tensors->input->shape.dims[3],
                               .out_channels = (size_t)tensors->channels};
        self->tiles = (size_t)tensors->input->shape.dims[0] * (size_t)self->tiles_h * (size_t)self->tiles_w;
        pcl_activation_range(tensors->activation, &self->low, &self->high);
        pcl_activation_range(node->attributes.conv.residual_activation, &self->residual_low, &self->residual_high);
        size_t tile_bytes = MATRICES * (self->in_channels + self->out_channels) * sizeof(float);
        size_t chunk = CHUNK_BYTES / tile_bytes / ROW_TILE * ROW_TILE;
        self->chunk = chunk < ROW_TILE ? ROW_TILE : chunk;
        self->in_stride = self->chunk * self->in_channels + GAP;
        self->out_stride = self->chunk * self->out_channels + GAP;
        if (pcl_size_mul(self->chunk, tile_bytes, &self->thread_scratch) &&
            pcl_size_add(self->thread_scratch, 2 * MATRICES * GAP * sizeof(float), &self->thread_scratch) &&
            pcl_size_mul(self->thread_scratch, (size_t)threads, scratch_bytes) && pack(context->arena, self, tensors))
            return self;
    }
    (void)pcl_node_fail(context->error, node, PCL_ERROR_MEMORY, "no memory for the transformed weights");
    return NULL;
}

/* --- Running -------------------------------------------------------------- */

typedef struct place {
    size_t picture;
    int32_t y, x; /* of the tile's first output */
} place;

static place place_of(const pcl_winograd *self, size_t tile) {
    size_t per_picture = (size_t)self->tiles_h * (size_t)self->tiles_w, within = tile % per_picture;
    return (place){.picture = tile / per_picture,
                   .y = (int32_t)(within / (size_t)self->tiles_w) * OUT_TILE,
                   .x = (int32_t)(within % (size_t)self->tiles_w) * OUT_TILE};
}

/* The coordinate that stands for `at`; -1 where zeros lie. Tiles reach beyond
 * what the convolution mirrors: there any pixel will do. */
static int32_t source(int32_t at, int32_t size, bool reflect) {
    if (at >= 0 && at < size) return at;
    if (!reflect) return -1;
    int32_t mirrored = pcl_mirror(at, size);
    return mirrored >= 0 && mirrored < size ? mirrored : 0;
}

/* The pixels under a tile. */
static void find_taps(const pcl_winograd *self, const float *input, place at, const float *taps[MATRICES]) {
    const float *picture = input + at.picture * (size_t)self->in_h * (size_t)self->in_w * self->in_channels;
    for (int32_t i = 0; i < IN_TILE; i++) {
        int32_t y = source(at.y - self->pad_top + i, self->in_h, self->reflect);
        for (int32_t j = 0; j < IN_TILE; j++) {
            int32_t x = source(at.x - self->pad_left + j, self->in_w, self->reflect);
            size_t pixel = (size_t)y * (size_t)self->in_w + (size_t)x;
            taps[i * IN_TILE + j] = y < 0 || x < 0 ? self->zeros : picture + pixel * self->in_channels;
        }
    }
}

static void multiply(const pcl_kernels *kernels, const pcl_winograd *self, size_t tiles, const float *a, float *out) {
    pcl_gemm_f32 task = {.rows = tiles,
                         .columns = self->out_channels,
                         .depth = self->in_channels,
                         .a = a,
                         .a_stride = self->in_channels,
                         .packed = self->packed,
                         .bias = self->zeros,
                         .low = -INFINITY,
                         .high = INFINITY,
                         .out = out,
                         .out_stride = self->out_channels};
    for (int i = 0; i < MATRICES; i++) {
        kernels->gemm_f32(&task);
        task.a += self->in_stride;
        task.packed += self->packed_stride;
        task.out += self->out_stride;
    }
}

/* `products`: [MATRICES][chunk][out_channels], at the tile's row. */
static void store_tile(const pcl_kernels *kernels, const pcl_winograd *self, const pcl_node *node, place at,
                       const float *products) {
    size_t channels = self->out_channels, row_stride = (size_t)self->out_w * channels;
    size_t first = ((at.picture * (size_t)self->out_h + (size_t)at.y) * (size_t)self->out_w + (size_t)at.x) * channels;
    pcl_winograd_output task = {.products = products,
                                .stride = self->out_stride,
                                .channels = channels,
                                .bias = self->bias,
                                .low = self->low,
                                .high = self->high,
                                .out = (float *)node->outputs[0]->data + first,
                                .row_stride = row_stride,
                                .rows = self->out_h - at.y < OUT_TILE ? self->out_h - at.y : OUT_TILE,
                                .columns = self->out_w - at.x < OUT_TILE ? self->out_w - at.x : OUT_TILE};
    kernels->winograd_output_f32(&task);
    if (!node->attributes.conv.residual) return;
    pcl_add_residual_f32(task.out, (const float *)node->inputs[3]->data + first, (size_t)task.rows,
                         (size_t)task.columns * channels, row_stride, self->residual_low, self->residual_high);
}

void pcl_winograd_run(const pcl_kernels *kernels, const pcl_winograd *self, const pcl_node *node, uint8_t *scratch,
                      int32_t index, int32_t count) {
    float *transformed = (float *)(void *)(scratch + (size_t)index * self->thread_scratch);
    float *products = transformed + MATRICES * self->in_stride;
    const float *taps[MATRICES];
    size_t begin, end;
    pcl_partition(self->tiles, ROW_TILE, index, count, &begin, &end);
    for (size_t first = begin; first < end; first += self->chunk) {
        size_t tiles = end - first < self->chunk ? end - first : self->chunk;
        for (size_t i = 0; i < tiles; i++) {
            find_taps(self, node->inputs[0]->data, place_of(self, first + i), taps);
            kernels->winograd_input_f32(taps, self->in_channels, transformed + i * self->in_channels,
                                        self->in_stride);
        }
        multiply(kernels, self, tiles, transformed, products);
        for (size_t i = 0; i < tiles; i++)
            store_tile(kernels, self, node, place_of(self, first + i), products + i * self->out_channels);
    }
}
