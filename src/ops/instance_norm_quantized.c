/* INSTANCE_NORM_QUANTIZED: what a quantiser makes of an instance
 * normalisation is a dozen operators, each rounding to 8 bits. For a given
 * picture and channel every one of them is a function of one 8-bit value, so
 * all of them together are one table of 256 entries per channel. The
 * statistics need only how often each value occurs. The result is, bit for
 * bit, what the separate operators give. */
#include <math.h>
#include <string.h>

#include "ops/elements.h"
#include "ops/table.h"
#include "requantize.h"

enum { VALUES = 256 };

/* a + b or a - b, as ADD and SUB compute it: in fixed point, or by reals when
 * the scales are too far apart for that. */
typedef struct sum_u8 {
    pcl_add_u8 fixed;
    bool is_fixed, negate_b;
    const pcl_tensor *a, *b, *out;
    int32_t low, high;
} sum_u8;

typedef struct normalisation {
    const pcl_tensor *x, *gamma, *beta, *epsilon, *out;
    const pcl_norm_stages *stages;
    size_t batch, pixels, channels;
    sum_u8 add_epsilon, subtract, add; /* variance + epsilon; beta - mean_scaled; scaled + shift */
    uint32_t *histograms;              /* [threads][channels][256]; the first holds the sum at last */
    uint8_t *tables;                   /* [channels][256], in step->norm */
} normalisation;

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *x = node->inputs[0], *out = node->outputs[0];
    for (int32_t i = 0; i < 4; i++) PCL_TRY_RETURN(pcl_check_quantised(context, node, node->inputs[i]));
    PCL_TRY_RETURN(pcl_check_quantised(context, node, out));
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 4, 4));
    for (int32_t i = 1; i < 3; i++)
        if (pcl_tensor_count(node->inputs[i]) != (size_t)x->shape.dims[3])
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "'%s' does not have one value per channel",
                                 node->inputs[i]->name);
    return pcl_tensor_set_shape(out, &x->shape, context->error);
}

static sum_u8 prepare_sum(const pcl_tensor *a, const pcl_tensor *b, bool negate_b, const pcl_tensor *out,
                          pcl_activation activation) {
    sum_u8 sum = {.a = a, .b = b, .out = out, .negate_b = negate_b};
    pcl_activation_range_u8(activation, out, &sum.low, &sum.high);
    sum.is_fixed = pcl_add_u8_prepare(&sum.fixed, pcl_tensor_scale(a), pcl_tensor_zero_point(a), pcl_tensor_scale(b),
                                      pcl_tensor_zero_point(b), negate_b, pcl_tensor_scale(out),
                                      pcl_tensor_zero_point(out), sum.low, sum.high);
    return sum;
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_node *node = step->node;
    const pcl_shape *shape = &node->inputs[0]->shape;
    normalisation *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    *self = (normalisation){.x = node->inputs[0],
                            .gamma = node->inputs[1],
                            .beta = node->inputs[2],
                            .epsilon = node->inputs[3],
                            .out = node->outputs[0],
                            .stages = node->attributes.norm_stages,
                            .batch = (size_t)shape->dims[0],
                            .pixels = (size_t)shape->dims[1] * (size_t)shape->dims[2],
                            .channels = (size_t)shape->dims[3]};
    const pcl_norm_stages *stages = self->stages;
    self->add_epsilon =
        prepare_sum(stages->variance, self->epsilon, false, stages->shifted, PCL_ACTIVATION_NONE);
    self->subtract = prepare_sum(self->beta, stages->mean_scaled, true, stages->shift, PCL_ACTIVATION_NONE);
    self->add = prepare_sum(stages->scaled, stages->shift, false, self->out, stages->activation);
    size_t histogram;
    if (!pcl_size_mul(self->channels, VALUES * sizeof(uint32_t), &histogram) ||
        !pcl_size_mul(histogram, (size_t)context->threads, &step->scratch_bytes))
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "too many channels");
    step->norm_bytes = self->channels * VALUES;
    return PCL_OK;
}

typedef struct pass {
    const normalisation *self;
    const uint8_t *x; /* [pixels][channels], one picture */
    uint8_t *out;
} pass;

static void count_part(void *argument, const pcl_part *part) {
    const pass *work = argument;
    size_t channels = work->self->channels, begin, end;
    uint32_t *histogram = work->self->histograms + (size_t)part->index * channels * VALUES;
    pcl_partition(work->self->pixels, 1, part, &begin, &end);
    memset(histogram, 0, channels * VALUES * sizeof *histogram);
    for (size_t p = begin; p < end; p++)
        for (size_t c = 0; c < channels; c++) histogram[c * VALUES + work->x[p * channels + c]]++;
}

static void look_up_part(void *argument, const pcl_part *part) {
    const pass *work = argument;
    const uint8_t *tables = work->self->tables;
    size_t channels = work->self->channels, begin, end;
    pcl_partition(work->self->pixels, 1, part, &begin, &end);
    for (size_t p = begin; p < end; p++)
        for (size_t c = 0; c < channels; c++)
            work->out[p * channels + c] = tables[c * VALUES + work->x[p * channels + c]];
}

static uint8_t pcl_mean_u8(int64_t sum, size_t count, const pcl_tensor *in, const pcl_tensor *out) {
    float scale = pcl_tensor_scale(in) / (pcl_tensor_scale(out) * (float)count);
    pcl_requantization to = {&scale, pcl_tensor_zero_point(out), 0, 255, false};
    return pcl_requantize((int32_t)sum, &to, 0);
}

