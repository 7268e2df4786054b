/* AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D against sums over indices in
 * double precision. */
#include <math.h>

#include "move_reference.h"

enum { TRIALS = 200, MOST = 2 * 12 * 12 * 200 };

static op_harness harness;
static float reals[MOST];
static uint8_t bytes[MOST];

typedef struct pooling {
    pcl_shape in, out;
    pcl_attributes attributes;
    int32_t before[2]; /* top, left */
} pooling;

/* Output size and padding as TensorFlow's documentation has them. */
static void fit_window(pooling *p, int32_t d, int32_t filter, int32_t stride) {
    int32_t size = p->in.dims[d];
    bool same = p->attributes.pool.padding == PCL_PADDING_SAME;
    p->out.dims[d] = same ? (size + stride - 1) / stride : (size - filter) / stride + 1;
    int32_t total = (p->out.dims[d] - 1) * stride + filter - size;
    p->before[d - 1] = same && total > 0 ? total / 2 : 0;
}

static pooling random_pooling(void) {
    pooling p = {.in = shape_of_rank(4, 1, 12)};
    p.in.dims[0] = random_integer(1, 2);
    p.in.dims[3] = random_integer(0, 4) ? random_integer(1, 20) : random_integer(120, 200);
    p.out = p.in;
    pcl_pool_attributes *pool = &p.attributes.pool;
    *pool = (pcl_pool_attributes){.padding = random_integer(0, 1) ? PCL_PADDING_SAME : PCL_PADDING_VALID,
                                  .stride_h = random_integer(1, 4), .stride_w = random_integer(1, 4),
                                  .filter_h = random_integer(1, 5), .filter_w = random_integer(1, 5),
                                  .activation = (pcl_activation)random_integer(0, 3)};
    if (random_integer(0, 3) == 0) pool->filter_h = p.in.dims[1], pool->filter_w = p.in.dims[2];
    if (pool->filter_h > p.in.dims[1] || pool->filter_w > p.in.dims[2]) pool->padding = PCL_PADDING_SAME;
    fit_window(&p, 1, pool->filter_h, pool->stride_h);
    fit_window(&p, 2, pool->filter_w, pool->stride_w);
    return p;
}

typedef enum pool_kind { AVERAGE, MAX, L2 } pool_kind;
static const pcl_op *const pools[] = {&pcl_op_average_pool_2d, &pcl_op_max_pool_2d, &pcl_op_l2_pool_2d};

static double value_at(const pcl_tensor *tensor, size_t i) {
    if (tensor->dtype == PCL_FLOAT32) return (double)((const float *)tensor->data)[i];
    return (((const uint8_t *)tensor->data)[i] - pcl_tensor_zero_point(tensor)) * (double)pcl_tensor_scale(tensor);
}

static double pooled(const pooling *p, pool_kind kind, const pcl_tensor *in, const int32_t *to) {
    const pcl_pool_attributes *pool = &p->attributes.pool;
    double sum = 0.0, best = -INFINITY, squares = 0.0;
    int32_t count = 0;
    for (int32_t i = 0; i < pool->filter_h; i++) {
        for (int32_t j = 0; j < pool->filter_w; j++) {
            int32_t from[4] = {to[0], to[1] * pool->stride_h + i - p->before[0],
                               to[2] * pool->stride_w + j - p->before[1], to[3]};
            if (from[1] < 0 || from[1] >= in->shape.dims[1] || from[2] < 0 || from[2] >= in->shape.dims[2]) continue;
            double value = value_at(in, element_at(from, &in->shape));
            sum += value;
            squares += value * value;
            best = fmax(best, value);
            count++;
        }
    }
    return kind == AVERAGE ? sum / count : kind == MAX ? best : sqrt(squares / count);
}

static double activated(double value, pcl_activation activation) {
    if (activation == PCL_ACTIVATION_RELU) return fmax(value, 0);
    if (activation == PCL_ACTIVATION_RELU6) return fmin(fmax(value, 0), 6);
    if (activation == PCL_ACTIVATION_RELU_N1_TO_1) return fmin(fmax(value, -1), 1);
    return value;
}

