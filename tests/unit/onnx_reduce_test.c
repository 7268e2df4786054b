/* ONNX's reductions, orders and normalisations: values worked out by hand. */
#include "onnx_harness.h"

static const float six[] = {1, 2, 3, 4, 5, 6};

static pcl_tensor *reduce(op_harness *h, const pcl_op *op, pcl_tensor *x, bool keepdims, const int64_t *axes,
                          int32_t count) {
    const pcl_onnx_reduce_attributes attributes = {.keepdims = keepdims};
    pcl_tensor *inputs[] = {x, axes ? onnx_list_in(h, axes, count) : NULL};
    return onnx_run(h, op, &attributes, inputs, 2);
}

static void test_reduce(void) {
    op_harness h;
    const struct {
        const pcl_op *op;
        float rows[2], columns[3], all;
    } cases[] = {
        {&pcl_onnx_reduce_sum, {6, 15}, {5, 7, 9}, 21},
        {&pcl_onnx_reduce_mean, {2, 5}, {2.5f, 3.5f, 4.5f}, 3.5f},
        {&pcl_onnx_reduce_prod, {6, 120}, {4, 10, 18}, 720},
        {&pcl_onnx_reduce_max, {3, 6}, {4, 5, 6}, 6},
        {&pcl_onnx_reduce_min, {1, 4}, {1, 2, 3}, 1},
        {&pcl_onnx_reduce_l1, {6, 15}, {5, 7, 9}, 21},
        {&pcl_onnx_reduce_l2, {3.7416574f, 8.7749644f}, {4.1231056f, 5.3851648f, 6.7082039f}, 9.5393920f},
        {&pcl_onnx_reduce_log_sum, {1.7917595f, 2.7080502f}, {1.6094379f, 1.9459101f, 2.1972246f}, 3.0445224f},
        {&pcl_onnx_reduce_log_sum_exp, {3.4076059f, 6.4076059f}, {4.0485874f, 5.0485874f, 6.0485874f}, 6.4561934f},
        {&pcl_onnx_reduce_sum_square, {14, 77}, {17, 29, 45}, 91},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        op_harness_open(&h);
        pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(2, 1, 3), six);
        pcl_tensor *rows = reduce(&h, cases[i].op, x, true, INTS(-1), 1);
        CHECK(onnx_near(rows, cases[i].rows, 2) && op_shape_is(rows, DIMS(2, 1, 1)));
        pcl_tensor *columns = reduce(&h, cases[i].op, x, false, INTS(1, 0), 2);
        CHECK(onnx_near(columns, cases[i].columns, 3) && op_shape_is(columns, DIMS(3)));
        pcl_tensor *all = reduce(&h, cases[i].op, x, false, NULL, 0);
        CHECK(onnx_near(all, &cases[i].all, 1) && all->shape.rank == 0);
        op_harness_close(&h);
    }
    op_harness_open(&h);
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(2, 1, 3), six);
    const pcl_onnx_reduce_attributes noop = {.keepdims = true, .noop_with_empty_axes = true};
    CHECK(onnx_near(onnx_run(&h, &pcl_onnx_reduce_sum, &noop, &x, 1), six, 6));
    CHECK(!reduce(&h, &pcl_onnx_reduce_sum, x, true, INTS(3), 1) && h.error.status == PCL_ERROR_SHAPE);
    CHECK(!reduce(&h, &pcl_onnx_reduce_sum, x, true, INTS(0, -3), 2) && h.error.status == PCL_ERROR_SHAPE);
    op_harness_close(&h);
}

