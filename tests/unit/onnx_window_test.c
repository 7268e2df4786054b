/* ONNX's convolutions and pools against loops over every output and every
 * element of its window, for random shapes of one to three dimensions; and
 * cases worked out by hand for what the attributes mean. */
#include <stdlib.h>

#include "onnx_harness.h"
#include "random_shapes.h"

static int32_t random_below(int32_t bound) { return random_integer(0, bound - 1); }

/* Shapes of a window, always as three dimensions; the first 3 - rank are 1. */
typedef struct shape3 {
    int32_t rank, in[3], kernel[3], stride[3], dilation[3], before[3], after[3], out[3];
} shape3;

static shape3 random_window(void) {
    shape3 s = {.rank = 1 + random_below(3)};
    for (int32_t i = 0; i < 3; i++) {
        bool used = i >= 3 - s.rank;
        s.kernel[i] = used ? 1 + random_below(3) : 1;
        s.stride[i] = used ? 1 + random_below(3) : 1;
        s.dilation[i] = used ? 1 + random_below(2) : 1;
        s.before[i] = used ? random_below(3) : 0;
        s.after[i] = used ? random_below(3) : 0;
        s.in[i] = used ? (s.kernel[i] - 1) * s.dilation[i] + 1 + random_below(5) : 1;
        s.out[i] = (s.in[i] + s.before[i] + s.after[i] - (s.kernel[i] - 1) * s.dilation[i] - 1) / s.stride[i] + 1;
    }
    return s;
}

static pcl_onnx_window_attributes attributes_of(const shape3 *s) {
    pcl_onnx_window_attributes a = {.kernel_shape.count = s->rank, .strides.count = s->rank,
                                    .dilations.count = s->rank, .pads.count = 2 * s->rank};
    for (int32_t i = 0; i < s->rank; i++) {
        int32_t from = 3 - s->rank + i;
        a.kernel_shape.values[i] = s->kernel[from];
        a.strides.values[i] = s->stride[from];
        a.dilations.values[i] = s->dilation[from];
        a.pads.values[i] = s->before[from];
        a.pads.values[s->rank + i] = s->after[from];
    }
    return a;
}

static int32_t volume(const int32_t *dims) { return dims[0] * dims[1] * dims[2]; }

/* Where element k of the window at output o lies in the input; -1: in the padding. */
static int32_t place(const shape3 *s, int32_t o, int32_t k) {
    int32_t at = 0, o_index[3], k_index[3];
    for (int32_t i = 2; i >= 0; i--) {
        o_index[i] = o % s->out[i], o /= s->out[i];
        k_index[i] = k % s->kernel[i], k /= s->kernel[i];
    }
    for (int32_t i = 0; i < 3; i++) {
        int32_t x = o_index[i] * s->stride[i] - s->before[i] + k_index[i] * s->dilation[i];
        if (x < 0 || x >= s->in[i]) return -1;
        at = at * s->in[i] + x;
    }
    return at;
}

static float *random_floats(int32_t count) {
    float *values = malloc((size_t)count * sizeof *values);
    for (int32_t i = 0; i < count; i++) values[i] = (float)(random_below(33) - 16) / 8.0f; /* sums are exact */
    return values;
}

static pcl_tensor *tensor3(op_harness *h, pcl_dtype dtype, int32_t first, int32_t second, const shape3 *s,
                           const int32_t *spatial, const void *data) {
    int32_t dims[5] = {first, second};
    for (int32_t i = 0; i < s->rank; i++) dims[2 + i] = spatial[3 - s->rank + i];
    return onnx_in(h, dtype, dims, 2 + s->rank, data);
}

