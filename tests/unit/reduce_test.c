/* Reductions against a loop over the input in double precision. */
#include <math.h>
#include <string.h>

#include "op_harness.h"
#include "random_shapes.h"

enum { MAX_ELEMENTS = 40000 };

typedef struct reduce_case {
    pcl_shape in;
    pcl_shape out; /* without the axes */
    pcl_shape kept; /* with ones in their place */
    int32_t axes[12], axis_count;
    bool keep_dims;
    double totals[MAX_ELEMENTS];
    double count;
} reduce_case;

static reduce_case test;

static void choose(const pcl_shape *shape) {
    bool reduced[PCL_MAX_RANK] = {false};
    test.in = *shape;
    test.keep_dims = random_integer(0, 1);
    test.axis_count = 0;
    for (int32_t d = 0; d < shape->rank; d++) {
        if (random_integer(0, 1)) continue;
        reduced[d] = true;
        test.axes[test.axis_count++] = random_integer(0, 1) ? d : d - shape->rank;
        if (random_integer(0, 4) == 0) test.axes[test.axis_count++] = d; /* named twice */
    }
    test.out = test.kept = (pcl_shape){0};
    test.count = 1;
    for (int32_t d = 0; d < shape->rank; d++) {
        test.kept.dims[test.kept.rank++] = reduced[d] ? 1 : shape->dims[d];
        if (!reduced[d]) test.out.dims[test.out.rank++] = shape->dims[d];
        else test.count *= shape->dims[d];
    }
}

static void choose_random(void) {
    pcl_shape shape;
    do {
        shape = random_shape(8);
        choose(&shape);
    } while (shape_elements(&shape) > MAX_ELEMENTS || shape_elements(&test.kept) > MAX_ELEMENTS ||
             test.axis_count == 0);
}

/* Totals of values[i] by `join`, from `start`. */
static void compute(const double *values, double start, double (*join)(double, double)) {
    for (size_t i = 0; i < shape_elements(&test.kept); i++) test.totals[i] = start;
    for (size_t i = 0; i < shape_elements(&test.in); i++) {
        double *total = &test.totals[broadcast_index(i, &test.in, &test.kept)];
        *total = join(*total, values[i]);
    }
}

static pcl_status run_case(op_harness *harness, const pcl_op *op, pcl_tensor *in, pcl_tensor *out) {
    pcl_tensor *inputs[] = {in, op_tensor(harness, PCL_INT32, DIMS(test.axis_count), test.axes, true)};
    pcl_attributes attributes = {.reduce.keep_dims = test.keep_dims};
    pcl_status status = op_run(harness, op, &attributes, inputs, 2, &out, 1);
    const pcl_shape *shape = test.keep_dims ? &test.kept : &test.out;
    CHECK(status != PCL_OK || op_shape_is(out, shape->dims, shape->rank));
    return status;
}

static double sum(double a, double b) { return a + b; }
static double product(double a, double b) { return a * b; }

static void test_reals(const pcl_op *op, double start, double (*join)(double, double)) {
    static float in[MAX_ELEMENTS], expected[MAX_ELEMENTS];
    static double values[MAX_ELEMENTS];
    op_harness harness;
    op_harness_open(&harness);
    bool is_product = op == &pcl_op_reduce_prod;
    for (size_t i = 0; i < MAX_ELEMENTS; i++)
        values[i] = (double)(in[i] = random_real(is_product ? 0.9f : -1.0f, 1.1f));
    compute(values, start, join);
    for (size_t i = 0; i < shape_elements(&test.kept); i++)
        expected[i] = (float)(op == &pcl_op_mean ? test.totals[i] / test.count : test.totals[i]);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    pcl_tensor *input = op_tensor(&harness, PCL_FLOAT32, test.in.dims, test.in.rank, in, false);
    CHECK(run_case(&harness, op, input, out) == PCL_OK);
    CHECK(op_float_error(out, expected) <= 1e-5f);
    op_harness_close(&harness);
}

static void test_integers(const pcl_op *op, pcl_dtype dtype, double start, double (*join)(double, double)) {
    static int32_t narrow[MAX_ELEMENTS];
    static int64_t wide[MAX_ELEMENTS];
    static double values[MAX_ELEMENTS];
    bool is_product = op == &pcl_op_reduce_prod;
    op_harness harness;
    op_harness_open(&harness);
    for (size_t i = 0; i < MAX_ELEMENTS; i++) {
        narrow[i] = is_product ? random_integer(0, 1000) ? 1 : -2 : random_integer(-1000, 1000);
        values[i] = (double)(wide[i] = narrow[i]);
    }
    compute(values, start, join);
    const void *data = dtype == PCL_INT32 ? (void *)narrow : (void *)wide;
    pcl_tensor *out = op_output(&harness, dtype, 0, 0);
    pcl_tensor *input = op_tensor(&harness, dtype, test.in.dims, test.in.rank, data, false);
    CHECK(run_case(&harness, op, input, out) == PCL_OK);
    size_t wrong = 0;
    for (size_t i = 0; i < shape_elements(&test.kept) && test.count > 0; i++) {
        double expected = op == &pcl_op_mean ? trunc(test.totals[i] / test.count) : test.totals[i];
        double got = dtype == PCL_INT32 ? ((int32_t *)out->data)[i] : (double)((int64_t *)out->data)[i];
        /* products as large as this wrap, in 32 and in 64 bits */
        if (!is_product || fabs(expected) < 1e9) wrong += got != expected;
    }
    CHECK(wrong == 0);
    op_harness_close(&harness);
}

