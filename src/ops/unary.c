/* Activations and other functions of one element. Quantised, each of them is
 * a table of 256 answers. */
#include <math.h>
#include <string.h>

#include "ops/elements.h"
#include "ops/hard_swish.h"
#include "ops/sine.h"
#include "ops/table.h"

typedef void (*real_row)(const float *in, float *restrict out, size_t count);
typedef int64_t (*integer_function)(int64_t value);

/* The comparisons let NaN pass. */
static void relu(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = in[i] < 0.0f ? 0.0f : in[i];
}

static void relu6(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = in[i] < 0.0f ? 0.0f : in[i] > 6.0f ? 6.0f : in[i];
}

static void relu_n1_to_1(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = in[i] < -1.0f ? -1.0f : in[i] > 1.0f ? 1.0f : in[i];
}

/* e^x - 1 within 3e-7 of itself for x up to 0.35: by its series where the difference would lose digits. */
static float exp_minus_one(float x) {
    if (!(fabsf(x) < 0.35f)) return expf(x) - 1.0f;
    return x + x * x * (1 / 2.0f + x * (1 / 6.0f + x * (1 / 24.0f + x * (1 / 120.0f + x * (1 / 720.0f + x / 5040.0f)))));
}

static float tanh_of(float x) {
    float e = exp_minus_one(-2.0f * fabsf(x));
    return copysignf(e / (e + 2.0f), x);
}

static void elu(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = in[i] < 0.0f ? exp_minus_one(in[i]) : in[i];
}

static void hard_swish(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float gate = in[i] + 3.0f;
        gate = gate < 0.0f ? 0.0f : gate > 6.0f ? 6.0f : gate;
        out[i] = in[i] * gate / 6.0f;
    }
}

/* These two for tables, which must not depend on the instruction set; floats go by the kernel. */
static void logistic(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = 1.0f / (1.0f + expf(-in[i]));
}

static void hyperbolic_tangent(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = tanh_of(in[i]);
}

/* 1 - erf(x). For x >= 0, e^(x^2) of it is t times a polynomial of t = 1 / (1 + 0.3 x), here the one of least greatest
 * relative error for x up to 10.5, 2e-8; what is lost is by e^(-x^2) in floats: 5e-7, beyond 2 up to 3e-6. */
static float erfc_of(float x) {
    static const float terms[] = {-0.129554555f, 0.485729367f,   -0.51265192f, 0.548190296f, -0.0950118601f,
                                  0.215099171f,  0.148288667f, 0.170723408f, 0.169187441f};
    float above = fabsf(x), t = 1.0f / (1.0f + 0.3f * above), sum = 0.0f;
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) sum = sum * t + terms[i];
    float tail = expf(-x * x) * t * sum;
    return x < 0.0f ? 2.0f - tail : tail;
}

/* x * P(normal variable <= x); erfc keeps its precision where that is small. */
static void gelu(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = 0.5f * in[i] * erfc_of(in[i] * -0.70710678f);
}

/* Hendrycks and Gimpel 2016, "Gaussian error linear units", the form with tanh. */
static void gelu_approximate(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float x = in[i];
        out[i] = 0.5f * x * (1.0f + tanh_of(0.79788456f * (x + 0.044715f * x * x * x)));
    }
}

static void exponential(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = expf(in[i]);
}

static void logarithm(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = logf(in[i]);
}

static void square_root(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = sqrtf(in[i]);
}

/* The root of 0 has an infinite reciprocal. */
static void reciprocal_root(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = 1.0f / sqrtf(in[i]);
}

static void square(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = in[i] * in[i];
}

static void absolute(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = fabsf(in[i]);
}

static void negative(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = -in[i];
}

static void round_down(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = floorf(in[i]);
}

static void round_up(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = ceilf(in[i]);
}

static void round_half_even(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = rintf(in[i]);
}

static void sine(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = pcl_sine(in[i], 0);
}

static void cosine(const float *in, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = pcl_sine(in[i], 1);
}

/* Integers wrap around. */
static int64_t square_integer(int64_t value) { return (int64_t)((uint64_t)value * (uint64_t)value); }
static int64_t absolute_integer(int64_t value) { return value < 0 ? (int64_t)(0 - (uint64_t)value) : value; }
static int64_t negative_integer(int64_t value) { return (int64_t)(0 - (uint64_t)value); }

typedef struct unary_rows {
    const pcl_op *op;
    real_row reals;           /* NULL: LEAKY_RELU, the one with a parameter */
    integer_function integer; /* NULL: not defined for them */
} unary_rows;

