/* Operators of two operands with broadcasting. Each is written for reals and
 * for integers; quantised operands are computed as reals, but for sums and
 * products, which have exact integer forms. */
#include <math.h>
#include <string.h>

#include "ops/broadcast.h"
#include "ops/table.h"
#include "requantize.h"

typedef void (*real_row)(const float *a, const float *b, float *restrict out, size_t count);
typedef void (*integer_row)(const int64_t *a, const int64_t *b, int64_t *restrict out, size_t count);

static void add_reals(const float *a, const float *b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] + b[i];
}

static void sub_reals(const float *a, const float *b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] - b[i];
}

static void mul_reals(const float *a, const float *b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] * b[i];
}

/* IEEE 754 division: x / 0 is an infinity or NaN. */
static void div_reals(const float *a, const float *b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] / b[i];
}

static void maximum_reals(const float *a, const float *b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] > b[i] ? a[i] : b[i];
}

static void minimum_reals(const float *a, const float *b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] < b[i] ? a[i] : b[i];
}

static void pow_reals(const float *a, const float *b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = powf(a[i], b[i]);
}

static void squared_difference_reals(const float *a, const float *b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = (a[i] - b[i]) * (a[i] - b[i]);
}

static void floor_div_reals(const float *a, const float *b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = floorf(a[i] / b[i]);
}

/* The remainder has the sign of the divisor. */
static void floor_mod_reals(const float *a, const float *b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float remainder = fmodf(a[i], b[i]);
        out[i] = remainder != 0.0f && (remainder < 0.0f) != (b[i] < 0.0f) ? remainder + b[i] : remainder;
    }
}

static void prelu_reals(const float *a, const float *b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] >= 0.0f ? a[i] : a[i] * b[i];
}

/* Integers wrap around. In 64 bits the rows below are right for narrower types too. */

static void add_integers(const int64_t *a, const int64_t *b, int64_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = (int64_t)((uint64_t)a[i] + (uint64_t)b[i]);
}

static void sub_integers(const int64_t *a, const int64_t *b, int64_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = (int64_t)((uint64_t)a[i] - (uint64_t)b[i]);
}

static void mul_integers(const int64_t *a, const int64_t *b, int64_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = (int64_t)((uint64_t)a[i] * (uint64_t)b[i]);
}

/* b != 0. Division by -1 negates, which INT64_MIN / -1 could not do. */
static int64_t divide(int64_t a, int64_t b) { return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b; }

static void div_integers(const int64_t *a, const int64_t *b, int64_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = divide(a[i], b[i]);
}

static void floor_div_integers(const int64_t *a, const int64_t *b, int64_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool has_fraction = b[i] != -1 && a[i] % b[i] != 0;
        out[i] = divide(a[i], b[i]) - (has_fraction && (a[i] < 0) != (b[i] < 0));
    }
}

static void floor_mod_integers(const int64_t *a, const int64_t *b, int64_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int64_t remainder = b[i] == -1 ? 0 : a[i] % b[i];
        out[i] = remainder != 0 && (remainder < 0) != (b[i] < 0) ? remainder + b[i] : remainder;
    }
}

static void maximum_integers(const int64_t *a, const int64_t *b, int64_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] > b[i] ? a[i] : b[i];
}

static void minimum_integers(const int64_t *a, const int64_t *b, int64_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] < b[i] ? a[i] : b[i];
}

/* b >= 0, by repeated squaring. */
static void pow_integers(const int64_t *a, const int64_t *b, int64_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t power = 1, base = (uint64_t)a[i];
        for (int64_t exponent = b[i]; exponent > 0; exponent >>= 1, base *= base)
            if (exponent & 1) power *= base;
        out[i] = (int64_t)power;
    }
}

static void squared_difference_integers(const int64_t *a, const int64_t *b, int64_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t difference = (uint64_t)a[i] - (uint64_t)b[i];
        out[i] = (int64_t)(difference * difference);
    }
}

typedef enum refused_values { REFUSE_NONE, REFUSE_ZERO, REFUSE_NEGATIVE } refused_values;

typedef struct arithmetic_rows {
    const pcl_op *op;
    real_row reals;
    integer_row integers;
    bool has_activation;
    refused_values refused; /* what integers may not be in the second operand */
} arithmetic_rows;

