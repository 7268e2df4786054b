/* Operators of two operands with broadcasting, in double precision or 64-bit
 * integers. */
#include <math.h>

#include "ops/broadcast.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

typedef double (*real_function)(double a, double b);
typedef int64_t (*integer_function)(int64_t a, int64_t b);

static double add(double a, double b) { return a + b; }
static double subtract(double a, double b) { return a - b; }
static double multiply(double a, double b) { return a * b; }
static double divide(double a, double b) { return a / b; }
static double slope(double a, double b) { return a < 0.0 ? a * b : a; }

/* The remainder has the sign of the divisor. */
static double floor_modulo(double a, double b) {
    double remainder = fmod(a, b);
    return remainder != 0.0 && (remainder < 0.0) != (b < 0.0) ? remainder + b : remainder;
}

/* Integers wrap around. */

static int64_t add_integers(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static int64_t subtract_integers(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }
static int64_t multiply_integers(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }
static int64_t slope_integers(int64_t a, int64_t b) { return a < 0 ? multiply_integers(a, b) : a; }
static int64_t and_integers(int64_t a, int64_t b) { return a & b; }
static int64_t or_integers(int64_t a, int64_t b) { return a | b; }
static int64_t xor_integers(int64_t a, int64_t b) { return a ^ b; }

/* b != 0 from here on. Division by -1 negates, which INT64_MIN / -1 could not do. */
static int64_t divide_integers(int64_t a, int64_t b) { return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b; }

static int64_t truncate_modulo_integers(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }

static int64_t floor_modulo_integers(int64_t a, int64_t b) {
    int64_t remainder = truncate_modulo_integers(a, b);
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

/* a^b by repeated squaring. 1 / a^|b| of a negative exponent is 0 but for a = 1 and -1. */
static int64_t power_integers(int64_t a, int64_t b) {
    uint64_t power = 1, base = (uint64_t)a;
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
    for (uint64_t exponent = (uint64_t)b; exponent > 0; exponent >>= 1, base *= base)
        if (exponent & 1) power *= base;
    return (int64_t)power;
}

/* Those in which uint64, loaded as the same bits, differs. */

static int64_t divide_unsigned(int64_t a, int64_t b) { return (int64_t)((uint64_t)a / (uint64_t)b); }
static int64_t first_unsigned(int64_t a, int64_t b) { return (void)b, a; }
static int64_t modulo_unsigned(int64_t a, int64_t b) { return (int64_t)((uint64_t)a % (uint64_t)b); }

/* Unsigned operands; a shift by the width or more leaves nothing. */
static int64_t shift_left(int64_t a, int64_t b) { return (uint64_t)b > 63 ? 0 : (int64_t)((uint64_t)a << b); }
static int64_t shift_right(int64_t a, int64_t b) { return (uint64_t)b > 63 ? 0 : (int64_t)((uint64_t)a >> b); }

typedef struct binary_rows {
    const pcl_op *op;
    pcl_onnx_types types;
    real_function real;
    integer_function integer, unsigned_integer; /* the latter for uint64, NULL: the same */
    bool refuse_zero; /* as the second of two integers */
    bool to_first; /* the second operand broadcasts to the first, not both to each other */
} binary_rows;

static const binary_rows all_rows[] = {
    {&pcl_onnx_add, PCL_ONNX_NUMBERS, add, add_integers, NULL, false, false},
    {&pcl_onnx_sub, PCL_ONNX_NUMBERS, subtract, subtract_integers, NULL, false, false},
    {&pcl_onnx_mul, PCL_ONNX_NUMBERS, multiply, multiply_integers, NULL, false, false},
    {&pcl_onnx_div, PCL_ONNX_NUMBERS, divide, divide_integers, divide_unsigned, true, false},
    {&pcl_onnx_mod, PCL_ONNX_NUMBERS, floor_modulo, floor_modulo_integers, modulo_unsigned, true, false},
    {&pcl_onnx_pow, PCL_ONNX_NUMBERS, pow, power_integers, NULL, false, false},
    {&pcl_onnx_prelu, PCL_ONNX_NUMBERS, slope, slope_integers, first_unsigned, false, true},
    {&pcl_onnx_bit_shift, PCL_ONNX_UNSIGNED, NULL, shift_right, NULL, false, false},
    {&pcl_onnx_bitwise_and, PCL_ONNX_INTEGERS, NULL, and_integers, NULL, false, false},
    {&pcl_onnx_bitwise_or, PCL_ONNX_INTEGERS, NULL, or_integers, NULL, false, false},
    {&pcl_onnx_bitwise_xor, PCL_ONNX_INTEGERS, NULL, xor_integers, NULL, false, false},
};

static const binary_rows *find_rows(const pcl_op *op) {
    const binary_rows *rows = all_rows;
    while (rows->op != op) rows++;
    return rows;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const binary_rows *rows = find_rows(node->op);
    const pcl_tensor *a = node->inputs[0], *b = node->inputs[1];
    pcl_shape shape;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, a, rows->types));
    if (node->op == &pcl_onnx_pow) PCL_TRY_RETURN(pcl_onnx_check(context, node, b, rows->types));
    else PCL_TRY_RETURN(pcl_onnx_check_type(context, node, b, a->dtype));
    PCL_TRY_RETURN(pcl_broadcast_shape(context, node, &a->shape, &b->shape, &shape));
    if (rows->to_first && !pcl_shape_equal(&shape, &a->shape))
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its second input does not broadcast to the first");
    return pcl_onnx_output(context, node, 0, a->dtype, &shape);
}