static void test_reduce_types(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *bytes = onnx_in(&h, PCL_UINT8, DIMS(3), (uint8_t[]){200, 100, 3});
    CHECK(IS(reduce(&h, &pcl_onnx_reduce_sum, bytes, false, NULL, 0), PCL_UINT8, (uint8_t[]){47}));
    CHECK(IS(reduce(&h, &pcl_onnx_reduce_mean, bytes, false, NULL, 0), PCL_UINT8, (uint8_t[]){101}));
    CHECK(IS(reduce(&h, &pcl_onnx_reduce_max, bytes, false, NULL, 0), PCL_UINT8, (uint8_t[]){200}));
    pcl_tensor *bools = onnx_in(&h, PCL_BOOL, DIMS(2, 2), (uint8_t[]){1, 0, 1, 7});
    CHECK(IS(reduce(&h, &pcl_onnx_reduce_min, bools, false, INTS(1), 1), PCL_BOOL, (uint8_t[]){0, 1}));
    CHECK(!reduce(&h, &pcl_onnx_reduce_sum, bools, false, NULL, 0) && h.error.status == PCL_ERROR_TYPE);
    pcl_tensor *wide = onnx_in(&h, PCL_INT64, DIMS(2), INTS(INT64_MAX, -1));
    CHECK(IS(reduce(&h, &pcl_onnx_reduce_sum, wide, false, NULL, 0), PCL_INT64, INTS(INT64_MAX - 1)));
    CHECK(IS(reduce(&h, &pcl_onnx_reduce_l2, bytes, false, NULL, 0), PCL_UINT8, (uint8_t[]){223}));
    pcl_tensor *doubles = onnx_in(&h, PCL_FLOAT64, DIMS(2), (double[]){1e300, 1e300});
    CHECK(IS(reduce(&h, &pcl_onnx_reduce_sum, doubles, false, NULL, 0), PCL_FLOAT64, (double[]){2e300}));
    /* Nothing reduces to the neutral element. */
    pcl_tensor *empty = onnx_in(&h, PCL_FLOAT32, DIMS(2, 0), NULL), *none = onnx_in(&h, PCL_INT8, DIMS(0), NULL);
    CHECK(NEAR(reduce(&h, &pcl_onnx_reduce_sum, empty, false, INTS(1), 1), 0, 0));
    CHECK(NEAR(reduce(&h, &pcl_onnx_reduce_max, empty, false, INTS(1), 1), -INFINITY, -INFINITY));
    CHECK(NEAR(reduce(&h, &pcl_onnx_reduce_log_sum_exp, empty, false, INTS(1), 1), -INFINITY, -INFINITY));
    CHECK(IS(reduce(&h, &pcl_onnx_reduce_max, none, false, NULL, 0), PCL_INT8, (int8_t[]){-128}));
    CHECK(IS(reduce(&h, &pcl_onnx_reduce_prod, none, false, NULL, 0), PCL_INT8, (int8_t[]){1}));
    op_harness_close(&h);
}

static void test_arg(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(2, 3), FLOATS(2, 5, 5, -1, -1, NAN));
    const pcl_onnx_arg_attributes first = {.axis = -1, .keepdims = true}, last = {.axis = 1, .select_last_index = true};
    const pcl_onnx_arg_attributes down = {.axis = 0};
    pcl_tensor *out = onnx_run(&h, &pcl_onnx_arg_max, &first, &x, 1);
    CHECK(IS(out, PCL_INT64, INTS(1, 2)) && op_shape_is(out, DIMS(2, 1)));
    CHECK(IS(onnx_run(&h, &pcl_onnx_arg_max, &last, &x, 1), PCL_INT64, INTS(2, 2)));
    CHECK(IS(onnx_run(&h, &pcl_onnx_arg_min, &first, &x, 1), PCL_INT64, INTS(0, 0)));
    CHECK(IS(onnx_run(&h, &pcl_onnx_arg_min, &last, &x, 1), PCL_INT64, INTS(0, 1)));
    CHECK(IS(onnx_run(&h, &pcl_onnx_arg_max, &down, &x, 1), PCL_INT64, INTS(0, 0, 1)));
    pcl_tensor *wide = onnx_in(&h, PCL_UINT64, DIMS(2), (uint64_t[]){(uint64_t)1 << 63, 1});
    CHECK(IS(onnx_run(&h, &pcl_onnx_arg_max, &down, &wide, 1), PCL_INT64, INTS(0)));
    pcl_tensor *empty = onnx_in(&h, PCL_FLOAT32, DIMS(0), NULL);
    CHECK(!onnx_run(&h, &pcl_onnx_arg_max, &down, &empty, 1) && h.error.status == PCL_ERROR_SHAPE);
    op_harness_close(&h);
}

