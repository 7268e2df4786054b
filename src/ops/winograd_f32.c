#include <math.h>

#include "ops/conv_method.h"
#include "ops/elements.h"
#include "ops/winograd_tiles.h"

enum {
    LINE = PCL_WINOGRAD_LINE,
    MATRICES = PCL_WINOGRAD_MATRICES,
    PANEL = 8,             /* columns that the packed layout keeps side by side */
    ROW_TILE = 12,         /* rows that the GEMM kernels do at once, in narrow matrices */
    CHUNK_BYTES = 1 << 20, /* of transformed tiles: they stay in the second-level cache */
    MIN_TILES = 12,
    GAP = 16 /* floats after each matrix of a chunk, or rows of all of them fall into the same set of the cache */
};

typedef struct winograd {
    pcl_winograd_tiles tiles;
    size_t in_channels, out_channels;
    const float *packed;  /* [MATRICES] of what pcl_pack_gemm_f32 makes of [out_channels][in_channels] */
    size_t packed_stride; /* floats from one to the next */
    const float *bias;    /* [out_channels] */
    const float *zeros;   /* [max(in_channels, out_channels)]: pixels outside, and a bias */
    float low, high, residual_low, residual_high;
    size_t chunk;                   /* tiles done at a time */
    size_t in_stride, out_stride;   /* floats from one matrix of transformed tiles, or of products, to the next */
    size_t thread_scratch;          /* bytes: [MATRICES] of [chunk][in_channels], then of [chunk][out_channels] */
} winograd;

static bool pays(const pcl_kernels *kernels, const pcl_node *node, const pcl_im2col *window,
                 const pcl_weighted *tensors) {
    (void)kernels;
    size_t in_channels = (size_t)tensors->input->shape.dims[3], out_channels = (size_t)tensors->channels;
    if (tensors->input->dtype != PCL_FLOAT32 || !pcl_winograd_fits(window)) return false;
    if (in_channels % 4 != 0 || out_channels % 4 != 0) return false;
    double pictures = (double)tensors->input->shape.dims[0];
    double tiles = (double)pcl_winograd_cut(window, (size_t)tensors->input->shape.dims[0]).count;
    double pairs = (double)in_channels * (double)out_channels;
    double enlarging = node->attributes.conv.upsampled ? 10.0 * (double)in_channels : 0; /* what it would cost else */
    double direct = pictures * window->out_h * window->out_w * (9.0 * pairs + enlarging);
    double transforms = 10.0 * (double)(in_channels + out_channels); /* measured, in multiply-accumulates of a matrix */
    return tiles >= MIN_TILES && tiles * MATRICES * (pairs + transforms) < 0.7 * direct;
}

/* --- Preparation ---------------------------------------------------------- */

/* out = G g G^T, g: a 3x3 filter. */
static void transform_filter(const double g[9], float *out, size_t stride) {
    static const uint8_t factors[LINE] = {24, 12, 12, 24, 24, 8};
    for (int i = 0; i < LINE; i++)
        for (int j = 0; j < LINE; j++) {
            double sum = 0;
            for (int y = 0; y < 3; y++)
                for (int x = 0; x < 3; x++) sum += pcl_winograd_filter[i][y] * pcl_winograd_filter[j][x] * g[y * 3 + x];
            out[(size_t)(i * LINE + j) * stride] = (float)(sum / (factors[i] * factors[j]));
        }
}

/* panel: [MATRICES][PANEL][in_channels] */
static void transform_panel(const winograd *self, const pcl_tensor *weights, size_t first, size_t width,
                            float *panel) {
    size_t depth = self->in_channels;
    for (size_t column = 0; column < width; column++)
        for (size_t c = 0; c < depth; c++) {
            double filter[9];
            for (size_t tap = 0; tap < 9; tap++)
                filter[tap] =
                    (double)pcl_weight_real(weights, ((first + column) * 9 + tap) * depth + c, first + column);
            transform_filter(filter, panel + column * depth + c, PANEL * depth);
        }
}