static const unary_rows all_rows[] = {
    {&pcl_op_relu, relu, NULL},
    {&pcl_op_relu6, relu6, NULL},
    {&pcl_op_relu_n1_to_1, relu_n1_to_1, NULL},
    {&pcl_op_leaky_relu, NULL, NULL},
    {&pcl_op_elu, elu, NULL},
    {&pcl_op_hard_swish, hard_swish, NULL},
    {&pcl_op_logistic, logistic, NULL},
    {&pcl_op_tanh, hyperbolic_tangent, NULL},
    {&pcl_op_gelu, gelu, NULL},
    {&pcl_op_exp, exponential, NULL},
    {&pcl_op_log, logarithm, NULL},
    {&pcl_op_sqrt, square_root, NULL},
    {&pcl_op_rsqrt, reciprocal_root, NULL},
    {&pcl_op_square, square, square_integer},
    {&pcl_op_abs, absolute, absolute_integer},
    {&pcl_op_neg, negative, negative_integer},
    {&pcl_op_floor, round_down, NULL},
    {&pcl_op_ceil, round_up, NULL},
    {&pcl_op_round, round_half_even, NULL},
    {&pcl_op_sin, sine, NULL},
    {&pcl_op_cos, cosine, NULL},
};

static const unary_rows *find_rows(const pcl_op *op) {
    const unary_rows *rows = all_rows;
    while (rows->op != op) rows++;
    return rows;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    pcl_dtype types[] = {PCL_FLOAT32, PCL_UINT8, PCL_INT32, PCL_INT64, PCL_DTYPE_COUNT};
    if (!find_rows(node->op)->integer) types[2] = PCL_DTYPE_COUNT;
    PCL_TRY_RETURN(pcl_check_dtype(context, node, in, types));
    PCL_TRY_RETURN(pcl_check_alike(context, node, in, in));
    PCL_TRY_RETURN(pcl_check_alike(context, node, in, out));
    return pcl_tensor_set_shape(out, &in->shape, context->error);
}

typedef struct unary {
    const pcl_node *node;
    const pcl_kernels *kernels;
    real_row reals;
    integer_function integer;
    float alpha; /* LEAKY_RELU */
    uint8_t table[256]; /* quantised: [input value] */
} unary;

static void leaky_relu(const float *in, float *restrict out, size_t count, float alpha) {
    for (size_t i = 0; i < count; i++) out[i] = in[i] > 0.0f ? in[i] : in[i] * alpha;
}

static void compute_reals(const unary *self, const float *in, float *restrict out, size_t count) {
    if (self->reals) self->reals(in, out, count);
    else leaky_relu(in, out, count, self->alpha);
}

/* LEAKY_RELU in XNNPACK's fixed point of eight fractional bits, so that chains
 * of layers do not drift away from it. False where XNNPACK declines too: a
 * slope of less than 1/256 quantum, or of more than 128. */
static bool fill_leaky_table(unary *self) {
    const pcl_tensor *in = self->node->inputs[0], *out = self->node->outputs[0];
    float positive = pcl_tensor_scale(in) / pcl_tensor_scale(out), negative = positive * self->alpha;
    bool fits = positive >= 0x1p-8f && positive <= 128.0f && fabsf(negative) >= 0x1p-8f && fabsf(negative) <= 127.99f;
    if (!fits) return false;
    int32_t above = (int32_t)lrintf(256.0f * positive), below = (int32_t)lrintf(256.0f * negative);
    for (int32_t i = 0; i < 256; i++) {
        int32_t value = i - pcl_tensor_zero_point(in);
        int32_t result = ((value * (value >= 0 ? above : below) + 128) >> 8) + pcl_tensor_zero_point(out);
        self->table[i] = (uint8_t)(result < 0 ? 0 : result > 255 ? 255 : result);
    }
    return true;
}

