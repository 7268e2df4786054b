/* ADD .. PRELU and ADD_N against a loop over indices in double precision. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "op_harness.h"
#include "random_shapes.h"

enum { MAX_ELEMENTS = 20000 };

static double add(double a, double b) { return a + b; }
static double sub(double a, double b) { return a - b; }
static double mul(double a, double b) { return a * b; }
static double divide(double a, double b) { return a / b; }
static double maximum(double a, double b) { return fmax(a, b); }
static double minimum(double a, double b) { return fmin(a, b); }
static double squared_difference(double a, double b) { return (a - b) * (a - b); }
static double floor_div(double a, double b) { return floor(a / b); }
static double floor_mod(double a, double b) { return a - b * floor(a / b); }
static double prelu(double a, double b) { return a < 0 ? a * b : a; }
static double truncated_div(double a, double b) { return trunc(a / b); }

typedef struct binary_case {
    const pcl_op *op;
    double (*real)(double, double);
    double (*integer)(double, double); /* NULL: none */
    bool positive;                     /* both operands: division and powers */
    bool activation;
} binary_case;

static const binary_case cases[] = {
    {&pcl_op_add, add, add, false, true},
    {&pcl_op_sub, sub, sub, false, true},
    {&pcl_op_mul, mul, mul, false, true},
    {&pcl_op_div, divide, truncated_div, true, true},
    {&pcl_op_maximum, maximum, maximum, false, false},
    {&pcl_op_minimum, minimum, minimum, false, false},
    {&pcl_op_pow, pow, pow, true, false},
    {&pcl_op_squared_difference, squared_difference, squared_difference, false, false},
    {&pcl_op_floor_div, floor_div, floor_div, true, false},
    {&pcl_op_floor_mod, floor_mod, floor_mod, true, false},
    {&pcl_op_prelu, prelu, NULL, false, false},
};

static double clamp(double value, pcl_activation activation) {
    if (activation == PCL_ACTIVATION_RELU) return fmax(value, 0);
    if (activation == PCL_ACTIVATION_RELU6) return fmin(fmax(value, 0), 6);
    if (activation == PCL_ACTIVATION_RELU_N1_TO_1) return fmin(fmax(value, -1), 1);
    return value;
}

typedef struct shapes {
    pcl_shape a, b, out;
} shapes;

static shapes random_operand_shapes(void) {
    shapes result;
    do {
        pcl_shape whole = random_shape(7);
        result.a = random_part(&whole);
        result.b = random_part(&whole);
        result.out = broadcast_of(&result.a, &result.b);
    } while (shape_elements(&result.a) > MAX_ELEMENTS || shape_elements(&result.b) > MAX_ELEMENTS ||
             shape_elements(&result.out) > MAX_ELEMENTS);
    return result;
}

static void test_reals(const binary_case *test, pcl_activation activation, const shapes *shape) {
    static float a[MAX_ELEMENTS], b[MAX_ELEMENTS], expected[MAX_ELEMENTS];
    op_harness harness;
    op_harness_open(&harness);
    for (size_t i = 0; i < MAX_ELEMENTS; i++) {
        a[i] = random_real(test->positive ? 0.5f : -8.0f, 8.0f);
        b[i] = random_real(test->positive ? 0.5f : -8.0f, 8.0f);
    }
    size_t count = shape_elements(&shape->out);
    for (size_t i = 0; i < count; i++)
        expected[i] = (float)clamp(test->real((double)a[broadcast_index(i, &shape->out, &shape->a)],
                                              (double)b[broadcast_index(i, &shape->out, &shape->b)]), activation);
    pcl_tensor *inputs[] = {op_tensor(&harness, PCL_FLOAT32, shape->a.dims, shape->a.rank, a, false),
                            op_tensor(&harness, PCL_FLOAT32, shape->b.dims, shape->b.rank, b, false)};
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    pcl_attributes attributes = {.binary.activation = activation};
    CHECK(op_run(&harness, test->op, &attributes, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, shape->out.dims, shape->out.rank));
    /* A remainder jumps where the quotient is whole, so its own error is not what to look at. */
    float tolerance = test->op == &pcl_op_floor_mod ? 1e-4f : 1e-5f;
    CHECK(op_float_error(out, expected) <= tolerance);
    op_harness_close(&harness);
}

