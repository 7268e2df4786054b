/* SOFTMAX, LOG_SOFTMAX, L2_NORMALIZATION and LOCAL_RESPONSE_NORMALIZATION. */
#include <math.h>
#include <string.h>

#include "op_harness.h"
#include "random_shapes.h"

enum { MAX_ELEMENTS = 8000 };

static void softmax(const double *x, double *y, int depth, double beta) {
    double greatest = x[0], sum = 0;
    for (int i = 0; i < depth; i++) greatest = fmax(greatest, x[i]);
    for (int i = 0; i < depth; i++) sum += y[i] = exp((x[i] - greatest) * beta);
    for (int i = 0; i < depth; i++) y[i] /= sum;
}

static void log_softmax(const double *x, double *y, int depth, double beta) {
    (void)beta; /* it has none */
    softmax(x, y, depth, 1);
    for (int i = 0; i < depth; i++) y[i] = log(y[i]);
}

static void l2(const double *x, double *y, int depth, double beta) {
    (void)beta;
    double sum = 0;
    for (int i = 0; i < depth; i++) sum += x[i] * x[i];
    for (int i = 0; i < depth; i++) y[i] = x[i] / fmax(sqrt(sum), 1e-6);
}

typedef struct row_case {
    const pcl_op *op;
    void (*row)(const double *, double *, int, double);
    float out_scale; /* as TFLite prescribes it */
    int32_t out_zero;
} row_case;

static const row_case cases[] = {
    {&pcl_op_softmax, softmax, 1.0f / 256, 0},
    {&pcl_op_log_softmax, log_softmax, 16.0f / 256, 255},
    {&pcl_op_l2_normalization, l2, 1.0f / 128, 128},
};

static void compute(const row_case *test, const double *in, double *out, size_t count, int depth, double beta) {
    for (size_t at = 0; at < count; at += (size_t)depth) test->row(in + at, out + at, depth, beta);
}

static void test_reals(const row_case *test, const int32_t *dims, int32_t rank, float range, float beta) {
    static float in[MAX_ELEMENTS], expected[MAX_ELEMENTS];
    static double wide[MAX_ELEMENTS], exact[MAX_ELEMENTS];
    op_harness harness;
    op_harness_open(&harness);
    for (int i = 0; i < MAX_ELEMENTS; i++) wide[i] = (double)(in[i] = random_real(-range, range));
    pcl_tensor *input = op_tensor(&harness, PCL_FLOAT32, dims, rank, in, false);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    pcl_attributes attributes = {.softmax.beta = beta};
    compute(test, wide, exact, pcl_tensor_count(input), dims[rank - 1], (double)beta);
    for (size_t i = 0; i < pcl_tensor_count(input); i++) expected[i] = (float)exact[i];
    CHECK(op_run(&harness, test->op, &attributes, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, dims, rank));
    CHECK(op_float_error(out, expected) <= 2e-6f);
    op_harness_close(&harness);
}

static void test_quantised(const row_case *test, const int32_t *dims, int32_t rank, float scale, float beta) {
    static uint8_t in[MAX_ELEMENTS];
    static double wide[MAX_ELEMENTS], exact[MAX_ELEMENTS];
    int32_t zero_point = random_integer(0, 255);
    op_harness harness;
    op_harness_open(&harness);
    for (int i = 0; i < MAX_ELEMENTS; i++) {
        in[i] = (uint8_t)random_bits();
        wide[i] = (in[i] - zero_point) * (double)scale;
    }
    pcl_tensor *input = op_quantised(&harness, PCL_UINT8, dims, rank, in, false, scale, zero_point);
    pcl_tensor *out = op_output(&harness, PCL_UINT8, test->out_scale, test->out_zero);
    pcl_attributes attributes = {.softmax.beta = beta};
    compute(test, wide, exact, pcl_tensor_count(input), dims[rank - 1], (double)beta);
    CHECK(op_run(&harness, test->op, &attributes, &input, 1, &out, 1) == PCL_OK);
    double worst = 0;
    for (size_t i = 0; i < pcl_tensor_count(input); i++) {
        double place = fmin(fmax(exact[i] / (double)test->out_scale + test->out_zero, 0), 255);
        worst = fmax(worst, fabs(((uint8_t *)out->data)[i] - place));
    }
    CHECK(worst <= 0.501);
    op_harness_close(&harness);
}

static void test_case(const row_case *test) {
    const float betas[] = {1.0f, 0.5f};
    for (int i = 0; i < 2; i++) {
        test_reals(test, DIMS(1, 1001), 12, betas[i]);
        test_reals(test, DIMS(2, 3, 5, 7), 3, betas[i]);
        test_reals(test, DIMS(4, 1), 3, betas[i]);
        test_reals(test, DIMS(5), 300, betas[i]);
        test_reals(test, DIMS(3, 0), 1, betas[i]);
        test_reals(test, DIMS(0, 3), 1, betas[i]);
        test_quantised(test, DIMS(1, 1001), 0.1f, betas[i]);
        test_quantised(test, DIMS(2, 2, 3, 2, 2, 17), 0.03f, betas[i]);
        test_quantised(test, DIMS(9, 2), 1.5f, betas[i]);
        test_quantised(test, DIMS(0, 2), 1.5f, betas[i]);
    }
}