static bool run_top_k(op_harness *h, pcl_tensor *x, int64_t k, int32_t axis, bool largest, pcl_tensor **outputs) {
    const pcl_onnx_top_k_attributes attributes = {axis, largest};
    const pcl_attributes tools = {.tools = &attributes};
    pcl_tensor *inputs[] = {x, onnx_list_in(h, &k, 1)};
    outputs[0] = op_output(h, PCL_BOOL, 0, 0);
    outputs[1] = op_output(h, PCL_BOOL, 0, 0);
    return op_run(h, &pcl_onnx_top_k, &tools, inputs, 2, outputs, 2) == PCL_OK;
}

static void test_top_k(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *outputs[2];
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(2, 4), FLOATS(3, 1, 4, 3, -0.0f, 0, -5, -7));
    CHECK(run_top_k(&h, x, 3, -1, true, outputs) && NEAR(outputs[0], 4, 3, 3, 0, 0, -5));
    CHECK(IS(outputs[1], PCL_INT64, INTS(2, 0, 3, 0, 1, 2)));
    CHECK(run_top_k(&h, x, 2, 1, false, outputs) && NEAR(outputs[0], 1, 3, -7, -5));
    CHECK(IS(outputs[1], PCL_INT64, INTS(1, 0, 3, 2)));
    CHECK(run_top_k(&h, x, 1, 0, true, outputs) && NEAR(outputs[0], 3, 1, 4, 3));
    CHECK(IS(outputs[1], PCL_INT64, INTS(0, 0, 0, 0)) && op_shape_is(outputs[1], DIMS(1, 4)));
    CHECK(!run_top_k(&h, x, 5, -1, true, outputs) && !run_top_k(&h, x, -1, -1, true, outputs));
    pcl_tensor *wide = onnx_in(&h, PCL_INT64, DIMS(3), INTS(INT64_MAX, INT64_MAX - 1, INT64_MIN));
    CHECK(run_top_k(&h, wide, 3, 0, false, outputs) && IS(outputs[1], PCL_INT64, INTS(2, 1, 0)));
    op_harness_close(&h);
}

static void test_cumsum(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(2, 3), six), *one = onnx_in(&h, PCL_INT32, NULL, 0, (int32_t[]){1});
    pcl_tensor *down = onnx_list_in(&h, INTS(-2), 1), *inputs[] = {x, one};
    const pcl_onnx_cumulative_attributes plain = {false, false}, exclusive = {true, false}, both = {true, true};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_cumsum, &plain, inputs, 2), 1, 3, 6, 4, 9, 15));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_cumsum, &exclusive, inputs, 2), 0, 1, 3, 0, 4, 9));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_cumsum, &both, inputs, 2), 5, 3, 0, 11, 6, 0));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_cumsum, &plain, (pcl_tensor *[]){x, down}, 2), 1, 2, 3, 5, 7, 9));
    pcl_tensor *wide = onnx_in(&h, PCL_INT64, DIMS(2), INTS(INT64_MAX, 1));
    pcl_tensor *zero = onnx_in(&h, PCL_INT32, NULL, 0, (int32_t[]){0});
    CHECK(IS(onnx_run(&h, &pcl_onnx_cumsum, &plain, (pcl_tensor *[]){wide, zero}, 2), PCL_INT64,
             INTS(INT64_MAX, INT64_MIN)));
    op_harness_close(&h);
}

static void test_softmax(void) {
    op_harness h;
    op_harness_open(&h);
    const float e = 0.26894142f, f = 0.73105858f; /* 1 / (1 + e), e / (1 + e) */
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(2, 2), FLOATS(1000, 1001, 1000, 1001));
    const pcl_onnx_softmax_attributes last = {-1, false}, first = {0, false}, flat = {0, true}, single = {2, true};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_softmax, &last, &x, 1), e, f, e, f));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_softmax, &first, &x, 1), 0.5f, 0.5f, 0.5f, 0.5f));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_softmax, &flat, &x, 1), e / 2, f / 2, e / 2, f / 2));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_softmax, &single, &x, 1), 1, 1, 1, 1));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_log_softmax, &last, &x, 1), logf(e), logf(f), logf(e), logf(f)));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_hardmax, &last, &x, 1), 0, 1, 0, 1));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_hardmax, &first, &x, 1), 1, 1, 0, 0));
    const pcl_onnx_softmax_attributes beyond = {2, false};
    CHECK(!onnx_run(&h, &pcl_onnx_softmax, &beyond, &x, 1) && h.error.status == PCL_ERROR_SHAPE);
    op_harness_close(&h);
}