static void test_integers(const binary_case *test, pcl_dtype dtype, const shapes *shape) {
    static int32_t a32[MAX_ELEMENTS], b32[MAX_ELEMENTS];
    static int64_t a64[MAX_ELEMENTS], b64[MAX_ELEMENTS];
    op_harness harness;
    op_harness_open(&harness);
    bool power = test->op == &pcl_op_pow, wide = dtype == PCL_INT64;
    for (size_t i = 0; i < MAX_ELEMENTS; i++) {
        a64[i] = a32[i] = random_integer(power ? -6 : -1000, power ? 6 : 1000);
        do b64[i] = b32[i] = random_integer(power ? 0 : -30, power ? 9 : 30);
        while (b32[i] == 0 && test->positive && !power);
    }
    pcl_tensor *inputs[] = {
        op_tensor(&harness, dtype, shape->a.dims, shape->a.rank, wide ? (void *)a64 : (void *)a32, false),
        op_tensor(&harness, dtype, shape->b.dims, shape->b.rank, wide ? (void *)b64 : (void *)b32, false)};
    pcl_tensor *out = op_output(&harness, dtype, 0, 0);
    CHECK(op_run(&harness, test->op, NULL, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, shape->out.dims, shape->out.rank));
    size_t count = shape_elements(&shape->out), wrong = 0;
    for (size_t i = 0; i < count; i++) {
        double expected = test->integer((double)a64[broadcast_index(i, &shape->out, &shape->a)],
                                        (double)b64[broadcast_index(i, &shape->out, &shape->b)]);
        double got = wide ? (double)((int64_t *)out->data)[i] : (double)((int32_t *)out->data)[i];
        wrong += got != expected;
    }
    CHECK(wrong == 0);
    op_harness_close(&harness);
}

/* Within a quantum of the real result, and most values exactly its nearest. */
static void test_quantised(const binary_case *test, pcl_activation activation, const shapes *shape, float out_scale) {
    static uint8_t a[MAX_ELEMENTS], b[MAX_ELEMENTS];
    float a_scale = random_real(0.01f, 0.1f), b_scale = random_real(0.01f, 0.1f);
    int32_t a_zero = test->positive ? 0 : random_integer(0, 255), b_zero = test->positive ? 0 : random_integer(0, 255);
    int32_t out_zero = random_integer(0, 255);
    op_harness harness;
    op_harness_open(&harness);
    for (size_t i = 0; i < MAX_ELEMENTS; i++) {
        a[i] = (uint8_t)random_integer(test->positive ? 1 : 0, 255);
        b[i] = (uint8_t)random_integer(test->positive ? 1 : 0, 255);
    }
    bool constant = random_integer(0, 1); /* of one element, it makes a table */
    pcl_tensor *inputs[] = {
        op_quantised(&harness, PCL_UINT8, shape->a.dims, shape->a.rank, a, false, a_scale, a_zero),
        op_quantised(&harness, PCL_UINT8, shape->b.dims, shape->b.rank, b, constant, b_scale, b_zero)};
    pcl_tensor *out = op_output(&harness, PCL_UINT8, out_scale, out_zero);
    pcl_attributes attributes = {.binary.activation = activation};
    CHECK(op_run(&harness, test->op, &attributes, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, shape->out.dims, shape->out.rank));
    size_t count = shape_elements(&shape->out), far = 0, off = 0;
    for (size_t i = 0; i < count; i++) {
        double real = test->real((double)a_scale * (a[broadcast_index(i, &shape->out, &shape->a)] - a_zero),
                                 (double)b_scale * (b[broadcast_index(i, &shape->out, &shape->b)] - b_zero));
        double exact = clamp(real, activation) / (double)out_scale + out_zero;
        double nearest = fmin(fmax(rint(exact), 0), 255);
        double error = fabs((double)((uint8_t *)out->data)[i] - nearest);
        far += error > 1;
        off += error != 0;
    }
    /* floor_mod and floor_div jump by many quanta where a quotient is nearly whole. */
    bool jumps = test->op == &pcl_op_floor_mod || test->op == &pcl_op_floor_div;
    CHECK(jumps ? far <= 1 + count / 20 : far == 0);
    CHECK(off <= 1 + count / 20);
    op_harness_close(&harness);
}

