/* winograd_u8 and gemm_i16: the scalar transforms around the 36 products give
 * the 3x3 convolution itself; the others agree with scalar to the bit. */
#include "checkkernel.h"

enum { STEP_VALUES = PCL_GEMM_I16_ROWS * 8 };

static void fill_i16(int16_t *values, size_t count, int kind) {
    for (size_t i = 0; i < count; i++)
        values[i] = kind == 0 ? (int16_t)check_random() : kind % 2 ? INT16_MAX : -INT16_MAX;
}

static void fill_i32(int32_t *values, size_t count) {
    for (size_t i = 0; i < count; i++) values[i] = (int32_t)check_random();
}

/* 576 G g G^T, written out from the points 0, 1, -1, 2, -2 (the last row is the point at infinity), but for the factors
 * that the output's transform brings. */
static void transform_filter(const int g[9], int out[36]) {
    static const int points[5] = {0, 1, -1, 2, -2}, scales[5] = {6, -2, -2, 1, 1};
    int rows[6][3] = {[5] = {0, 0, 8}};
    for (int i = 0; i < 5; i++)
        for (int p = 0, power = 1; p < 3; p++, power *= points[i]) rows[i][p] = scales[i] * power;
    for (int i = 0; i < 36; i++) {
        out[i] = 0;
        for (int t = 0; t < 9; t++) out[i] += rows[i / 6][t / 3] * rows[i % 6][t % 3] * g[t];
    }
}

/* One channel in eight columns. */
static void test_is_convolution(const pcl_kernels *kernels, const char *name, int kind) {
    uint8_t pixels[36][8 + 15], got[16 * 8], expected[16 * 8];
    int16_t transformed[36][STEP_VALUES] = {0};
    int32_t products[36][8];
    const float scale[8] = {1, 1, 1, 1, 0.5f, 0.5f, 0.5f, 0.5f};
    int filter[9], weights[36];
    const void *taps[36];
    for (int t = 0; t < 9; t++) filter[t] = kind == 0 ? (int)(check_random() % 511) - 255 : kind % 2 ? 255 : -255;
    for (int i = 0; i < 36; i++) {
        check_fill(pixels[i], sizeof pixels[i], kind);
        taps[i] = pixels[i];
    }
    transform_filter(filter, weights);
    kernels->winograd_input_u8(taps, 1, transformed[0], STEP_VALUES);
    for (int i = 0; i < 36; i++)
        for (int c = 0; c < 8; c++) products[i][c] = transformed[i][c] * weights[i];
    pcl_winograd_output_u8 task = {products[0], 8, 8, 8, {scale, 100, 0, 255, true}, got, 32, 4, 4};
    kernels->winograd_output_u8(&task);
    for (int o = 0; o < 16; o++)
        for (int c = 0; c < 8; c++) {
            int sum = 0;
            for (int t = 0; t < 9; t++) sum += filter[t] * pixels[(o / 4 + t / 3) * 6 + o % 4 + t % 3][c];
            float value = (float)sum * scale[c] + 100;
            value = value < 0 ? 0 : value > 255 ? 255 : value;
            int whole = (int)value; /* halves to even */
            expected[o * 8 + c] = (uint8_t)(whole + (value - (float)whole == 0.5f && whole % 2));
        }
    check_bytes(expected, got, sizeof got, name);
}

static void test_input(size_t steps, int kind) {
    const void *taps[36];
    for (int i = 0; i < 36; i++) {
        uint8_t *pixel = check_input(steps * 8, check_random_size(0, 15));
        check_fill(pixel, steps * 8, kind);
        taps[i] = pixel;
    }
    size_t stride = steps * STEP_VALUES + 8 * check_random_size(0, 3), count = 35 * stride + (steps - 1) * STEP_VALUES + 8;
    int16_t *out = check_output(count * 2, 2 * check_random_size(0, 7)), *expected = check_input(count * 2, 0);
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        if (t == 0) memcpy(expected, out, count * 2);
        target.kernels->winograd_input_u8(taps, steps, t == 0 ? expected : out, stride);
        if (t > 0) check_bytes(expected, out, count * 2, target.name);
        check_that(check_output_intact(out), "winograd_input_u8 %s wrote outside", target.name);
    }
    check_release();
}

