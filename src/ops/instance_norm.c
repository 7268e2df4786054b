/* INSTANCE_NORM: every channel of every picture less its mean, divided by its
 * standard deviation, times gamma, plus beta. Input and output are each
 * float32 or quantised; quantised ones take the conversions around the float
 * operator into the same two passes over the picture.
 *
 * The pixels fall into BLOCKS blocks, whatever the number of threads, and the
 * blocks' sums are added in order: results do not depend on the threads. */
#include <math.h>
#include <string.h>

#include "ops/elements.h"
#include "ops/table.h"
#include "ops/weights.h"

enum {
    BLOCKS = 16,
    SUM_PIXELS = 256,     /* added in float32 before the sum goes to a double */
    CENTER_PIXELS = 16,   /* whose mean stands for the channel's in the first pass */
    TILE_ELEMENTS = 2048, /* normalised at a time: floats that stay in the first-level cache */
};

static pcl_status check_picture(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor) {
    PCL_TRY_RETURN(pcl_check_dtype(context, node, tensor, (pcl_dtype[]){PCL_FLOAT32, PCL_UINT8, PCL_DTYPE_COUNT}));
    if (tensor->dtype == PCL_FLOAT32) return PCL_OK;
    return pcl_check_quantised(context, node, tensor);
}

static pcl_status infer_instance_norm(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *x = node->inputs[0], *out = node->outputs[0];
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 4, 4));
    PCL_TRY_RETURN(check_picture(context, node, x));
    PCL_TRY_RETURN(check_picture(context, node, out));
    PCL_TRY_RETURN(pcl_check_activation(context, node, node->attributes.instance_norm.activation));
    if (pcl_tensor_count(x) == 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its input is empty");
    for (int32_t i = 1; i < 3; i++) {
        const pcl_tensor *factor = node->inputs[i];
        PCL_TRY_RETURN(pcl_check_dtype(context, node, factor, (pcl_dtype[]){PCL_FLOAT32, PCL_DTYPE_COUNT}));
        if (pcl_tensor_count(factor) != (size_t)x->shape.dims[3])
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "'%s' has %zu elements, expected %d",
                                 factor->name, pcl_tensor_count(factor), x->shape.dims[3]);
    }
    return pcl_tensor_set_shape(out, &x->shape, context->error);
}

/* --- Preparation ---------------------------------------------------------- */

typedef struct instance_norm {
    size_t pictures, pixels, channels;
    size_t block_pixels; /* the last block may have fewer, or none */
    size_t tile_pixels;
    float epsilon, low, high;
    int32_t low_u8, high_u8;
    int32_t parts, threads;
    /* Scratch, in bytes from its start. */
    size_t sums_at;   /* [BLOCKS][2][channels] double: sum, sum of squares */
    size_t center_at; /* [channels] float */
    size_t octets_at; /* [channels / 8, rounded up] pcl_affine_u8 */
    size_t tiles_at;  /* [threads] tiles: [tile_pixels][channels] float */
    size_t tile_bytes;
    size_t shift_at; /* in step->norm, after the scale: [channels] float each */
} instance_norm;

/* A sum while it is made is two rows of the tile. */
static bool plan_scratch(instance_norm *self, size_t *scratch_bytes) {
    size_t channels = self->channels, tiles;
    size_t tile_rows = self->tile_pixels < 2 ? 2 : self->tile_pixels;
    if (channels > SIZE_MAX / (1024 * sizeof(double))) return false;
    self->sums_at = 0;
    self->center_at = pcl_round_up(BLOCKS * 2 * channels * sizeof(double), PCL_ALIGNMENT);
    size_t row = pcl_round_up(channels * sizeof(float) + 16, PCL_ALIGNMENT);
    self->octets_at = self->center_at + row;
    self->tiles_at = self->octets_at + pcl_round_up((channels + 7) / 8 * sizeof(pcl_affine_u8), PCL_ALIGNMENT);
    self->shift_at = row;
    self->tile_bytes = pcl_round_up(tile_rows * channels * sizeof(float) + 16, PCL_ALIGNMENT);
    return pcl_size_mul(self->tile_bytes, (size_t)self->threads, &tiles) &&
           pcl_size_add(tiles, self->tiles_at, scratch_bytes);
}

static pcl_status prepare_instance_norm(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    const int32_t *dims = node->inputs[0]->shape.dims;
    instance_norm *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    self->pictures = (size_t)dims[0];
    self->pixels = (size_t)dims[1] * (size_t)dims[2];
    self->channels = (size_t)dims[3];
    self->block_pixels = (self->pixels + BLOCKS - 1) / BLOCKS;
    self->tile_pixels = self->channels < TILE_ELEMENTS ? TILE_ELEMENTS / self->channels : 1;
    self->epsilon = node->attributes.instance_norm.epsilon;
    pcl_activation_range(node->attributes.instance_norm.activation, &self->low, &self->high);
    pcl_activation_range_u8(node->attributes.instance_norm.activation, node->outputs[0], &self->low_u8, &self->high_u8);
    self->parts = pcl_parts_for(self->pixels * self->channels);
    self->threads = pcl_employed(context->threads, self->parts);
    if (!plan_scratch(self, &step->scratch_bytes))
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "it has too many channels");
    step->norm_bytes = 2 * self->shift_at;
    return PCL_OK;
}

