#include "ops/dense.h"

enum {
    PANEL = 8,    /* columns that the packed layouts keep side by side */
    ROW_TILE = 6, /* rows that most kernels do at once; */
    FIVES = 2 * PCL_GEMM_I16_ROWS, /* twice those of the ones for bytes where dots are not exact */
    SAMPLES = 4   /* panels by which the packing is chosen */
};

/* Where a column's weights are. */
typedef struct column_place {
    size_t channel, first;
    const int32_t *offsets; /* [depth] */
} column_place;

static column_place place_of(const pcl_weight_matrix *matrix, size_t column) {
    size_t repeat = column / matrix->channels, channel = column % matrix->channels;
    return (column_place){.channel = matrix->first_channel + channel,
                          .first = matrix->first + channel * matrix->channel_stride,
                          .offsets = matrix->offsets + repeat * matrix->depth};
}

/* How many of a column's first weights lie as the kernels want them, in whole vectors. */
static size_t plain_part(const pcl_weight_matrix *matrix) {
    size_t k = 0;
    if (matrix->repeats == 1)
        while (k < matrix->depth && matrix->offsets[k] == (int32_t)k) k++;
    return k & ~(size_t)15;
}

PCL_APART uint32_t gather_apart(const uint8_t *from, const int32_t *offsets, size_t depth, int8_t zero, uint8_t flip,
                                int8_t *out) {
    uint32_t sum = 0;
    for (size_t k = 0; k < depth; k++) {
        int8_t value = offsets[k] == PCL_NO_WEIGHT ? zero : (int8_t)(from[offsets[k]] ^ flip);
        sum += (uint32_t)value;
        out[k] = value;
    }
    return sum;
}

static void gather_reals(const pcl_tensor *weights, const column_place *place, size_t depth, float *out) {
    for (size_t k = 0; k < depth; k++) {
        out[k] = 0.0f;
        if (place->offsets[k] != PCL_NO_WEIGHT)
            out[k] = pcl_weight_real(weights, place->first + (size_t)place->offsets[k], place->channel);
    }
}

/* Of an integer layer, while it is prepared. */
typedef struct packing {
    const pcl_prepare_context *context;
    const pcl_weighted *weighted;
    const pcl_weight_matrix *matrix;
    pcl_dense *out;
    size_t plain;  /* of a column's weights, as plain_part says */
    int8_t *panel; /* [PANEL][depth] */
    int32_t *bias; /* [columns] */
    float *scale;
    float *shift; /* NULL when the result is not widened */
} packing;

/* One column as the kernels want it: int8, uint8 less 128. Returns the sum of weight - zero point. */
static uint32_t gather_integers(const packing *of, const column_place *place, int8_t *out) {
    const pcl_tensor *weights = of->weighted->weights;
    const uint8_t *from = (const uint8_t *)weights->data + place->first;
    size_t depth = of->matrix->depth, plain = of->plain;
    uint8_t flip = weights->dtype == PCL_UINT8 ? 128 : 0; /* a - 128 as int8 has the bits of a ^ 128 */
    int8_t zero = (int8_t)(pcl_weight_zero_point(weights, place->channel) ^ flip);
    return of->context->kernels->signed_i8(from, plain, flip, out) - (uint32_t)zero * (uint32_t)depth +
           gather_apart(from, place->offsets + plain, depth - plain, zero, flip, out + plain);
}

/* The weights of up to eight columns, with their biases and scales. Returns how many. */
static size_t gather_panel(const packing *of, size_t first) {
    const pcl_weighted *weighted = of->weighted;
    size_t depth = of->matrix->depth, left = of->out->columns - first, width = left < PANEL ? left : PANEL;
    int32_t zero_point = pcl_tensor_zero_point(weighted->input), offset = of->context->kernels->dot_offset;
    for (size_t i = 0; i < width; i++) {
        column_place place = place_of(of->matrix, first + i);
        uint32_t sum = gather_integers(of, &place, of->panel + i * depth);
        int32_t bias = of->shift ? 0 : pcl_bias_integer(weighted->bias, place.channel);
        if (of->shift) of->shift[first + i] = pcl_bias_real(weighted->bias, place.channel);
        of->bias[first + i] = pcl_fold_bias(bias, zero_point, offset, sum);
        of->scale[first + i] = pcl_requantization_scale(weighted, place.channel);
    }
    return width;
}

static size_t panel_bytes(const pcl_dense *dense) {
    return dense->paired ? PANEL / 4 * sizeof(pcl_pairs) : pcl_gemm_u8_packed_bytes(PANEL, dense->depth);
}

static size_t panels_of(const pcl_dense *dense) { return (dense->columns + PANEL - 1) / PANEL; }

static size_t columns_of_four(size_t width, size_t first) { return width - first < 4 ? width - first : 4; }