static const arithmetic_rows all_rows[] = {
    {&pcl_op_add, add_reals, add_integers, true, REFUSE_NONE},
    {&pcl_op_sub, sub_reals, sub_integers, true, REFUSE_NONE},
    {&pcl_op_mul, mul_reals, mul_integers, true, REFUSE_NONE},
    {&pcl_op_div, div_reals, div_integers, true, REFUSE_ZERO},
    {&pcl_op_maximum, maximum_reals, maximum_integers, false, REFUSE_NONE},
    {&pcl_op_minimum, minimum_reals, minimum_integers, false, REFUSE_NONE},
    {&pcl_op_pow, pow_reals, pow_integers, false, REFUSE_NEGATIVE},
    {&pcl_op_squared_difference, squared_difference_reals, squared_difference_integers, false, REFUSE_NONE},
    {&pcl_op_floor_div, floor_div_reals, floor_div_integers, false, REFUSE_ZERO},
    {&pcl_op_floor_mod, floor_mod_reals, floor_mod_integers, false, REFUSE_ZERO},
    {&pcl_op_prelu, prelu_reals, NULL, false, REFUSE_NONE},
};

static const arithmetic_rows *find_rows(const pcl_op *op) {
    const arithmetic_rows *rows = all_rows;
    while (rows->op != op) rows++;
    return rows;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *a = node->inputs[0], *b = node->inputs[1], *out = node->outputs[0];
    pcl_shape shape;
    pcl_dtype types[] = {PCL_FLOAT32, PCL_UINT8, PCL_INT32, PCL_INT64, PCL_DTYPE_COUNT};
    if (!find_rows(node->op)->integers) types[2] = PCL_DTYPE_COUNT;
    PCL_TRY_RETURN(pcl_check_dtype(context, node, a, types));
    PCL_TRY_RETURN(pcl_check_alike(context, node, a, a));
    PCL_TRY_RETURN(pcl_check_alike(context, node, a, b));
    PCL_TRY_RETURN(pcl_check_alike(context, node, a, out));
    PCL_TRY_RETURN(pcl_broadcast_shape(context, node, &a->shape, &b->shape, &shape));
    return pcl_tensor_set_shape(out, &shape, context->error);
}

/* What a step knows, and what its blocks are computed from. */
typedef struct arithmetic {
    const arithmetic_rows *rows;
    const pcl_tensor *a, *b, *out;
    const pcl_kernels *kernels;
    pcl_broadcast broadcast;
    pcl_broadcast_work work;
    bool any_count;          /* work takes more than a block at once */
    float low, high;         /* of the activation */
    int32_t low_u8, high_u8; /* and quantised */
    pcl_add_u8 add_u8;       /* ADD and SUB */
    float product_scale;     /* MUL, quantised: from the product of integers to the output */
    uint8_t table[256];      /* of bytes, when b is one constant: [a] */
} arithmetic;

/* Results go through a block of their own: the loops may then assume that
 * `out` is not an operand, although it may share one's memory. */
static void work_reals(const void *parameters, const void *const *operands, void *out, size_t count) {
    const arithmetic *self = parameters;
    float result[PCL_BLOCK];
    self->rows->reals(operands[0], operands[1], result, count);
    if (self->low > -INFINITY)
        for (size_t i = 0; i < count; i++) result[i] = pcl_clamp_f32(result[i], self->low, self->high);
    memcpy(out, result, count * sizeof *result);
}

static void work_integers(const void *parameters, const void *const *operands, void *out, size_t count) {
    const arithmetic *self = parameters;
    int64_t a[PCL_BLOCK], b[PCL_BLOCK], result[PCL_BLOCK];
    pcl_load_integers(self->a->dtype, operands[0], a, count);
    pcl_load_integers(self->b->dtype, operands[1], b, count);
    self->rows->integers(a, b, result, count);
    if (self->low > -INFINITY) {
        int64_t low = (int64_t)self->low, high = self->high < INFINITY ? (int64_t)self->high : INT64_MAX;
        for (size_t i = 0; i < count; i++) result[i] = result[i] < low ? low : result[i] > high ? high : result[i];
    }
    pcl_store_integers(self->out->dtype, result, out, count);
}

