/* winograd_f32 and winograd_segments_f32: the scalar transforms around the products
 * give the convolution itself; the others agree with scalar within TOLERANCE. */
#include <math.h>

#include "checkkernel.h"

#define TOLERANCE 2e-5f

/* G, written out from the points 0, 1, -1, 2, -2 (the last row is the point at infinity). */
static void make_filter_matrix(double rows[6][3]) {
    static const double points[5] = {0, 1, -1, 2, -2}, scales[5] = {4, -6, -6, 24, 24};
    for (int i = 0; i < 5; i++)
        for (int p = 0; p < 3; p++) rows[i][p] = pow(points[i], p) / scales[i];
    rows[5][0] = rows[5][1] = 0;
    rows[5][2] = 1;
}

/* G g G^T */
static void transform_filter(const float g[9], float out[36]) {
    double rows[6][3];
    make_filter_matrix(rows);
    for (int i = 0; i < 36; i++) {
        double sum = 0;
        for (int t = 0; t < 9; t++) sum += rows[i / 6][t / 3] * rows[i % 6][t % 3] * (double)g[t];
        out[i] = (float)sum;
    }
}

static void test_is_convolution(const pcl_kernels *kernels, const char *name) {
    float pixels[36][4], products[36][4], filter[9], transformed[36], got[16 * 4], expected[16 * 4];
    const float bias[4] = {0.25f, -1, 0, 2};
    const void *taps[36];
    check_fill_floats(filter, 9, -1, 1);
    check_fill_floats(pixels[0], 36 * 4, -1, 1);
    transform_filter(filter, transformed);
    for (int i = 0; i < 36; i++) taps[i] = pixels[i];
    kernels->winograd_input_f32(taps, 4, products[0], 4);
    for (int i = 0; i < 36; i++)
        for (int c = 0; c < 4; c++) products[i][c] *= transformed[i];
    pcl_winograd_output task = {products[0], 4, 4, bias, -INFINITY, INFINITY, got, 16, 4, 4};
    kernels->winograd_output_f32(&task);
    for (int o = 0; o < 16; o++)
        for (int c = 0; c < 4; c++) {
            expected[o * 4 + c] = bias[c];
            for (int t = 0; t < 9; t++)
                expected[o * 4 + c] += filter[t] * pixels[(o / 4 + t / 3) * 6 + o % 4 + t % 3][c];
        }
    check_floats(expected, got, 64, TOLERANCE, name);
}

/* A 3x3 filter of each of `channels`, over two tiles. */
static void test_segments_are_convolution(const pcl_kernels *kernels, size_t channels, const char *name) {
    /* G of F(3, 3), written out from the points 0, 1, -1, 2 and infinity */
    static const double matrix[5][3] = {
        {1. / 2, 0, 0}, {-1. / 2, -1. / 2, -1. / 2}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 6, 2. / 6, 4. / 6}, {0, 0, 1}};
    float pixels[5][8 * 8 + 3], filter[9][8], products[25][16 + 3], got[3 * 5 * 8], expected[3 * 5 * 8];
    const void *rows[5];
    size_t lanes = (channels + 3) / 4 * 4;
    check_fill_floats(filter[0], 9 * 8, -1, 1);
    check_fill_floats(pixels[0], 5 * (8 * 8 + 3), -1, 1);
    for (int i = 0; i < 5; i++) rows[i] = pixels[i];
    kernels->winograd_segments_input_f32(rows, 2, channels, products[0], 19);
    for (size_t i = 0; i < 25; i++)
        for (size_t tile = 2; tile-- > 0;) /* to where lanes are: from the end, for those are further on */
            for (size_t c = channels; c-- > 0;) {
                double weight = 0;
                for (int t = 0; t < 9; t++)
                    weight += matrix[i / 5][t / 3] * matrix[i % 5][t % 3] * (double)filter[t][c];
                products[i][tile * lanes + c] = products[i][tile * channels + c] * (float)weight;
            }
    pcl_winograd_segments_output task = {products[0], 19, channels, -INFINITY, INFINITY, got, 5, 3};
    kernels->winograd_segments_output_f32(&task);
    for (size_t o = 0; o < 15; o++)
        for (size_t c = 0; c < channels; c++) {
            float *sum = &expected[o * channels + c];
            *sum = 0;
            for (size_t t = 0; t < 9; t++) *sum += filter[t][c] * pixels[o / 5 + t / 3][(o % 5 + t % 3) * channels + c];
        }
    check_floats(expected, got, 15 * channels, TOLERANCE, name);
}

static void test_segments_input(size_t tiles, size_t channels) {
    const void *rows[5];
    size_t floats = (3 * tiles + 2) * channels + 3;
    for (int i = 0; i < 5; i++) {
        float *row = check_input(floats * 4, 4 * check_random_size(0, 3));
        check_fill_floats(row, floats, -1, 1);
        rows[i] = row;
    }
    size_t count = tiles * channels, stride = count + 3 + check_random_size(0, 5), whole = 24 * stride + count + 3;
    float *out = check_output(whole * 4, 4 * check_random_size(0, 3)), *expected = check_input(whole * 4, 0);
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        target.kernels->winograd_segments_input_f32(rows, tiles, channels, t == 0 ? expected : out, stride);
        for (size_t i = 0; t > 0 && i < 25; i++)
            check_floats(expected + i * stride, out + i * stride, count, TOLERANCE, target.name);
        check_that(check_output_intact(out), "winograd_segments_input_f32 %s wrote outside", target.name);
    }
    check_release();
}