/* --- Running -------------------------------------------------------------- */

typedef struct norm_run {
    const pcl_kernels *kernels;
    const instance_norm *self;
    const pcl_node *node;
    uint8_t *scratch;
    float *scale, *shift; /* [channels] */
    const uint8_t *x;     /* of one picture */
    uint8_t *out;
} norm_run;

static float *floats_at(const norm_run *run, size_t offset) { return (float *)(void *)(run->scratch + offset); }

static pcl_affine_u8 *octets_of(const norm_run *run) {
    return (pcl_affine_u8 *)(void *)(run->scratch + run->self->octets_at);
}

static double *block_sums(const norm_run *run, size_t block) {
    return (double *)(void *)(run->scratch + run->self->sums_at) + block * 2 * run->self->channels;
}

static float *tile_of(const norm_run *run, int32_t thread) {
    return floats_at(run, run->self->tiles_at + (size_t)thread * run->self->tile_bytes);
}

/* About the mean of each channel, so that squares of deviations from it are
 * not much larger than the variance. */
static void find_center(const norm_run *run) {
    const instance_norm *self = run->self;
    const float *x = (const float *)(const void *)run->x;
    float *center = floats_at(run, self->center_at);
    size_t step = (self->pixels + CENTER_PIXELS - 1) / CENTER_PIXELS, count = (self->pixels + step - 1) / step;
    memset(center, 0, self->channels * sizeof *center);
    for (size_t p = 0; p < self->pixels; p += step)
        for (size_t c = 0; c < self->channels; c++) center[c] += x[p * self->channels + c] / (float)count;
}

static void sum_block_f32(const norm_run *run, size_t first, size_t end, double *sums, float *tile) {
    size_t channels = run->self->channels;
    const float *x = (const float *)(const void *)run->x;
    const float *center = floats_at(run, run->self->center_at);
    for (size_t p = first; p < end; p += SUM_PIXELS) {
        size_t count = end - p < SUM_PIXELS ? end - p : SUM_PIXELS;
        memset(tile, 0, 2 * channels * sizeof *tile);
        run->kernels->moments_f32(x + p * channels, count, channels, center, tile, tile + channels);
        for (size_t i = 0; i < 2 * channels; i++) sums[i] += (double)tile[i];
    }
}

/* Integers: exact. 65025 * SUM_PIXELS fits 32 bits. */
static void sum_block_u8(const norm_run *run, size_t first, size_t end, double *sums, float *tile) {
    size_t channels = run->self->channels;
    uint32_t *sum = (uint32_t *)(void *)tile, *square = sum + channels;
    for (size_t p = first; p < end; p += SUM_PIXELS) {
        size_t count = end - p < SUM_PIXELS ? end - p : SUM_PIXELS;
        memset(sum, 0, 2 * channels * sizeof *sum);
        run->kernels->moments_u8(run->x + p * channels, count, channels, sum, square);
        for (size_t i = 0; i < 2 * channels; i++) sums[i] += (double)sum[i];
    }
}

static void sum_part(void *argument, const pcl_part *part) {
    const norm_run *run = argument;
    const instance_norm *self = run->self;
    size_t first_block, end_block;
    pcl_partition(BLOCKS, 1, part, &first_block, &end_block);
    for (size_t block = first_block; block < end_block; block++) {
        double *sums = block_sums(run, block);
        size_t first = block * self->block_pixels, end = first + self->block_pixels;
        if (end > self->pixels) end = self->pixels;
        memset(sums, 0, 2 * self->channels * sizeof *sums);
        if (first >= end) continue;
        if (run->node->inputs[0]->dtype == PCL_UINT8) sum_block_u8(run, first, end, sums, tile_of(run, part->thread));
        else sum_block_f32(run, first, end, sums, tile_of(run, part->thread));
    }
}

static bool is_of_bytes(const pcl_node *node) {
    return node->inputs[0]->dtype == PCL_UINT8 && node->outputs[0]->dtype == PCL_UINT8;
}

/* out = x * scale + shift, with x as it is stored: real, or the integer; and between two integers, out less its zero
 * point. There scales have a limit: of a channel that is as good as constant, noise is not made all there is to see. */