static void work_quantised(const void *parameters, const void *const *operands, void *out, size_t count) {
    const arithmetic *self = parameters;
    float a[PCL_BLOCK], b[PCL_BLOCK], result[PCL_BLOCK];
    uint8_t *to = out;
    self->kernels->dequantize_u8(pcl_tensor_scale(self->a), pcl_tensor_zero_point(self->a), operands[0], a, count);
    self->kernels->dequantize_u8(pcl_tensor_scale(self->b), pcl_tensor_zero_point(self->b), operands[1], b, count);
    self->rows->reals(a, b, result, count);
    self->kernels->quantize_u8(1.0f / pcl_tensor_scale(self->out), pcl_tensor_zero_point(self->out), result, to, count);
    if (self->low == -INFINITY) return;
    uint8_t low = (uint8_t)self->low_u8, high = (uint8_t)self->high_u8;
    for (size_t i = 0; i < count; i++) to[i] = to[i] < low ? low : to[i] > high ? high : to[i];
}

static void work_add_u8(const void *parameters, const void *const *operands, void *out, size_t count) {
    const arithmetic *self = parameters;
    self->kernels->add_u8(&self->add_u8, operands[0], operands[1], out, count);
}

/* The product of two integers is exact in a float; it is requantised as XNNPACK's qu8-vmul does. */
static void work_mul_u8(const void *parameters, const void *const *operands, void *out, size_t count) {
    const arithmetic *self = parameters;
    const uint8_t *a = operands[0], *b = operands[1];
    int32_t a_zero = pcl_tensor_zero_point(self->a), b_zero = pcl_tensor_zero_point(self->b);
    pcl_requantization to = {&self->product_scale, pcl_tensor_zero_point(self->out), self->low_u8, self->high_u8, false};
    uint8_t result[PCL_BLOCK];
    for (size_t i = 0; i < count; i++) result[i] = pcl_requantize((a[i] - a_zero) * (b[i] - b_zero), &to, 0);
    memcpy(out, result, count);
}

static void work_table(const void *parameters, const void *const *operands, void *out, size_t count) {
    const arithmetic *self = parameters;
    self->kernels->lookup_u8(self->table, operands[0], out, count);
}

/* In place: the table holds the values of a before it holds the results. */
static void make_table(arithmetic *self) {
    uint8_t b[sizeof self->table];
    memset(b, *(const uint8_t *)self->b->data, sizeof b);
    for (size_t a = 0; a < sizeof self->table; a++) self->table[a] = (uint8_t)a;
    self->work(self, (const void *[]){self->table, b}, self->table, sizeof self->table);
    self->work = work_table;
    self->any_count = true;
}

static void choose_quantised_work(arithmetic *self) {
    bool negate = self->rows->op == &pcl_op_sub;
    self->work = work_quantised;
    if (self->rows->op == &pcl_op_mul) {
        self->product_scale = pcl_tensor_scale(self->a) * pcl_tensor_scale(self->b) / pcl_tensor_scale(self->out);
        if (self->product_scale > 0.0f && isfinite(self->product_scale)) self->work = work_mul_u8;
    }
    if (self->rows->op != &pcl_op_add && !negate) return;
    self->any_count = pcl_add_u8_prepare(&self->add_u8, pcl_tensor_scale(self->a), pcl_tensor_zero_point(self->a),
                                         pcl_tensor_scale(self->b), pcl_tensor_zero_point(self->b), negate,
                                         pcl_tensor_scale(self->out), pcl_tensor_zero_point(self->out), self->low_u8,
                                         self->high_u8);
    if (self->any_count) self->work = work_add_u8;
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    arithmetic *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    *self = (arithmetic){.rows = find_rows(step->op),
                         .a = node->inputs[0],
                         .b = node->inputs[1],
                         .out = node->outputs[0],
                         .kernels = context->kernels};
    pcl_activation activation = self->rows->has_activation ? node->attributes.binary.activation : PCL_ACTIVATION_NONE;
    pcl_activation_range(activation, &self->low, &self->high);
    pcl_broadcast_tensors(&self->broadcast, self->out, 2, node->inputs);
    if (self->out->dtype == PCL_FLOAT32) {
        self->work = work_reals;
    } else if (self->out->dtype == PCL_UINT8) {
        pcl_activation_range_u8(activation, self->out, &self->low_u8, &self->high_u8);
        choose_quantised_work(self);
        if (self->b->constant && pcl_tensor_count(self->b) == 1) make_table(self);
    } else {
        self->work = work_integers;
    }
    return PCL_OK;
}

