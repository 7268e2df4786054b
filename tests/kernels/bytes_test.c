/* add_u8, lookup_u8, quantize_u8, dequantize_u8, moments_u8, affine_u8 and signed_i8: every table against
 * formulas in double or 64-bit arithmetic, bit for bit, in place too. */
#include <math.h>

#include "checkkernel.h"

static int64_t clamped(int64_t value, int64_t low, int64_t high) { return value < low ? low : value > high ? high : value; }

static void test_add(size_t count) {
    uint8_t *a = check_input(count, check_random_size(0, 15)), *b = check_input(count, check_random_size(0, 15));
    check_fill(a, count, (int)(check_random() % CHECK_FILLS));
    check_fill(b, count, (int)(check_random() % CHECK_FILLS));
    int32_t a_zero = (int32_t)check_random_size(0, 255), b_zero = (int32_t)check_random_size(0, 255);
    int32_t out_zero = (int32_t)check_random_size(0, 255), low = (int32_t)check_random_size(0, 255);
    int32_t high = (int32_t)check_random_size((size_t)low, 255);
    if (check_random() % 2) low = 0, high = 255;
    float a_scale = exp2f(check_random_float(-9.9f, 7.9f)), b_scale = exp2f(check_random_float(-13.9f, 7.9f));
    pcl_add_u8 parameters;
    bool negate = check_random() % 2, made = pcl_add_u8_prepare(&parameters, a_scale, a_zero, b_scale, b_zero, negate,
                                                                1.0f, out_zero, low, high);
    if (!check_that(made, "parameters for scales %g and %g", (double)a_scale, (double)b_scale)) return;
    uint8_t *out = check_output(count, check_random_size(0, 15)), *expected = check_input(count, 0);
    for (size_t i = 0; i < count; i++) {
        int64_t sum = (int64_t)parameters.bias + (int64_t)a[i] * parameters.a_multiplier +
                      (int64_t)b[i] * parameters.b_multiplier;
        check_that(sum == (int32_t)sum, "the sum of %d and %d overflows", a[i], b[i]);
        expected[i] = (uint8_t)clamped((sum >> parameters.shift) + out_zero, low, high);
        double exact = (a[i] - a_zero) * (double)a_scale + (negate ? -1 : 1) * (b[i] - b_zero) * (double)b_scale;
        int64_t rounded = clamped((int64_t)floor(exact + 0.5) + out_zero, low, high);
        check_that(llabs(rounded - expected[i]) <= 1, "%g gives %d", exact, expected[i]);
    }
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        target.kernels->add_u8(&parameters, a, b, out, count);
        check_bytes(expected, out, count, target.name);
        memcpy(out, t % 2 ? a : b, count);
        if (t % 2) target.kernels->add_u8(&parameters, out, b, out, count);
        else target.kernels->add_u8(&parameters, a, out, out, count);
        check_bytes(expected, out, count, "add_u8 in place");
        check_that(check_output_intact(out), "add_u8 %s wrote outside", target.name);
    }
    check_release();
}

static void test_add_range(void) {
    static const float bad[][2] = {{0.0f, 1.0f},       {NAN, 1.0f},        {1.0f, NAN},          {INFINITY, 1.0f},
                                   {256.0f, 1.0f},     {1.0f, 0x1p-15f},   {0x1p-11f, 0x1p-11f}, {-1.0f, 1.0f}};
    pcl_add_u8 parameters;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_that(!pcl_add_u8_prepare(&parameters, bad[i][0], 0, bad[i][1], 0, false, 1.0f, 0, 0, 255),
                   "scales %g and %g are refused", (double)bad[i][0], (double)bad[i][1]);
    }
}

