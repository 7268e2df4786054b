/* SHAPE, FILL and RANGE. */
#include <math.h>

#include "move_reference.h"

static op_harness harness;

static void test_shape(void) {
    pcl_shape shape = {3, {2, 0, 5}};
    pcl_tensor *in = random_tensor(&harness, PCL_FLOAT32, &shape), *narrow = op_output(&harness, PCL_INT32, 0, 0);
    pcl_tensor *wide = op_output(&harness, PCL_INT64, 0, 0), *real = op_output(&harness, PCL_FLOAT32, 0, 0);
    CHECK(op_run(&harness, &pcl_op_shape, NULL, &in, 1, &narrow, 1) == PCL_OK && op_shape_is(narrow, DIMS(3)));
    CHECK(memcmp(narrow->data, shape.dims, 12) == 0);
    CHECK(op_run(&harness, &pcl_op_shape, NULL, &in, 1, &wide, 1) == PCL_OK && op_shape_is(wide, DIMS(3)));
    CHECK(memcmp(wide->data, ((int64_t[]){2, 0, 5}), 24) == 0);
    CHECK(op_run(&harness, &pcl_op_shape, NULL, &in, 1, &real, 1) == PCL_ERROR_TYPE);
}

static void test_fill(void) {
    pcl_shape scalar = {0}, pair = {1, {2}};
    for (size_t t = 0; t < 5; t++) {
        pcl_tensor *value = random_tensor(&harness, move_dtypes[t], &scalar);
        pcl_tensor *out = op_output(&harness, move_dtypes[t], 0, 0), *inputs[] = {INTEGERS(&harness, 3, 7), value};
        size_t size = pcl_dtype_size(value->dtype);
        CHECK(op_run(&harness, &pcl_op_fill, NULL, inputs, 2, &out, 1) == PCL_OK && op_shape_is(out, DIMS(3, 7)));
        for (size_t i = 0; i < 21; i++) CHECK(memcmp((uint8_t *)out->data + i * size, value->data, size) == 0);
    }
    pcl_tensor *one = random_tensor(&harness, PCL_FLOAT32, &scalar), *two = random_tensor(&harness, PCL_FLOAT32, &pair);
    pcl_tensor *open = op_tensor(&harness, PCL_INT32, DIMS(1), (int32_t[]){3}, false);
    pcl_tensor *cases[][2] = {{INTEGERS(&harness, -1), one}, {INTEGERS(&harness, 1 << 30, 1 << 30), one},
                              {INTEGERS(&harness, 3), two}, {open, one}};
    static const pcl_status expected[] = {PCL_ERROR_SHAPE, PCL_ERROR_LIMIT, PCL_ERROR_SHAPE, PCL_ERROR_UNSUPPORTED};
    for (int i = 0; i < 4; i++) {
        pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
        CHECK(op_run(&harness, &pcl_op_fill, NULL, cases[i], 2, &out, 1) == expected[i]);
    }
}

/* Runs RANGE on numbers given as int64 and converted to the type. */
static pcl_status range(pcl_dtype dtype, int64_t start, int64_t limit, int64_t delta, pcl_tensor **out) {
    int64_t numbers[] = {start, limit, delta};
    pcl_tensor *inputs[3];
    for (int i = 0; i < 3; i++) {
        int32_t narrow = (int32_t)numbers[i];
        float real = (float)numbers[i];
        const void *data = dtype == PCL_INT64 ? (void *)&numbers[i] : dtype == PCL_INT32 ? (void *)&narrow : (void *)&real;
        inputs[i] = op_tensor(&harness, dtype, NULL, 0, data, true);
    }
    *out = op_output(&harness, dtype, 0, 0);
    return op_run(&harness, &pcl_op_range, NULL, inputs, 3, out, 1);
}

static double value_at(const pcl_tensor *tensor, size_t i) {
    if (tensor->dtype == PCL_FLOAT32) return (double)((float *)tensor->data)[i];
    return tensor->dtype == PCL_INT32 ? ((int32_t *)tensor->data)[i] : (double)((int64_t *)tensor->data)[i];
}

