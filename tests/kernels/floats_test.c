/* moments_f32, affine_f32 and logistic_f32: every table has the scalar bits,
 * and scalar is held to double arithmetic. */
#include <math.h>

#include "checkkernel.h"

static void test_moments(size_t pixels, size_t channels) {
    float *x = check_input(pixels * channels * 4, 4 * check_random_size(0, 3));
    check_fill_floats(x, pixels * channels, -2.0f, 2.0f);
    float *center = check_input(channels * 4, 4), *sum_before = check_input(channels * 4, 0);
    float *square_before = check_input(channels * 4, 0);
    check_fill_floats(center, channels, -1.0f, 1.0f);
    check_fill_floats(sum_before, channels, -5.0f, 5.0f);
    check_fill_floats(square_before, channels, 0.0f, 5.0f);
    float *sum = check_output(channels * 4, 4), *square = check_output(channels * 4, 8);
    float *expected_sum = check_input(channels * 4, 0), *expected_square = check_input(channels * 4, 0);
    for (size_t c = 0; c < channels; c++) {
        double total = sum_before[c], squares = square_before[c];
        for (size_t p = 0; p < pixels; p++) {
            double difference = (double)x[p * channels + c] - (double)center[c];
            total += (double)x[p * channels + c];
            squares += difference * difference;
        }
        expected_sum[c] = (float)total;
        expected_square[c] = (float)squares;
    }
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        memcpy(sum, sum_before, channels * 4);
        memcpy(square, square_before, channels * 4);
        target.kernels->moments_f32(x, pixels, channels, center, sum, square);
        check_floats(expected_sum, sum, channels, t == 0 ? 1e-5f * (float)pixels : 0, "moments_f32, sum");
        check_floats(expected_square, square, channels, t == 0 ? 1e-5f * (float)pixels : 0, "moments_f32, square");
        check_that(check_output_intact(sum) && check_output_intact(square), "moments_f32 %s wrote outside", target.name);
        if (t > 0) continue;
        memcpy(expected_sum, sum, channels * 4); /* from here on, bit for bit */
        memcpy(expected_square, square, channels * 4);
    }
    check_release();
}

static void test_affine(size_t pixels, size_t channels) {
    size_t count = pixels * channels;
    float *x = check_input(count * 4, 4 * check_random_size(0, 3)), *expected = check_input(count * 4, 0);
    float *scale = check_input(channels * 4, 4), *shift = check_input(channels * 4, 8);
    check_fill_floats(x, count, -2.0f, 2.0f);
    check_fill_floats(scale, channels, -2.0f, 2.0f);
    check_fill_floats(shift, channels, -2.0f, 2.0f);
    if (count > 3) x[3] = NAN, x[1] = INFINITY;
    float low = check_random() % 2 ? -INFINITY : 0.0f, high = check_random() % 2 ? INFINITY : 1.5f;
    for (size_t i = 0; i < count; i++) {
        float value = x[i] * scale[i % channels] + shift[i % channels];
        expected[i] = isnan(value) ? value : fminf(fmaxf(value, low), high);
    }
    float *out = check_output(count * 4, 4 * check_random_size(0, 3));
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        target.kernels->affine_f32(x, pixels, channels, scale, shift, low, high, out);
        check_floats(expected, out, count, 0, "affine_f32");
        memcpy(out, x, count * 4);
        target.kernels->affine_f32(out, pixels, channels, scale, shift, low, high, out);
        check_floats(expected, out, count, 0, "affine_f32 in place");
        check_that(check_output_intact(out), "affine_f32 %s wrote outside", target.name);
    }
    check_release();
}

static void test_logistic(size_t count) {
    static const float special[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1e30f, -1e30f, 1e-40f, -87.3f, -88.0f, -104.0f};
    float *in = check_input(count * 4, 4 * check_random_size(0, 3));
    check_fill_floats(in, count, -20.0f, 20.0f);
    for (size_t i = 0; i < count; i++) {
        if (check_random() % 4 == 0) in[i] = check_random_float(-100.0f, 100.0f);
        if (check_random() % 8 == 0) in[i] = special[check_random() % (sizeof special / sizeof *special)];
    }
    float *out = check_output(count * 4, 4 * check_random_size(0, 3)), *expected = check_input(count * 4, 0);
    pcl_kernels_for(PCL_ISA_SCALAR)->logistic_f32(in, expected, count);
    for (size_t i = 0; i < count; i++) {
        double exact = 1.0 / (1.0 + exp(-(double)in[i]));
        bool close = fabs(expected[i] - exact) <= (in[i] >= -87.3f ? 2e-7 * exact : 2e-38);
        check_that(isnan(in[i]) ? isnan(expected[i]) : close, "logistic of %.9g is %.9g", (double)in[i],
                   (double)expected[i]);
    }
    check_target target;
    for (int t = 1; check_select(t, &target); t++) {
        check_output_reset(out);
        target.kernels->logistic_f32(in, out, count);
        check_floats(expected, out, count, 0, "logistic_f32");
        memcpy(out, in, count * 4);
        target.kernels->logistic_f32(out, out, count);
        check_floats(expected, out, count, 0, "logistic_f32 in place");
        check_that(check_output_intact(out), "logistic_f32 %s wrote outside", target.name);
    }
    check_release();
}

static void test(void) {
    for (size_t count = 1; count < 40; count++) {
        test_moments(check_random_size(1, 50), count);
        test_affine(check_random_size(1, 50), count);
        test_logistic(count);
    }
    test_logistic(100000);
}

#define BENCH_COUNT 65536
static float values[BENCH_COUNT], results[BENCH_COUNT], per_channel[3][64];

static void run_moments(void *kernels) {
    memset(per_channel[1], 0, sizeof per_channel[1]);
    memset(per_channel[2], 0, sizeof per_channel[2]);
    ((const pcl_kernels *)kernels)
        ->moments_f32(values, BENCH_COUNT / 32, 32, per_channel[0], per_channel[1], per_channel[2]);
}
static void run_affine(void *kernels) {
    ((const pcl_kernels *)kernels)
        ->affine_f32(values, BENCH_COUNT / 32, 32, per_channel[0], per_channel[1], 0.0f, INFINITY, results);
}
static void run_logistic(void *kernels) {
    ((const pcl_kernels *)kernels)->logistic_f32(values, results, BENCH_COUNT);
}

static void bench(void) {
    static const struct {
        const char *name;
        void (*run)(void *kernels);
    } all[] = {{"moments_f32", run_moments}, {"affine_f32", run_affine}, {"logistic_f32", run_logistic}};
    check_fill_floats(values, BENCH_COUNT, -5.0f, 5.0f);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        double scalar = 0;
        check_target target;
        for (int t = 0; check_select(t, &target) && t < 2; t++) {
            double took = check_time(all[i].run, (void *)target.kernels);
            if (t == 0) scalar = took;
            printf("%-14s %-10s %6.3f ns/element %6.1fx\n", all[i].name, target.name, took / BENCH_COUNT, scalar / took);
        }
    }
}

int main(int argc, char **argv) { return check_main(argc, argv, test, bench); }