static void find_scale_and_shift(const norm_run *run) {
    const instance_norm *self = run->self;
    const pcl_tensor *x = run->node->inputs[0];
    const float *gamma = run->node->inputs[1]->data, *beta = run->node->inputs[2]->data;
    const float *center = floats_at(run, self->center_at);
    float *scale = run->scale, *shift = run->shift;
    bool quantised = x->dtype == PCL_UINT8;
    bool both = is_of_bytes(run->node);
    double unit = quantised ? (double)pcl_tensor_scale(x) : 1.0;
    double per_quantum = both ? 1.0 / (double)pcl_tensor_scale(run->node->outputs[0]) : 1.0;
    for (size_t c = 0; c < self->channels; c++) {
        double sum = 0, square = 0;
        for (size_t block = 0; block < BLOCKS; block++) {
            sum += block_sums(run, block)[c];
            square += block_sums(run, block)[self->channels + c];
        }
        double mean = sum / (double)self->pixels, deviation = quantised ? mean : mean - (double)center[c];
        double variance = square / (double)self->pixels - deviation * deviation;
        if (variance < 0) variance = 0; /* rounding */
        double factor = unit * (double)gamma[c] / sqrt(variance * unit * unit + (double)self->epsilon) * per_quantum;
        if (both && fabs(factor) > (double)PCL_AFFINE_U8_MOST) factor = copysign((double)PCL_AFFINE_U8_MOST, factor);
        scale[c] = (float)factor;
        shift[c] = (float)((double)beta[c] * per_quantum - mean * factor);
    }
}

/* From integers to integers in one go. */
static void normalise_u8(const norm_run *run, size_t first, size_t pixels) {
    const instance_norm *self = run->self;
    size_t at = first * self->channels;
    run->kernels->affine_u8(run->x + at, pixels, self->channels, octets_of(run), self->low_u8, self->high_u8,
                            run->out + at);
}

/* `pixels` from pixel `first` on, through the tile where types differ. */
static void normalise_tile(const norm_run *run, size_t first, size_t pixels, float *tile) {
    const instance_norm *self = run->self;
    const pcl_tensor *in = run->node->inputs[0], *out = run->node->outputs[0];
    if (is_of_bytes(run->node)) {
        normalise_u8(run, first, pixels);
        return;
    }
    size_t at = first * self->channels, count = pixels * self->channels;
    const float *x = (const float *)(const void *)run->x + at;
    float *y = out->dtype == PCL_UINT8 ? tile : (float *)(void *)run->out + at;
    if (in->dtype == PCL_UINT8) {
        run->kernels->dequantize_u8(1.0f, 0, run->x + at, tile, count);
        x = tile;
    }
    run->kernels->affine_f32(x, pixels, self->channels, run->scale, run->shift, self->low, self->high, y);
    if (out->dtype == PCL_UINT8)
        run->kernels->quantize_u8(1.0f / pcl_tensor_scale(out), pcl_tensor_zero_point(out), y, run->out + at, count);
}

static void normalise_part(void *argument, const pcl_part *part) {
    const norm_run *run = argument;
    const instance_norm *self = run->self;
    size_t first, end;
    pcl_partition(self->pixels, self->tile_pixels, part, &first, &end);
    for (size_t p = first; p < end; p += self->tile_pixels)
        normalise_tile(run, p, end - p < self->tile_pixels ? end - p : self->tile_pixels, tile_of(run, part->thread));
}

static pcl_status run_instance_norm(const pcl_run_context *context, const pcl_step *step) {
    const instance_norm *self = step->prepared;
    const pcl_tensor *in = step->node->inputs[0], *out = step->node->outputs[0];
    float *shift = (float *)(void *)((uint8_t *)step->norm + self->shift_at);
    norm_run run = {context->kernels, self, step->node, step->scratch, step->norm, shift, in->data, out->data};
    for (size_t n = 0; n < self->pictures; n++) {
        if (!context->frozen) {
            if (in->dtype == PCL_FLOAT32) find_center(&run);
            pcl_pool_run(context->pool, sum_part, &run, self->parts);
            find_scale_and_shift(&run);
        }
        if (is_of_bytes(step->node))
            pcl_affine_u8_prepare(octets_of(&run), run.scale, shift, self->channels, pcl_tensor_zero_point(out));
        pcl_pool_run(context->pool, normalise_part, &run, self->parts);
        run.x += in->bytes / self->pictures;
        run.out += out->bytes / self->pictures;
    }
    return PCL_OK;
}

const pcl_op pcl_op_instance_norm = {.name = "INSTANCE_NORM",
                                     .min_inputs = 3,
                                     .max_inputs = 3,
                                     .min_outputs = 1,
                                     .max_outputs = 1,
                                     .infer = infer_instance_norm,
                                     .prepare = prepare_instance_norm,
                                     .run = run_instance_norm,
                                     .in_place = true};