static void test_channel_norms(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_norm_attributes none = {.epsilon = 0}, groups = {.num_groups = 1},
                                   old = {.num_groups = 1, .scale_per_group = true};
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(1, 2, 2), FLOATS(1, 3, 10, 20));
    pcl_tensor *scale = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(2, 1)),
               *shift = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(0.5f, 0));
    pcl_tensor *mean = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(1, 10)),
               *variance = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(4, 25));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_batch_normalization, &none, (pcl_tensor *[]){x, scale, shift, mean, variance}, 5),
               0.5f, 2.5f, 0, 2));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_instance_normalization, &none, (pcl_tensor *[]){x, scale, shift}, 3), -1.5f, 2.5f,
               -1, 1));
    /* One group: mean 8.5, variance 55.25. */
    const float d = sqrtf(55.25f);
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_group_normalization, &groups, (pcl_tensor *[]){x, scale, shift}, 3),
               -15 / d + 0.5f, -11 / d + 0.5f, 1.5f / d, 11.5f / d));
    pcl_tensor *one = onnx_in(&h, PCL_FLOAT32, DIMS(1), FLOATS(2)),
               *zero = onnx_in(&h, PCL_FLOAT32, DIMS(1), FLOATS(0));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_group_normalization, &old, (pcl_tensor *[]){x, one, zero}, 3), -15 / d, -11 / d,
               3 / d, 23 / d));
    CHECK(!onnx_run(&h, &pcl_onnx_instance_normalization, &none, (pcl_tensor *[]){x, one, zero}, 3));
    op_harness_close(&h);
}

static void test_row_norms(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_norm_attributes last = {.axis = -1}, lp1 = {.axis = 1, .p = 1}, lp2 = {.axis = 0, .p = 2};
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(2, 2), FLOATS(1, 3, -4, 4));
    pcl_tensor *scale = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(1, 2)),
               *shift = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(0, 1));
    pcl_tensor *inputs[] = {x, scale, shift}, *outputs[3];
    for (int i = 0; i < 3; i++) outputs[i] = op_output(&h, PCL_INT8, 0, 0);
    const pcl_attributes tools = {.tools = &last};
    CHECK(op_run(&h, &pcl_onnx_layer_normalization, &tools, inputs, 3, outputs, 3) == PCL_OK);
    CHECK(NEAR(outputs[0], -1, 3, -1, 3) && NEAR(outputs[1], 2, 0) && NEAR(outputs[2], 1, 0.25f));
    CHECK(op_shape_is(outputs[1], DIMS(2, 1)));
    const float d = sqrtf(5); /* of the mean square of 1 and 3 */
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_rms_normalization, &last, inputs, 2), 1 / d, 6 / d, -1, 2));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_lp_normalization, &lp1, &x, 1), 0.25f, 0.75f, -0.5f, 0.5f));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_lp_normalization, &lp2, &x, 1), 1 / sqrtf(17), 0.6f, -4 / sqrtf(17), 0.8f));
    const pcl_onnx_norm_attributes rows = {.axes = {1, {-1}}}, all = {.axes = {2, {0, 1}}};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_mean_variance_normalization, &rows, &x, 1), -1, 1, -1, 1));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_mean_variance_normalization, &all, &x, 1), 0, 2 / sqrtf(9.5f), -5 / sqrtf(9.5f),
               3 / sqrtf(9.5f)));
    /* Squares of 2 channels: the window of 2 reaches one channel forward. */
    const pcl_onnx_lrn_attributes lrn = {.alpha = 2, .beta = 0.5f, .bias = 1, .size = 2};
    pcl_tensor *y = onnx_in(&h, PCL_FLOAT32, DIMS(1, 3, 1), FLOATS(1, 2, 3));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_lrn, &lrn, &y, 1), 1 / sqrtf(6), 2 / sqrtf(14), 3 / sqrtf(10)));
    op_harness_close(&h);
}

int main(void) {
    test_reduce();
    test_reduce_types();
    test_arg();
    test_top_k();
    test_cumsum();
    test_softmax();
    test_channel_norms();
    test_row_norms();
    return test_failures != 0;
}