static void test_lookup(size_t count) {
    uint8_t *table = check_input(256, check_random_size(0, 15));
    uint8_t *in = check_input(count, check_random_size(0, 15)), *expected = check_input(count, 0);
    check_fill(table, 256, 0);
    check_fill(in, count, 0);
    for (size_t i = 0; i < count; i++) expected[i] = table[in[i]];
    uint8_t *out = check_output(count, check_random_size(0, 15));
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        target.kernels->lookup_u8(table, in, out, count);
        check_bytes(expected, out, count, "lookup_u8");
        memcpy(out, in, count);
        target.kernels->lookup_u8(table, out, out, count);
        check_bytes(expected, out, count, "lookup_u8 in place");
        check_that(check_output_intact(out), "lookup_u8 %s wrote outside", target.name);
    }
    check_release();
}

static void test_quantize(size_t count) {
    static const float special[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 3e38f, -3e38f, 1e-40f, -13e6f, 13e6f, 4e6f, -5e6f};
    float *in = check_input(count * 4, 4 * check_random_size(0, 3));
    check_fill_floats(in, count, -300.0f, 300.0f);
    for (size_t i = 0; i < count; i++) {
        if (check_random() % 4 == 0) in[i] = (float)((int)check_random_size(0, 1200) - 600) * 0.5f; /* ties */
        if (check_random() % 8 == 0) in[i] = special[check_random() % (sizeof special / sizeof *special)];
    }
    int32_t zero_point = (int32_t)check_random_size(0, 255);
    float inverse_scale = check_random() % 2 ? 1.0f : check_random_float(0.1f, 3.0f);
    uint8_t *out = check_output(count, check_random_size(0, 15)), *expected = check_input(count, 0);
    for (size_t i = 0; i < count; i++) {
        double value = nearbyint((double)(in[i] * inverse_scale)) + zero_point;
        expected[i] = (uint8_t)(isnan(value) ? zero_point : fmin(fmax(value, 0), 255));
    }
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        target.kernels->quantize_u8(inverse_scale, zero_point, in, out, count);
        check_bytes(expected, out, count, "quantize_u8");
        check_that(check_output_intact(out), "quantize_u8 %s wrote outside", target.name);
    }
    check_release();
}

static void test_dequantize(size_t count) {
    uint8_t *in = check_input(count, check_random_size(0, 15));
    check_fill(in, count, 0);
    int32_t zero_point = (int32_t)check_random_size(0, 255);
    float scale = check_random_float(0.001f, 3.0f);
    float *out = check_output(count * 4, 4 * check_random_size(0, 3)), *expected = check_input(count * 4, 0);
    for (size_t i = 0; i < count; i++) expected[i] = (float)(in[i] - zero_point) * scale;
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        target.kernels->dequantize_u8(scale, zero_point, in, out, count);
        check_floats(expected, out, count, 0, "dequantize_u8");
        check_that(check_output_intact(out), "dequantize_u8 %s wrote outside", target.name);
    }
    check_release();
}

static void test_moments(size_t channels) {
    size_t pixels = check_random() % 4 ? check_random_size(1, 50) : 256;
    uint8_t *x = check_input(pixels * channels, check_random_size(0, 15));
    check_fill(x, pixels * channels, (int)(check_random() % CHECK_FILLS));
    uint32_t *before = check_input(channels * 8, 0), *expected = check_input(channels * 8, 0);
    uint32_t *sum = check_output(channels * 4, 4), *square = check_output(channels * 4, 8);
    check_fill((uint8_t *)before, channels * 8, 0);
    memcpy(expected, before, channels * 8);
    for (size_t i = 0; i < pixels * channels; i++) {
        expected[i % channels] += x[i];
        expected[channels + i % channels] += (uint32_t)x[i] * x[i];
    }
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        memcpy(sum, before, channels * 4);
        memcpy(square, before + channels, channels * 4);
        target.kernels->moments_u8(x, pixels, channels, sum, square);
        check_bytes(expected, sum, channels * 4, "moments_u8, sum");
        check_bytes(expected + channels, square, channels * 4, "moments_u8, square");
        check_that(check_output_intact(sum) && check_output_intact(square), "moments_u8 %s wrote outside", target.name);
    }
    check_release();
}

