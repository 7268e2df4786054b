/* gemm_u8: the scalar kernel against sums over the unpacked weights, and every
 * other table against the scalar kernel, bit for bit. */
#include <math.h>

#include "gemm_u8_layer.h"

/* What a caller does for tables with an offset: it takes -offset * sum(w - z) out of the bias. */
static void fold_offset(layer *of, int32_t offset) {
    for (size_t n = 0; n < of->task.columns; n++) {
        uint32_t sum = 0;
        for (size_t k = 0; k < of->task.depth; k++) {
            sum += (uint32_t)(of->weights[n * of->task.depth + k] - of->task.weight_zero_point);
        }
        of->folded[n] = (int32_t)((uint32_t)of->bias[n] + sum * (uint32_t)offset);
    }
    of->task.bias = of->folded;
}

static int64_t sum_at(const layer *of, size_t m, size_t n) {
    const pcl_gemm_u8 *task = &of->task;
    int64_t sum = of->bias[n];
    for (size_t k = 0; k < task->depth; k++) {
        sum += task->a[m * task->a_stride + k] * (of->weights[n * task->depth + k] - task->weight_zero_point);
    }
    return sum;
}

static uint8_t expected_at(const layer *of, size_t m, size_t n) {
    const pcl_gemm_u8 *task = &of->task;
    float value = (float)(int32_t)(uint32_t)sum_at(of, m, n) * task->requantization.scale[n];
    value = fmaxf(value, (float)(task->requantization.low - task->requantization.zero_point));
    value = fminf(value, (float)(task->requantization.high - task->requantization.zero_point));
    return (uint8_t)(lrintf(value) + task->requantization.zero_point);
}

static void test_shape(size_t rows, size_t columns, size_t depth, int fill) {
    layer of = make_layer(rows, columns, depth, fill, 0, check_random() % 2);
    size_t bytes = (rows - 1) * of.task.out_stride + columns;
    uint8_t *expected = check_input(bytes, 0);
    memcpy(expected, of.out, bytes); /* gaps between rows must stay as they are */
    for (size_t m = 0; m < rows; m++) {
        for (size_t n = 0; n < columns; n++) expected[m * of.task.out_stride + n] = expected_at(&of, m, n);
    }
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        fold_offset(&of, target.kernels->dot_offset);
        check_output_reset(of.out);
        target.kernels->gemm_u8(&of.task);
        char what[128];
        snprintf(what, sizeof what, "gemm_u8 %s, %zux%zux%zu", target.name, rows, columns, depth);
        check_bytes(expected, of.out, bytes, what);
        check_that(check_output_intact(of.out), "%s: wrote outside", what);
    }
    check_release();
}

/* The same sums as reals: the same bits from all. */
static void test_reals(size_t rows, size_t columns, size_t depth, int fill) {
    layer of = make_layer(rows, columns, depth, fill, 0, check_random() % 2);
    float *shift = check_input(columns * 4, 4);
    for (size_t n = 0; n < columns; n++) shift[n] = check_random_float(-1.0f, 1.0f);
    size_t count = (rows - 1) * of.task.out_stride + columns;
    float *out = check_output(count * sizeof *out, 4), *expected = check_input(count * sizeof *expected, 0);
    bool clamps = check_random() % 2;
    pcl_real_output reals = {out, shift, clamps ? 0.0f : -INFINITY, clamps ? 6.0f : INFINITY};
    of.task.reals = &reals;
    of.task.out = NULL;
    memcpy(expected, out, count * sizeof *out);
    for (size_t m = 0; m < rows; m++)
        for (size_t n = 0; n < columns; n++) {
            float value = (float)(int32_t)(uint32_t)sum_at(&of, m, n) * of.task.requantization.scale[n];
            value = fminf(fmaxf(value + shift[n], reals.low), reals.high);
            expected[m * of.task.out_stride + n] = value;
        }
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        fold_offset(&of, target.kernels->dot_offset);
        check_output_reset(out);
        target.kernels->gemm_u8(&of.task);
        char what[128];
        snprintf(what, sizeof what, "gemm_u8 to reals %s, %zux%zux%zu", target.name, rows, columns, depth);
        check_bytes((const uint8_t *)expected, (const uint8_t *)out, count * sizeof *out, what);
        check_that(check_output_intact(out), "%s: wrote outside", what);
    }
    check_release();
}