static void test_conv(void) {
    shape3 s = random_window();
    int32_t groups = 1 + random_below(2), c = 1 + random_below(2), m = 1 + random_below(3), batch = 1 + random_below(2);
    int32_t in = volume(s.in), out = volume(s.out), kernel = volume(s.kernel);
    float *x = random_floats(batch * groups * c * in), *w = random_floats(groups * m * c * kernel);
    float *b = random_floats(groups * m), *expected = malloc((size_t)(batch * groups * m * out) * sizeof *expected);
    for (int32_t i = 0; i < batch * groups * m * out; i++) {
        int32_t n = i / out / m / groups, channel = i / out % (m * groups), group = channel / m;
        expected[i] = b[channel];
        for (int32_t ci = 0; ci < c; ci++)
            for (int32_t k = 0; k < kernel; k++) {
                int32_t at = place(&s, i % out, k);
                if (at >= 0)
                    expected[i] += x[((n * groups + group) * c + ci) * in + at] * w[(channel * c + ci) * kernel + k];
            }
    }
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_conv_attributes attributes = {.window = attributes_of(&s), .group = groups};
    pcl_tensor *inputs[] = {tensor3(&h, PCL_FLOAT32, batch, groups * c, &s, s.in, x),
                            tensor3(&h, PCL_FLOAT32, groups * m, c, &s, s.kernel, w),
                            onnx_in(&h, PCL_FLOAT32, DIMS(groups * m), b)};
    CHECK(
        onnx_near(onnx_run(&h, &pcl_onnx_conv, &attributes, inputs, 3), expected, (size_t)(batch * groups * m * out)));
    op_harness_close(&h);
    free(x), free(w), free(b), free(expected);
}

/* Here the window slides over the output, and the input says how much of each. */
static void test_conv_transpose(void) {
    shape3 s = random_window(); /* in: of the result; out: of what goes in */
    pcl_onnx_conv_attributes attributes = {.group = 1 + random_below(2)};
    int32_t groups = attributes.group, c = 1 + random_below(2), m = 1 + random_below(3);
    for (int32_t i = 0; i < 3; i++) { /* so that the sizes fit exactly, but for output_padding */
        int32_t extent = (s.kernel[i] - 1) * s.dilation[i] + 1;
        int32_t more = i >= 3 - s.rank && s.stride[i] > 1 ? random_below(s.stride[i]) : 0;
        while ((s.out[i] - 1) * s.stride[i] + extent + more - s.before[i] - s.after[i] < 1) s.out[i]++;
        s.in[i] = (s.out[i] - 1) * s.stride[i] + extent + more - s.before[i] - s.after[i];
        if (i >= 3 - s.rank) attributes.output_padding.values[attributes.output_padding.count++] = more;
    }
    attributes.window = attributes_of(&s);
    int32_t result = volume(s.in), given = volume(s.out), kernel = volume(s.kernel), channels = groups * m;
    float *x = random_floats(groups * c * given), *w = random_floats(groups * c * m * kernel),
          *b = random_floats(channels);
    float *expected = malloc((size_t)(channels * result) * sizeof *expected);
    for (int32_t i = 0; i < channels * result; i++) expected[i] = b[i / result];
    for (int32_t channel = 0; channel < channels; channel++)
        for (int32_t ci = 0; ci < c; ci++)
            for (int32_t o = 0; o < given; o++)
                for (int32_t k = 0; k < kernel; k++) {
                    int32_t at = place(&s, o, k), from = channel / m * c + ci;
                    if (at >= 0)
                        expected[channel * result + at] +=
                            x[from * given + o] * w[(from * m + channel % m) * kernel + k];
                }
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *inputs[] = {tensor3(&h, PCL_FLOAT32, 1, groups * c, &s, s.out, x),
                            tensor3(&h, PCL_FLOAT32, groups * c, m, &s, s.kernel, w),
                            onnx_in(&h, PCL_FLOAT32, DIMS(channels), b)};
    CHECK(onnx_near(onnx_run(&h, &pcl_onnx_conv_transpose, &attributes, inputs, 3), expected,
                    (size_t)(channels * result)));
    op_harness_close(&h);
    free(x), free(w), free(b), free(expected);
}