/* A few panels speak for all: where they are wrong, it costs time only. */
static bool pairs_pay(const packing *of) {
    const pcl_kernels *kernels = of->context->kernels;
    if (!kernels->gemm_pairs || !of->out->requantization.saturates) return false;
    if (of->shift || of->matrix->rows < PCL_GEMM_PAIRS_ROWS) return false;
    size_t depth = of->out->depth, count = 0;
    size_t panels = panels_of(of->out), samples = panels < SAMPLES ? panels : SAMPLES;
    pcl_pairs pairs[SAMPLES * PANEL / 4];
    for (size_t i = 0; i < samples; i++) {
        size_t width = gather_panel(of, i * panels / samples * PANEL);
        for (size_t first = 0; first < width; first += 4)
            kernels->pack_pairs(&pairs[count++], NULL, of->panel + first * depth, columns_of_four(width, first), depth,
                                of->out->weight_zero_point);
    }
    return pcl_pairs_pay(pairs, count, depth);
}

/* False when memory is exhausted. */
static bool pack_pairs(const packing *of, pcl_pairs *to, size_t width) {
    const pcl_kernels *kernels = of->context->kernels;
    size_t depth = of->out->depth;
    for (size_t first = 0; first < width; first += 4, to++) {
        const int8_t *weights = of->panel + first * depth;
        size_t columns = columns_of_four(width, first);
        size_t bytes = kernels->pack_pairs(to, NULL, weights, columns, depth, of->out->weight_zero_point);
        void *space = pcl_arena_alloc(of->context->arena, bytes);
        if (!space) return false;
        kernels->pack_pairs(to, space, weights, columns, depth, of->out->weight_zero_point);
    }
    return true;
}

/* Panel by panel, so that no second copy of the weights is ever whole. */
static bool pack_panels(const packing *of) {
    pcl_dense *out = of->out;
    uint8_t *packed;
    out->paired = pairs_pay(of);
    out->packed = packed = pcl_arena_alloc_array(of->context->arena, panels_of(out), panel_bytes(out));
    if (!packed) return false;
    for (size_t first = 0; first < out->columns; first += PANEL) {
        size_t width = gather_panel(of, first);
        if (!out->paired) pcl_pack_gemm_u8((int8_t *)packed, of->panel, width, out->depth);
        else if (!pack_pairs(of, (pcl_pairs *)(void *)packed, width)) return false;
        packed += panel_bytes(out);
    }
    return true;
}

static pcl_status pack_u8(const pcl_prepare_context *context, const pcl_node *node, const pcl_weighted *weighted,
                          const pcl_weight_matrix *matrix, pcl_dense *out) {
    packing of = {
        .context = context,
        .weighted = weighted,
        .matrix = matrix,
        .out = out,
        .plain = plain_part(matrix),
        .panel = pcl_arena_alloc_array(context->arena, PANEL, out->depth),
        .bias = pcl_arena_alloc_array(context->arena, out->columns, sizeof *of.bias),
        .scale = pcl_arena_alloc_array(context->arena, out->columns, sizeof *of.scale),
    };
    if (pcl_weighted_widens(weighted)) {
        of.shift = pcl_arena_alloc_array(context->arena, out->columns, sizeof *of.shift);
        if (!of.shift) return pcl_no_memory(context, node);
        out->shift = of.shift;
        pcl_activation_range(weighted->activation, &out->low, &out->high);
    }
    out->bias = of.bias;
    out->weight_zero_point = pcl_weight_zero_point(weighted->weights, 0);
    if (weighted->weights->dtype == PCL_UINT8) out->weight_zero_point -= 128;
    out->requantization.scale = of.scale;
    pcl_weighted_requantization(weighted, matrix->first_channel, matrix->channels, out->depth, &out->requantization);
    bool packed = of.panel && of.bias && of.scale && pack_panels(&of);
    return packed ? PCL_OK : pcl_no_memory(context, node);
}

static pcl_status pack_f32(const pcl_prepare_context *context, const pcl_node *node, const pcl_weighted *weighted,
                           const pcl_weight_matrix *matrix, pcl_dense *out) {
    size_t depth = matrix->depth, columns = matrix->channels * matrix->repeats;
    float *packed = pcl_arena_alloc(context->arena, pcl_gemm_f32_packed_bytes(columns, depth));
    float *panel = pcl_arena_alloc_array(context->arena, PANEL * sizeof *panel, depth);
    float *bias = pcl_arena_alloc_array(context->arena, columns, sizeof *bias);
    if (!packed || !panel || !bias) return pcl_no_memory(context, node);

    for (size_t first = 0; first < columns; first += PANEL) {
        size_t width = columns - first < PANEL ? columns - first : PANEL;
        for (size_t i = 0; i < width; i++) {
            column_place place = place_of(matrix, first + i);
            gather_reals(weighted->weights, &place, depth, panel + i * depth);
            bias[first + i] = pcl_bias_real(weighted->bias, place.channel);
        }
        pcl_pack_gemm_f32(packed + first * depth, panel, width, depth, depth, 1);
    }
    out->packed = packed;
    out->bias = bias;
    pcl_activation_range(weighted->activation, &out->low, &out->high);
    return PCL_OK;
}