static int64_t q15(int64_t a, int64_t b) { return (int64_t)floor(((double)(a * b) + 16384.0) / 32768.0); }

/* By kernels.h's formula. */
static uint8_t affine_byte(const pcl_affine_u8 *octet, size_t c, uint8_t x, int32_t low, int32_t high) {
    double sum = (double)(q15(128 * x - octet->center[c], octet->multiplier[c]) + octet->bias[c]);
    int64_t value = q15((int64_t)fmin(fmax(sum, -32768), 32767), octet->unit[c]);
    return (uint8_t)fmin(fmax((double)value, low), high);
}

/* Against the reals, with the error that pcl_affine_u8_prepare allows. */
static void check_affine(uint8_t got, uint8_t x, float scale, float shift, int32_t zero_point, int32_t low, int32_t high) {
    if (!(fabsf(scale) <= PCL_AFFINE_U8_MOST && fabsf(shift) <= 1e30f)) scale = shift = 0;
    double exact = x * (double)scale + (double)shift + zero_point, error = fmax(0.0125, 0.025 * fabs((double)scale));
    double distance = fabs(got - fmin(fmax(exact, low), high));
    check_that(distance <= 0.5 + error, "affine_u8: %d for %g", got, exact);
}

static void test_affine(size_t channels) {
    size_t pixels = check_random_size(1, 30), count = pixels * channels;
    uint8_t *x = check_input(count, check_random_size(0, 15)), *expected = check_input(count, 0);
    float *scale = check_input(channels * 4, 4), *shift = check_input(channels * 4, 8);
    check_fill(x, count, (int)(check_random() % CHECK_FILLS));
    check_fill_floats(scale, channels, -2.0f, 2.0f);
    check_fill_floats(shift, channels, -200.0f, 200.0f);
    if (check_random() % 2) check_fill_floats(scale, channels, -PCL_AFFINE_U8_MOST, PCL_AFFINE_U8_MOST);
    if (channels > 6) {
        scale[0] = PCL_AFFINE_U8_MOST, scale[1] = -PCL_AFFINE_U8_MOST, scale[2] = 0.0f;
        shift[3] = 1e30f, shift[4] = -1e30f, shift[5] = NAN, scale[6] = INFINITY;
    }
    int32_t zero_point = (int32_t)check_random_size(0, 255), low = (int32_t)check_random_size(0, 255);
    int32_t high = (int32_t)check_random_size((size_t)low, 255);
    if (check_random() % 2) low = 0, high = 255;
    pcl_affine_u8 *octets = check_input((channels + 7) / 8 * sizeof *octets, 0);
    pcl_affine_u8_prepare(octets, scale, shift, channels, zero_point);
    for (size_t i = 0; i < count; i++) {
        expected[i] = affine_byte(&octets[i % channels / 8], i % channels % 8, x[i], low, high);
        check_affine(expected[i], x[i], scale[i % channels], shift[i % channels], zero_point, low, high);
    }
    uint8_t *out = check_output(count, check_random_size(0, 15));
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        target.kernels->affine_u8(x, pixels, channels, octets, low, high, out);
        check_bytes(expected, out, count, "affine_u8");
        memcpy(out, x, count);
        target.kernels->affine_u8(out, pixels, channels, octets, low, high, out);
        check_bytes(expected, out, count, "affine_u8 in place");
        check_that(check_output_intact(out), "affine_u8 %s wrote outside", target.name);
    }
    check_release();
}