static void test_quantised(const pcl_op *op, double start, double (*join)(double, double)) {
    static uint8_t in[MAX_ELEMENTS];
    static double values[MAX_ELEMENTS];
    bool is_product = op == &pcl_op_reduce_prod;
    float in_scale = is_product ? 0.008f : 0.05f, out_scale = is_product ? 0.01f : 0.07f;
    int32_t in_zero = is_product ? 0 : random_integer(0, 255), out_zero = random_integer(0, 255);
    if (op == &pcl_op_sum) out_scale *= (float)fmax(sqrt(test.count), 1);
    op_harness harness;
    op_harness_open(&harness);
    for (size_t i = 0; i < MAX_ELEMENTS; i++) {
        in[i] = (uint8_t)random_integer(is_product ? 120 : 0, is_product ? 130 : 255);
        values[i] = (in[i] - in_zero) * (double)in_scale;
    }
    compute(values, start, join);
    pcl_tensor *out = op_output(&harness, PCL_UINT8, out_scale, out_zero);
    pcl_tensor *input = op_quantised(&harness, PCL_UINT8, test.in.dims, test.in.rank, in, false, in_scale, in_zero);
    CHECK(run_case(&harness, op, input, out) == PCL_OK);
    double worst = 0;
    for (size_t i = 0; i < shape_elements(&test.kept) && test.count > 0; i++) {
        double real = op == &pcl_op_mean ? test.totals[i] / test.count : test.totals[i];
        double exact = fmin(fmax(real / (double)out_scale + out_zero, 0), 255);
        worst = fmax(worst, fabs(((uint8_t *)out->data)[i] - exact));
    }
    CHECK(worst <= 0.501);
    op_harness_close(&harness);
}

static void test_bools(const pcl_op *op, double start, double (*join)(double, double)) {
    static uint8_t in[MAX_ELEMENTS];
    static double values[MAX_ELEMENTS];
    op_harness harness;
    op_harness_open(&harness);
    int32_t odds = random_integer(1, 30);
    for (size_t i = 0; i < MAX_ELEMENTS; i++)
        values[i] = in[i] = random_integer(0, odds) ? op == &pcl_op_reduce_all : op == &pcl_op_reduce_any;
    compute(values, start, join);
    pcl_tensor *out = op_output(&harness, PCL_BOOL, 0, 0);
    pcl_tensor *input = op_tensor(&harness, PCL_BOOL, test.in.dims, test.in.rank, in, false);
    CHECK(run_case(&harness, op, input, out) == PCL_OK);
    size_t wrong = 0;
    for (size_t i = 0; i < shape_elements(&test.kept); i++) wrong += ((uint8_t *)out->data)[i] != test.totals[i];
    CHECK(wrong == 0);
    op_harness_close(&harness);
}

static void test_all_operators(void) {
    const struct {
        const pcl_op *op;
        double start;
        double (*join)(double, double);
    } numbers[] = {
        {&pcl_op_mean, 0, sum},
        {&pcl_op_sum, 0, sum},
        {&pcl_op_reduce_prod, 1, product},
        {&pcl_op_reduce_max, -(double)INFINITY, fmax},
        {&pcl_op_reduce_min, (double)INFINITY, fmin},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        test_reals(numbers[i].op, numbers[i].start, numbers[i].join);
        test_integers(numbers[i].op, PCL_INT32, numbers[i].start, numbers[i].join);
        test_integers(numbers[i].op, PCL_INT64, numbers[i].start, numbers[i].join);
        test_quantised(numbers[i].op, numbers[i].start, numbers[i].join);
    }
    test_bools(&pcl_op_reduce_any, 0, fmax);
    test_bools(&pcl_op_reduce_all, 1, fmin);
}