pcl_status pcl_dense_prepare(const pcl_prepare_context *context, const pcl_node *node, const pcl_weighted *weighted,
                             const pcl_weight_matrix *matrix, pcl_dense *out) {
    bool quantised = weighted->input->dtype == PCL_UINT8;
    *out = (pcl_dense){.quantised = quantised,
                       .columns = matrix->channels * matrix->repeats,
                       .depth = matrix->depth,
                       .element = quantised ? sizeof(uint8_t) : sizeof(float),
                       .row_tile = quantised && context->kernels->dot_cost == 1 ? FIVES : ROW_TILE};
    return quantised ? pack_u8(context, node, weighted, matrix, out) : pack_f32(context, node, weighted, matrix, out);
}

static void run_u8(const pcl_kernels *kernels, const pcl_dense *dense, size_t rows, const pcl_dense_left *left,
                   size_t first_column, size_t columns, void *out, size_t out_stride) {
    pcl_requantization requantization = dense->requantization;
    pcl_real_output reals = {.out = out, .low = dense->low, .high = dense->high};
    if (dense->shift) reals.shift = dense->shift + first_column;
    requantization.scale += first_column;
    const uint8_t *packed = dense->packed;
    const int32_t *bias = dense->bias;
    pcl_gemm_u8 task = {.rows = rows,
                        .columns = columns,
                        .depth = dense->depth,
                        .a = left->a,
                        .a_stride = left->stride,
                        .runs = left->runs,
                        .run = left->run,
                        .packed = packed + first_column / PANEL * panel_bytes(dense),
                        .bias = bias + first_column,
                        .weight_zero_point = dense->weight_zero_point,
                        .requantization = requantization,
                        .out = out,
                        .out_stride = out_stride,
                        .reals = dense->shift ? &reals : NULL};
    (dense->paired ? kernels->gemm_pairs : kernels->gemm_u8)(&task);
}

static void run_f32(const pcl_kernels *kernels, const pcl_dense *dense, size_t rows, const pcl_dense_left *left,
                    size_t first_column, size_t columns, float *out, size_t out_stride) {
    const float *packed = dense->packed, *bias = dense->bias;
    pcl_gemm_f32 task = {.rows = rows,
                         .columns = columns,
                         .depth = dense->depth,
                         .a = left->a,
                         .a_stride = left->stride,
                         .runs = left->runs,
                         .run = left->run,
                         .packed = packed + first_column * dense->depth,
                         .bias = bias + first_column,
                         .low = dense->low,
                         .high = dense->high,
                         .out = out,
                         .out_stride = out_stride};
    kernels->gemm_f32(&task);
}

void pcl_dense_run(const pcl_kernels *kernels, const pcl_dense *dense, size_t rows, const pcl_dense_left *left,
                   size_t first_column, size_t columns, void *out, size_t out_stride) {
    if (dense->quantised) run_u8(kernels, dense, rows, left, first_column, columns, out, out_stride);
    else run_f32(kernels, dense, rows, left, first_column, columns, out, out_stride);
}

static size_t busiest(size_t items, size_t tile, size_t threads) {
    size_t tiles = (items + tile - 1) / tile;
    return (tiles + threads - 1) / threads * tile;
}

bool pcl_share_columns(size_t rows, size_t columns, int32_t threads) {
    size_t count = (size_t)threads;
    double by_columns = (double)busiest(columns, 2 * PANEL, count) * (double)rows;
    double by_rows = (double)busiest(rows, ROW_TILE, count) * (double)columns;
    /* Rows lie in the cache of the core that made them; and parts of rows may share lines, which the cores then take
     * from each other again and again. */
    return by_columns < (columns / count < 128 ? 0.9 : 0.97) * by_rows;
}

pcl_dense_part pcl_dense_share(const pcl_dense *dense, size_t rows, bool by_columns, const pcl_part *part) {
    pcl_dense_part result = {0, rows, 0, dense->columns};
    if (by_columns) pcl_partition(dense->columns, 2 * PANEL, part, &result.first_column, &result.end_column);
    else pcl_partition(rows, dense->row_tile, part, &result.first_row, &result.end_row);
    return result;
}

int32_t *pcl_plain_offsets(pcl_arena *arena, size_t depth) {
    int32_t *offsets = pcl_arena_alloc_array(arena, depth, sizeof *offsets);
    for (size_t k = 0; offsets && k < depth; k++) offsets[k] = (int32_t)k;
    return offsets;
}
