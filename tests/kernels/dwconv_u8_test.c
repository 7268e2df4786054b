/* dwconv_u8: the scalar kernel against sums over the unpacked weights and a
 * padded picture, and every other table, bit for bit. */
#include <math.h>

#include "checkkernel.h"

typedef struct layer {
    pcl_dwconv_u8 task;
    const int16_t *weights; /* [filter_h][filter_w][channels] */
    const int32_t *bias;    /* for offset 0 */
    int32_t *folded;
    uint8_t *out;
    size_t out_bytes;
} layer;

static size_t row_count(const pcl_dwconv *shape) {
    return (shape->out_rows - 1) * shape->stride_h + (shape->filter_h - 1) * shape->dilation_h + 1;
}

static bool is_read(const pcl_dwconv *shape, size_t row) {
    for (size_t r = 0; r < shape->out_rows; r++)
        for (size_t y = 0; y < shape->filter_h; y++)
            if (r * shape->stride_h + y * shape->dilation_h == row) return true;
    return false;
}

/* limit: greatest magnitude of a weight; beyond 127 there is a rest */
static layer make(const pcl_dwconv *shape, int limit, int fill) {
    size_t channels = shape->channels, row_bytes = shape->in_width * channels, count = row_count(shape);
    const uint8_t **rows = check_input(count * sizeof *rows, 0);
    for (size_t y = 0; y < count; y++) {
        rows[y] = NULL;
        if (!is_read(shape, y)) continue;
        uint8_t *row = check_input(row_bytes, check_random_size(0, 15));
        check_fill(row, row_bytes, fill);
        rows[y] = row;
    }
    size_t taps = shape->filter_h * shape->filter_w;
    int16_t *weights = check_input(taps * channels * sizeof *weights, 0);
    for (size_t i = 0; i < taps * channels; i++) {
        weights[i] = (int16_t)((int)check_random_size(0, 2 * (size_t)limit) - limit);
        if (check_random() % 16 == 0) weights[i] = (int16_t)(check_random() % 2 ? limit : -limit);
    }
    size_t packed_bytes = pcl_dwconv_u8_packed_bytes(channels, shape->filter_h, shape->filter_w);
    int8_t *packed = check_input(packed_bytes, check_random_size(0, 15));
    int8_t *rest = check_input(packed_bytes, check_random_size(0, 15));
    bool needed = pcl_pack_dwconv_u8(packed, rest, weights, channels, shape->filter_h, shape->filter_w);
    int32_t *bias = check_input(channels * 4, 0), *folded = check_input(channels * 4, 0);
    float *scale = check_input(channels * 4, 4);
    for (size_t c = 0; c < channels; c++) {
        bias[c] = (int32_t)check_random() >> check_random_size(8, 20);
        scale[c] = check_random_float(0.2f, 1.0f) / (100.0f * (float)taps);
        if (check_random() % 8 == 0) scale[c] = 0x1p-20f * (float)check_random_size(1, 255); /* ties */
    }
    layer made = {.weights = weights, .bias = bias, .folded = folded};
    size_t out_stride = shape->out_width * channels + check_random_size(0, 7);
    made.out_bytes = (shape->out_rows - 1) * out_stride + shape->out_width * channels;
    made.out = check_output(made.out_bytes, check_random_size(0, 15));
    made.task = (pcl_dwconv_u8){
        .shape = *shape,
        .rows = rows,
        .pad_value = (uint8_t)check_random(),
        .packed = packed,
        .rest = needed ? rest : NULL,
        .bias = bias,
        .requantization = {.scale = scale, .zero_point = (int32_t)check_random_size(0, 255)},
        .out = made.out,
        .scratch = check_output(pcl_dwconv_u8_scratch(shape), 0),
    };
    check_saturate(&made.task.requantization, scale, bias, channels, taps);
    made.task.shape.out_stride = out_stride;
    check_that(!needed || limit > 127, "packing wants a rest for weights up to %d", limit);
    return made;
}

static void fold_offset(layer *of, int32_t offset) {
    const pcl_dwconv *shape = &of->task.shape;
    for (size_t c = 0; c < shape->channels; c++) {
        of->folded[c] = of->bias[c];
        for (size_t tap = 0; tap < shape->filter_h * shape->filter_w; tap++) {
            of->folded[c] += of->weights[tap * shape->channels + c] * offset;
        }
    }
    of->task.bias = of->folded;
}

