#include "ops/conv_method.h"
#include "ops/winograd_tiles.h"

enum {
    SIDE = PCL_WINOGRAD_SIDE,
    LINE = PCL_WINOGRAD_LINE,
    MATRICES = PCL_WINOGRAD_MATRICES,
    CENTRE = LINE + 1, /* the matrix whose products count four times in all outputs of a tile: it carries the bias */
    PANEL = 8,
    STEP = 8,
    ROW_TILE = PCL_GEMM_I16_ROWS,
    CHUNK_BYTES = 512 << 10, /* of transformed tiles: they stay in the second-level cache */
    MIN_TILES = 4,
    GAP = 64, /* bytes after each matrix of a chunk, or rows of all of them fall into the same set of the cache */
    MAX_CHANNELS = 2048, /* in or out: sizes of a few tiles stay far below 2^32 bytes */
    MAX_SUM = 1 << 25 /* 64 times a sum fits 32 bits */
};

typedef struct winograd {
    pcl_winograd_tiles tiles;
    size_t in_channels, out_channels;
    size_t steps, panels;     /* eights of in_channels and out_channels */
    const int16_t *packed;    /* [MATRICES] of what gemm_i16 takes: see transform_filter */
    const int32_t *bias;      /* [panels * PANEL], of CENTRE: 576 / 4 times the folded bias */
    const int32_t *zeros;     /* [panels * PANEL], of the others */
    const uint8_t *outside;   /* [steps * STEP]: the zero point */
    pcl_requantization requantization;
    pcl_add_u8 add;                    /* of a residual */
    size_t chunk;                      /* tiles done at a time, a multiple of ROW_TILE */
    size_t in_stride, out_stride;      /* elements from one matrix of transformed tiles, or of products, to the next */
    size_t thread_scratch;             /* bytes: [MATRICES][in_stride] int16, [MATRICES][out_stride] int32 */
} winograd;

/* Whether no input can make sums of MAX_SUM, or what winograd_output_u8 does not clamp. */
static bool sums_fit(const pcl_weighted *tensors) {
    size_t depth = 9 * (size_t)tensors->input->shape.dims[3];
    pcl_requantization to;
    pcl_weighted_requantization(tensors, 0, (size_t)tensors->channels, depth, &to);
    if (!to.saturates) return false;
    for (size_t c = 0; c < (size_t)tensors->channels; c++) {
        int64_t most = pcl_bias_integer(tensors->bias, c), zero_point = pcl_weight_zero_point(tensors->weights, c);
        most = most < 0 ? -most : most;
        for (size_t i = 0; i < depth; i++) {
            int64_t weight = pcl_weight_integer(tensors->weights, c * depth + i) - zero_point;
            most += 255 * (weight < 0 ? -weight : weight);
        }
        if (most >= MAX_SUM) return false;
    }
    return true;
}

/* Counted in gemm_i16's multiply-accumulates, as are the transforms of a channel of a tile, which were measured. */
static bool pays(const pcl_kernels *kernels, const pcl_node *node, const pcl_im2col *window,
                 const pcl_weighted *tensors) {
    (void)node;
    if (!pcl_weighted_quantised(tensors) || !pcl_winograd_fits(window) || tensors->channels % 4 != 0) return false;
    size_t in_channels = (size_t)tensors->input->shape.dims[3], out_channels = (size_t)tensors->channels;
    size_t pictures = (size_t)tensors->input->shape.dims[0];
    double depth = (double)in_channels, columns = (double)out_channels;
    pcl_winograd_tiles cut = pcl_winograd_cut(window, pictures);
    double tiles = (double)cut.count, matrices = pcl_winograd_products(&cut);
    double whole = (double)pcl_round_up(in_channels, STEP) * (double)pcl_round_up(out_channels, PANEL);
    double outputs = (double)pictures * window->out_h * window->out_w;
    double transforms = 160 * depth + 400 * columns;
    return in_channels <= MAX_CHANNELS && out_channels <= MAX_CHANNELS && tiles >= MIN_TILES &&
           tiles * (matrices * whole + transforms) < 0.9 * outputs * 9 * depth * columns * kernels->dot_cost &&
           sums_fit(tensors);
}

/* --- Preparation ---------------------------------------------------------- */

/* out = G g G^T of a 3x3 filter, at most 64 * 255. The rows of G are 24 times the usual ones but for what A takes, a
 * factor of 2 in the second and third and of 3 in the last. */
