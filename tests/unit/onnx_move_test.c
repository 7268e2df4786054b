/* ONNX's operators that move data: small cases worked out by hand. */
#include "onnx_harness.h"

static int32_t counting[64]; /* 0, 1, 2, ... */

static pcl_tensor *count_tensor(op_harness *h, const int32_t *dims, int32_t rank) {
    return onnx_in(h, PCL_INT32, dims, rank, counting);
}

static pcl_tensor *run_pad(op_harness *h, pcl_onnx_pad_mode mode, pcl_tensor *x, const int64_t *pads, int32_t count,
                           const int32_t *value, pcl_tensor *axes) {
    const pcl_onnx_pad_attributes attributes = {mode};
    pcl_tensor *fill = value ? onnx_in(h, PCL_INT32, NULL, 0, value) : NULL;
    return onnx_run(h, &pcl_onnx_pad, &attributes, (pcl_tensor *[]){x, onnx_list_in(h, pads, count), fill, axes}, 4);
}

static void test_pad(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *line = count_tensor(&h, DIMS(3)), *x = count_tensor(&h, DIMS(2, 2));
    const int32_t nine = 9;
    CHECK(IS(run_pad(&h, PCL_ONNX_PAD_CONSTANT, line, INTS(1, 2), 2, &nine, NULL), PCL_INT32,
             (int32_t[]){9, 0, 1, 2, 9, 9}));
    CHECK(IS(run_pad(&h, PCL_ONNX_PAD_CONSTANT, line, INTS(-1, 1), 2, NULL, NULL), PCL_INT32, (int32_t[]){1, 2, 0}));
    CHECK(IS(run_pad(&h, PCL_ONNX_PAD_REFLECT, line, INTS(5, 3), 2, NULL, NULL), PCL_INT32,
             (int32_t[]){1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1}));
    CHECK(IS(run_pad(&h, PCL_ONNX_PAD_EDGE, line, INTS(2, 1), 2, NULL, NULL), PCL_INT32,
             (int32_t[]){0, 0, 0, 1, 2, 2}));
    CHECK(IS(run_pad(&h, PCL_ONNX_PAD_WRAP, line, INTS(4, 2), 2, NULL, NULL), PCL_INT32,
             (int32_t[]){2, 0, 1, 2, 0, 1, 2, 0, 1}));
    CHECK(IS(run_pad(&h, PCL_ONNX_PAD_CONSTANT, x, INTS(1, 0), 2, &nine, onnx_list_in(&h, INTS(-1), 1)), PCL_INT32,
             (int32_t[]){9, 0, 1, 9, 2, 3}));
    CHECK(IS(run_pad(&h, PCL_ONNX_PAD_CONSTANT, x, INTS(1, 0, 0, -1), 4, &nine, NULL), PCL_INT32,
             (int32_t[]){9, 0, 2}));
    CHECK(!run_pad(&h, PCL_ONNX_PAD_CONSTANT, line, INTS(-2, -2), 2, NULL, NULL));
    CHECK(!run_pad(&h, PCL_ONNX_PAD_CONSTANT, x, INTS(1, 1), 2, NULL, NULL));
    CHECK(!run_pad(&h, PCL_ONNX_PAD_CONSTANT, line, INTS(INT32_MAX, 1), 2, NULL, NULL));
    op_harness_close(&h);
}

static void test_depth_space(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_depth_space_attributes dcr = {2, false}, crd = {2, true}, wrong = {3, false};
    pcl_tensor *x = count_tensor(&h, DIMS(1, 8, 1, 2));
    pcl_tensor *out = onnx_run(&h, &pcl_onnx_depth_to_space, &dcr, &x, 1);
    CHECK(IS(out, PCL_INT32, (int32_t[]){0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15}));
    CHECK(out && op_shape_is(out, DIMS(1, 2, 2, 4)));
    pcl_tensor *back = onnx_run(&h, &pcl_onnx_space_to_depth, &dcr, &out, 1);
    CHECK(onnx_is(back, PCL_INT32, counting, 16 * sizeof *counting));
    CHECK(IS(onnx_run(&h, &pcl_onnx_depth_to_space, &crd, &x, 1), PCL_INT32,
             (int32_t[]){0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15}));
    CHECK(!onnx_run(&h, &pcl_onnx_depth_to_space, &wrong, &x, 1) && h.error.status == PCL_ERROR_SHAPE);
    CHECK(!onnx_run(&h, &pcl_onnx_space_to_depth, &dcr, &x, 1) && h.error.status == PCL_ERROR_SHAPE);
    op_harness_close(&h);
}