static void fill_table(unary *self) {
    const pcl_tensor *in = self->node->inputs[0], *out = self->node->outputs[0];
    float reals[256], results[256];
    if (self->node->op == &pcl_op_leaky_relu && fill_leaky_table(self)) return;
    if (self->node->op == &pcl_op_hard_swish) {
        pcl_hard_swish_table(in, out, self->table);
        return;
    }
    for (int32_t i = 0; i < 256; i++) reals[i] = (float)(i - pcl_tensor_zero_point(in)) * pcl_tensor_scale(in);
    compute_reals(self, reals, results, 256);
    for (int32_t i = 0; i < 256; i++) self->table[i] = pcl_quantise_u8(results[i], out);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    const unary_rows *rows = find_rows(step->op);
    unary *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    *self = (unary){.node = node, .kernels = context->kernels, .reals = rows->reals, .integer = rows->integer};
    if (step->op == &pcl_op_leaky_relu) self->alpha = node->attributes.leaky_relu.alpha;
    if (step->op == &pcl_op_gelu && node->attributes.gelu.approximate) self->reals = gelu_approximate;
    if (node->inputs[0]->dtype == PCL_UINT8) fill_table(self);
    return PCL_OK;
}

/* tanh(x) = 2 logistic(2x) - 1, several times faster than libm's. Near zero,
 * where the difference would lose its digits, the Taylor series: its next
 * term is below 6e-8 of the value. */
static void tanh_by_logistic(const unary *self, const float *in, float *restrict out, size_t count) {
    float twice[PCL_BLOCK];
    for (size_t i = 0; i < count; i++) twice[i] = in[i] * 2.0f;
    self->kernels->logistic_f32(twice, out, count);
    for (size_t i = 0; i < count; i++) {
        float x = in[i], s = x * x;
        float series = x + x * s * (-1.0f / 3 + s * (2.0f / 15 + s * (-17.0f / 315 + s * (62.0f / 2835))));
        out[i] = fabsf(x) < 0.3f ? series : 2.0f * out[i] - 1.0f;
    }
}

/* Results go through a block of their own: the loops may then assume that
 * `out` is not `in`, although they may share memory. */
static void run_reals(const unary *self, const float *in, float *out, size_t count) {
    float result[PCL_BLOCK];
    if (self->reals == logistic) {
        self->kernels->logistic_f32(in, out, count);
        return;
    }
    for (size_t done = 0, part; done < count; done += part) {
        part = count - done < PCL_BLOCK ? count - done : PCL_BLOCK;
        if (self->reals == hyperbolic_tangent) tanh_by_logistic(self, in + done, result, part);
        else compute_reals(self, in + done, result, part);
        memcpy(out + done, result, part * sizeof *result);
    }
}

static void run_integers(const unary *self, pcl_dtype dtype, const uint8_t *in, uint8_t *out, size_t count) {
    int64_t values[PCL_BLOCK];
    size_t element = pcl_dtype_size(dtype);
    for (size_t done = 0, part; done < count; done += part) {
        part = count - done < PCL_BLOCK ? count - done : PCL_BLOCK;
        pcl_load_integers(dtype, in + done * element, values, part);
        for (size_t i = 0; i < part; i++) values[i] = self->integer(values[i]);
        pcl_store_integers(dtype, values, out + done * element, part);
    }
}

static void run_part(void *argument, const pcl_part *part) {
    const unary *self = argument;
    const pcl_tensor *in = self->node->inputs[0];
    size_t begin, end, element = pcl_dtype_size(in->dtype);
    pcl_partition(pcl_tensor_count(in), PCL_BLOCK, part, &begin, &end);
    if (begin == end) return;
    const void *from = (const uint8_t *)in->data + begin * element;
    void *to = (uint8_t *)self->node->outputs[0]->data + begin * element;
    if (in->dtype == PCL_FLOAT32) run_reals(self, from, to, end - begin);
    else if (in->dtype == PCL_UINT8) self->kernels->lookup_u8(self->table, from, to, end - begin);
    else run_integers(self, in->dtype, from, to, end - begin);
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    pcl_pool_run(context->pool, run_part, step->prepared, pcl_parts_for(pcl_tensor_count(step->node->inputs[0])));
    return PCL_OK;
}

const pcl_op pcl_op_relu = {"RELU", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_relu6 = {"RELU6", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_relu_n1_to_1 = {"RELU_N1_TO_1", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_leaky_relu = {"LEAKY_RELU", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_elu = {"ELU", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_hard_swish = {"HARD_SWISH", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_logistic = {"LOGISTIC", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_tanh = {"TANH", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_gelu = {"GELU", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_exp = {"EXP", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_log = {"LOG", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_sqrt = {"SQRT", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_rsqrt = {"RSQRT", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_square = {"SQUARE", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_abs = {"ABS", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_neg = {"NEG", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_floor = {"FLOOR", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_ceil = {"CEIL", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_round = {"ROUND", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_sin = {"SIN", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_cos = {"COS", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