/* A large mean of equal numbers keeps its digits. */
static void test_precision(void) {
    static float in[300 * 300 * 3];
    op_harness harness;
    op_harness_open(&harness);
    for (int i = 0; i < 300 * 300 * 3; i++) in[i] = 0.1f * (float)(1 + i % 3);
    pcl_tensor *input = op_tensor(&harness, PCL_FLOAT32, DIMS(1, 300, 300, 3), in, false);
    pcl_tensor *flat = op_tensor(&harness, PCL_FLOAT32, DIMS(300 * 300 * 3), in, false);
    pcl_tensor *picture[] = {input, op_tensor(&harness, PCL_INT32, DIMS(2), (int32_t[]){1, 2}, true)};
    pcl_tensor *line[] = {flat, op_tensor(&harness, PCL_INT64, NULL, 0, (int64_t[]){-1}, true)};
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    CHECK(op_run(&harness, &pcl_op_mean, NULL, picture, 2, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, DIMS(1, 3)));
    CHECK(op_float_error(out, (float[]){0.1f, 0.2f, 0.3f}) <= 3e-7f);
    CHECK(op_run(&harness, &pcl_op_mean, NULL, line, 2, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, NULL, 0));
    CHECK(op_float_error(out, (float[]){0.2f}) <= 3e-7f);
    op_harness_close(&harness);
}

static void test_empty(void) {
    op_harness harness;
    op_harness_open(&harness);
    const float none[1] = {0};
    pcl_tensor *inputs[] = {op_tensor(&harness, PCL_FLOAT32, DIMS(2, 0), none, false),
                            op_tensor(&harness, PCL_INT32, DIMS(1), (int32_t[]){1}, true)};
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0), *u8 = op_output(&harness, PCL_UINT8, 0.5f, 9);
    CHECK(op_run(&harness, &pcl_op_sum, NULL, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){0, 0}) == 0);
    CHECK(op_run(&harness, &pcl_op_reduce_prod, NULL, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){1, 1}) == 0);
    CHECK(op_run(&harness, &pcl_op_mean, NULL, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){NAN, NAN}) == 0);
    inputs[0] = op_quantised(&harness, PCL_UINT8, DIMS(2, 0), none, false, 0.25f, 3);
    CHECK(op_run(&harness, &pcl_op_mean, NULL, inputs, 2, &u8, 1) == PCL_OK);
    CHECK(memcmp(u8->data, (uint8_t[]){9, 9}, 2) == 0);
    op_harness_close(&harness);
}

static void test_errors(void) {
    op_harness harness;
    op_harness_open(&harness);
    const int32_t two = 2, minus_three = -3, zero = 0, data[4] = {0};
    pcl_tensor *in = op_tensor(&harness, PCL_FLOAT32, DIMS(2, 2), data, false);
    pcl_tensor *boolean = op_tensor(&harness, PCL_BOOL, DIMS(2, 2), data, false);
    pcl_tensor *plain = op_tensor(&harness, PCL_UINT8, DIMS(2, 2), data, false);
    pcl_tensor *good = op_tensor(&harness, PCL_INT32, DIMS(1), &zero, true);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0), *u8 = op_output(&harness, PCL_UINT8, 1, 0);
    const struct {
        const pcl_op *op;
        pcl_tensor *in, *axes, *out;
        pcl_status status;
    } wrong[] = {
        {&pcl_op_mean, in, op_tensor(&harness, PCL_INT32, DIMS(1), &two, true), out, PCL_ERROR_SHAPE},
        {&pcl_op_mean, in, op_tensor(&harness, PCL_INT32, DIMS(1), &minus_three, true), out, PCL_ERROR_SHAPE},
        {&pcl_op_mean, in, op_tensor(&harness, PCL_INT32, DIMS(1), &zero, false), out, PCL_ERROR_UNSUPPORTED},
        {&pcl_op_mean, in, op_tensor(&harness, PCL_FLOAT32, DIMS(1), &zero, true), out, PCL_ERROR_TYPE},
        {&pcl_op_mean, boolean, good, out, PCL_ERROR_TYPE},
        {&pcl_op_reduce_any, in, good, out, PCL_ERROR_TYPE},
        {&pcl_op_sum, in, good, u8, PCL_ERROR_TYPE},
        {&pcl_op_sum, plain, good, u8, PCL_ERROR_TYPE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        pcl_tensor *inputs[] = {wrong[i].in, wrong[i].axes}, *result = wrong[i].out;
        CHECK(op_run(&harness, wrong[i].op, NULL, inputs, 2, &result, 1) == wrong[i].status);
    }
    op_harness_close(&harness);
}

int main(void) {
    const pcl_shape shapes[] = {
        {4, {1, 17, 19, 32}}, {4, {3, 8, 9, 40}}, {4, {2, 5, 3, 700}}, {2, {30, 1000}},
        {2, {1000, 3}},       {1, {5000}},        {8, {2, 3, 2, 3, 2, 3, 2, 3}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int round = 0; round < 6; round++) {
            choose(&shapes[i]);
            if (test.axis_count) test_all_operators();
        }
    for (int round = 0; round < 60; round++) {
        choose_random();
        test_all_operators();
    }
    test_precision();
    test_empty();
    test_errors();
    return test_failures != 0;
}