typedef struct binary {
    const pcl_tensor *a, *b, *out;
    real_function real;
    integer_function integer;
    bool integers;
    pcl_broadcast broadcast;
} binary;

static void work(const void *parameters, const void *const *operands, void *out, size_t count) {
    const binary *self = parameters;
    union {
        double reals[PCL_BLOCK];
        int64_t integers[PCL_BLOCK];
    } a, b;
    if (self->integers) {
        pcl_load_integers(self->a->dtype, operands[0], a.integers, count);
        pcl_load_integers(self->b->dtype, operands[1], b.integers, count);
        for (size_t i = 0; i < count; i++) a.integers[i] = self->integer(a.integers[i], b.integers[i]);
        pcl_store_integers(self->out->dtype, a.integers, out, count);
    } else {
        pcl_load_reals(self->a->dtype, operands[0], a.reals, count);
        pcl_load_reals(self->b->dtype, operands[1], b.reals, count);
        for (size_t i = 0; i < count; i++) a.reals[i] = self->real(a.reals[i], b.reals[i]);
        pcl_store_reals(self->out->dtype, a.reals, out, count);
    }
}

static void read_attributes(binary *self, const pcl_node *node) {
    if (node->op == &pcl_onnx_mod) {
        const pcl_onnx_mod_attributes *attributes = node->attributes.tools;
        if (!attributes->fmod) return;
        self->real = fmod;
        if (node->inputs[0]->dtype != PCL_UINT64) self->integer = truncate_modulo_integers;
    } else if (node->op == &pcl_onnx_bit_shift) {
        const pcl_onnx_bit_shift_attributes *attributes = node->attributes.tools;
        if (attributes->left) self->integer = shift_left;
    }
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    const binary_rows *rows = find_rows(step->op);
    binary *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    *self = (binary){.a = node->inputs[0], .b = node->inputs[1], .out = node->outputs[0], .real = rows->real,
                     .integer = rows->integer};
    if (self->a->dtype == PCL_UINT64 && rows->unsigned_integer) self->integer = rows->unsigned_integer;
    self->integers = pcl_is_integer(self->a->dtype) && pcl_is_integer(self->b->dtype);
    read_attributes(self, node);
    pcl_broadcast_tensors(&self->broadcast, self->out, 2, node->inputs);
    return PCL_OK;
}

static bool has_zero(const pcl_tensor *tensor) {
    size_t size = pcl_dtype_size(tensor->dtype), count = pcl_tensor_count(tensor);
    int64_t values[PCL_BLOCK];
    for (size_t at = 0, part; at < count; at += part) {
        part = count - at < PCL_BLOCK ? count - at : PCL_BLOCK;
        pcl_load_integers(tensor->dtype, (const uint8_t *)tensor->data + at * size, values, part);
        for (size_t i = 0; i < part; i++)
            if (values[i] == 0) return true;
    }
    return false;
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const binary *self = step->prepared;
    if (self->integers && find_rows(step->op)->refuse_zero && has_zero(self->b))
        return pcl_node_fail(context->error, step->node, PCL_ERROR_VALUE, "an integer is divided by zero");
    pcl_broadcast_run(&self->broadcast, context->pool, work, self, false,
                      (const void *[]){self->a->data, self->b->data}, self->out->data);
    return PCL_OK;
}

const pcl_op pcl_onnx_add = {"Add", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_sub = {"Sub", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_mul = {"Mul", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_div = {"Div", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_mod = {"Mod", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
/* Not in place: a broadcast exponent of wider elements may have as many bytes as the result. */
const pcl_op pcl_onnx_pow = {"Pow", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_prelu = {"PRelu", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_bit_shift = {"BitShift", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_bitwise_and = {"BitwiseAnd", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_bitwise_or = {"BitwiseOr", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_onnx_bitwise_xor = {"BitwiseXor", 2, 2, 1, 1, infer, prepare, run, .in_place = true};
