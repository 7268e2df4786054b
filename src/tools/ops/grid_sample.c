/* GridSample over two spatial dimensions. */
#include <math.h>

#include "tools/ops/check.h"
#include "tools/ops/table.h"

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0], *grid = node->inputs[1];
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_check(context, node, grid, PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 4, 4));
    PCL_TRY_RETURN(pcl_check_rank(context, node, grid, 4, 4));
    if (grid->shape.dims[0] != x->shape.dims[0] || grid->shape.dims[3] != 2 || x->shape.dims[2] < 1 ||
        x->shape.dims[3] < 1)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its grid does not fit its input");
    pcl_shape shape = {4, {x->shape.dims[0], x->shape.dims[1], grid->shape.dims[1], grid->shape.dims[2]}};
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 0, PCL_FLOAT32, &shape));
    node->macs = pcl_onnx_work(pcl_tensor_count(node->outputs[0]), 16);
    return PCL_OK;
}

/* A coordinate of -1..1 in pixels: its ends are the centres of the outer
 * pixels, or their outer edges. */
static double to_pixels(double coordinate, int32_t size, bool align_corners) {
    if (align_corners) return (coordinate + 1.0) / 2.0 * (size - 1);
    return ((coordinate + 1.0) * size - 1.0) / 2.0;
}

/* Mirrors at the ends until it lies between them. */
static double reflect(double at, double low, double high) {
    double range = high - low;
    if (!(range > 0.0)) return low;
    double away = fmod(fabs(at - low), 2.0 * range);
    return away > range ? high - (away - range) : low + away;
}

typedef struct plane {
    const float *data;
    int32_t height, width;
    pcl_onnx_grid_padding padding;
    bool align_corners;
} plane;

/* A whole coordinate within the dimension, or -1. */
static int32_t find_pixel(double at, int32_t size, const plane *plane) {
    if (plane->padding == PCL_ONNX_GRID_BORDER) at = fmin(fmax(at, 0.0), size - 1.0);
    else if (plane->padding == PCL_ONNX_GRID_REFLECTION)
        at = plane->align_corners ? reflect(at, 0.0, size - 1.0) : reflect(at, -0.5, size - 0.5);
    at = plane->padding == PCL_ONNX_GRID_REFLECTION ? fmin(fmax(rint(at), 0.0), size - 1.0) : at;
    return at >= 0.0 && at <= size - 1.0 ? (int32_t)at : -1;
}

static double pixel(const plane *plane, double y, double x) {
    int32_t row = find_pixel(y, plane->height, plane), column = find_pixel(x, plane->width, plane);
    if (row < 0 || column < 0) return 0.0;
    return (double)plane->data[(size_t)row * (size_t)plane->width + (size_t)column];
}

/* Weights of the pixels at floor(at) - before, ... */
static int32_t find_weights(pcl_onnx_resize_mode mode, double fraction, double weights[4], int32_t *before) {
    const double a = -0.75;
    *before = mode == PCL_ONNX_RESIZE_CUBIC;
    if (mode == PCL_ONNX_RESIZE_LINEAR) {
        weights[0] = 1.0 - fraction;
        weights[1] = fraction;
        return 2;
    }
    for (int32_t i = 0; i < 4; i++) { /* Keys 1981 */
        double d = fabs(fraction + 1.0 - i);
        weights[i] = d <= 1.0 ? ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0 : ((d - 5.0) * d + 8.0) * d * a - 4.0 * a;
    }
    return 4;
}

static double sample(const plane *plane, pcl_onnx_resize_mode mode, double y, double x) {
    double rows[4], columns[4], sum = 0.0;
    int32_t before;
    if (mode == PCL_ONNX_RESIZE_NEAREST) return pixel(plane, rint(y), rint(x));
    int32_t count = find_weights(mode, y - floor(y), rows, &before);
    find_weights(mode, x - floor(x), columns, &before);
    for (int32_t r = 0; r < count; r++)
        for (int32_t c = 0; c < count; c++)
            sum += rows[r] * columns[c] * pixel(plane, floor(y) + r - before, floor(x) + c - before);
    return sum;
}

/* Border and reflection move the point itself first, then (for its neighbours) the pixels. */
static double move_inside(double at, int32_t size, const plane *plane) {
    if (plane->padding == PCL_ONNX_GRID_BORDER) return fmin(fmax(at, 0.0), size - 1.0);
    if (plane->padding != PCL_ONNX_GRID_REFLECTION) return at;
    at = plane->align_corners ? reflect(at, 0.0, size - 1.0) : reflect(at, -0.5, size - 0.5);
    return fmin(fmax(at, 0.0), size - 1.0);
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_onnx_grid_attributes *attributes = step->node->attributes.tools;
    const pcl_tensor *x = step->node->inputs[0], *out_tensor = step->node->outputs[0];
    const int32_t *in = x->shape.dims, *out = out_tensor->shape.dims;
    size_t in_plane = (size_t)in[2] * (size_t)in[3], points = (size_t)out[2] * (size_t)out[3];
    plane plane = {.height = in[2], .width = in[3], .padding = attributes->padding_mode,
                   .align_corners = attributes->align_corners};
    bool cubic = attributes->mode == PCL_ONNX_RESIZE_CUBIC;
    for (size_t p = 0; p < (size_t)in[0] * (size_t)in[1]; p++) {
        const float *grid = (const float *)step->node->inputs[1]->data + p / (size_t)in[1] * points * 2;
        plane.data = (const float *)x->data + p * in_plane;
        for (size_t i = 0; i < points; i++) {
            double column = to_pixels((double)grid[2 * i], in[3], attributes->align_corners);
            double row = to_pixels((double)grid[2 * i + 1], in[2], attributes->align_corners);
            if (!cubic) {
                row = move_inside(row, in[2], &plane);
                column = move_inside(column, in[3], &plane);
            }
            ((float *)out_tensor->data)[p * points + i] = (float)sample(&plane, attributes->mode, row, column);
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_grid_sample = {"GridSample", 2, 2, 1, 1, infer, NULL, run, .in_place = false};