static void test_case(const binary_case *test) {
    static const shapes numbers[] = {{{4, {2, 9, 9, 3}}, {0}, {4, {2, 9, 9, 3}}},
                                     {{1, {70}}, {2, {1, 1}}, {2, {1, 70}}}};
    for (int round = 0; round < 60; round++) {
        shapes shape = round < 40 ? random_operand_shapes() : numbers[round / 4 % 2];
        pcl_activation activation = test->activation ? (pcl_activation)(round % 4) : PCL_ACTIVATION_NONE;
        test_reals(test, activation, &shape);
        test_quantised(test, activation, &shape, 0.05f);
        test_quantised(test, activation, &shape, 1e-7f); /* beyond fixed point: everything saturates or is zero */
        if (!test->integer) continue;
        test_integers(test, PCL_INT32, &shape);
        test_integers(test, PCL_INT64, &shape);
    }
}

/* Shapes that take each way through the iterator, and more than one thread's worth. */
static void test_shapes(void) {
    const shapes all[] = {
        {{0}, {0}, {0}},                                                      /* scalars */
        {{4, {1, 20, 20, 32}}, {1, {32}}, {4, {1, 20, 20, 32}}},              /* channels */
        {{4, {2, 9, 9, 3}}, {1, {3}}, {4, {2, 9, 9, 3}}},                     /* few channels */
        {{4, {2, 3, 5, 300}}, {4, {2, 1, 1, 300}}, {4, {2, 3, 5, 300}}}, /* channels of each picture, over a block */
        {{4, {1, 30, 40, 7}}, {4, {1, 30, 40, 1}}, {4, {1, 30, 40, 7}}},      /* a mask */
        {{2, {1, 90}}, {2, {70, 1}}, {2, {70, 90}}},                          /* both broadcast */
        {{8, {1, 2, 1, 3, 1, 2, 1, 3}}, {8, {2, 1, 3, 1, 2, 1, 3, 1}}, {8, {2, 2, 3, 3, 2, 2, 3, 3}}},
        {{3, {4, 0, 3}}, {1, {3}}, {3, {4, 0, 3}}},                           /* nothing */
        {{2, {0, 1}}, {2, {1, 5}}, {2, {0, 5}}},
        {{1, {1}}, {3, {3, 70, 70}}, {3, {3, 70, 70}}},                       /* a number */
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        test_reals(&cases[1], PCL_ACTIVATION_RELU, &all[i]);
        test_integers(&cases[0], PCL_INT64, &all[i]);
        test_quantised(&cases[1], PCL_ACTIVATION_NONE, &all[i], 0.05f);
        test_quantised(&cases[2], PCL_ACTIVATION_RELU6, &all[i], 0.05f);
    }
}

static pcl_status try_integers(const pcl_op *op, int32_t a, int32_t b, int32_t *result) {
    op_harness harness;
    op_harness_open(&harness);
    pcl_tensor *inputs[] = {op_tensor(&harness, PCL_INT32, NULL, 0, &a, false),
                            op_tensor(&harness, PCL_INT32, NULL, 0, &b, false)};
    pcl_tensor *out = op_output(&harness, PCL_INT32, 0, 0);
    pcl_status status = op_run(&harness, op, NULL, inputs, 2, &out, 1);
    if (status == PCL_OK) *result = *(int32_t *)out->data;
    op_harness_close(&harness);
    return status;
}