static void test_range(pcl_dtype dtype) {
    pcl_tensor *out;
    for (int trial = 0; trial < 10; trial++) {
        int32_t start = random_integer(-20, 20), limit = random_integer(-20, 20), step = random_integer(1, 6);
        int32_t delta = limit >= start ? step : -step;
        CHECK(range(dtype, start, limit, delta, &out) == PCL_OK);
        size_t count = 0;
        for (int32_t at = start; delta > 0 ? at < limit : at > limit; at += delta, count++)
            CHECK(count < pcl_tensor_count(out) && value_at(out, count) == at);
        CHECK(pcl_tensor_count(out) == count && out->shape.rank == 1);
    }
    CHECK(range(dtype, 0, 5, 0, &out) == PCL_ERROR_SHAPE);
    CHECK(range(dtype, 0, 5, -1, &out) == PCL_ERROR_SHAPE);
    CHECK(range(dtype, 5, 0, 1, &out) == PCL_ERROR_SHAPE);
}

static pcl_status range_of_floats(float start, float limit, float delta) {
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    pcl_tensor *inputs[] = {op_tensor(&harness, PCL_FLOAT32, NULL, 0, &start, true),
                            op_tensor(&harness, PCL_FLOAT32, NULL, 0, &limit, true),
                            op_tensor(&harness, PCL_FLOAT32, NULL, 0, &delta, true)};
    return op_run(&harness, &pcl_op_range, NULL, inputs, 3, &out, 1);
}

static void test_extreme_ranges(void) {
    pcl_tensor *out;
    CHECK(range(PCL_INT64, INT64_MIN, INT64_MAX, 1, &out) == PCL_ERROR_LIMIT);
    CHECK(range(PCL_INT64, INT64_MIN, INT64_MAX, INT64_MAX, &out) == PCL_OK && pcl_tensor_count(out) == 3);
    CHECK(range(PCL_INT64, INT64_MAX, INT64_MIN, INT64_MIN, &out) == PCL_OK && pcl_tensor_count(out) == 2);
    CHECK(range(PCL_INT64, INT64_MAX - 3, INT64_MAX, 2, &out) == PCL_OK && pcl_tensor_count(out) == 2);
    CHECK(range(PCL_INT32, INT32_MIN, INT32_MAX, INT32_MAX, &out) == PCL_OK && pcl_tensor_count(out) == 3);
    CHECK(range_of_floats(NAN, 1, 1) == PCL_ERROR_SHAPE);
    CHECK(range_of_floats(0, NAN, 1) == PCL_ERROR_SHAPE);
    CHECK(range_of_floats(0, 1, NAN) == PCL_ERROR_SHAPE);
    CHECK(range_of_floats(0, INFINITY, 1) == PCL_ERROR_LIMIT);
    CHECK(range_of_floats(0, 1, 1e-30f) == PCL_ERROR_LIMIT);
    CHECK(range_of_floats(INFINITY, INFINITY, 1) == PCL_ERROR_LIMIT);
    CHECK(range_of_floats(0, 1, INFINITY) == PCL_OK);
}

static void test_open_range(void) {
    pcl_shape scalar = {0};
    pcl_tensor *out = op_output(&harness, PCL_INT32, 0, 0);
    pcl_tensor *inputs[] = {random_tensor(&harness, PCL_INT32, &scalar), random_tensor(&harness, PCL_INT32, &scalar),
                            random_tensor(&harness, PCL_INT32, &scalar)};
    CHECK(op_run(&harness, &pcl_op_range, NULL, inputs, 3, &out, 1) == PCL_ERROR_UNSUPPORTED);
}

static void test_ranges_of_floats(void) { test_range(PCL_FLOAT32); }
static void test_ranges_of_int32(void) { test_range(PCL_INT32); }
static void test_ranges_of_int64(void) { test_range(PCL_INT64); }

int main(void) {
    void (*const tests[])(void) = {test_shape,           test_fill,           test_ranges_of_floats, test_ranges_of_int32,
                                   test_ranges_of_int64, test_extreme_ranges, test_open_range};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        op_harness_open(&harness);
        tests[i]();
        op_harness_close(&harness);
    }
    return test_failures != 0;
}