/* Rows in runs, which overlap: the same as whole ones. */
static void test_runs(size_t rows, size_t columns, size_t run, size_t count) {
    layer of = make_layer(rows, columns, run * count, 0, 0, check_random() % 2);
    of.task.weight_zero_point = 0;
    size_t bytes = (rows - 1) * of.task.out_stride + columns, stride = check_random_size(1, run);
    uint8_t *expected = check_input(bytes, 0), *pieces = check_input((rows - 1) * stride + count * 2 * run, 3);
    check_fill(pieces, (rows - 1) * stride + count * 2 * run, 0);
    const void *runs[16];
    for (size_t i = 0; i < count; i++) runs[i] = pieces + (count - 1 - i) * (run + 1);
    uint8_t *whole = check_input(rows * of.task.depth, 0);
    for (size_t m = 0; m < rows; m++)
        for (size_t k = 0; k < of.task.depth; k++)
            whole[m * of.task.depth + k] = ((const uint8_t *)runs[k / run])[m * stride + k % run];
    of.task.a = whole;
    of.task.a_stride = of.task.depth;
    memcpy(expected, of.out, bytes);
    for (size_t m = 0; m < rows; m++)
        for (size_t n = 0; n < columns; n++) expected[m * of.task.out_stride + n] = expected_at(&of, m, n);
    of.task.a = NULL;
    of.task.a_stride = stride;
    of.task.runs = runs;
    of.task.run = run;
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        if (!target.kernels->takes_runs) continue;
        check_output_reset(of.out);
        target.kernels->gemm_u8(&of.task);
        char what[128];
        snprintf(what, sizeof what, "gemm_u8 in runs %s, %zux%zux%zu of %zu", target.name, rows, columns, run, count);
        check_bytes(expected, of.out, bytes, what);
        check_that(check_output_intact(of.out), "%s: wrote outside", what);
    }
    check_release();
}

/* Shapes for Strassen's form: whole panels in pairs, the depth in pairs of steps, and not too few weights. */
static void test_halves(void) {
    for (size_t rows = 20; rows <= 52; rows++)
        test_shape(rows, 16 * check_random_size(3, 5), 16 * check_random_size(8, 12), (int)(rows % CHECK_FILLS));
    for (int fill = 0; fill < CHECK_FILLS; fill++) test_shape(49, 32, 1024, fill);
    test_shape(407, 192, 32, 1); /* several blocks of rows */
    test_shape(211, 32, 576, 1);
    test_reals(45, 64, 96, 1);
}

static void test(void) {
    for (int i = 0; i < 200; i++)
        test_runs(check_random_size(1, 130), check_random_size(1, 20), 4 * check_random_size(1, 20), check_random_size(1, 16));
    for (size_t rows = 1; rows <= 14; rows++)
        for (size_t columns = 1; columns <= 18; columns++)
            test_reals(rows, columns, check_random_size(1, 40), (int)check_random_size(0, CHECK_FILLS - 1));
    test_reals(210, 17, 33, 1);
    test_shape(3, 9, 70000, 0); /* rows longer than what some flip */
    test_shape(40, 9, 5000, 0);
    test_shape(23, 9, 6000, 0); /* and of which that much room holds fewer than a block */
    test_shape(5, 3, 40000, 0);
    for (size_t rows = 1; rows <= 14; rows++) {
        for (size_t columns = 1; columns <= 18; columns++) {
            test_shape(rows, columns, check_random_size(1, 40), (int)check_random_size(0, CHECK_FILLS - 1));
        }
    }
    for (size_t depth = 1; depth <= 34; depth++) test_shape(7, 9, depth, 0);
    test_shape(200, 17, 33, 1); /* several blocks of rows */
    test_shape(27, 20, 3000, 3);
    test_shape(13, 3, 648, 0);
    for (int i = 0; i < 200; i++) {
        test_shape(check_random_size(1, 40), check_random_size(1, 40), check_random_size(1, 100), i % CHECK_FILLS);
    }
    test_halves();
}

typedef struct call {
    const pcl_kernels *kernels;
    const pcl_gemm_u8 *task;
} call;

static void run(void *argument) {
    const call *to = argument;
    to->kernels->gemm_u8(to->task);
}

static void bench(void) {
    static const size_t shapes[][3] = {{784, 96, 16},  {784, 24, 96},  {784, 144, 32}, {784, 32, 144},
                                       {196, 384, 64}, {196, 64, 384}, {49, 160, 960}, {784, 3, 648}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        layer of = make_layer(shapes[s][0], shapes[s][1], shapes[s][2], 0, 0, true);
        of.task.weight_zero_point = 0;
        double scalar = 0, macs = (double)(shapes[s][0] * shapes[s][1] * shapes[s][2]);
        check_target target;
        for (int t = 0; check_select(t, &target); t++) {
            call to = {target.kernels, &of.task};
            double took = check_time(run, &to);
            if (t == 0) scalar = took;
            printf("gemm_u8 %4zu x %3zu x %3zu  %-24s %10.0f ns %7.2f G MAC/s %6.1fx\n", shapes[s][0], shapes[s][1],
                   shapes[s][2], target.name, took, macs / took, scalar / took);
        }
        check_release();
    }
}

int main(int argc, char **argv) { return check_main(argc, argv, test, bench); }