static void test_gather(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_index_attributes first = {.axis = 0}, last = {.axis = -1}, batched = {.batch_dims = 1};
    pcl_tensor *x = count_tensor(&h, DIMS(2, 3));
    pcl_tensor *indices = onnx_list_in(&h, INTS(-1, 0), 2);
    CHECK(IS(onnx_run(&h, &pcl_onnx_gather, &first, (pcl_tensor *[]){x, indices}, 2), PCL_INT32,
             (int32_t[]){3, 4, 5, 0, 1, 2}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_gather, &last, (pcl_tensor *[]){x, indices}, 2), PCL_INT32,
             (int32_t[]){2, 0, 5, 3}));
    pcl_tensor *scalar = onnx_in(&h, PCL_INT32, NULL, 0, (int32_t[]){-3});
    pcl_tensor *column = onnx_run(&h, &pcl_onnx_gather, &last, (pcl_tensor *[]){x, scalar}, 2);
    CHECK(IS(column, PCL_INT32, (int32_t[]){0, 3}) && op_shape_is(column, DIMS(2)));
    CHECK(!onnx_run(&h, &pcl_onnx_gather, &first, (pcl_tensor *[]){x, scalar}, 2) && h.error.status == PCL_ERROR_VALUE);

    pcl_tensor *elements = onnx_in(&h, PCL_INT64, DIMS(2, 2), INTS(2, -3, 1, 1));
    CHECK(IS(onnx_run(&h, &pcl_onnx_gather_elements, &last, (pcl_tensor *[]){x, elements}, 2), PCL_INT32,
             (int32_t[]){2, 0, 4, 4}));
    CHECK(!onnx_run(&h, &pcl_onnx_gather_elements, &first, (pcl_tensor *[]){x, elements}, 2));

    pcl_tensor *points = onnx_in(&h, PCL_INT64, DIMS(2, 2), INTS(1, -1, 0, 1));
    CHECK(IS(onnx_run(&h, &pcl_onnx_gather_nd, &first, (pcl_tensor *[]){x, points}, 2), PCL_INT32,
             (int32_t[]){5, 1}));
    pcl_tensor *rows = onnx_in(&h, PCL_INT64, DIMS(2, 1), INTS(2, 0));
    CHECK(IS(onnx_run(&h, &pcl_onnx_gather_nd, &batched, (pcl_tensor *[]){x, rows}, 2), PCL_INT32,
             (int32_t[]){2, 3}));
    pcl_tensor *deep = onnx_in(&h, PCL_INT64, DIMS(1, 3), INTS(0, 0, 0));
    CHECK(!onnx_run(&h, &pcl_onnx_gather_nd, &first, (pcl_tensor *[]){x, deep}, 2) &&
          h.error.status == PCL_ERROR_SHAPE);
    op_harness_close(&h);
}

static void test_scatter(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *x = count_tensor(&h, DIMS(2, 3));
    pcl_tensor *elements = onnx_in(&h, PCL_INT64, DIMS(1, 3), INTS(1, -2, 1));
    pcl_tensor *updates = onnx_in(&h, PCL_INT32, DIMS(1, 3), (int32_t[]){10, 20, 1});
    pcl_tensor *inputs[] = {x, elements, updates};
    const struct {
        pcl_onnx_reduction reduction;
        int32_t out[6];
    } cases[] = {
        {PCL_ONNX_REDUCTION_NONE, {0, 20, 2, 10, 4, 1}}, {PCL_ONNX_REDUCTION_ADD, {0, 21, 2, 13, 4, 6}},
        {PCL_ONNX_REDUCTION_MUL, {0, 20, 2, 30, 4, 5}},  {PCL_ONNX_REDUCTION_MAX, {0, 20, 2, 10, 4, 5}},
        {PCL_ONNX_REDUCTION_MIN, {0, 1, 2, 3, 4, 1}},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        const pcl_onnx_index_attributes attributes = {.axis = 0, .reduction = cases[i].reduction};
        CHECK(onnx_is(onnx_run(&h, &pcl_onnx_scatter_elements, &attributes, inputs, 3), PCL_INT32, cases[i].out,
                      sizeof cases[i].out));
    }
    const pcl_onnx_index_attributes plain = {0}, add = {.reduction = PCL_ONNX_REDUCTION_ADD};
    pcl_tensor *rows = onnx_in(&h, PCL_INT64, DIMS(2, 1), INTS(1, -1));
    pcl_tensor *slices = onnx_in(&h, PCL_INT32, DIMS(2, 3), (int32_t[]){7, 8, 9, 1, 1, 1});
    CHECK(IS(onnx_run(&h, &pcl_onnx_scatter_nd, &plain, (pcl_tensor *[]){x, rows, slices}, 3), PCL_INT32,
             (int32_t[]){0, 1, 2, 1, 1, 1}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_scatter_nd, &add, (pcl_tensor *[]){x, rows, slices}, 3), PCL_INT32,
             (int32_t[]){0, 1, 2, 11, 13, 15}));
    CHECK(!onnx_run(&h, &pcl_onnx_scatter_nd, &plain, (pcl_tensor *[]){x, rows, updates}, 3));
    pcl_tensor *outside = onnx_in(&h, PCL_INT64, DIMS(2, 1), INTS(0, 2));
    CHECK(!onnx_run(&h, &pcl_onnx_scatter_nd, &plain, (pcl_tensor *[]){x, outside, slices}, 3) &&
          h.error.status == PCL_ERROR_VALUE);
    op_harness_close(&h);
}