/* Worst difference over all outputs, of reals or in quanta. */
static double worst_error(const pooling *p, pool_kind kind, const pcl_tensor *in, const pcl_tensor *out) {
    double worst = 0.0, scale = out->dtype == PCL_FLOAT32 ? 1.0 : (double)pcl_tensor_scale(out);
    double zero_point = pcl_tensor_zero_point(out);
    CHECK(op_shape_is(out, p->out.dims, 4));
    if (!op_shape_is(out, p->out.dims, 4)) return INFINITY;
    for (size_t i = 0; i < shape_elements(&p->out); i++) {
        int32_t to[4];
        index_of(i, &p->out, to);
        double expected = activated(pooled(p, kind, in, to), p->attributes.pool.activation);
        if (out->dtype == PCL_UINT8) expected = fmin(fmax(expected, -zero_point * scale), (255 - zero_point) * scale);
        worst = fmax(worst, fabs(value_at(out, i) - expected) / scale);
    }
    return worst;
}

static void test_reals(pool_kind kind) {
    pooling p = random_pooling();
    for (size_t i = 0; i < shape_elements(&p.in); i++) reals[i] = random_real(-10, 10);
    pcl_tensor *in = op_tensor(&harness, PCL_FLOAT32, p.in.dims, 4, reals, false);
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    CHECK(op_run(&harness, pools[kind], &p.attributes, &in, 1, &out, 1) == PCL_OK);
    CHECK(worst_error(&p, kind, in, out) < 1e-4);
}

/* Half a quantum of rounding, and another half where a bound of the activation is rounded. */
static void test_quantised(pool_kind kind, float out_scale, int32_t out_zero_point, bool from_int8) {
    pooling p = random_pooling();
    p.attributes.pool.from_int8 = from_int8;
    for (size_t i = 0; i < shape_elements(&p.in); i++) bytes[i] = (uint8_t)random_bits();
    pcl_tensor *in = op_quantised(&harness, PCL_UINT8, p.in.dims, 4, bytes, false, 0.06f, 120);
    pcl_tensor *out = op_output(&harness, PCL_UINT8, out_scale, out_zero_point);
    CHECK(op_run(&harness, pools[kind], &p.attributes, &in, 1, &out, 1) == PCL_OK);
    double allowed = p.attributes.pool.activation == PCL_ACTIVATION_NONE ? 0.5 : 1.0;
    CHECK(worst_error(&p, kind, in, out) < allowed + 1e-3);
}

/* Where halves go: up for uint8, away from 128 for int8. */
static void test_halves(void) {
    static const uint8_t values[] = {3, 200, 127, 128, 4, 201, 128, 129}; /* [2 pixels][4 channels] */
    static const uint8_t up[] = {4, 201, 128, 129}, away[] = {3, 201, 127, 129};
    for (int from_int8 = 0; from_int8 < 2; from_int8++) {
        pcl_tensor *in = op_quantised(&harness, PCL_UINT8, DIMS(1, 1, 2, 4), values, false, 0.1f, 128);
        pcl_tensor *out = op_output(&harness, PCL_UINT8, 0.1f, 128);
        pcl_attributes attributes = {.pool = {.padding = PCL_PADDING_VALID, .stride_h = 1, .stride_w = 1, .filter_h = 1,
                                              .filter_w = 2, .from_int8 = from_int8}};
        CHECK(op_run(&harness, &pcl_op_average_pool_2d, &attributes, &in, 1, &out, 1) == PCL_OK);
        CHECK(memcmp(out->data, from_int8 ? away : up, 4) == 0);
    }
}

/* --- What they refuse ------------------------------------------------------- */

static pcl_status status_with(const pcl_op *op, pcl_tensor *in, pcl_tensor *out, pcl_pool_attributes pool) {
    pcl_attributes attributes = {.pool = pool};
    return op_run(&harness, op, &attributes, &in, 1, &out, 1);
}

