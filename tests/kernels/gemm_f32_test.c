/* gemm_f32: scalar against a sum over the unpacked weights; simd128 has the
 * scalar bits; relaxed may fuse, so it is within TOLERANCE. */
#include <math.h>

#include "checkkernel.h"

#define TOLERANCE 1e-5f

typedef struct layer {
    pcl_gemm_f32 task;
    const float *weights; /* [depth][columns]: strides 1 and columns */
    float *out;
} layer;

static layer make(size_t rows, size_t columns, size_t depth, bool clamp) {
    size_t a_stride = depth + check_random_size(0, 5), out_stride = columns + check_random_size(0, 5);
    size_t a_count = (rows - 1) * a_stride + depth;
    float *a = check_input(a_count * 4, 4 * check_random_size(0, 3));
    check_fill_floats(a, a_count, -1.0f, 1.0f);
    float *weights = check_input(columns * depth * 4, 0);
    check_fill_floats(weights, columns * depth, -1.0f / (float)depth, 1.0f / (float)depth);
    float *packed = check_input(pcl_gemm_f32_packed_bytes(columns, depth), 4 * check_random_size(0, 3));
    pcl_pack_gemm_f32(packed, weights, columns, depth, 1, columns);
    float *bias = check_input(columns * 4, 4);
    check_fill_floats(bias, columns, -1.0f, 1.0f);
    float *out = check_output(((rows - 1) * out_stride + columns) * 4, 4 * check_random_size(0, 3));
    return (layer){
        .task = {.rows = rows,
                 .columns = columns,
                 .depth = depth,
                 .a = a,
                 .a_stride = a_stride,
                 .packed = packed,
                 .bias = bias,
                 .low = clamp ? -0.5f : -INFINITY,
                 .high = clamp ? 0.75f : INFINITY,
                 .out = out,
                 .out_stride = out_stride},
        .weights = weights,
        .out = out,
    };
}

static float expected_at(const layer *of, size_t m, size_t n) {
    const pcl_gemm_f32 *task = &of->task;
    float sum = task->bias[n];
    for (size_t k = 0; k < task->depth; k++) sum += task->a[m * task->a_stride + k] * of->weights[k * task->columns + n];
    return isnan(sum) ? sum : fminf(fmaxf(sum, task->low), task->high);
}

static void test_shape(size_t rows, size_t columns, size_t depth, bool clamp, bool nan) {
    layer of = make(rows, columns, depth, clamp);
    if (nan) ((float *)of.task.a)[0] = NAN;
    size_t count = (rows - 1) * of.task.out_stride + columns;
    float *expected = check_input(count * 4, 0);
    memcpy(expected, of.out, count * 4);
    for (size_t m = 0; m < rows; m++) {
        for (size_t n = 0; n < columns; n++) expected[m * of.task.out_stride + n] = expected_at(&of, m, n);
    }
    size_t pieces = depth % 3 == 0 ? 3 : depth % 2 == 0 ? 2 : 1;
    const void *runs[3];
    for (size_t i = 0; i < pieces; i++) runs[i] = of.task.a + i * (depth / pieces);
    of.task.run = depth / pieces;
    check_target target;
    for (int t = 0; check_select(t / 2, &target); t++) {
        of.task.runs = t % 2 ? runs : NULL; /* by turns */
        check_output_reset(of.out);
        target.kernels->gemm_f32(&of.task);
        char what[128];
        snprintf(what, sizeof what, "gemm_f32 %s, %zux%zux%zu", target.name, rows, columns, depth);
        check_floats(expected, of.out, count, target.kernels->isa == PCL_ISA_RELAXED ? TOLERANCE : 0, what);
        check_that(check_output_intact(of.out), "%s: wrote outside", what);
    }
    check_release();
}

static void test(void) {
    for (size_t rows = 1; rows <= 14; rows++) {
        for (size_t columns = 1; columns <= 18; columns++) {
            test_shape(rows, columns, check_random_size(1, 20), columns % 2 == 0, rows == 3);
        }
    }
    test_shape(500, 9, 17, true, false);
    test_shape(13, 11, 5000, false, false);
    for (int i = 0; i < 100; i++) {
        test_shape(check_random_size(1, 40), check_random_size(1, 40), check_random_size(1, 100), i % 2, i % 8 == 0);
    }
}

typedef struct call {
    const pcl_kernels *kernels;
    const pcl_gemm_f32 *task;
} call;

static void run(void *argument) {
    const call *to = argument;
    to->kernels->gemm_f32(to->task);
}

static void bench(void) {
    static const size_t shapes[][3] = {{784, 96, 16}, {784, 32, 144}, {196, 64, 384}, {784, 3, 648}, {784, 32, 288}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        layer of = make(shapes[s][0], shapes[s][1], shapes[s][2], false);
        double scalar = 0, macs = (double)(shapes[s][0] * shapes[s][1] * shapes[s][2]);
        check_target target;
        for (int t = 0; check_select(t, &target) && t < 3; t++) {
            call to = {target.kernels, &of.task};
            double took = check_time(run, &to);
            if (t == 0) scalar = took;
            printf("gemm_f32 %4zu x %3zu x %3zu  %-24s %10.0f ns %7.2f G MAC/s %6.1fx\n", shapes[s][0], shapes[s][1],
                   shapes[s][2], target.name, took, macs / took, scalar / took);
        }
        check_release();
    }
}

int main(int argc, char **argv) { return check_main(argc, argv, test, bench); }