static void test_generate(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_index_attributes last = {.axis = -1}, first = {.axis = 0};
    pcl_tensor *indices = onnx_list_in(&h, INTS(1, -1, 5), 3), *depth = onnx_list_in(&h, INTS(3), 1);
    pcl_tensor *values = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(2.0f, 7.0f));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_one_hot, &last, (pcl_tensor *[]){indices, depth, values}, 3), 2, 7, 2, 2, 2, 7,
               2, 2, 2));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_one_hot, &first, (pcl_tensor *[]){indices, depth, values}, 3), 2, 2, 2, 7, 2, 2,
               2, 7, 2));
    const pcl_onnx_eye_attributes eye = {.k = 1}, typed = {.k = -1, .has_dtype = true, .dtype = PCL_FLOAT32};
    pcl_tensor *x = count_tensor(&h, DIMS(2, 3));
    CHECK(IS(onnx_run(&h, &pcl_onnx_eye_like, &eye, &x, 1), PCL_INT32, (int32_t[]){0, 1, 0, 0, 0, 1}));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_eye_like, &typed, &x, 1), 0, 0, 0, 1, 0, 0));

    const pcl_onnx_trilu_attributes upper = {true}, lower = {false};
    pcl_tensor *one = onnx_in(&h, PCL_INT64, NULL, 0, INTS(1)), *far = onnx_in(&h, PCL_INT64, NULL, 0, INTS(INT64_MIN));
    CHECK(IS(onnx_run(&h, &pcl_onnx_trilu, &upper, (pcl_tensor *[]){x, one}, 2), PCL_INT32,
             (int32_t[]){0, 1, 2, 0, 0, 5}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_trilu, &lower, &x, 1), PCL_INT32, (int32_t[]){0, 0, 0, 3, 4, 0}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_trilu, &lower, (pcl_tensor *[]){x, far}, 2), PCL_INT32, (int32_t[6]){0}));

    pcl_tensor *ends[] = {onnx_in(&h, PCL_INT16, NULL, 0, (int16_t[]){10}),
                          onnx_in(&h, PCL_INT16, NULL, 0, (int16_t[]){3}),
                          onnx_in(&h, PCL_INT16, NULL, 0, (int16_t[]){-3})};
    CHECK(IS(onnx_run(&h, &pcl_onnx_range, NULL, ends, 3), PCL_INT16, (int16_t[]){10, 7, 4}));
    ends[2] = onnx_in(&h, PCL_INT16, NULL, 0, (int16_t[]){0});
    CHECK(!onnx_run(&h, &pcl_onnx_range, NULL, ends, 3) && h.error.status == PCL_ERROR_SHAPE);
    op_harness_close(&h);
}

static void test_choose(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_index_attributes flat = {0}, columns = {.axis = 1, .has_axis = true};
    pcl_tensor *x = count_tensor(&h, DIMS(2, 3));
    pcl_tensor *keep = onnx_in(&h, PCL_BOOL, DIMS(3), (uint8_t[]){0, 1, 1});
    CHECK(IS(onnx_run(&h, &pcl_onnx_compress, &flat, (pcl_tensor *[]){x, keep}, 2), PCL_INT32, (int32_t[]){1, 2}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_compress, &columns, (pcl_tensor *[]){x, keep}, 2), PCL_INT32,
             (int32_t[]){1, 2, 4, 5}));
    pcl_tensor *unknown = op_tensor(&h, PCL_BOOL, DIMS(3), (uint8_t[]){0, 1, 1}, false);
    CHECK(!onnx_run(&h, &pcl_onnx_compress, &flat, (pcl_tensor *[]){x, unknown}, 2) &&
          h.error.status == PCL_ERROR_UNSUPPORTED);
    pcl_tensor *found = onnx_run(&h, &pcl_onnx_nonzero, NULL, &x, 1);
    CHECK(IS(found, PCL_INT64, INTS(0, 0, 1, 1, 1, 1, 2, 0, 1, 2)) && op_shape_is(found, DIMS(2, 5)));

    const pcl_onnx_reverse_attributes time_first = {1, 0}, batch_first = {0, 1}, wrong = {1, 1};
    pcl_tensor *lengths = onnx_list_in(&h, INTS(1, 2, 2), 3), *pair = onnx_list_in(&h, INTS(3, 2), 2);
    CHECK(IS(onnx_run(&h, &pcl_onnx_reverse_sequence, &time_first, (pcl_tensor *[]){x, lengths}, 2), PCL_INT32,
             (int32_t[]){0, 4, 5, 3, 1, 2}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_reverse_sequence, &batch_first, (pcl_tensor *[]){x, pair}, 2), PCL_INT32,
             (int32_t[]){2, 1, 0, 4, 3, 5}));
    CHECK(!onnx_run(&h, &pcl_onnx_reverse_sequence, &wrong, (pcl_tensor *[]){x, lengths}, 2));
    op_harness_close(&h);
}

int main(void) {
    for (int32_t i = 0; i < COUNT(counting); i++) counting[i] = i;
    test_pad();
    test_depth_space();
    test_gather();
    test_scatter();
    test_generate();
    test_choose();
    return test_failures != 0;
}