static void test_conv_integer(void) {
    shape3 s = random_window();
    bool x_signed = random_below(2), w_signed = random_below(2);
    int32_t groups = 1 + random_below(2), each = random_below(2) ? 2 : 9, m = groups * each,
            batch = 1 + random_below(2);
    int32_t c = random_below(4) ? 2 : 40; /* of a group */
    int32_t in = volume(s.in), out = volume(s.out), kernel = volume(s.kernel), results = batch * m * out;
    uint8_t *x = malloc((size_t)(batch * groups * c * in)), *w = malloc((size_t)(m * c * kernel)), x_zero = 100;
    uint8_t w_zero[18];
    int32_t *expected = calloc((size_t)results, sizeof *expected);
    for (int32_t i = 0; i < batch * groups * c * in; i++) x[i] = (uint8_t)random_below(256);
    for (int32_t i = 0; i < m * c * kernel; i++) w[i] = (uint8_t)random_below(256);
    for (int32_t i = 0; i < m; i++) w_zero[i] = (uint8_t)random_below(128);
    for (int32_t i = 0; i < results; i++) {
        int32_t channel = i / out % m, plane = (i / out / m * groups + channel / each) * c;
        for (int32_t k = 0; k < c * kernel; k++) {
            int32_t at = place(&s, i % out, k % kernel);
            if (at < 0) continue;
            uint8_t value = x[(plane + k / kernel) * in + at], weight = w[channel * c * kernel + k];
            expected[i] += ((x_signed ? (int8_t)value : value) - x_zero) *
                           ((w_signed ? (int8_t)weight : weight) - w_zero[channel]);
        }
    }
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_conv_attributes attributes = {.window = attributes_of(&s), .group = groups};
    pcl_dtype x_type = x_signed ? PCL_INT8 : PCL_UINT8, w_type = w_signed ? PCL_INT8 : PCL_UINT8;
    pcl_tensor *x_in = tensor3(&h, x_type, batch, groups * c, &s, s.in, x);
    pcl_tensor *w_in = tensor3(&h, w_type, m, c, &s, s.kernel, w);
    pcl_tensor *zero = onnx_in(&h, x_type, NULL, 0, &x_zero), *zeros = onnx_in(&h, w_type, DIMS(m), w_zero);
    CHECK(onnx_is(onnx_run(&h, &pcl_onnx_conv_integer, &attributes, (pcl_tensor *[]){x_in, w_in, zero, zeros}, 4),
                  PCL_INT32, expected, (size_t)results * sizeof *expected));
    /* The same sums, scaled to bytes. */
    float scales[18], x_scale = 0.5f, y_scale = 64.0f;
    int32_t bias[18];
    int8_t y_zero = -3, *quantised = malloc((size_t)results);
    for (int32_t i = 0; i < m; i++) {
        scales[i] = 0.125f * (float)(1 << i % 3);
        bias[i] = random_below(8000) - 4000;
    }
    for (int32_t i = 0; i < results; i++) {
        int32_t channel = i / out % m, sum = expected[i] + bias[channel];
        double real = nearbyint(sum * (double)(x_scale * scales[channel]) / (double)y_scale) - 3;
        quantised[i] = (int8_t)fmax(-128, fmin(127, real));
    }
    pcl_tensor *inputs[] = {x_in, onnx_in(&h, PCL_FLOAT32, NULL, 0, &x_scale), zero,
                            w_in, onnx_in(&h, PCL_FLOAT32, DIMS(m), scales), zeros,
                            onnx_in(&h, PCL_FLOAT32, NULL, 0, &y_scale), onnx_in(&h, PCL_INT8, NULL, 0, &y_zero),
                            onnx_in(&h, PCL_INT32, DIMS(m), bias)};
    CHECK(onnx_is(onnx_run(&h, &pcl_onnx_qlinear_conv, &attributes, inputs, 9), PCL_INT8, quantised, (size_t)results));
    op_harness_close(&h);
    free(x), free(w), free(expected), free(quantised);
}