static void transform_filter(const int32_t g[9], int32_t out[MATRICES]) {
    for (int i = 0; i < LINE; i++)
        for (int j = 0; j < LINE; j++) {
            out[i * LINE + j] = 0;
            for (int y = 0; y < 3; y++)
                for (int x = 0; x < 3; x++)
                    out[i * LINE + j] += pcl_winograd_filter[i][y] * pcl_winograd_filter[j][x] * g[y * 3 + x];
        }
}

/* Writes a column of all matrices, returns the sum of the weights less their zero point. */
static uint32_t pack_column(const winograd *self, const pcl_tensor *weights, size_t column, int16_t *packed) {
    int32_t zero_point = pcl_weight_zero_point(weights, column), filter[9], transformed[MATRICES];
    size_t depth = self->in_channels, matrix = self->panels * self->steps * STEP * PANEL;
    uint32_t sum = 0;
    for (size_t c = 0; c < depth; c++) {
        for (size_t tap = 0; tap < 9; tap++) {
            filter[tap] = pcl_weight_integer(weights, (column * 9 + tap) * depth + c) - zero_point;
            sum += (uint32_t)filter[tap];
        }
        transform_filter(filter, transformed);
        size_t pair = column / PANEL * self->steps * 4 + c / 2;
        int16_t *to = packed + (pair * PANEL + column % PANEL) * 2 + c % 2;
        for (size_t i = 0; i < MATRICES; i++) to[i * matrix] = (int16_t)transformed[i];
    }
    return sum;
}

static bool pack(const pcl_prepare_context *context, winograd *self, const pcl_weighted *tensors) {
    pcl_arena *arena = context->arena; /* gives zeroed memory */
    size_t columns = self->panels * PANEL, depth = self->steps * STEP;
    int16_t *packed = pcl_arena_alloc_array(arena, columns * MATRICES * sizeof *packed, depth);
    int32_t *bias = pcl_arena_alloc_array(arena, columns, sizeof *bias);
    float *scale = pcl_arena_alloc_array(arena, columns, sizeof *scale);
    uint8_t *outside = pcl_arena_alloc(arena, depth);
    self->zeros = pcl_arena_alloc_array(arena, columns, sizeof *self->zeros);
    if (!packed || !bias || !scale || !outside || !self->zeros) return false;
    int32_t zero_point = pcl_tensor_zero_point(tensors->input);
    for (size_t c = 0; c < self->out_channels; c++) {
        uint32_t sum = pack_column(self, tensors->weights, c, packed);
        uint32_t folded = (uint32_t)pcl_fold_bias(pcl_bias_integer(tensors->bias, c), zero_point, 0, sum);
        bias[c] = (int32_t)(folded * 144);
        scale[c] = pcl_requantization_scale(tensors, c);
    }
    for (size_t c = 0; c < depth; c++) outside[c] = (uint8_t)zero_point;
    self->packed = packed;
    self->bias = bias;
    self->outside = outside;
    self->requantization = (pcl_requantization){scale, tensors->out_zero_point, 0, 255, true};
    return true;
}

static bool plan_chunks(winograd *self, size_t threads, size_t *scratch_bytes) {
    size_t tile_bytes = MATRICES * (self->steps * STEP * sizeof(int16_t) + self->panels * PANEL * sizeof(int32_t));
    size_t chunk = CHUNK_BYTES / tile_bytes / ROW_TILE * ROW_TILE;
    self->chunk = chunk < ROW_TILE ? ROW_TILE : chunk;
    self->in_stride = self->chunk * self->steps * STEP + GAP / sizeof(int16_t);
    self->out_stride = self->chunk * self->panels * PANEL + GAP / sizeof(int32_t);
    self->thread_scratch = self->chunk * tile_bytes + 2 * MATRICES * GAP;
    return pcl_size_mul(self->thread_scratch, threads, scratch_bytes);
}

static const void *prepare(const pcl_prepare_context *context, const pcl_node *node, const pcl_im2col *window,
                           const pcl_weighted *tensors, int32_t threads, size_t *scratch_bytes) {
    winograd *self = pcl_arena_alloc(context->arena, sizeof *self);
    if (self) {
        size_t in_channels = (size_t)tensors->input->shape.dims[3], out_channels = (size_t)tensors->channels;
        *self = (winograd){.tiles = pcl_winograd_cut(window, (size_t)tensors->input->shape.dims[0]),
                           .in_channels = in_channels,
                           .out_channels = out_channels,
                           .steps = pcl_round_up(in_channels, STEP) / STEP,
                           .panels = pcl_round_up(out_channels, PANEL) / PANEL};
        if (node->attributes.conv.residual) pcl_conv_residual_u8(node, &self->add);
        if (plan_chunks(self, (size_t)threads, scratch_bytes) && pack(context, self, tensors)) return self;
    }
    (void)pcl_no_memory(context, node);
    return NULL;
}