static void test_segments_output(size_t width, size_t channels, int32_t rows, bool clamp) {
    size_t count = (width + 2) / 3 * ((channels + 3) / 4 * 4), stride = count + check_random_size(0, 5);
    float *products = check_input((24 * stride + count) * 4, 4 * check_random_size(0, 3));
    check_fill_floats(products, 24 * stride + count, -1, 1);
    size_t values = (size_t)rows * width * channels;
    float *out = check_output(values * 4, 4 * check_random_size(0, 3)), *expected = check_input(values * 4, 0);
    pcl_winograd_segments_output task = {products, stride, channels, clamp ? -1 : -INFINITY, clamp ? 2 : INFINITY,
                                         NULL,     width,  rows};
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        task.out = t == 0 ? expected : out;
        target.kernels->winograd_segments_output_f32(&task);
        if (t > 0) check_floats(expected, out, values, 10 * TOLERANCE, target.name);
        check_that(check_output_intact(out), "winograd_segments_output_f32 %s wrote outside", target.name);
    }
    check_release();
}

static void test_input(size_t channels, size_t stride) {
    const void *taps[36];
    for (int i = 0; i < 36; i++) {
        float *pixel = check_input(channels * 4, 4 * check_random_size(0, 3));
        check_fill_floats(pixel, channels, -1, 1);
        taps[i] = pixel;
    }
    size_t count = 35 * stride + channels;
    float *out = check_output(count * 4, 4 * check_random_size(0, 3)), *expected = check_input(count * 4, 0);
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        if (t == 0) memcpy(expected, out, count * 4);
        target.kernels->winograd_input_f32(taps, channels, t == 0 ? expected : out, stride);
        if (t > 0) check_floats(expected, out, count, TOLERANCE, target.name);
        check_that(check_output_intact(out), "winograd_input_f32 %s wrote outside", target.name);
    }
    check_release();
}

static void test_output(size_t channels, int rows, int columns, bool clamp) {
    size_t stride = channels + 4 * check_random_size(0, 2), row_stride = 4 * channels + check_random_size(0, 5);
    float *products = check_input((35 * stride + channels) * 4, 4 * check_random_size(0, 3));
    check_fill_floats(products, 35 * stride + channels, -1, 1);
    float *bias = check_input(channels * 4, 4);
    check_fill_floats(bias, channels, -1, 1);
    size_t count = (size_t)(rows - 1) * row_stride + (size_t)columns * channels;
    float *out = check_output(count * 4, 4 * check_random_size(0, 3)), *expected = check_input(count * 4, 0);
    pcl_winograd_output task = {.products = products, .stride = stride, .channels = channels, .bias = bias,
                                .low = clamp ? -1 : -INFINITY, .high = clamp ? 2 : INFINITY,
                                .row_stride = row_stride, .rows = rows, .columns = columns};
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        if (t == 0) memcpy(expected, out, count * 4);
        task.out = t == 0 ? expected : out;
        target.kernels->winograd_output_f32(&task);
        if (t > 0) check_floats(expected, out, count, 10 * TOLERANCE, target.name);
        check_that(check_output_intact(out), "winograd_output_f32 %s wrote outside", target.name);
    }
    check_release();
}

static void test(void) {
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        test_is_convolution(target.kernels, target.name);
        for (size_t channels = 1; channels <= 8; channels++)
            test_segments_are_convolution(target.kernels, channels, target.name);
    }
    for (size_t tiles = 1; tiles <= 5; tiles++)
        for (size_t channels = 1; channels <= 13; channels++) test_segments_input(tiles, channels);
    for (size_t width = 1; width <= 8; width++)
        for (size_t channels = 1; channels <= 13; channels++)
            test_segments_output(width, channels, 1 + (int32_t)(width + channels) % 3, channels % 2 == 0);
    for (size_t channels = 4; channels <= 40; channels += 4) test_input(channels, channels + 4 * (channels % 3));
    for (int part = 0; part < 32; part++) test_output(4 * check_random_size(1, 6), 1 + part % 4, 1 + part / 4 % 4, part > 15);
}

typedef struct call {
    const pcl_kernels *kernels;
    const void *taps[36];
    float *transformed;
    pcl_winograd_output output;
} call;

static void run_input(void *argument) {
    const call *to = argument;
    to->kernels->winograd_input_f32(to->taps, 32, to->transformed, 32);
}

static void run_output(void *argument) {
    const call *to = argument;
    to->kernels->winograd_output_f32(&to->output);
}

static void bench(void) {
    call to = {.transformed = check_input(36 * 32 * 4, 0)};
    float *bias = check_input(32 * 4, 0), *out = check_input(16 * 32 * 4, 0);
    for (int i = 0; i < 36; i++) to.taps[i] = check_input(32 * 4, 0);
    to.output = (pcl_winograd_output){to.transformed, 32, 32, bias, 0, 6, out, 128, 4, 4};
    double scalar[2] = {0, 0};
    check_target target;
    for (int t = 0; check_select(t, &target) && t < 3; t++) {
        to.kernels = target.kernels;
        double took[2] = {check_time(run_input, &to), check_time(run_output, &to)};
        for (int i = 0; i < 2; i++) {
            if (t == 0) scalar[i] = took[i];
            printf("winograd_%s_f32, 32 channels  %-24s %10.0f ns %6.1fx\n", i ? "output" : "input", target.name, took[i],
                   scalar[i] / took[i]);
        }
    }
    check_release();
}

int main(int argc, char **argv) { return check_main(argc, argv, test, bench); }