static pcl_status check_divisors(const pcl_run_context *context, const pcl_step *step, const arithmetic *self) {
    int64_t values[PCL_BLOCK];
    size_t count = pcl_tensor_count(self->b), element = pcl_dtype_size(self->b->dtype);
    if (self->work != work_integers || self->rows->refused == REFUSE_NONE) return PCL_OK;
    for (size_t done = 0, part; done < count; done += part) {
        part = count - done < PCL_BLOCK ? count - done : PCL_BLOCK;
        pcl_load_integers(self->b->dtype, (const uint8_t *)self->b->data + done * element, values, part);
        for (size_t i = 0; i < part; i++) {
            if (self->rows->refused == REFUSE_ZERO && values[i] == 0)
                return pcl_node_fail(context->error, step->node, PCL_ERROR_VALUE, "an integer is divided by zero");
            if (self->rows->refused == REFUSE_NEGATIVE && values[i] < 0)
                return pcl_node_fail(context->error, step->node, PCL_ERROR_VALUE,
                                     "an integer is raised to the negative power %lld", (long long)values[i]);
        }
    }
    return PCL_OK;
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const arithmetic *self = step->prepared;
    PCL_TRY_RETURN(check_divisors(context, step, self));
    pcl_broadcast_run(&self->broadcast, context->pool, self->work, self, self->any_count,
                      (const void *[]){self->a->data, self->b->data}, self->out->data);
    return PCL_OK;
}

const pcl_op pcl_op_add = {"ADD", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_sub = {"SUB", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_mul = {"MUL", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_div = {"DIV", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_maximum = {"MAXIMUM", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_minimum = {"MINIMUM", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_pow = {"POW", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_squared_difference = {"SQUARED_DIFFERENCE", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_floor_div = {"FLOOR_DIV", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_floor_mod = {"FLOOR_MOD", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_prelu = {"PRELU", 2, 2, 1, 1, infer, prepare, run, .in_place = true};

/* --- ADD_N: the sum of any number of tensors of one shape ------------------ */

static pcl_status infer_add_n(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *first = node->inputs[0], *out = node->outputs[0];
    PCL_TRY_RETURN(pcl_check_dtype(context, node, first, (pcl_dtype[]){PCL_FLOAT32, PCL_INT32, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(pcl_check_alike(context, node, first, out));
    for (int32_t i = 1; i < node->input_count; i++) {
        if (!node->inputs[i])
            return pcl_node_fail(context->error, node, PCL_ERROR_FORMAT, "input %d is missing", i);
        PCL_TRY_RETURN(pcl_check_alike(context, node, first, node->inputs[i]));
        if (!pcl_shape_equal(&node->inputs[i]->shape, &first->shape))
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its inputs differ in shape");
    }
    return pcl_tensor_set_shape(out, &first->shape, context->error);
}

static void add_n_floats(const pcl_node *node, size_t begin, size_t end) {
    float *out = node->outputs[0]->data;
    for (size_t i = begin; i < end; i++) out[i] = ((const float *)node->inputs[0]->data)[i];
    for (int32_t n = 1; n < node->input_count; n++) {
        const float *in = node->inputs[n]->data;
        for (size_t i = begin; i < end; i++) out[i] += in[i];
    }
}

static void add_n_integers(const pcl_node *node, size_t begin, size_t end) {
    uint32_t *out = node->outputs[0]->data; /* sums wrap */
    for (size_t i = begin; i < end; i++) out[i] = ((const uint32_t *)node->inputs[0]->data)[i];
    for (int32_t n = 1; n < node->input_count; n++) {
        const uint32_t *in = node->inputs[n]->data;
        for (size_t i = begin; i < end; i++) out[i] += in[i];
    }
}

static void add_n_part(void *argument, const pcl_part *part) {
    const pcl_node *node = argument;
    size_t begin, end;
    pcl_partition(pcl_tensor_count(node->outputs[0]), PCL_BLOCK, part, &begin, &end);
    if (node->outputs[0]->dtype == PCL_FLOAT32) add_n_floats(node, begin, end);
    else add_n_integers(node, begin, end);
}

static pcl_status run_add_n(const pcl_run_context *context, const pcl_step *step) {
    pcl_pool_run(context->pool, add_n_part, step->node, pcl_parts_for(pcl_tensor_count(step->node->outputs[0])));
    return PCL_OK;
}

const pcl_op pcl_op_add_n = {"ADD_N", 1, -1, 1, 1, infer_add_n, NULL, run_add_n, .in_place = false};
