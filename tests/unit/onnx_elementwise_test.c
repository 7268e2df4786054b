/* ONNX's functions of one, two and more elements, in all of their types. */
#include "onnx_harness.h"

static pcl_tensor *run_two(op_harness *harness, const pcl_op *op, const void *attributes, pcl_tensor *a,
                           pcl_tensor *b) {
    return onnx_run(harness, op, attributes, (pcl_tensor *[]){a, b}, 2);
}

static void test_integers(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *a = onnx_in(&h, PCL_INT8, DIMS(4), (int8_t[]){127, -128, -7, 5});
    pcl_tensor *b = onnx_in(&h, PCL_INT8, DIMS(4), (int8_t[]){1, -1, 2, -3});
    const pcl_onnx_mod_attributes floor = {false}, truncated = {true};
    CHECK(IS(run_two(&h, &pcl_onnx_add, NULL, a, b), PCL_INT8, (int8_t[]){-128, 127, -5, 2}));
    CHECK(IS(run_two(&h, &pcl_onnx_mul, NULL, a, b), PCL_INT8, (int8_t[]){127, -128, -14, -15}));
    CHECK(IS(run_two(&h, &pcl_onnx_div, NULL, a, b), PCL_INT8, (int8_t[]){127, -128, -3, -1}));
    CHECK(IS(run_two(&h, &pcl_onnx_mod, &floor, a, b), PCL_INT8, (int8_t[]){0, 0, 1, -1}));
    CHECK(IS(run_two(&h, &pcl_onnx_mod, &truncated, a, b), PCL_INT8, (int8_t[]){0, 0, -1, 2}));
    CHECK(IS(run_two(&h, &pcl_onnx_bitwise_and, NULL, a, b), PCL_INT8, (int8_t[]){1, -128, 0, 5}));
    CHECK(IS(run_two(&h, &pcl_onnx_bitwise_or, NULL, a, b), PCL_INT8, (int8_t[]){127, -1, -5, -3}));
    CHECK(IS(run_two(&h, &pcl_onnx_bitwise_xor, NULL, a, b), PCL_INT8, (int8_t[]){126, 127, -5, -8}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_abs, NULL, &a, 1), PCL_INT8, (int8_t[]){127, -128, 7, 5}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_sign, NULL, &a, 1), PCL_INT8, (int8_t[]){1, -1, -1, 1}));
    op_harness_close(&h);
}

static void test_division_by_zero(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_mod_attributes floor = {false};
    pcl_tensor *a = onnx_in(&h, PCL_INT32, DIMS(2), (int32_t[]){1, INT32_MIN});
    pcl_tensor *zero = onnx_in(&h, PCL_INT32, DIMS(2), (int32_t[]){1, 0});
    pcl_tensor *minus = onnx_in(&h, PCL_INT32, DIMS(1), (int32_t[]){-1});
    CHECK(!run_two(&h, &pcl_onnx_div, NULL, a, zero) && h.error.status == PCL_ERROR_VALUE);
    CHECK(!run_two(&h, &pcl_onnx_mod, &floor, a, zero) && h.error.status == PCL_ERROR_VALUE);
    CHECK(IS(run_two(&h, &pcl_onnx_div, NULL, a, minus), PCL_INT32, (int32_t[]){-1, INT32_MIN}));
    int64_t least = INT64_MIN, one = -1;
    pcl_tensor *c = onnx_in(&h, PCL_INT64, NULL, 0, &least), *d = onnx_in(&h, PCL_INT64, NULL, 0, &one);
    CHECK(IS(run_two(&h, &pcl_onnx_div, NULL, c, d), PCL_INT64, (int64_t[]){INT64_MIN}));
    CHECK(IS(run_two(&h, &pcl_onnx_mod, &floor, c, d), PCL_INT64, (int64_t[]){0}));
    op_harness_close(&h);
}