static void test_output(size_t channels, size_t rows, size_t columns) {
    size_t tiles = (columns + 3) / 4, tile_stride = channels + check_random_size(0, 9);
    size_t stride = tiles * tile_stride + check_random_size(0, 9), values = 35 * stride + (tiles - 1) * tile_stride + channels;
    size_t row_stride = columns * channels + check_random_size(0, 5);
    int32_t *products = check_input(values * 4, 4 * check_random_size(0, 3));
    fill_i32(products, values);
    float *scale = check_input(channels * 4, 4);
    for (size_t c = 0; c < channels; c++) scale[c] = check_random_float(0.1f, 9.0f) * (c % 3 ? 1e-7f : 2e-2f);
    size_t count = (rows - 1) * row_stride + columns * channels;
    uint8_t *out = check_output(count, check_random_size(0, 15)), *expected = check_input(count, 0);
    pcl_winograd_output_u8 task = {.products = products, .stride = stride, .tile_stride = tile_stride,
                                   .channels = channels, .requantization = {scale, 77, 0, 255, true},
                                   .row_stride = row_stride, .rows = rows, .columns = columns};
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        if (t == 0) memcpy(expected, out, count);
        task.out = t == 0 ? expected : out;
        target.kernels->winograd_output_u8(&task);
        if (t > 0) check_bytes(expected, out, count, target.name);
        check_that(check_output_intact(out), "winograd_output_u8 %s wrote outside", target.name);
    }
    check_release();
}

static void test_gemm(size_t tiles, size_t panels, size_t steps, int kind) {
    size_t left = tiles * steps * STEP_VALUES, right = panels * steps * 64, count = tiles * PCL_GEMM_I16_ROWS * panels * 8;
    int16_t *a = check_input(left * 2, 2 * check_random_size(0, 7)), *packed = check_input(right * 2, 0);
    int32_t *bias = check_input(panels * 32, 4);
    fill_i16(a, left, kind);
    fill_i16(packed, right, kind / 2);
    fill_i32(bias, panels * 8);
    int32_t *out = check_output(count * 4, 4 * check_random_size(0, 3)), *expected = check_input(count * 4, 0);
    int16_t *given = check_input(left * 2, 0);
    memcpy(given, a, left * 2);
    pcl_gemm_i16 task = {tiles, panels, steps, a, packed, bias, NULL};
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        memcpy(a, given, left * 2);
        task.out = t == 0 ? expected : out;
        target.kernels->gemm_i16(&task);
        if (t > 0) check_bytes(expected, out, count * 4, target.name);
        check_that(check_output_intact(out), "gemm_i16 %s wrote outside", target.name);
    }
    check_release();
}

static void test(void) {
    check_target target;
    for (int t = 0; check_select(t, &target); t++)
        for (int kind = 0; kind < CHECK_FILLS; kind++) test_is_convolution(target.kernels, target.name, kind);
    for (size_t steps = 1; steps <= 6; steps++)
        for (int kind = 0; kind < CHECK_FILLS; kind++) test_input(steps, kind);
    for (size_t part = 0; part < 72; part++) test_output(4 * check_random_size(1, 9), 1 + part % 4, 1 + part / 4 % 9);
    for (int part = 0; part < 24; part++)
        test_gemm(check_random_size(1, 4), check_random_size(1, 3), check_random_size(1, 9), part % 6);
}

typedef struct call {
    const pcl_kernels *kernels;
    const void *taps[36];
    int16_t *transformed;
    pcl_gemm_i16 product;
    pcl_winograd_output_u8 output;
} call;

static void run_input(void *argument) {
    const call *to = argument;
    to->kernels->winograd_input_u8(to->taps, 4, to->transformed, 4 * STEP_VALUES);
}

static void run_gemm(void *argument) {
    const call *to = argument;
    to->kernels->gemm_i16(&to->product);
}

static void run_output(void *argument) {
    const call *to = argument;
    to->kernels->winograd_output_u8(&to->output);
}

/* 32 channels in and out; the product of 10 tiles. */
static void bench(void) {
    call to = {.transformed = check_input(36 * 4 * STEP_VALUES * 2, 0)};
    int32_t *bias = check_input(32 * 4, 0), *products = check_input(36 * 32 * 4, 0);
    float *scale = check_input(32 * 4, 0);
    for (int c = 0; c < 32; c++) scale[c] = 1e-4f;
    for (int i = 0; i < 36; i++) to.taps[i] = check_input(32, 0);
    to.product = (pcl_gemm_i16){2, 4, 4, check_input(2 * 4 * STEP_VALUES * 2, 0), check_input(4 * 4 * 64 * 2, 0), bias,
                                check_output(10 * 32 * 4, 0)};
    to.output = (pcl_winograd_output_u8){products, 32, 32, 32, {scale, 0, 0, 255, true}, check_output(16 * 32, 0), 128, 4, 4};
    static const char *const names[3] = {"winograd_input_u8, 32 channels", "gemm_i16, 10x32x32", "winograd_output_u8, 32 channels"};
    double scalar[3] = {0, 0, 0};
    check_target target;
    for (int t = 0; check_select(t, &target) && t < 2; t++) {
        to.kernels = target.kernels;
        double took[3] = {check_time(run_input, &to), check_time(run_gemm, &to), check_time(run_output, &to)};
        for (int i = 0; i < 3; i++) {
            if (t == 0) scalar[i] = took[i];
            printf("%-32s %-20s %10.0f ns %6.1fx\n", names[i], target.name, took[i], scalar[i] / took[i]);
        }
    }
    check_release();
}

int main(int argc, char **argv) { return check_main(argc, argv, test, bench); }
