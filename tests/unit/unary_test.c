/* Functions of one element against libm in double precision. */
#include <math.h>
#include <string.h>

#include "op_harness.h"
#include "random_shapes.h"

enum { COUNT = 1000 };

static const float ALPHA = 0.3f;

static double relu(double x) { return fmax(x, 0); }
static double relu6(double x) { return fmin(fmax(x, 0), 6); }
static double relu_n1_to_1(double x) { return fmin(fmax(x, -1), 1); }
static double leaky_relu(double x) { return x < 0 ? x * (double)ALPHA : x; }
static double elu(double x) { return x < 0 ? expm1(x) : x; }
static double hard_swish(double x) { return x * relu6(x + 3) / 6; }
static double logistic(double x) { return 1 / (1 + exp(-x)); }
static double gelu(double x) { return 0.5 * x * (1 + erf(x / sqrt(2))); }
static double gelu_approximate(double x) {
    return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}
static double reciprocal_root(double x) { return 1 / sqrt(x); }
static double square(double x) { return x * x; }
static double negative(double x) { return -x; }

typedef struct unary_case {
    const pcl_op *op;
    double (*exact)(double);
    float low, high; /* arguments to try */
    bool approximate;
} unary_case;

static const unary_case cases[] = {
    {&pcl_op_relu, relu, -9, 9, false},
    {&pcl_op_relu6, relu6, -9, 9, false},
    {&pcl_op_relu_n1_to_1, relu_n1_to_1, -9, 9, false},
    {&pcl_op_leaky_relu, leaky_relu, -9, 9, false},
    {&pcl_op_elu, elu, -9, 9, false},
    {&pcl_op_hard_swish, hard_swish, -9, 9, false},
    {&pcl_op_logistic, logistic, -20, 20, false},
    {&pcl_op_tanh, tanh, -9, 9, false},
    {&pcl_op_gelu, gelu, -9, 9, false},
    {&pcl_op_gelu, gelu_approximate, -9, 9, true},
    {&pcl_op_exp, exp, -9, 9, false},
    {&pcl_op_log, log, 0.01f, 9, false},
    {&pcl_op_sqrt, sqrt, 0, 9, false},
    {&pcl_op_rsqrt, reciprocal_root, 0.01f, 9, false},
    {&pcl_op_square, square, -9, 9, false},
    {&pcl_op_abs, fabs, -9, 9, false},
    {&pcl_op_neg, negative, -9, 9, false},
    {&pcl_op_floor, floor, -9, 9, false},
    {&pcl_op_ceil, ceil, -9, 9, false},
    {&pcl_op_round, rint, -9, 9, false},
    {&pcl_op_sin, sin, -9, 9, false},
    {&pcl_op_cos, cos, -9, 9, false},
};

static pcl_attributes attributes_of(const unary_case *test) {
    pcl_attributes attributes = {0};
    if (test->op == &pcl_op_leaky_relu) attributes.leaky_relu.alpha = ALPHA;
    if (test->op == &pcl_op_gelu) attributes.gelu.approximate = test->approximate;
    return attributes;
}

static void test_reals(const unary_case *test, const int32_t *dims, int32_t rank) {
    float in[COUNT], expected[COUNT];
    op_harness harness;
    op_harness_open(&harness);
    for (int i = 0; i < COUNT; i++) {
        in[i] = random_real(test->low, test->high);
        if (i % 10 == 0 && test->low < 0) in[i] = rintf(in[i] * 2) / 2; /* ties and whole numbers */
        expected[i] = (float)test->exact((double)in[i]);
    }
    pcl_attributes attributes = attributes_of(test);
    pcl_tensor *input = op_tensor(&harness, PCL_FLOAT32, dims, rank, in, false);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    CHECK(op_run(&harness, test->op, &attributes, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, dims, rank));
    CHECK(op_float_error(out, expected) <= 2e-6f);
    op_harness_close(&harness);
}

/* Every input value; the result is the nearest quantum but where float arithmetic meets a tie. LEAKY_RELU's slopes
 * have eight fractional bits: at 128 quanta they may be a quarter off. */