/* MEAN of values that occur as counted, as the operator itself rounds. */
static uint8_t mean_of(const uint32_t *histogram, const uint8_t *values, size_t pixels, const pcl_tensor *in,
                       const pcl_tensor *out) {
    int64_t sum = 0;
    for (size_t v = 0; v < VALUES; v++) sum += (int64_t)histogram[v] * (values[v] - pcl_tensor_zero_point(in));
    return pcl_mean_u8(sum, pixels, in, out);
}

static uint8_t product(uint8_t a, const pcl_tensor *a_tensor, uint8_t b, const pcl_tensor *b_tensor,
                       const pcl_tensor *out) {
    float scale = pcl_tensor_scale(a_tensor) * pcl_tensor_scale(b_tensor) / pcl_tensor_scale(out);
    pcl_requantization to = {&scale, pcl_tensor_zero_point(out), 0, 255, false};
    return pcl_requantize((a - pcl_tensor_zero_point(a_tensor)) * (b - pcl_tensor_zero_point(b_tensor)), &to, 0);
}

static float real(uint8_t value, const pcl_tensor *tensor) {
    return (float)(value - pcl_tensor_zero_point(tensor)) * pcl_tensor_scale(tensor);
}

static void quantise(const pcl_kernels *kernels, const float *in, const pcl_tensor *out, uint8_t *values,
                     size_t count) {
    kernels->quantize_u8(1.0f / pcl_tensor_scale(out), pcl_tensor_zero_point(out), in, values, count);
}

/* One value, with room for the vector that the kernel reads. */
static uint8_t quantise_one(const pcl_kernels *kernels, float value, const pcl_tensor *out) {
    float padded[8] = {value};
    uint8_t result;
    quantise(kernels, padded, out, &result, 1);
    return result;
}

static void add(const pcl_kernels *kernels, const sum_u8 *sum, const uint8_t *a, const uint8_t *b, uint8_t *out,
                size_t count) {
    if (sum->is_fixed) {
        kernels->add_u8(&sum->fixed, a, b, out, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        float addend = real(b[i], sum->b), result = real(a[i], sum->a) + (sum->negate_b ? -addend : addend);
        out[i] = quantise_one(kernels, result, sum->out);
        out[i] = (uint8_t)(out[i] < sum->low ? sum->low : out[i] > sum->high ? sum->high : out[i]);
    }
}

/* The reciprocal of the standard deviation, from mean and counts. */
static uint8_t reciprocal_of(const normalisation *self, const pcl_kernels *kernels, const uint32_t *histogram,
                             uint8_t mean) {
    const pcl_norm_stages *stages = self->stages;
    float differences[VALUES], mean_real = real(mean, stages->mean);
    uint8_t squared[VALUES], variance, shifted;
    for (int v = 0; v < VALUES; v++) {
        float difference = real((uint8_t)v, self->x) - mean_real;
        differences[v] = difference * difference;
    }
    quantise(kernels, differences, stages->squared, squared, VALUES);
    variance = mean_of(histogram, squared, self->pixels, stages->squared, stages->variance);
    add(kernels, &self->add_epsilon, &variance, self->epsilon->data, &shifted, 1);
    return quantise_one(kernels, 1.0f / sqrtf(real(shifted, stages->shifted)), stages->reciprocal);
}

/* The table of one channel. */
static void tabulate(const normalisation *self, const pcl_kernels *kernels, size_t c) {
    const pcl_norm_stages *stages = self->stages;
    const uint32_t *histogram = self->histograms + c * VALUES;
    uint8_t identity[VALUES], scaled[VALUES], shifts[VALUES], mean_scaled, shift;
    for (int v = 0; v < VALUES; v++) identity[v] = (uint8_t)v;
    uint8_t mean = mean_of(histogram, identity, self->pixels, self->x, stages->mean);
    uint8_t reciprocal = reciprocal_of(self, kernels, histogram, mean);
    uint8_t gamma = ((const uint8_t *)self->gamma->data)[c], beta = ((const uint8_t *)self->beta->data)[c];
    uint8_t scale = product(reciprocal, stages->reciprocal, gamma, self->gamma, stages->scale);
    mean_scaled = product(mean, stages->mean, scale, stages->scale, stages->mean_scaled);
    add(kernels, &self->subtract, &beta, &mean_scaled, &shift, 1);
    for (int v = 0; v < VALUES; v++) scaled[v] = product((uint8_t)v, self->x, scale, stages->scale, stages->scaled);
    memset(shifts, shift, sizeof shifts);
    add(kernels, &self->add, scaled, shifts, self->tables + c * VALUES, VALUES);
}

static void add_histograms(const normalisation *self, int32_t parts) {
    size_t length = self->channels * VALUES;
    for (int32_t part = 1; part < parts; part++)
        for (size_t i = 0; i < length; i++) self->histograms[i] += self->histograms[(size_t)part * length + i];
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    normalisation self = *(const normalisation *)step->prepared;
    size_t picture = self.pixels * self.channels;
    int32_t parts = pcl_employed(pcl_pool_threads(context->pool), pcl_parts_for(picture));
    self.histograms = step->scratch;
    self.tables = step->norm;
    for (size_t n = 0; n < self.batch; n++) {
        pass work = {&self, (const uint8_t *)self.x->data + n * picture, (uint8_t *)self.out->data + n * picture};
        if (!context->frozen) {
            pcl_pool_run(context->pool, count_part, &work, parts);
            add_histograms(&self, parts);
            for (size_t c = 0; c < self.channels; c++) tabulate(&self, context->kernels, c);
        }
        pcl_pool_run(context->pool, look_up_part, &work, parts);
    }
    return PCL_OK;
}

const pcl_op pcl_op_instance_norm_quantized = {
    "INSTANCE_NORM_QUANTIZED", 4, 4, 1, 1, infer, prepare, run, .in_place = true};