static void test_pools(void) {
    shape3 s = random_window();
    int32_t planes = 2, in = volume(s.in), out = volume(s.out), kernel = volume(s.kernel);
    float *x = random_floats(planes * in), *expected = malloc((size_t)(4 * planes * out) * sizeof *expected);
    float *greatest = expected, *average = greatest + planes * out, *padded = average + planes * out,
          *length = padded + planes * out;
    for (int32_t i = 0; i < planes * out; i++) {
        double sum = 0, squares = 0, count = 0, top = -INFINITY;
        for (int32_t k = 0; k < kernel; k++) {
            int32_t at = place(&s, i % out, k);
            if (at < 0) continue;
            double value = (double)x[i / out * in + at];
            sum += value, squares += value * value, count++, top = fmax(top, value);
        }
        greatest[i] = (float)top;
        average[i] = count > 0 ? (float)(sum / count) : 0.0f;
        padded[i] = (float)(sum / kernel);
        length[i] = (float)sqrt(squares);
    }
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_pool_attributes plain = {.window = attributes_of(&s), .p = 2};
    const pcl_onnx_pool_attributes with_padding = {.window = attributes_of(&s), .count_include_pad = true};
    pcl_tensor *input = tensor3(&h, PCL_FLOAT32, 1, planes, &s, s.in, x);
    size_t count = (size_t)(planes * out);
    CHECK(onnx_near(onnx_run(&h, &pcl_onnx_max_pool, &plain, &input, 1), greatest, count));
    CHECK(onnx_near(onnx_run(&h, &pcl_onnx_average_pool, &plain, &input, 1), average, count));
    CHECK(onnx_near(onnx_run(&h, &pcl_onnx_average_pool, &with_padding, &input, 1), padded, count));
    CHECK(onnx_near(onnx_run(&h, &pcl_onnx_lp_pool, &plain, &input, 1), length, count));
    op_harness_close(&h);
    free(x), free(expected);
}

static const float sixteen[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void test_max_pool_indices(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(1, 2, 2, 4), sixteen);
    for (int columns_first = 0; columns_first < 2; columns_first++) {
        const pcl_onnx_pool_attributes attributes = {
            .window = {.kernel_shape = {2, {2, 2}}, .strides = {2, {2, 2}}}, .storage_order = columns_first};
        const pcl_attributes tools = {.tools = &attributes};
        pcl_tensor *outputs[] = {op_output(&h, PCL_INT8, 0, 0), op_output(&h, PCL_INT8, 0, 0)};
        CHECK(op_run(&h, &pcl_onnx_max_pool, &tools, &x, 1, outputs, 2) == PCL_OK);
        CHECK(NEAR(outputs[0], 5, 7, 13, 15));
        if (columns_first) CHECK(IS(outputs[1], PCL_INT64, INTS(3, 7, 11, 15)));
        else CHECK(IS(outputs[1], PCL_INT64, INTS(5, 7, 13, 15)));
    }
    pcl_tensor *bytes = onnx_in(&h, PCL_INT8, DIMS(1, 1, 3), (int8_t[]){-100, -7, -90});
    const pcl_onnx_pool_attributes pair = {.window = {.kernel_shape = {1, {2}}, .pads = {2, {1, 1}}}};
    CHECK(IS(onnx_run(&h, &pcl_onnx_max_pool, &pair, &bytes, 1), PCL_INT8, (int8_t[]){-100, -7, -7, -90}));
    op_harness_close(&h);
}

/* 5 elements, windows of 2 by 2: the last one is partly outside. Padding before
 * the first makes one that would start beyond the end, which does not count. */