static void test_signed(size_t count, uint8_t flip) {
    uint8_t *from = check_input(count, check_random_size(0, 15));
    check_fill(from, count, (int)(check_random() % CHECK_FILLS));
    int8_t *out = check_output(count, check_random_size(0, 15)), *expected = check_input(count, 0);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        int value = flip ? from[i] - 128 : from[i] < 128 ? from[i] : from[i] - 256;
        expected[i] = (int8_t)value;
        sum += value;
    }
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(out);
        uint32_t got = target.kernels->signed_i8(from, count, flip, out);
        check_bytes((const uint8_t *)expected, (const uint8_t *)out, count, target.name);
        check_that(got == (uint32_t)sum, "signed_i8 %s: the sum is %d, not %d", target.name, (int32_t)got, (int)sum);
        check_that(check_output_intact(out), "signed_i8 %s wrote outside", target.name);
        memcpy(out, from, count);
        check_that(target.kernels->signed_i8((const uint8_t *)out, count, flip, out) == (uint32_t)sum, "signed_i8 in place");
        check_bytes((const uint8_t *)expected, (const uint8_t *)out, count, "signed_i8 in place");
    }
    check_release();
}

static void test(void) {
    test_add_range();
    for (size_t count = 1; count < 70; count++) {
        test_add(count);
        test_lookup(count);
        test_quantize(count);
        test_dequantize(count);
        test_moments(count);
        test_affine(count);
    }
    for (int i = 0; i < 50; i++) test_add(check_random_size(100, 2000));
    test_quantize(20000);
    for (size_t count = 0; count < 200; count += 16) {
        test_signed(count, 0);
        test_signed(count, 128);
    }
    test_signed(1 << 20, 128);
}

#define BENCH_COUNT 65536
static uint8_t bytes_a[BENCH_COUNT], bytes_b[BENCH_COUNT], bytes_out[BENCH_COUNT], table[256];
static float floats[BENCH_COUNT];
static pcl_add_u8 add_parameters;

static void run_add(void *kernels) {
    ((const pcl_kernels *)kernels)->add_u8(&add_parameters, bytes_a, bytes_b, bytes_out, BENCH_COUNT);
}
static void run_lookup(void *kernels) {
    ((const pcl_kernels *)kernels)->lookup_u8(table, bytes_a, bytes_out, BENCH_COUNT);
}
static void run_quantize(void *kernels) {
    ((const pcl_kernels *)kernels)->quantize_u8(3.0f, 7, floats, bytes_out, BENCH_COUNT);
}
static void run_dequantize(void *kernels) {
    ((const pcl_kernels *)kernels)->dequantize_u8(3.0f, 7, bytes_a, floats, BENCH_COUNT);
}
static void run_moments(void *kernels) {
    static uint32_t sums[2][32];
    for (size_t i = 0; i < BENCH_COUNT / 32; i += 256)
        ((const pcl_kernels *)kernels)->moments_u8(bytes_a + i * 32, 256, 32, sums[0], sums[1]);
}
static void run_signed(void *kernels) {
    ((const pcl_kernels *)kernels)->signed_i8(bytes_a, BENCH_COUNT, 128, (int8_t *)bytes_out);
}
static void run_affine(void *kernels) {
    static pcl_affine_u8 octets[4];
    pcl_affine_u8_prepare(octets, floats, floats, 32, 7);
    ((const pcl_kernels *)kernels)->affine_u8(bytes_a, BENCH_COUNT / 32, 32, octets, 7, 255, bytes_out);
}

static void bench(void) {
    static const struct {
        const char *name;
        void (*run)(void *kernels);
    } all[] = {{"add_u8", run_add}, {"lookup_u8", run_lookup}, {"dequantize_u8", run_dequantize}, {"quantize_u8", run_quantize},
               {"moments_u8", run_moments}, {"affine_u8", run_affine}, {"signed_i8", run_signed}};
    check_fill(bytes_a, BENCH_COUNT, 0);
    check_fill(bytes_b, BENCH_COUNT, 0);
    check_fill(table, 256, 0);
    pcl_add_u8_prepare(&add_parameters, 0.3f, 3, 0.7f, 200, false, 0.5f, 100, 0, 255);
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