static void test_quantised(const unary_case *test) {
    uint8_t in[256];
    float scale = (test->high - test->low) / 255, out_scale = 0.03f;
    int32_t zero_point = (int32_t)(-test->low / scale), out_zero = random_integer(0, 255), far = 0, off = 0;
    if (test->low > 0) zero_point = 0;
    op_harness harness;
    op_harness_open(&harness);
    for (int i = 0; i < 256; i++) in[i] = (uint8_t)i;
    pcl_attributes attributes = attributes_of(test);
    pcl_tensor *input = op_quantised(&harness, PCL_UINT8, DIMS(256), in, false, scale, zero_point);
    pcl_tensor *out = op_output(&harness, PCL_UINT8, out_scale, out_zero);
    CHECK(op_run(&harness, test->op, &attributes, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, DIMS(256)));
    for (int i = 0; i < 256; i++) {
        double exact = test->exact((double)scale * (i - zero_point)) / (double)out_scale + out_zero;
        double error = fabs((double)((uint8_t *)out->data)[i] - fmin(fmax(rint(exact), 0), 255));
        far += error > 1;
        off += error != 0;
    }
    CHECK(far == 0);
    CHECK(off <= (test->op == &pcl_op_leaky_relu ? 64 : 2));
    op_harness_close(&harness);
}

/* Sine and cosine over all exponents, great angles too, where a double's sine is exact enough to tell. */
static void test_angles(void) {
    float in[COUNT];
    const pcl_op *const ops[] = {&pcl_op_sin, &pcl_op_cos};
    for (int round = 0; round < 40; round++) {
        for (int o = 0; o < 2; o++) {
            op_harness harness;
            op_harness_open(&harness);
            for (int i = 0; i < COUNT; i++) in[i] = ldexpf(random_real(-2, 2), random_integer(-130, 126));
            in[0] = -0.0f;
            in[1] = INFINITY;
            pcl_tensor *input = op_tensor(&harness, PCL_FLOAT32, DIMS(COUNT), in, false);
            pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
            CHECK(op_run(&harness, ops[o], NULL, &input, 1, &out, 1) == PCL_OK);
            const float *got = out->data;
            CHECK(got[0] == (float)o && (o == 1 || signbit(got[0])));
            CHECK(isnan(got[1]));
            for (int i = 2; i < COUNT; i++) {
                double exact = o == 0 ? sin((double)in[i]) : cos((double)in[i]);
                float unit = nextafterf(fabsf((float)exact), INFINITY) - fabsf((float)exact);
                CHECK(fabs((double)got[i] - exact) <= 0.6 * (double)unit);
            }
            op_harness_close(&harness);
        }
    }
}

static void test_integers(void) {
    op_harness harness;
    op_harness_open(&harness);
    const int32_t in[] = {-5, 7, INT32_MIN, 1 << 16};
    const int64_t wide[] = {-5, 7, INT64_MIN, INT64_MAX};
    pcl_tensor *input = op_tensor(&harness, PCL_INT32, DIMS(4), in, false), *out = op_output(&harness, PCL_INT32, 0, 0);
    pcl_tensor *wide_input = op_tensor(&harness, PCL_INT64, DIMS(4), wide, false);
    pcl_tensor *wide_out = op_output(&harness, PCL_INT64, 0, 0);
    CHECK(op_run(&harness, &pcl_op_abs, NULL, &input, 1, &out, 1) == PCL_OK);
    CHECK(memcmp(out->data, (int32_t[]){5, 7, INT32_MIN, 1 << 16}, 16) == 0);
    CHECK(op_run(&harness, &pcl_op_neg, NULL, &input, 1, &out, 1) == PCL_OK);
    CHECK(memcmp(out->data, (int32_t[]){5, -7, INT32_MIN, -(1 << 16)}, 16) == 0);
    CHECK(op_run(&harness, &pcl_op_square, NULL, &input, 1, &out, 1) == PCL_OK);
    CHECK(memcmp(out->data, (int32_t[]){25, 49, 0, 0}, 16) == 0);
    CHECK(op_run(&harness, &pcl_op_neg, NULL, &wide_input, 1, &wide_out, 1) == PCL_OK);
    CHECK(memcmp(wide_out->data, (int64_t[]){5, -7, INT64_MIN, -INT64_MAX}, 32) == 0);
    CHECK(op_run(&harness, &pcl_op_abs, NULL, &wide_input, 1, &wide_out, 1) == PCL_OK);
    CHECK(memcmp(wide_out->data, (int64_t[]){5, 7, INT64_MIN, INT64_MAX}, 32) == 0);
    CHECK(op_run(&harness, &pcl_op_sqrt, NULL, &input, 1, &out, 1) == PCL_ERROR_TYPE);
    op_harness_close(&harness);
}