static void test_ceil_mode(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(1, 1, 5), sixteen);
    pcl_onnx_pool_attributes attributes = {.window = {.kernel_shape = {1, {2}}, .strides = {1, {2}}},
                                           .ceil_mode = true};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_max_pool, &attributes, &x, 1), 1, 3, 4));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_average_pool, &attributes, &x, 1), 0.5f, 2.5f, 4));
    attributes.count_include_pad = true; /* what lies beyond the padding is not counted either */
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_average_pool, &attributes, &x, 1), 0.5f, 2.5f, 4));
    attributes.window.strides.values[0] = 3;
    attributes.window.pads = (pcl_onnx_list){2, {1, 1}};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_max_pool, &attributes, &x, 1), 0, 3));
    op_harness_close(&h);
}

static void test_auto_pad(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(1, 1, 4), FLOATS(1, 2, 3, 4));
    pcl_tensor *w = onnx_in(&h, PCL_FLOAT32, DIMS(1, 1, 2), FLOATS(1, 10));
    pcl_onnx_conv_attributes attributes = {.group = 1, .window.auto_pad = PCL_ONNX_SAME_UPPER};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_conv, &attributes, (pcl_tensor *[]){x, w}, 2), 21, 32, 43, 4));
    attributes.window.auto_pad = PCL_ONNX_SAME_LOWER;
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_conv, &attributes, (pcl_tensor *[]){x, w}, 2), 10, 21, 32, 43));
    attributes.window.auto_pad = PCL_ONNX_VALID;
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_conv, &attributes, (pcl_tensor *[]){x, w}, 2), 21, 32, 43));

    /* Transposed, stride 2: 1 10 2 20 3 30 4 40 is all of it. */
    attributes = (pcl_onnx_conv_attributes){.group = 1, .window.strides = {1, {2}}};
    pcl_tensor *inputs[] = {x, onnx_in(&h, PCL_FLOAT32, DIMS(1, 1, 3), FLOATS(1, 10, 100))};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_conv_transpose, &attributes, inputs, 2), 1, 10, 102, 20, 203, 30, 304, 40, 400));
    attributes.window.auto_pad = PCL_ONNX_SAME_UPPER;
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_conv_transpose, &attributes, inputs, 2), 1, 10, 102, 20, 203, 30, 304, 40));
    attributes.window.auto_pad = PCL_ONNX_SAME_LOWER;
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_conv_transpose, &attributes, inputs, 2), 10, 102, 20, 203, 30, 304, 40, 400));
    attributes.window.auto_pad = PCL_ONNX_NOTSET;
    attributes.output_shape = (pcl_onnx_list){1, {7}};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_conv_transpose, &attributes, inputs, 2), 10, 102, 20, 203, 30, 304, 40));
    attributes.output_shape = (pcl_onnx_list){1, {10}};
    CHECK(
        NEAR(onnx_run(&h, &pcl_onnx_conv_transpose, &attributes, inputs, 2), 1, 10, 102, 20, 203, 30, 304, 40, 400, 0));
    op_harness_close(&h);
}

static void test_max_unpool(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_pool_attributes attributes = {.window = {.kernel_shape = {1, {2}}, .strides = {1, {2}}}};
    const pcl_onnx_pool_attributes padded = {.window = {.kernel_shape = {1, {2}}, .pads = {2, {2, 2}}}};
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(1, 2, 2), sixteen + 1);
    pcl_tensor *indices = onnx_in(&h, PCL_INT64, DIMS(1, 2, 2), INTS(1, 2, 4, 7)), *inputs[] = {x, indices, NULL};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_max_unpool, &attributes, inputs, 3), 0, 1, 2, 0, 3, 0, 0, 4));
    inputs[2] = onnx_list_in(&h, INTS(1, 2, 5), 3); /* the places count in 4 columns all the same */
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_max_unpool, &attributes, inputs, 3), 0, 1, 2, 0, 0, 3, 0, 0, 4, 0));
    inputs[2] = onnx_list_in(&h, INTS(1, 2, 3), 3);
    CHECK(!onnx_run(&h, &pcl_onnx_max_unpool, &attributes, inputs, 3) && h.error.status == PCL_ERROR_VALUE);
    CHECK(!onnx_run(&h, &pcl_onnx_max_unpool, &padded, inputs, 2) && h.error.status == PCL_ERROR_SHAPE);
    const int64_t wild[] = {-1, 8, INT64_MAX, INT64_MIN};
    for (int i = 0; i < COUNT(wild); i++) {
        pcl_tensor *outside = onnx_in(&h, PCL_INT64, DIMS(1, 1, 1), &wild[i]), *pair[] = {x, outside};
        pair[0] = onnx_in(&h, PCL_FLOAT32, DIMS(1, 1, 1), sixteen);
        CHECK(!onnx_run(&h, &pcl_onnx_max_unpool, &attributes, pair, 2) && h.error.status == PCL_ERROR_VALUE);
    }
    op_harness_close(&h);
}