/* Numbers of which int64 would get the sign wrong. */
static void test_uint64(void) {
    op_harness h;
    op_harness_open(&h);
    const uint64_t big = (uint64_t)1 << 63;
    pcl_tensor *a = onnx_in(&h, PCL_UINT64, DIMS(2), (uint64_t[]){big + 4, 3});
    pcl_tensor *b = onnx_in(&h, PCL_UINT64, DIMS(2), (uint64_t[]){2, big});
    CHECK(IS(run_two(&h, &pcl_onnx_div, NULL, a, b), PCL_UINT64, (uint64_t[]){big / 2 + 2, 0}));
    CHECK(IS(run_two(&h, &pcl_onnx_max, NULL, a, b), PCL_UINT64, (uint64_t[]){big + 4, big}));
    CHECK(IS(run_two(&h, &pcl_onnx_min, NULL, a, b), PCL_UINT64, (uint64_t[]){2, 3}));
    CHECK(IS(run_two(&h, &pcl_onnx_less, NULL, a, b), PCL_BOOL, (uint8_t[]){0, 1}));
    CHECK(IS(run_two(&h, &pcl_onnx_greater_or_equal, NULL, a, b), PCL_BOOL, (uint8_t[]){1, 0}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_sign, NULL, &a, 1), PCL_UINT64, (uint64_t[]){1, 1}));
    pcl_tensor *low = onnx_in(&h, PCL_UINT64, NULL, 0, (uint64_t[]){5});
    pcl_tensor *high = onnx_in(&h, PCL_UINT64, NULL, 0, (uint64_t[]){big});
    CHECK(IS(onnx_run(&h, &pcl_onnx_clip, NULL, (pcl_tensor *[]){a, low, high}, 3), PCL_UINT64, (uint64_t[]){big, 5}));
    op_harness_close(&h);
}

static void test_power_and_shift(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *base = onnx_in(&h, PCL_INT32, DIMS(5), (int32_t[]){-2, 3, 2, -1, 0});
    pcl_tensor *exponent = onnx_in(&h, PCL_INT64, DIMS(5), (int64_t[]){3, 2, -1, -3, 0});
    CHECK(IS(run_two(&h, &pcl_onnx_pow, NULL, base, exponent), PCL_INT32, (int32_t[]){-8, 9, 0, -1, 1}));
    pcl_tensor *half = onnx_in(&h, PCL_FLOAT32, NULL, 0, FLOATS(0.5f));
    pcl_tensor *square = onnx_in(&h, PCL_INT32, DIMS(2), (int32_t[]){9, 17});
    CHECK(IS(run_two(&h, &pcl_onnx_pow, NULL, square, half), PCL_INT32, (int32_t[]){3, 4}));
    pcl_tensor *real = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(1.5f, -2.0f));
    pcl_tensor *two = onnx_in(&h, PCL_UINT32, NULL, 0, (uint32_t[]){2});
    CHECK(NEAR(run_two(&h, &pcl_onnx_pow, NULL, real, two), 2.25f, 4.0f));

    const pcl_onnx_bit_shift_attributes left = {true}, right = {false};
    pcl_tensor *bytes = onnx_in(&h, PCL_UINT8, DIMS(3), (uint8_t[]){0x81, 0xFF, 0xFF});
    pcl_tensor *by = onnx_in(&h, PCL_UINT8, DIMS(3), (uint8_t[]){1, 4, 200});
    CHECK(IS(run_two(&h, &pcl_onnx_bit_shift, &left, bytes, by), PCL_UINT8, (uint8_t[]){2, 0xF0, 0}));
    CHECK(IS(run_two(&h, &pcl_onnx_bit_shift, &right, bytes, by), PCL_UINT8, (uint8_t[]){0x40, 0x0F, 0}));
    op_harness_close(&h);
}

static void test_reals(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *a = onnx_in(&h, PCL_FLOAT64, DIMS(2, 1), (double[]){1e300, -3.0});
    pcl_tensor *b = onnx_in(&h, PCL_FLOAT64, DIMS(2), (double[]){1e10, 2.0});
    CHECK(IS(run_two(&h, &pcl_onnx_mul, NULL, a, b), PCL_FLOAT64, (double[]){INFINITY, 2e300, -3e10, -6.0}));
    CHECK(IS(run_two(&h, &pcl_onnx_sub, NULL, b, b), PCL_FLOAT64, (double[]){0.0, 0.0}));
    /* 1 + 2^-11 lies between two halves and goes to the even one. */
    pcl_tensor *half = onnx_in(&h, PCL_FLOAT16, DIMS(1), (uint16_t[]){0x3C00});
    pcl_tensor *tiny = onnx_in(&h, PCL_FLOAT16, DIMS(1), (uint16_t[]){0x1000});
    CHECK(IS(run_two(&h, &pcl_onnx_add, NULL, half, tiny), PCL_FLOAT16, (uint16_t[]){0x3C00}));
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(2, 2), FLOATS(-1.0f, 2.0f, -3.0f, -4.0f));
    pcl_tensor *slope = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(0.5f, 0.25f));
    CHECK(NEAR(run_two(&h, &pcl_onnx_prelu, NULL, x, slope), -0.5f, 2.0f, -1.5f, -1.0f));
    CHECK(!run_two(&h, &pcl_onnx_prelu, NULL, slope, x) && h.error.status == PCL_ERROR_SHAPE);
    CHECK(!run_two(&h, &pcl_onnx_add, NULL, x, a) && h.error.status == PCL_ERROR_TYPE);
    op_harness_close(&h);
}

