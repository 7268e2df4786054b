/* Functions of one element, in double precision or 64-bit integers. */
#include <math.h>

#include "ops/elements.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

/* --- Reals ------------------------------------------------------------------ */

static double sign(double x) { return isnan(x) ? x : (double)((x > 0.0) - (x < 0.0)); }
static double reciprocal(double x) { return 1.0 / x; }
static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }
static double negative(double x) { return -x; }
static double relu(double x) { return x < 0.0 ? 0.0 : x; }
static double softsign(double x) { return x / (1.0 + fabs(x)); }
static double is_nan(double x) { return isnan(x) != 0; }

/* log(1 + e^x) without e^x of a large x. */
static double softplus(double x) { return fmax(x, 0.0) + log1p(exp(-fabs(x))); }
static double mish(double x) { return x * tanh(softplus(x)); }
static double hard_swish(double x) { return x * fmax(0.0, fmin(1.0, x / 6.0 + 0.5)); }
static double gelu(double x) { return 0.5 * x * erfc(-x * M_SQRT1_2); }

/* Hendrycks and Gimpel 2016, "Gaussian error linear units", the form with tanh. */
static double gelu_approximate(double x) {
    return 0.5 * x * (1.0 + tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
}

/* --- Reals with parameters ----------------------------------------------------- */

static double leaky_relu(double x, double alpha, double beta) {
    (void)beta;
    return x < 0.0 ? x * alpha : x;
}

static double elu(double x, double alpha, double beta) {
    (void)beta;
    return x < 0.0 ? alpha * expm1(x) : x;
}

static double celu(double x, double alpha, double beta) {
    (void)beta;
    return x < 0.0 ? alpha * expm1(x / alpha) : x;
}

static double selu(double x, double alpha, double gamma) { return gamma * (x <= 0.0 ? alpha * expm1(x) : x); }

static double hard_sigmoid(double x, double alpha, double beta) { return fmax(0.0, fmin(1.0, x * alpha + beta)); }

static double thresholded_relu(double x, double alpha, double beta) {
    (void)beta;
    return x > alpha ? x : 0.0;
}

static double shrink(double x, double lambda, double bias) {
    return x < -lambda ? x + bias : x > lambda ? x - bias : 0.0;
}

/* alpha, beta: are negative and positive ones to be found? */
static double is_infinite(double x, double alpha, double beta) {
    return isinf(x) && (x < 0.0 ? alpha != 0.0 : beta != 0.0);
}

/* --- Integers: wrap around -------------------------------------------------------- */

static int64_t absolute_integer(int64_t x) { return x < 0 ? (int64_t)(0 - (uint64_t)x) : x; }
static int64_t negative_integer(int64_t x) { return (int64_t)(0 - (uint64_t)x); }
static int64_t sign_integer(int64_t x) { return (x > 0) - (x < 0); }
static int64_t relu_integer(int64_t x) { return x < 0 ? 0 : x; }
static int64_t not_integer(int64_t x) { return x == 0; }
static int64_t bitwise_not_integer(int64_t x) { return ~x; }

/* What uint64 loads as is not its value above 2^63. */
static int64_t unsigned_as_it_is(int64_t x) { return x; }
static int64_t unsigned_sign(int64_t x) { return x != 0; }

typedef struct unary_rows {
    const pcl_op *op;
    pcl_onnx_types types;
    double (*plain)(double x);
    double (*parametric)(double x, double alpha, double beta);
    int64_t (*integer)(int64_t x);
    int64_t (*unsigned_integer)(int64_t x); /* for uint64, where it differs */
    bool to_bool;
} unary_rows;

static const unary_rows all_rows[] = {
    {&pcl_onnx_abs, PCL_ONNX_NUMBERS, .plain = fabs, .integer = absolute_integer,
     .unsigned_integer = unsigned_as_it_is},
    {&pcl_onnx_neg, PCL_ONNX_NUMBERS, .plain = negative, .integer = negative_integer},
    {&pcl_onnx_sign, PCL_ONNX_NUMBERS, .plain = sign, .integer = sign_integer, .unsigned_integer = unsigned_sign},
    {&pcl_onnx_relu, PCL_ONNX_NUMBERS, .plain = relu, .integer = relu_integer, .unsigned_integer = unsigned_as_it_is},
    {&pcl_onnx_ceil, PCL_ONNX_REALS, .plain = ceil},
    {&pcl_onnx_floor, PCL_ONNX_REALS, .plain = floor},
    {&pcl_onnx_round, PCL_ONNX_REALS, .plain = rint}, /* halves to even */
    {&pcl_onnx_sqrt, PCL_ONNX_REALS, .plain = sqrt},
    {&pcl_onnx_reciprocal, PCL_ONNX_REALS, .plain = reciprocal},
    {&pcl_onnx_exp, PCL_ONNX_REALS, .plain = exp},
    {&pcl_onnx_log, PCL_ONNX_REALS, .plain = log},
    {&pcl_onnx_erf, PCL_ONNX_REALS, .plain = erf},
    {&pcl_onnx_sin, PCL_ONNX_REALS, .plain = sin},
    {&pcl_onnx_cos, PCL_ONNX_REALS, .plain = cos},
    {&pcl_onnx_tan, PCL_ONNX_REALS, .plain = tan},
    {&pcl_onnx_asin, PCL_ONNX_REALS, .plain = asin},
    {&pcl_onnx_acos, PCL_ONNX_REALS, .plain = acos},
    {&pcl_onnx_atan, PCL_ONNX_REALS, .plain = atan},
    {&pcl_onnx_sinh, PCL_ONNX_REALS, .plain = sinh},
    {&pcl_onnx_cosh, PCL_ONNX_REALS, .plain = cosh},
    {&pcl_onnx_asinh, PCL_ONNX_REALS, .plain = asinh},
    {&pcl_onnx_acosh, PCL_ONNX_REALS, .plain = acosh},
    {&pcl_onnx_atanh, PCL_ONNX_REALS, .plain = atanh},
    {&pcl_onnx_tanh, PCL_ONNX_REALS, .plain = tanh},
    {&pcl_onnx_sigmoid, PCL_ONNX_REALS, .plain = sigmoid},
    {&pcl_onnx_leaky_relu, PCL_ONNX_REALS, .parametric = leaky_relu},
    {&pcl_onnx_elu, PCL_ONNX_REALS, .parametric = elu},
    {&pcl_onnx_celu, PCL_ONNX_REALS, .parametric = celu},
    {&pcl_onnx_selu, PCL_ONNX_REALS, .parametric = selu},
    {&pcl_onnx_hard_sigmoid, PCL_ONNX_REALS, .parametric = hard_sigmoid},
    {&pcl_onnx_thresholded_relu, PCL_ONNX_REALS, .parametric = thresholded_relu},
    {&pcl_onnx_shrink, PCL_ONNX_NUMBERS, .parametric = shrink},
    {&pcl_onnx_hard_swish, PCL_ONNX_REALS, .plain = hard_swish},
    {&pcl_onnx_softplus, PCL_ONNX_REALS, .plain = softplus},
    {&pcl_onnx_softsign, PCL_ONNX_REALS, .plain = softsign},
    {&pcl_onnx_mish, PCL_ONNX_REALS, .plain = mish},
    {&pcl_onnx_gelu, PCL_ONNX_REALS, .plain = gelu},
    {&pcl_onnx_not, PCL_ONNX_BOOLS, .integer = not_integer},
    {&pcl_onnx_bitwise_not, PCL_ONNX_INTEGERS, .integer = bitwise_not_integer},
    {&pcl_onnx_is_nan, PCL_ONNX_REALS, .plain = is_nan, .to_bool = true},
    {&pcl_onnx_is_inf, PCL_ONNX_REALS, .parametric = is_infinite, .to_bool = true},
};

static const unary_rows *find_rows(const pcl_op *op) {
    const unary_rows *rows = all_rows;
    while (rows->op != op) rows++;
    return rows;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const unary_rows *rows = find_rows(node->op);
    const pcl_tensor *in = node->inputs[0];
    PCL_TRY_RETURN(pcl_onnx_check(context, node, in, rows->types));
    return pcl_onnx_output(context, node, 0, rows->to_bool ? PCL_BOOL : in->dtype, &in->shape);
}

typedef struct unary {
    const pcl_node *node;
    unary_rows rows;
    double alpha, beta;
    bool integers;
} unary;

static void read_parameters(unary *self, const pcl_node *node) {
    if (node->op == &pcl_onnx_is_inf) {
        const pcl_onnx_is_inf_attributes *attributes = node->attributes.tools;
        self->alpha = attributes->detect_negative;
        self->beta = attributes->detect_positive;
    } else if (node->op == &pcl_onnx_gelu) {
        const pcl_onnx_gelu_attributes *attributes = node->attributes.tools;
        if (attributes->approximate) self->rows.plain = gelu_approximate;
    } else if (self->rows.parametric) {
        const pcl_onnx_unary_attributes *attributes = node->attributes.tools;
        self->alpha = (double)attributes->alpha;
        self->beta = (double)attributes->beta;
    }
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_dtype dtype = step->node->inputs[0]->dtype;
    unary *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    *self = (unary){.node = step->node, .rows = *find_rows(step->op)};
    read_parameters(self, step->node);
    if (dtype == PCL_UINT64 && self->rows.unsigned_integer) self->rows.integer = self->rows.unsigned_integer;
    self->integers = pcl_is_integer(dtype) && self->rows.integer;
    return PCL_OK;
}

static void compute_block(const unary *self, const void *in, void *out, size_t count) {
    pcl_dtype from = self->node->inputs[0]->dtype, to = self->node->outputs[0]->dtype;
    double reals[PCL_BLOCK];
    int64_t integers[PCL_BLOCK];
    if (self->integers) {
        pcl_load_integers(from, in, integers, count);
        for (size_t i = 0; i < count; i++) integers[i] = self->rows.integer(integers[i]);
        pcl_store_integers(to, integers, out, count);
        return;
    }
    pcl_load_reals(from, in, reals, count);
    if (self->rows.plain)
        for (size_t i = 0; i < count; i++) reals[i] = self->rows.plain(reals[i]);
    else
        for (size_t i = 0; i < count; i++) reals[i] = self->rows.parametric(reals[i], self->alpha, self->beta);
    pcl_store_reals(to, reals, out, count);
}

static void run_part(void *argument, const pcl_part *part) {
    const unary *self = argument;
    const pcl_tensor *in = self->node->inputs[0], *out = self->node->outputs[0];
    size_t begin, end, in_size = pcl_dtype_size(in->dtype), out_size = pcl_dtype_size(out->dtype);
    pcl_partition(pcl_tensor_count(in), PCL_BLOCK, part, &begin, &end);
    for (size_t at = begin, part; at < end; at += part) {
        part = end - at < PCL_BLOCK ? end - at : PCL_BLOCK;
        compute_block(self, (const uint8_t *)in->data + at * in_size, (uint8_t *)out->data + at * out_size, part);
    }
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    pcl_pool_run(context->pool, run_part, step->prepared, pcl_parts_for(pcl_tensor_count(step->node->inputs[0])));
    return PCL_OK;
}

const pcl_op pcl_onnx_abs = {"Abs", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_neg = {"Neg", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_sign = {"Sign", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_relu = {"Relu", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_ceil = {"Ceil", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_floor = {"Floor", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_round = {"Round", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_sqrt = {"Sqrt", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_reciprocal = {"Reciprocal", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_exp = {"Exp", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_log = {"Log", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_erf = {"Erf", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_sin = {"Sin", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_cos = {"Cos", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_tan = {"Tan", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_asin = {"Asin", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_acos = {"Acos", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_atan = {"Atan", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_sinh = {"Sinh", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_cosh = {"Cosh", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_asinh = {"Asinh", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_acosh = {"Acosh", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_atanh = {"Atanh", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_tanh = {"Tanh", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_sigmoid = {"Sigmoid", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_leaky_relu = {"LeakyRelu", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_elu = {"Elu", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_celu = {"Celu", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_selu = {"Selu", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_hard_sigmoid = {"HardSigmoid", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_thresholded_relu = {"ThresholdedRelu", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_shrink = {"Shrink", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_hard_swish = {"HardSwish", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_softplus = {"Softplus", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_softsign = {"Softsign", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_mish = {"Mish", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_gelu = {"Gelu", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_not = {"Not", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_bitwise_not = {"BitwiseNot", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_is_nan = {"IsNaN", 1, 1, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_is_inf = {"IsInf", 1, 1, 1, 1, infer, prepare, run, .in_place = false};