static pcl_pool_attributes window(int32_t filter_h, int32_t filter_w, int32_t stride) {
    return (pcl_pool_attributes){.padding = PCL_PADDING_VALID, .stride_h = stride, .stride_w = stride,
                                 .filter_h = filter_h, .filter_w = filter_w};
}

static void test_errors(void) {
    pcl_shape shape = {4, {1, 4, 5, 2}}, flat = {3, {4, 5, 2}}, empty = {4, {1, 0, 5, 2}}, idle = {4, {0, 4, 5, 2}};
    pcl_tensor *in = random_tensor(&harness, PCL_FLOAT32, &shape), *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    const pcl_op *average = &pcl_op_average_pool_2d, *max = &pcl_op_max_pool_2d;
    CHECK(status_with(average, in, out, window(2, 2, 2)) == PCL_OK);
    CHECK(status_with(average, random_tensor(&harness, PCL_FLOAT32, &idle), out, window(2, 2, 2)) == PCL_OK);
    CHECK(status_with(average, in, out, window(0, 2, 2)) == PCL_ERROR_SHAPE);
    CHECK(status_with(average, in, out, window(2, 2, 0)) == PCL_ERROR_SHAPE);
    CHECK(status_with(average, in, out, window(5, 2, 1)) == PCL_ERROR_SHAPE);
    CHECK(status_with(average, in, out, window(INT32_MAX, 2, 1)) == PCL_ERROR_SHAPE);
    pcl_pool_attributes huge = window(1 << 16, 1 << 16, 1), outside = window(2, 2, 1);
    huge.padding = PCL_PADDING_SAME;
    CHECK(status_with(average, in, out, huge) == PCL_ERROR_LIMIT);
    outside.padding = PCL_PADDING_EXPLICIT;
    outside.pads = (pcl_pads){1, 1, 1, 1};
    CHECK(status_with(average, in, out, outside) == PCL_OK);
    outside.pads.left = 2;
    CHECK(status_with(average, in, out, outside) == PCL_ERROR_SHAPE);
    CHECK(status_with(average, random_tensor(&harness, PCL_FLOAT32, &flat), out, window(2, 2, 1)) == PCL_ERROR_SHAPE);
    CHECK(status_with(average, random_tensor(&harness, PCL_FLOAT32, &empty), out, window(1, 1, 1)) == PCL_ERROR_SHAPE);
    pcl_tensor *integer = random_tensor(&harness, PCL_INT32, &shape), *plain = random_tensor(&harness, PCL_UINT8, &shape);
    pcl_tensor *quantised = op_quantised(&harness, PCL_UINT8, shape.dims, 4, plain->data, false, 0.1f, 3);
    pcl_tensor *other = op_output(&harness, PCL_UINT8, 0.2f, 3);
    CHECK(status_with(max, integer, op_output(&harness, PCL_INT32, 0, 0), window(2, 2, 1)) == PCL_ERROR_TYPE);
    CHECK(status_with(max, plain, other, window(2, 2, 1)) == PCL_ERROR_TYPE);
    CHECK(status_with(max, quantised, out, window(2, 2, 1)) == PCL_ERROR_TYPE);
    CHECK(status_with(max, quantised, other, window(2, 2, 1)) == PCL_ERROR_TYPE);
    CHECK(status_with(average, quantised, other, window(2, 2, 1)) == PCL_OK);
    CHECK(status_with(&pcl_op_l2_pool_2d, quantised, other, window(2, 2, 1)) == PCL_ERROR_TYPE);
}

int main(void) {
    for (int i = 0; i < TRIALS; i++) {
        op_harness_open(&harness);
        for (pool_kind kind = AVERAGE; kind <= L2; kind++) test_reals(kind);
        test_quantised(MAX, 0.06f, 120, false);
        test_quantised(AVERAGE, 0.06f, 120, false);
        test_quantised(AVERAGE, 0.06f, 120, true);
        test_quantised(AVERAGE, 0.043f, 70, false);
        op_harness_close(&harness);
    }
    op_harness_open(&harness);
    test_halves();
    test_errors();
    op_harness_close(&harness);
    return test_failures != 0;
}