static bool pack(pcl_arena *arena, winograd *self, const pcl_weighted *tensors) {
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

static const void *prepare(const pcl_prepare_context *context, const pcl_node *node, const pcl_im2col *window,
                           const pcl_weighted *tensors, int32_t threads, size_t *scratch_bytes) {
    winograd *self = pcl_arena_alloc(context->arena, sizeof *self);
    if (self) {
        *self = (winograd){.tiles = pcl_winograd_cut(window, (size_t)tensors->input->shape.dims[0]),
                           .in_channels = (size_t)tensors->input->shape.dims[3],
                           .out_channels = (size_t)tensors->channels};
        pcl_activation_range(tensors->activation, &self->low, &self->high);
        pcl_activation_range(node->attributes.conv.residual_activation, &self->residual_low, &self->residual_high);
        size_t tile_bytes = MATRICES * (self->in_channels + self->out_channels) * sizeof(float);
        size_t fitting = CHUNK_BYTES / tile_bytes, chunk = fitting / ROW_TILE * ROW_TILE;
        self->chunk = self->tiles.count <= fitting ? self->tiles.count : chunk < ROW_TILE ? ROW_TILE : chunk;
        self->in_stride = self->chunk * self->in_channels + GAP;
        self->out_stride = self->chunk * self->out_channels + GAP;
        if (pcl_size_mul(self->chunk, tile_bytes, &self->thread_scratch) &&
            pcl_size_add(self->thread_scratch, 2 * MATRICES * GAP * sizeof(float), &self->thread_scratch) &&
            pcl_size_mul(self->thread_scratch, (size_t)threads, scratch_bytes) && pack(context->arena, self, tensors))
            return self;
    }
    (void)pcl_no_memory(context, node);
    return NULL;
}

/* --- Running -------------------------------------------------------------- */

static void multiply(const pcl_kernels *kernels, const winograd *self, size_t tiles, const float *a, float *out) {
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
    for (size_t i = 0; i < MATRICES; i++) {
        if (!pcl_winograd_vanishes(&self->tiles, i)) kernels->gemm_f32(&task);
        task.a += self->in_stride;
        task.packed += self->packed_stride;
        task.out += self->out_stride;
    }
}

/* `products`: [MATRICES][chunk][out_channels], at the tile's row. */
static void store_tile(const pcl_kernels *kernels, const winograd *self, const pcl_node *node,
                       const pcl_winograd_place *place, const float *products) {
    size_t channels = self->out_channels, row_stride = (size_t)self->tiles.out_w * channels;
    size_t first = place->first * channels;
    pcl_winograd_output task = {.products = products,
                                .stride = self->out_stride,
                                .channels = channels,
                                .bias = self->bias,
                                .low = self->low,
                                .high = self->high,
                                .out = (float *)node->outputs[0]->data + first,
                                .row_stride = row_stride,
                                .rows = place->rows,
                                .columns = place->columns};
    kernels->winograd_output_f32(&task);
    if (!node->attributes.conv.residual) return;
    pcl_add_residual_f32(task.out, (const float *)node->inputs[3]->data + first, (size_t)task.rows,
                         (size_t)task.columns * channels, row_stride, self->residual_low, self->residual_high);
}

static void transform(const pcl_kernels *kernels, const winograd *self, const void *input, size_t first, size_t tiles,
                      float *out) {
    const void *taps[MATRICES];
    pcl_winograd_place place = pcl_winograd_place_of(&self->tiles, first);
    for (size_t i = 0; i < tiles; i++, pcl_winograd_advance(&self->tiles, &place)) {
        pcl_winograd_find_taps(&self->tiles, &place, input, self->in_channels * sizeof(float), self->zeros, i > 0,
                               taps);
        kernels->winograd_input_f32(taps, self->in_channels, out + i * self->in_channels, self->in_stride);
    }
}

static void run(const pcl_kernels *kernels, const void *prepared, const pcl_node *node,
                uint8_t *scratch, const pcl_part *part) {
    const winograd *self = prepared;
    float *transformed = (float *)(void *)(scratch + (size_t)part->thread * self->thread_scratch);
    float *products = transformed + MATRICES * self->in_stride;
    size_t begin, end;
    pcl_winograd_clear(&self->tiles, products, self->out_stride);
    pcl_partition(self->tiles.count, ROW_TILE, part, &begin, &end);
    for (size_t first = begin, tiles; first < end; first += tiles) {
        tiles = pcl_even_chunk(end - first, self->chunk, ROW_TILE);
        transform(kernels, self, node->inputs[0]->data, first, tiles, transformed);
        multiply(kernels, self, tiles, transformed, products);
        pcl_winograd_place place = pcl_winograd_place_of(&self->tiles, first);
        for (size_t i = 0; i < tiles; i++, pcl_winograd_advance(&self->tiles, &place))
            store_tile(kernels, self, node, &place, products + i * self->out_channels);
    }
}

const pcl_conv_method pcl_winograd_f32 = {.pays = pays, .prepare = prepare, .run = run};