/* NaN stays NaN, zero has an infinite reciprocal root, halves go to even. */
static void test_special_values(void) {
    op_harness harness;
    op_harness_open(&harness);
    const float nan[] = {NAN, 1}, halves[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 1e10f}, zero = 0;
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    pcl_tensor *in = op_tensor(&harness, PCL_FLOAT32, DIMS(2), nan, false);
    const pcl_op *const clamps[] = {&pcl_op_relu, &pcl_op_relu6, &pcl_op_relu_n1_to_1};
    for (int i = 0; i < 3; i++) {
        CHECK(op_run(&harness, clamps[i], NULL, &in, 1, &out, 1) == PCL_OK);
        CHECK(op_float_error(out, nan) == 0);
    }
    in = op_tensor(&harness, PCL_FLOAT32, DIMS(6), halves, false);
    CHECK(op_run(&harness, &pcl_op_round, NULL, &in, 1, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){0, 2, 2, 0, -2, 1e10f}) == 0);
    const float near_zero[] = {1e-30f, -3e-8f, 0.001f, 0.29999f, 0.3f, 20, -INFINITY, NAN};
    in = op_tensor(&harness, PCL_FLOAT32, DIMS(8), near_zero, false);
    CHECK(op_run(&harness, &pcl_op_tanh, NULL, &in, 1, &out, 1) == PCL_OK);
    for (int i = 0; i < 7; i++) {
        double exact = tanh((double)near_zero[i]), got = (double)((float *)out->data)[i];
        CHECK(fabs(got - exact) <= 2e-6 * fabs(exact));
    }
    CHECK(isnan(((float *)out->data)[7]));
    in = op_tensor(&harness, PCL_FLOAT32, NULL, 0, &zero, false);
    CHECK(op_run(&harness, &pcl_op_rsqrt, NULL, &in, 1, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){INFINITY}) == 0);
    op_harness_close(&harness);
}

static void test_errors(void) {
    op_harness harness;
    op_harness_open(&harness);
    const uint8_t bytes[8] = {0};
    pcl_tensor *real = op_tensor(&harness, PCL_FLOAT32, DIMS(2), bytes, false);
    pcl_tensor *plain = op_tensor(&harness, PCL_UINT8, DIMS(2), bytes, false);
    pcl_tensor *u8 = op_output(&harness, PCL_UINT8, 1, 0), *plain_out = op_output(&harness, PCL_UINT8, 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(op_run(&harness, cases[i].op, NULL, &real, 1, &u8, 1) == PCL_ERROR_TYPE);
        CHECK(op_run(&harness, cases[i].op, NULL, &plain, 1, &plain_out, 1) == PCL_ERROR_TYPE);
    }
    op_harness_close(&harness);
}

int main(void) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_reals(&cases[i], DIMS(10, 5, 5, 4));
        test_reals(&cases[i], DIMS(1, 7, 37));
        test_reals(&cases[i], DIMS(3, 0, 2));
        test_reals(&cases[i], NULL, 0);
        test_quantised(&cases[i]);
    }
    test_angles();
    test_integers();
    test_special_values();
    test_errors();
    return test_failures != 0;
}