static void test_integer_edges(void) {
    int32_t result;
    CHECK(try_integers(&pcl_op_div, 5, 0, &result) == PCL_ERROR_VALUE);
    CHECK(try_integers(&pcl_op_floor_div, 5, 0, &result) == PCL_ERROR_VALUE);
    CHECK(try_integers(&pcl_op_floor_mod, 5, 0, &result) == PCL_ERROR_VALUE);
    CHECK(try_integers(&pcl_op_pow, 5, -1, &result) == PCL_ERROR_VALUE);
    CHECK(try_integers(&pcl_op_div, INT32_MIN, -1, &result) == PCL_OK && result == INT32_MIN);
    CHECK(try_integers(&pcl_op_floor_mod, INT32_MIN, -1, &result) == PCL_OK && result == 0);
    CHECK(try_integers(&pcl_op_floor_mod, -7, 3, &result) == PCL_OK && result == 2);
    CHECK(try_integers(&pcl_op_floor_mod, 7, -3, &result) == PCL_OK && result == -2);
    CHECK(try_integers(&pcl_op_floor_div, -7, 3, &result) == PCL_OK && result == -3);
    CHECK(try_integers(&pcl_op_div, -7, 3, &result) == PCL_OK && result == -2);
    CHECK(try_integers(&pcl_op_add, INT32_MAX, 1, &result) == PCL_OK && result == INT32_MIN);
    CHECK(try_integers(&pcl_op_mul, 1 << 20, 1 << 20, &result) == PCL_OK && result == 0);
    CHECK(try_integers(&pcl_op_pow, 3, 0, &result) == PCL_OK && result == 1);
    CHECK(try_integers(&pcl_op_prelu, 3, 0, &result) == PCL_ERROR_TYPE);
}

/* Division by zero is a value among reals. */
static void test_real_edges(void) {
    op_harness harness;
    op_harness_open(&harness);
    const float a[] = {1, -1, 0, NAN}, b[] = {0, 0, 0, 1};
    pcl_tensor *inputs[] = {op_tensor(&harness, PCL_FLOAT32, DIMS(4), a, false),
                            op_tensor(&harness, PCL_FLOAT32, DIMS(4), b, false)};
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    pcl_attributes relu6 = {.binary.activation = PCL_ACTIVATION_RELU6};
    CHECK(op_run(&harness, &pcl_op_div, NULL, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){INFINITY, -INFINITY, NAN, NAN}) == 0);
    CHECK(op_run(&harness, &pcl_op_div, &relu6, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){6, 0, NAN, NAN}) == 0);
    op_harness_close(&harness);
}