static uint8_t expected_at(const layer *of, size_t row, size_t column, size_t c) {
    const pcl_dwconv *shape = &of->task.shape;
    int32_t sum = of->bias[c];
    for (size_t y = 0; y < shape->filter_h; y++) {
        for (size_t i = 0; i < shape->filter_w; i++) {
            long x = (long)(column * shape->stride_w + i * shape->dilation_w) - (long)shape->pad_left;
            int value = of->task.pad_value;
            if (x >= 0 && x < (long)shape->in_width) {
                value = of->task.rows[row * shape->stride_h + y * shape->dilation_h][(size_t)x * shape->channels + c];
            }
            sum += value * of->weights[(y * shape->filter_w + i) * shape->channels + c];
        }
    }
    const pcl_requantization *to = &of->task.requantization;
    float value = (float)sum * to->scale[c];
    value = fminf(fmaxf(value, (float)(to->low - to->zero_point)), (float)(to->high - to->zero_point));
    return (uint8_t)(lrintf(value) + to->zero_point);
}

static void test_shape(const pcl_dwconv *shape, int limit, int fill) {
    layer of = make(shape, limit, fill);
    uint8_t *expected = check_input(of.out_bytes, 0);
    memcpy(expected, of.out, of.out_bytes);
    for (size_t r = 0; r < shape->out_rows; r++) {
        for (size_t i = 0; i < shape->out_width * shape->channels; i++) {
            expected[r * of.task.shape.out_stride + i] = expected_at(&of, r, i / shape->channels, i % shape->channels);
        }
    }
    check_target target;
    for (int t = 0; check_select(t, &target); t++) {
        fold_offset(&of, target.kernels->dot_offset);
        check_output_reset(of.out);
        check_output_reset(of.task.scratch);
        target.kernels->dwconv_u8(&of.task);
        char what[256];
        snprintf(what, sizeof what, "dwconv_u8 %s, %zu channels, %zu to %zu wide, %zux%zu, stride %zu, dilation %zu, %zu rows",
                 target.name, shape->channels, shape->in_width, shape->out_width, shape->filter_h, shape->filter_w,
                 shape->stride_w, shape->dilation_w, shape->out_rows);
        check_bytes(expected, of.out, of.out_bytes, what);
        check_that(check_output_intact(of.out), "%s: wrote outside", what);
        check_that(check_output_intact(of.task.scratch), "%s: scratch is too small", what);
    }
    check_release();
}

/* An output as wide as in_width and the pads on both sides give. */
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
    static const int limits[] = {127, 128, 200, 255};
    for (size_t channels = 1; channels <= 35; channels += 1 + channels / 4) {
        for (size_t width = 1; width <= 12; width++) {
            for (size_t stride = 1; stride <= 2; stride++) {
                for (size_t rows = 1; rows <= 5; rows++) {
                    pcl_dwconv shape = window(channels, width, 3, stride, 1, 1, 1, rows);
                    test_shape(&shape, limits[check_random() % 4], (int)check_random_size(0, CHECK_FILLS - 1));
                }
            }
        }
    }
    for (int i = 0; i < 300; i++) {
        size_t filter = check_random_size(1, 9), pad = check_random_size(0, filter);
        pcl_dwconv shape = window(check_random_size(1, 40), check_random_size(1, 30), filter, check_random_size(1, 4),
                                  check_random_size(1, 3), pad, check_random_size(0, filter), check_random_size(1, 6));
        if (i % 3 == 0) shape.filter_h = check_random_size(1, 9);
        if (i % 5 == 0) shape.stride_h = check_random_size(1, 3);
        if (i % 7 == 0) shape.dilation_h = check_random_size(1, 3);
        test_shape(&shape, limits[i % 4], i % CHECK_FILLS);
    }
}

typedef struct call {
    const pcl_kernels *kernels;
    const pcl_dwconv_u8 *task;
} call;

static void run(void *argument) {
    const call *to = argument;
    to->kernels->dwconv_u8(to->task);
}

static void bench(void) {
    static const size_t shapes[][4] = {{112, 32, 3, 1}, {112, 96, 3, 2}, {56, 144, 3, 1}, {28, 192, 3, 1},
                                       {14, 576, 3, 1}, {14, 576, 3, 2}, {7, 960, 3, 1},  {28, 192, 5, 1}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        size_t pad = shapes[s][2] / 2;
        pcl_dwconv shape = window(shapes[s][1], shapes[s][0], shapes[s][2], shapes[s][3], 1, pad, pad, 2);
        layer of = make(&shape, 127, 0);
        double macs = (double)(2 * shape.out_width * shape.channels * shape.filter_h * shape.filter_w), scalar = 0;
        check_target target;
        for (int t = 0; check_select(t, &target); t++) {
            call to = {target.kernels, &of.task};
            double took = check_time(run, &to);
            if (t == 0) scalar = took;
            printf("dwconv_u8 %3zu wide %3zu channels %zux%zu / %zu  %-24s %10.0f ns %7.2f G MAC/s %6.1fx\n",
                   shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][2], shapes[s][3], target.name, took, macs / took,
                   scalar / took);
        }
        check_release();
    }
}

int main(int argc, char **argv) { return check_main(argc, argv, test, bench); }