/* Far-apart and infinite values, rows of zeros. */
static void test_extremes(void) {
    op_harness harness;
    op_harness_open(&harness);
    pcl_attributes attributes = {.softmax.beta = 1};
    const float far[] = {1000, -1000, 1000, -INFINITY}, zeros[] = {0, 0};
    const uint8_t at_zero[] = {7, 7};
    pcl_tensor *input = op_tensor(&harness, PCL_FLOAT32, DIMS(4), far, false);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0), *u8 = op_output(&harness, PCL_UINT8, 1.0f / 128, 128);
    CHECK(op_run(&harness, &pcl_op_softmax, &attributes, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){0.5f, 0, 0.5f, 0}) == 0);
    input = op_tensor(&harness, PCL_FLOAT32, DIMS(2), zeros, false);
    CHECK(op_run(&harness, &pcl_op_l2_normalization, NULL, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, zeros) == 0);
    input = op_quantised(&harness, PCL_UINT8, DIMS(2), at_zero, false, 0.5f, 7);
    CHECK(op_run(&harness, &pcl_op_l2_normalization, NULL, &input, 1, &u8, 1) == PCL_OK);
    CHECK(memcmp(u8->data, (uint8_t[]){128, 128}, 2) == 0);
    attributes.softmax.beta = NAN; /* nonsense, but no undefined behaviour */
    CHECK(op_run(&harness, &pcl_op_softmax, &attributes, &input, 1, &u8, 1) == PCL_OK);
    CHECK(memcmp(u8->data, (uint8_t[]){0, 0}, 2) == 0);
    op_harness_close(&harness);
}

static void test_lrn(int32_t depth, int32_t radius) {
    static float in[MAX_ELEMENTS], expected[MAX_ELEMENTS];
    op_harness harness;
    op_harness_open(&harness);
    pcl_attributes attributes = {.local_response_norm = {radius, 1.5f, 0.3f, 0.75f}};
    int32_t count = 2 * 3 * 4 * depth;
    for (int i = 0; i < count; i++) in[i] = random_real(-5, 5);
    for (int i = 0; i < count; i++) {
        double sum = 0;
        for (int j = 0; j < depth; j++)
            if (j >= i % depth - radius && (int64_t)j <= (int64_t)(i % depth) + radius)
                sum += pow((double)in[i / depth * depth + j], 2);
        expected[i] = (float)((double)in[i] / pow(1.5 + (double)0.3f * sum, 0.75));
    }
    pcl_tensor *input = op_tensor(&harness, PCL_FLOAT32, DIMS(2, 3, 4, depth), in, false);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    CHECK(op_run(&harness, &pcl_op_local_response_normalization, &attributes, &input, 1, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, DIMS(2, 3, 4, depth)));
    CHECK(op_float_error(out, expected) <= 1e-6f);
    op_harness_close(&harness);
}

static void test_errors(void) {
    op_harness harness;
    op_harness_open(&harness);
    const float data[4] = {0};
    pcl_attributes negative = {.local_response_norm.radius = -1};
    pcl_tensor *real = op_tensor(&harness, PCL_FLOAT32, DIMS(1, 1, 2, 2), data, false);
    pcl_tensor *flat = op_tensor(&harness, PCL_FLOAT32, DIMS(4), data, false);
    pcl_tensor *scalar = op_tensor(&harness, PCL_FLOAT32, NULL, 0, data, false);
    pcl_tensor *integer = op_tensor(&harness, PCL_INT32, DIMS(4), data, false);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0), *u8 = op_output(&harness, PCL_UINT8, 1, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(op_run(&harness, cases[i].op, NULL, &scalar, 1, &out, 1) == PCL_ERROR_SHAPE);
        CHECK(op_run(&harness, cases[i].op, NULL, &integer, 1, &out, 1) == PCL_ERROR_TYPE);
        CHECK(op_run(&harness, cases[i].op, NULL, &flat, 1, &u8, 1) == PCL_ERROR_TYPE);
    }
    CHECK(op_run(&harness, &pcl_op_local_response_normalization, &negative, &real, 1, &out, 1) == PCL_ERROR_SHAPE);
    CHECK(op_run(&harness, &pcl_op_local_response_normalization, NULL, &flat, 1, &out, 1) == PCL_ERROR_SHAPE);
    op_harness_close(&harness);
}

int main(void) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) test_case(&cases[i]);
    test_extremes();
    test_lrn(1, 0);
    test_lrn(1, 5);
    test_lrn(17, 2);
    test_lrn(300, 40);
    test_lrn(5, INT32_MAX);
    test_errors();
    return test_failures != 0;
}