static void test_errors(void) {
    op_harness harness;
    op_harness_open(&harness);
    const float f[6] = {0};
    const uint8_t u[6] = {0};
    pcl_tensor *two = op_tensor(&harness, PCL_FLOAT32, DIMS(2), f, false);
    pcl_tensor *three = op_tensor(&harness, PCL_FLOAT32, DIMS(3), f, false);
    pcl_tensor *integer = op_tensor(&harness, PCL_INT32, DIMS(2), f, false);
    pcl_tensor *plain = op_tensor(&harness, PCL_UINT8, DIMS(2), u, false);
    pcl_tensor *quantised = op_quantised(&harness, PCL_UINT8, DIMS(2), u, false, 1.0f, 0);
    pcl_tensor *odd = op_quantised(&harness, PCL_UINT8, DIMS(2), u, false, 1.0f, 256);
    pcl_tensor *boolean = op_tensor(&harness, PCL_BOOL, DIMS(2), u, false);
    pcl_tensor *real_out = op_output(&harness, PCL_FLOAT32, 0, 0), *u8_out = op_output(&harness, PCL_UINT8, 1.0f, 0);
    const struct {
        pcl_tensor *a, *b, *out;
        pcl_status status;
    } wrong[] = {
        {two, three, real_out, PCL_ERROR_SHAPE},      {two, integer, real_out, PCL_ERROR_TYPE},
        {two, two, u8_out, PCL_ERROR_TYPE},           {plain, plain, u8_out, PCL_ERROR_TYPE},
        {quantised, odd, u8_out, PCL_ERROR_TYPE},     {boolean, boolean, boolean, PCL_ERROR_TYPE},
        {quantised, two, real_out, PCL_ERROR_TYPE},   {quantised, quantised, plain, PCL_ERROR_TYPE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        pcl_tensor *inputs[] = {wrong[i].a, wrong[i].b}, *out = wrong[i].out;
        CHECK(op_run(&harness, &pcl_op_add, NULL, inputs, 2, &out, 1) == wrong[i].status);
        CHECK(harness.error.message[0] != 0);
    }
    pcl_tensor *unequal[] = {two, three};
    CHECK(op_run(&harness, &pcl_op_add_n, NULL, unequal, 2, &real_out, 1) == PCL_ERROR_SHAPE);
    unequal[1] = NULL;
    CHECK(op_run(&harness, &pcl_op_add_n, NULL, unequal, 2, &real_out, 1) == PCL_ERROR_FORMAT);
    op_harness_close(&harness);
}

static void test_add_n(void) {
    op_harness harness;
    op_harness_open(&harness);
    const float a[] = {1, 2, 3, 4}, b[] = {10, 20, 30, 40}, c[] = {0.5f, 0.25f, 0, -1};
    const int32_t i[] = {INT32_MAX, 1, 2, 3};
    pcl_tensor *reals[] = {op_tensor(&harness, PCL_FLOAT32, DIMS(2, 2), a, false),
                           op_tensor(&harness, PCL_FLOAT32, DIMS(2, 2), b, false),
                           op_tensor(&harness, PCL_FLOAT32, DIMS(2, 2), c, true)};
    pcl_tensor *integer = op_tensor(&harness, PCL_INT32, DIMS(4), i, false), *integers[] = {integer, integer, integer};
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0), *integer_out = op_output(&harness, PCL_INT32, 0, 0);
    CHECK(op_run(&harness, &pcl_op_add_n, NULL, reals, 3, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){11.5f, 22.25f, 33, 43}) == 0);
    CHECK(op_run(&harness, &pcl_op_add_n, NULL, reals, 1, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, a) == 0);
    CHECK(op_run(&harness, &pcl_op_add_n, NULL, integers, 3, &integer_out, 1) == PCL_OK);
    CHECK(memcmp(integer_out->data, (int32_t[]){INT32_MAX - 2, 3, 6, 9}, 16) == 0);
    op_harness_close(&harness);
}

/* in_place: the result may lie where an operand of its size does. */
static void test_in_place(void) {
    op_harness harness;
    op_harness_open(&harness);
    static float a[40 * 33], b[33], expected[40 * 33];
    for (int i = 0; i < 40 * 33; i++) a[i] = random_real(-1, 1);
    for (int i = 0; i < 33; i++) b[i] = random_real(-1, 1);
    for (int i = 0; i < 40 * 33; i++) expected[i] = b[i % 33] - a[i];
    pcl_tensor *inputs[] = {op_tensor(&harness, PCL_FLOAT32, DIMS(33), b, false),
                            op_tensor(&harness, PCL_FLOAT32, DIMS(40, 33), a, false)};
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    pcl_node node = {.op = &pcl_op_sub, .op_name = "SUB", .name = "node", .input_count = 2, .output_count = 1,
                     .inputs = inputs, .outputs = &out};
    pcl_step step = {.op = &pcl_op_sub, .node = &node};
    const pcl_kernels *kernels = pcl_kernels_for(PCL_ISA_SCALAR);
    CHECK(pcl_op_sub.infer(&(pcl_infer_context){&harness.error, &harness.arena}, &node) == PCL_OK);
    CHECK(pcl_op_sub.prepare(&(pcl_prepare_context){&harness.error, &harness.arena, kernels, 1}, &step) == PCL_OK);
    out->data = inputs[1]->data;
    CHECK(pcl_op_sub.run(&(pcl_run_context){&harness.error, kernels, NULL, false}, &step) == PCL_OK);
    CHECK(op_float_error(out, expected) == 0);
    op_harness_close(&harness);
}

int main(void) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) test_case(&cases[i]);
    test_shapes();
    test_integer_edges();
    test_real_edges();
    test_errors();
    test_add_n();
    test_in_place();
    return test_failures != 0;
}