static void test_variadic(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *a = onnx_in(&h, PCL_FLOAT32, DIMS(3), FLOATS(1.0f, NAN, 3.0f));
    pcl_tensor *b = onnx_in(&h, PCL_FLOAT32, DIMS(2, 1), FLOATS(2.0f, -6.0f));
    pcl_tensor *c = onnx_in(&h, PCL_FLOAT32, NULL, 0, FLOATS(0.0f));
    pcl_tensor *all[] = {a, b, c};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_max, NULL, all, 3), 2.0f, NAN, 3.0f, 1.0f, NAN, 3.0f));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_min, NULL, all, 3), 0.0f, NAN, 0.0f, -6.0f, NAN, -6.0f));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_sum, NULL, all, 3), 3.0f, NAN, 5.0f, -5.0f, NAN, -3.0f));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_mean, NULL, all, 3), 1.0f, NAN, 5.0f / 3, -5.0f / 3, NAN, -1.0f));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_mean, NULL, all, 1), 1.0f, NAN, 3.0f));
    op_harness_close(&h);
}

static void test_compare(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *a = onnx_in(&h, PCL_FLOAT16, DIMS(3), (uint16_t[]){0x3C00, 0x7E00, 0x4000}); /* 1, NaN, 2 */
    pcl_tensor *b = onnx_in(&h, PCL_FLOAT16, DIMS(1), (uint16_t[]){0x3C00});
    CHECK(IS(run_two(&h, &pcl_onnx_equal, NULL, a, b), PCL_BOOL, (uint8_t[]){1, 0, 0}));
    CHECK(IS(run_two(&h, &pcl_onnx_greater, NULL, a, b), PCL_BOOL, (uint8_t[]){0, 0, 1}));
    CHECK(IS(run_two(&h, &pcl_onnx_less_or_equal, NULL, a, b), PCL_BOOL, (uint8_t[]){1, 0, 0}));
    pcl_tensor *p = onnx_in(&h, PCL_BOOL, DIMS(4), (uint8_t[]){0, 0, 1, 2}); /* any byte but 0 is true */
    pcl_tensor *q = onnx_in(&h, PCL_BOOL, DIMS(4), (uint8_t[]){0, 1, 0, 1});
    CHECK(IS(run_two(&h, &pcl_onnx_and, NULL, p, q), PCL_BOOL, (uint8_t[]){0, 0, 0, 1}));
    CHECK(IS(run_two(&h, &pcl_onnx_or, NULL, p, q), PCL_BOOL, (uint8_t[]){0, 1, 1, 1}));
    CHECK(IS(run_two(&h, &pcl_onnx_xor, NULL, p, q), PCL_BOOL, (uint8_t[]){0, 1, 1, 0}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_not, NULL, &p, 1), PCL_BOOL, (uint8_t[]){1, 1, 0, 0}));
    op_harness_close(&h);
}

typedef struct function_case {
    const pcl_op *op;
    float alpha, beta;
    float in[4], out[4];
} function_case;