/* --- Running -------------------------------------------------------------- */

/* Fills the chunk's matrices, which lie as gemm_i16 takes them. */
static void transform(const pcl_kernels *kernels, const winograd *self, const void *input, size_t first, size_t tiles,
                      int16_t *matrices) {
    const void *taps[MATRICES];
    pcl_winograd_place place = pcl_winograd_place_of(&self->tiles, first);
    for (size_t row = 0; row < tiles; row++, pcl_winograd_advance(&self->tiles, &place)) {
        pcl_winograd_find_taps(&self->tiles, &place, input, self->in_channels, self->outside, row > 0, taps);
        size_t at = (row / ROW_TILE * self->steps * ROW_TILE + row % ROW_TILE) * STEP;
        kernels->winograd_input_u8(taps, self->steps, matrices + at, self->in_stride);
    }
}

static void multiply(const pcl_kernels *kernels, const winograd *self, size_t tiles, int16_t *a, int32_t *out) {
    pcl_gemm_i16 task = {.tiles = (tiles + ROW_TILE - 1) / ROW_TILE, .panels = self->panels, .steps = self->steps};
    for (size_t i = 0; i < MATRICES; i++) {
        if (pcl_winograd_vanishes(&self->tiles, i)) continue;
        task.a = a + i * self->in_stride;
        task.packed = self->packed + i * self->panels * self->steps * STEP * PANEL;
        task.bias = i == CENTRE ? self->bias : self->zeros;
        task.out = out + i * self->out_stride;
        kernels->gemm_i16(&task);
    }
}

/* `tiles` side by side, from `place` on. */
static void store(const pcl_kernels *kernels, const winograd *self, const pcl_node *node,
                  const pcl_winograd_place *place, size_t tiles, const int32_t *products) {
    size_t channels = self->out_channels, first = place->first * channels;
    size_t left = (size_t)(self->tiles.out_w - place->x);
    pcl_winograd_output_u8 task = {.products = products,
                                   .stride = self->out_stride,
                                   .tile_stride = self->panels * PANEL,
                                   .channels = channels,
                                   .requantization = self->requantization,
                                   .out = (uint8_t *)node->outputs[0]->data + first,
                                   .row_stride = (size_t)self->tiles.out_w * channels,
                                   .rows = (size_t)place->rows,
                                   .columns = tiles * SIDE < left ? tiles * SIDE : left};
    kernels->winograd_output_u8(&task);
    if (!node->attributes.conv.residual) return;
    const uint8_t *residual = (const uint8_t *)node->inputs[3]->data + first;
    for (size_t y = 0; y < task.rows; y++) {
        uint8_t *row = task.out + y * task.row_stride;
        kernels->add_u8(&self->add, row, residual + y * task.row_stride, row, task.columns * channels);
    }
}

static void run(const pcl_kernels *kernels, const void *prepared, const pcl_node *node,
                uint8_t *scratch, const pcl_part *part) {
    const winograd *self = prepared;
    int16_t *transformed = (int16_t *)(void *)(scratch + (size_t)part->thread * self->thread_scratch);
    int32_t *products = (int32_t *)(void *)(transformed + MATRICES * self->in_stride);
    size_t begin, end;
    pcl_winograd_clear(&self->tiles, products, self->out_stride);
    pcl_partition(self->tiles.count, ROW_TILE, part, &begin, &end);
    for (size_t first = begin, tiles; first < end; first += tiles) {
        tiles = pcl_even_chunk(end - first, self->chunk, ROW_TILE);
        transform(kernels, self, node->inputs[0]->data, first, tiles, transformed);
        multiply(kernels, self, tiles, transformed, products);
        for (size_t i = 0, strip; i < tiles; i += strip) {
            pcl_winograd_place place = pcl_winograd_place_of(&self->tiles, first + i);
            strip = self->tiles.per_row - (size_t)(place.x / SIDE);
            if (strip > tiles - i) strip = tiles - i;
            store(kernels, self, node, &place, strip, products + i * self->panels * PANEL);
        }
    }
}

const pcl_conv_method pcl_winograd_u8 = {.pays = pays, .prepare = prepare, .run = run};