static void test_global_pools(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_pool_attributes attributes = {.p = 2};
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(1, 2, 1, 2, 1, 1), FLOATS(3, -4, -1, -2));
    pcl_tensor *average = onnx_run(&h, &pcl_onnx_global_average_pool, NULL, &x, 1);
    CHECK(NEAR(average, -0.5f, -1.5f) && op_shape_is(average, DIMS(1, 2, 1, 1, 1, 1)));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_global_max_pool, NULL, &x, 1), 3, -1));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_global_lp_pool, &attributes, &x, 1), 5, sqrtf(5)));
    op_harness_close(&h);
}

static void test_refusals(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(1, 2, 4), sixteen),
               *w = onnx_in(&h, PCL_FLOAT32, DIMS(2, 1, 2), sixteen);
    pcl_tensor *inputs[] = {x, w}, *b = onnx_in(&h, PCL_FLOAT32, DIMS(3), sixteen);
    const pcl_onnx_conv_attributes wrong[] = {
        {.group = 1},
        {.group = 0},
        {.group = -2},
        {.group = 2, .window.strides = {1, {0}}},
        {.group = 2, .window.dilations = {1, {4}}},
        {.group = 2, .window.pads = {2, {-1, 0}}},
        {.group = 2, .window.pads = {1, {1}}},
        {.group = 2, .window.strides = {2, {1, 1}}},
        {.group = 2, .window.kernel_shape = {1, {3}}},
    };
    for (int i = 0; i < COUNT(wrong); i++)
        CHECK(!onnx_run(&h, &pcl_onnx_conv, &wrong[i], inputs, 2) && h.error.status == PCL_ERROR_SHAPE);
    const pcl_onnx_conv_attributes right = {.group = 2};
    CHECK(onnx_run(&h, &pcl_onnx_conv, &right, inputs, 2));
    CHECK(!onnx_run(&h, &pcl_onnx_conv, &right, (pcl_tensor *[]){x, w, b}, 3) && h.error.status == PCL_ERROR_SHAPE);
    const pcl_onnx_conv_attributes wrong_result[] = {
        {.group = 1, .output_shape = {1, {0}}},
        {.group = 1, .output_padding = {1, {-1}}},
        {.group = 1, .window.pads = {2, {3, 2}}},
        {.group = 1, .output_padding = {2, {0, 0}}},
    };
    for (int i = 0; i < COUNT(wrong_result); i++)
        CHECK(!onnx_run(&h, &pcl_onnx_conv_transpose, &wrong_result[i], inputs, 2) &&
              h.error.status == PCL_ERROR_SHAPE);
    const pcl_onnx_pool_attributes no_kernel = {.p = 2};
    CHECK(!onnx_run(&h, &pcl_onnx_max_pool, &no_kernel, &x, 1) && h.error.status == PCL_ERROR_FORMAT);
    op_harness_close(&h);
}

int main(void) {
    for (int i = 0; i < 60; i++) {
        test_conv();
        test_conv_transpose();
        test_conv_integer();
        test_pools();
    }
    test_max_pool_indices();
    test_ceil_mode();
    test_auto_pad();
    test_max_unpool();
    test_global_pools();
    test_refusals();
    return test_failures != 0;
}
