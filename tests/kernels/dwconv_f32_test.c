/* dwconv_f32: simd128 has the scalar bits; relaxed may fuse, so it is within
 * TOLERANCE. Scalar is held to a sum over the padded picture. */
#include <math.h>

#include "checkkernel.h"

#define TOLERANCE 1e-5f

static size_t row_count(const pcl_dwconv *shape) {
    return (shape->out_rows - 1) * shape->stride_h + (shape->filter_h - 1) * shape->dilation_h + 1;
}

static pcl_dwconv_f32 make(const pcl_dwconv *shape) {
    size_t channels = shape->channels, count = row_count(shape);
    const float **rows = check_input(count * sizeof *rows, 0);
    for (size_t y = 0; y < count; y++) {
        float *row = check_input(shape->in_width * channels * 4, 4 * check_random_size(0, 3));
        check_fill_floats(row, shape->in_width * channels, -1.0f, 1.0f);
        rows[y] = row;
    }
    size_t weight_count = shape->filter_h * shape->filter_w * channels;
    float *weights = check_input(weight_count * 4, 4);
    check_fill_floats(weights, weight_count, -0.2f, 0.2f);
    float *bias = check_input(channels * 4, 8);
    check_fill_floats(bias, channels, -1.0f, 1.0f);
    pcl_dwconv_f32 task = {.shape = *shape, .rows = rows, .packed = weights, .bias = bias};
    task.low = check_random() % 2 ? -INFINITY : 0.0f;
    task.high = check_random() % 2 ? INFINITY : 1.0f;
    task.shape.out_stride = shape->out_width * channels + check_random_size(0, 7);
    return task;
}

static float expected_at(const pcl_dwconv_f32 *task, size_t row, size_t column, size_t c) {
    const pcl_dwconv *shape = &task->shape;
    float sum = task->bias[c];
    for (size_t y = 0; y < shape->filter_h; y++) {
        for (size_t i = 0; i < shape->filter_w; i++) {
            long x = (long)(column * shape->stride_w + i * shape->dilation_w) - (long)shape->pad_left;
            if (x < 0 || x >= (long)shape->in_width) continue;
            sum += task->rows[row * shape->stride_h + y * shape->dilation_h][(size_t)x * shape->channels + c] *
                   task->packed[(y * shape->filter_w + i) * shape->channels + c];
        }
    }
    return fminf(fmaxf(sum, task->low), task->high);
}

static void test_shape(const pcl_dwconv *shape) {
    pcl_dwconv_f32 task = make(shape);
    size_t count = (shape->out_rows - 1) * task.shape.out_stride + shape->out_width * shape->channels;
    float *expected = check_input(count * 4, 0);
    task.out = check_output(count * 4, 4 * check_random_size(0, 3));
    memcpy(expected, task.out, count * 4);
    for (size_t r = 0; r < shape->out_rows; r++) {
        for (size_t i = 0; i < shape->out_width * shape->channels; i++) {
            expected[r * task.shape.out_stride + i] = expected_at(&task, r, i / shape->channels, i % shape->channels);
        }
    }
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        check_output_reset(task.out);
        target.kernels->dwconv_f32(&task);
        char what[256];
        snprintf(what, sizeof what, "dwconv_f32 %s, %zu channels, %zu to %zu wide, %zux%zu, stride %zu, dilation %zu",
                 target.name, shape->channels, shape->in_width, shape->out_width, shape->filter_h, shape->filter_w,
                 shape->stride_w, shape->dilation_w);
        check_floats(expected, task.out, count, target.kernels->isa == PCL_ISA_RELAXED ? TOLERANCE : 0, what);
        check_that(check_output_intact(task.out), "%s: wrote outside", what);
    }
    check_release();
}

static pcl_dwconv window(size_t channels, size_t in_width, size_t filter, size_t stride, size_t dilation,
                         size_t pad_left, size_t pad_right, size_t out_rows) {
    size_t reach = (filter - 1) * dilation + 1, width = in_width + pad_left + pad_right;
    if (width < reach) width = reach;
    return (pcl_dwconv){
        .channels = channels,
        .in_width = in_width,
        .out_width = (width - reach) / stride + 1,
        .filter_h = filter,
        .filter_w = filter,
        .stride_h = stride,
        .stride_w = stride,
        .dilation_h = dilation,
        .dilation_w = dilation,
        .pad_left = pad_left,
        .out_rows = out_rows,
    };
}

static void test(void) {
    for (int i = 0; i < 600; i++) {
        size_t filter = i % 2 ? 3 : check_random_size(1, 9), pad = check_random_size(0, filter);
        pcl_dwconv shape = window(check_random_size(1, 20), check_random_size(1, 30), filter, check_random_size(1, 3),
                                  i % 4 ? 1 : check_random_size(1, 3), pad, check_random_size(0, filter),
                                  check_random_size(1, 2));
        test_shape(&shape);
    }
}

typedef struct call {
    const pcl_kernels *kernels;
    const pcl_dwconv_f32 *task;
} call;

static void run(void *argument) {
    const call *to = argument;
    to->kernels->dwconv_f32(to->task);
}

static void bench(void) {
    static const size_t shapes[][3] = {{112, 32, 1}, {112, 96, 2}, {28, 192, 1}, {14, 576, 1}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        pcl_dwconv shape = window(shapes[s][1], shapes[s][0], 3, shapes[s][2], 1, 1, 1, 2);
        pcl_dwconv_f32 task = make(&shape);
        task.out = check_output(2 * task.shape.out_stride * 4, 0);
        double macs = (double)(2 * shape.out_width * shape.channels * 9), scalar = 0;
        check_target target;
        for (int t = 0; check_select(t, &target) && t < 3; t++) {
            call to = {target.kernels, &task};
            double took = check_time(run, &to);
            if (t == 0) scalar = took;
            printf("dwconv_f32 %3zu wide %3zu channels 3x3 / %zu  %-24s %10.0f ns %7.2f G MAC/s %6.1fx\n", shapes[s][0],
                   shapes[s][1], shapes[s][2], target.name, took, macs / took, scalar / took);
        }
        check_release();
    }
}

int main(int argc, char **argv) { return check_main(argc, argv, test, bench); }
