#include "ops/winograd_segments.h"

#include <math.h>

#include "ops/conv.h"

enum {
    SIDE = PCL_SEGMENT,
    LINE = PCL_SEGMENT_LINE,
    MATRICES = PCL_SEGMENT_MATRICES,
    MAX_DOWN = 8,
    MAX_FLOATS = 2 << 20, /* of scratch */
    GAP = 16,     /* floats after each matrix: kernels may write some, and rows of all would fall into one cache set */
    WITH_BIAS = 6 /* the product that every output of a tile has once */
};

/* Six times G of F(3, 3), with the points 0, 1, -1, 2. */
static const int8_t filter_matrix[LINE][SIDE] = {{3, 0, 0}, {-3, -3, -3}, {-1, 1, -1}, {1, 2, 4}, {0, 0, 6}};

bool pcl_winograd_segments_plan(const pcl_im2col *window, const pcl_weighted *tensors, pcl_winograd_segments *self) {
    *self = (pcl_winograd_segments){.down = ((size_t)window->filter_h + SIDE - 1) / SIDE,
                                    .across = ((size_t)window->filter_w + SIDE - 1) / SIDE,
                                    .tiles = ((size_t)window->out_w + SIDE - 1) / SIDE,
                                    .in_channels = (size_t)tensors->input->shape.dims[3],
                                    .channels = (size_t)tensors->channels,
                                    .lanes = pcl_round_up((size_t)tensors->channels, 4)};
    if (tensors->input->dtype != PCL_FLOAT32 || window->stride_h != 1 || window->stride_w != 1) return false;
    float in = (float)self->in_channels, lanes = (float)self->lanes, segments = (float)(self->down * self->across);
    float taps = (float)window->filter_h * (float)window->filter_w;
    float work = MATRICES * (segments * in * lanes + 10 * (in + lanes)); /* of a tile; the transforms as measured */
    float direct = SIDE * SIDE * taps * in * (float)self->channels;
    float columns = (float)(self->tiles + self->across);
    bool fits = MATRICES * columns * ((float)self->down * in + lanes) < MAX_FLOATS;
    return fits && self->down <= MAX_DOWN && work < 0.8f * direct;
}

/* --- Preparation ---------------------------------------------------------- */

static void pack_channel(const pcl_winograd_segments *self, const pcl_im2col *window, const pcl_tensor *weights,
                         size_t channel, float *packed) {
    size_t depth = self->down * self->across * self->in_channels, width = (size_t)window->filter_w;
    size_t taps = (size_t)window->filter_h * width, at = channel * taps * self->in_channels;
    for (size_t tap = 0; tap < taps; tap++) {
        size_t y = tap / width, x = tap % width, segment = y / SIDE * self->across + x / SIDE;
        for (size_t c = 0; c < self->in_channels; c++) {
            double weight = (double)pcl_weight_real(weights, at++, channel);
            float *to = packed + pcl_gemm_f32_place(depth, channel, segment * self->in_channels + c);
            for (size_t i = 0; i < MATRICES; i++)
                to[i * self->packed_stride] +=
                    (float)(filter_matrix[i / LINE][y % SIDE] * filter_matrix[i % LINE][x % SIDE] * weight / 36);
        }
    }
}

bool pcl_winograd_segments_prepare(pcl_arena *arena, const pcl_im2col *window, const pcl_weighted *tensors,
                                   pcl_winograd_segments *self) {
    size_t depth = self->down * self->across * self->in_channels;
    size_t packed_bytes = pcl_gemm_f32_packed_bytes(self->lanes, depth);
    float *packed = pcl_arena_alloc_array(arena, MATRICES, packed_bytes); /* arenas give zeroed memory */
    float *bias = pcl_arena_alloc_array(arena, self->lanes, 2 * sizeof *bias);
    if (!packed || !bias) return false;
    self->row_floats = (self->tiles + self->across - 1) * self->in_channels + GAP;
    self->product_floats = self->tiles * self->lanes + GAP;
    self->packed = packed;
    self->packed_stride = packed_bytes / sizeof *packed;
    self->bias = bias;
    pcl_activation_range(tensors->activation, &self->low, &self->high);
    for (size_t n = 0; n < self->channels; n++) {
        pack_channel(self, window, tensors->weights, n, packed);
        bias[n] = pcl_bias_real(tensors->bias, n);
    }
    return true;
}

size_t pcl_winograd_segments_scratch(const pcl_winograd_segments *self) {
    return MATRICES * (self->down * self->row_floats + self->product_floats);
}

/* --- Running -------------------------------------------------------------- */

void pcl_winograd_segments_run(const pcl_kernels *kernels, const pcl_winograd_segments *self, const void *const *rows,
                               size_t band, bool follows, float *scratch, float *out, size_t width, int32_t count) {
    /* Transformed rows of tiles, [down][MATRICES][row_floats]: row t at t % down; then products */
    float *products = scratch + self->down * MATRICES * self->row_floats;
    const void *runs[MAX_DOWN];
    for (size_t i = 0; i < self->down; i++) {
        float *row = scratch + (band + i) % self->down * MATRICES * self->row_floats;
        runs[i] = row;
        if (follows && i + 1 < self->down) continue;
        kernels->winograd_segments_input_f32(rows + i * SIDE, self->tiles + self->across - 1, self->in_channels, row,
                                             self->row_floats);
    }
    pcl_gemm_f32 product = {.rows = self->tiles,
                            .columns = self->lanes,
                            .depth = self->down * self->across * self->in_channels,
                            .a_stride = self->in_channels,
                            .runs = runs,
                            .run = self->across * self->in_channels,
                            .packed = self->packed,
                            .low = -INFINITY,
                            .high = INFINITY,
                            .out = products,
                            .out_stride = self->lanes};
    for (size_t i = 0; i < MATRICES; i++) {
        product.bias = self->bias + (i == WITH_BIAS ? 0 : self->lanes);
        kernels->gemm_f32(&product);
        for (size_t j = 0; j < self->down; j++) runs[j] = (const float *)runs[j] + self->row_floats;
        product.packed += self->packed_stride;
        product.out += self->product_floats;
    }
    pcl_winograd_segments_output output = {products, self->product_floats, self->channels, self->low, self->high,
                                           out, width, count};
    kernels->winograd_segments_output_f32(&output);
}