/* Values from the definitions, with a pocket calculator's digits. */
static const function_case functions[] = {
    {&pcl_onnx_leaky_relu, 0.1f, 0, {-2, -0.5f, 0, 3}, {-0.2f, -0.05f, 0, 3}},
    {&pcl_onnx_elu, 2, 0, {-1, 0, 1, 2}, {-1.26424112f, 0, 1, 2}},
    {&pcl_onnx_celu, 2, 0, {-1, 0, 1, 2}, {-0.78693868f, 0, 1, 2}},
    {&pcl_onnx_selu, 2, 3, {-1, 0, 1, 2}, {-3.79272335f, 0, 3, 6}},
    {&pcl_onnx_hard_sigmoid, 0.2f, 0.5f, {-3, -1, 1, 3}, {0, 0.3f, 0.7f, 1}},
    {&pcl_onnx_thresholded_relu, 1.5f, 0, {-2, 1, 1.5f, 2}, {0, 0, 0, 2}},
    {&pcl_onnx_shrink, 1.5f, 0.5f, {-2, -1, 1, 2}, {-1.5f, 0, 0, 1.5f}},
    {&pcl_onnx_hard_swish, 0, 0, {-4, -1, 1, 4}, {0, -1.0f / 3, 2.0f / 3, 4}},
    {&pcl_onnx_softplus, 0, 0, {-1, 0, 1, 100}, {0.31326169f, 0.69314718f, 1.31326169f, 100}},
    {&pcl_onnx_softsign, 0, 0, {-1, 0, 1, 3}, {-0.5f, 0, 0.5f, 0.75f}},
    {&pcl_onnx_mish, 0, 0, {-1, 0, 1, 2}, {-0.30340147f, 0, 0.86509839f, 1.94395896f}},
    {&pcl_onnx_erf, 0, 0, {-1, 0, 1, 3}, {-0.84270079f, 0, 0.84270079f, 0.99997791f}},
    {&pcl_onnx_sign, 0, 0, {-3, 0, 2, NAN}, {-1, 0, 1, NAN}},
    {&pcl_onnx_reciprocal, 0, 0, {-2, 4, 0, 0.5f}, {-0.5f, 0.25f, INFINITY, 2}},
    {&pcl_onnx_round, 0, 0, {-2.5f, 0.5f, 1.5f, 2.7f}, {-2, 0, 2, 3}},
    {&pcl_onnx_sigmoid, 0, 0, {-1, 0, 1, -100}, {0.26894142f, 0.5f, 0.73105858f, 0}},
    {&pcl_onnx_asinh, 0, 0, {-1, 0, 1, 2}, {-0.88137359f, 0, 0.88137359f, 1.44363548f}},
};

static void test_functions(void) {
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        op_harness h;
        op_harness_open(&h);
        const pcl_onnx_unary_attributes attributes = {functions[i].alpha, functions[i].beta};
        pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(4), functions[i].in);
        bool right = onnx_near(onnx_run(&h, functions[i].op, &attributes, &x, 1), functions[i].out, 4);
        if (!right) fprintf(stderr, "%s\n", functions[i].op->name);
        CHECK(right);
        op_harness_close(&h);
    }
}

static void test_predicates(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_is_inf_attributes both = {true, true}, negative = {true, false};
    const pcl_onnx_gelu_attributes exact = {false}, approximate = {true};
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(4), FLOATS(-INFINITY, INFINITY, NAN, 1.0f));
    CHECK(IS(onnx_run(&h, &pcl_onnx_is_nan, NULL, &x, 1), PCL_BOOL, (uint8_t[]){0, 0, 1, 0}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_is_inf, &both, &x, 1), PCL_BOOL, (uint8_t[]){1, 1, 0, 0}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_is_inf, &negative, &x, 1), PCL_BOOL, (uint8_t[]){1, 0, 0, 0}));
    pcl_tensor *y = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(-1.0f, 2.0f));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_gelu, &exact, &y, 1), -0.15865525f, 1.95449974f));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_gelu, &approximate, &y, 1), -0.15880801f, 1.95459769f));
    op_harness_close(&h);
}

static void test_clip(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(4), FLOATS(-3.0f, 0.5f, 4.0f, NAN));
    pcl_tensor *low = onnx_in(&h, PCL_FLOAT32, NULL, 0, FLOATS(-1.0f));
    pcl_tensor *high = onnx_in(&h, PCL_FLOAT32, DIMS(1), FLOATS(1.0f));
    pcl_tensor *wide = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(1.0f, 2.0f));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_clip, NULL, (pcl_tensor *[]){x, low, high}, 3), -1.0f, 0.5f, 1.0f, NAN));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_clip, NULL, (pcl_tensor *[]){x, NULL, high}, 3), -3.0f, 0.5f, 1.0f, NAN));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_clip, NULL, (pcl_tensor *[]){x, high, low}, 3), -1.0f, -1.0f, -1.0f, NAN));
    CHECK(!onnx_run(&h, &pcl_onnx_clip, NULL, (pcl_tensor *[]){x, wide}, 2) && h.error.status == PCL_ERROR_SHAPE);
    pcl_tensor *bytes = onnx_in(&h, PCL_INT8, DIMS(3), (int8_t[]){-5, 0, 100});
    pcl_tensor *top = onnx_in(&h, PCL_INT8, NULL, 0, (int8_t[]){7});
    CHECK(IS(onnx_run(&h, &pcl_onnx_clip, NULL, (pcl_tensor *[]){bytes, NULL, top}, 3), PCL_INT8,
             (int8_t[]){-5, 0, 7}));
    op_harness_close(&h);
}

int main(void) {
    test_integers();
    test_division_by_zero();
    test_uint64();
    test_power_and_shift();
    test_reals();
    test_variadic();
    test_compare();
    test_functions();
    test_predicates();
    test_clip();
    return test_failures != 0;
}
