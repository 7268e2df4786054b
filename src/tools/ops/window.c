#include "tools/ops/window.h"

#include "ops/move.h"
#include "tools/ops/check.h"

enum { MAX_WINDOW = 1 << 16 };

/* Value `i` of a list that may be left out. */
static int32_t list_value(const pcl_onnx_list *list, int32_t i, int32_t otherwise) {
    return list->count ? list->values[i] : otherwise;
}

static pcl_status check_counts(const pcl_infer_context *context, const pcl_node *node,
                               const pcl_onnx_window_attributes *attributes, int32_t rank) {
    const pcl_onnx_list *lists[] = {&attributes->kernel_shape, &attributes->strides, &attributes->dilations};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (lists[i]->count != 0 && lists[i]->count != rank)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "an attribute has %d values, expected %d",
                                 lists[i]->count, rank);
    if (attributes->pads.count == 0 || attributes->pads.count == 2 * rank) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "it has %d pads, expected %d",
                         attributes->pads.count, 2 * rank);
}

static pcl_status check_sizes(const pcl_infer_context *context, const pcl_node *node, const pcl_onnx_window *window) {
    for (int32_t i = 0; i < PCL_ONNX_SPATIAL; i++) {
        bool sane = window->kernel[i] >= 1 && window->kernel[i] <= MAX_WINDOW && window->stride[i] >= 1 &&
                    window->stride[i] <= MAX_WINDOW && window->dilation[i] >= 1 && window->dilation[i] <= MAX_WINDOW;
        if (!sane)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE,
                                 "kernel %d, stride %d, dilation %d out of range", window->kernel[i], window->stride[i],
                                 window->dilation[i]);
        if (window->before[i] < 0 || window->before[i] > MAX_WINDOW || window->after[i] < 0 ||
            window->after[i] > MAX_WINDOW)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "pads of %d and %d are out of range",
                                 window->before[i], window->after[i]);
        if (window->in[i] < 1)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "a spatial dimension of its input is %d",
                                 window->in[i]);
    }
    return PCL_OK;
}

pcl_status pcl_onnx_read_window(const pcl_infer_context *context, const pcl_node *node,
                                const pcl_onnx_window_attributes *attributes, const pcl_tensor *x,
                                const pcl_tensor *weights, pcl_onnx_window *out) {
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 3, 2 + PCL_ONNX_SPATIAL));
    int32_t rank = x->shape.rank - 2, missing = PCL_ONNX_SPATIAL - rank;
    PCL_TRY_RETURN(check_counts(context, node, attributes, rank));
    if (weights) PCL_TRY_RETURN(pcl_check_rank(context, node, weights, rank + 2, rank + 2));
    if (!weights && attributes->kernel_shape.count == 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_FORMAT, "it has no kernel_shape");
    *out = (pcl_onnx_window){rank, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0}, {0}, {1, 1, 1}};
    for (int32_t i = 0; i < rank; i++) {
        int32_t at = missing + i;
        out->in[at] = x->shape.dims[2 + i];
        out->kernel[at] = weights ? weights->shape.dims[2 + i] : attributes->kernel_shape.values[i];
        out->stride[at] = list_value(&attributes->strides, i, 1);
        out->dilation[at] = list_value(&attributes->dilations, i, 1);
        bool padded = attributes->auto_pad == PCL_ONNX_NOTSET;
        out->before[at] = padded ? list_value(&attributes->pads, i, 0) : 0;
        out->after[at] = padded ? list_value(&attributes->pads, rank + i, 0) : 0;
        if (weights && attributes->kernel_shape.count && attributes->kernel_shape.values[i] != out->kernel[at])
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "kernel_shape does not fit the weights");
    }
    return check_sizes(context, node, out);
}

void pcl_onnx_split_padding(pcl_onnx_window *window, int32_t axis, int64_t total, bool upper) {
    if (total < 0) total = 0;
    int32_t less = (int32_t)(total / 2), more = (int32_t)(total - total / 2);
    window->before[axis] = upper ? less : more;
    window->after[axis] = upper ? more : less;
}

pcl_status pcl_onnx_fit_window(const pcl_infer_context *context, const pcl_node *node, pcl_onnx_auto_pad auto_pad,
                               bool ceil_mode, pcl_onnx_window *window) {
    for (int32_t i = 0; i < PCL_ONNX_SPATIAL; i++) {
        int64_t extent = (int64_t)(window->kernel[i] - 1) * window->dilation[i] + 1;
        int64_t in = window->in[i], stride = window->stride[i];
        if (auto_pad == PCL_ONNX_SAME_UPPER || auto_pad == PCL_ONNX_SAME_LOWER) {
            int64_t out = (in + stride - 1) / stride;
            pcl_onnx_split_padding(window, i, (out - 1) * stride + extent - in, auto_pad == PCL_ONNX_SAME_UPPER);
        }
        int64_t free = in + window->before[i] + window->after[i] - extent;
        if (free < 0)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "a window of %lld does not fit into %d",
                                 (long long)extent, window->in[i]);
        int64_t out = free / stride + 1;
        if (ceil_mode && free % stride != 0 && out * stride < in + window->before[i]) out++;
        window->out[i] = (int32_t)out;
    }
    return PCL_OK;
}

pcl_status pcl_onnx_push_spatial(const pcl_infer_context *context, const pcl_node *node, const pcl_onnx_window *window,
                                 pcl_shape *shape) {
    for (int32_t i = PCL_ONNX_SPATIAL - window->rank; i < PCL_ONNX_SPATIAL; i++)
        PCL_TRY_RETURN(pcl_push_dim(context, node, shape, window->out[i]));
    return PCL_OK;
}

static bool is_single(const pcl_onnx_window *window, int32_t axis) {
    return window->kernel[axis] == 1 && window->stride[axis] == 1 && window->before[axis] == 0 &&
           window->in[axis] == window->out[axis];
}

void pcl_onnx_merge_rows(pcl_onnx_window *window) {
    for (int32_t axis = PCL_ONNX_SPATIAL - 2; axis >= 0; axis--) {
        if (!is_single(window, axis) || !is_single(window, PCL_ONNX_SPATIAL - 1)) return;
        window->in[PCL_ONNX_SPATIAL - 1] *= window->in[axis];
        window->out[PCL_ONNX_SPATIAL - 1] = window->in[PCL_ONNX_SPATIAL - 1];
        window->in[axis] = window->out[axis] = 1;
    }
}

/* The positions begin .. end - 1 of the window along `axis` in which its
 * element `k` lies inside the input, there at position * stride + first. */
typedef struct window_range {
    int32_t begin, end;
    int64_t first;
} window_range;

static window_range find_range(const pcl_onnx_window *window, int32_t axis, int32_t k) {
    int64_t stride = window->stride[axis], first = (int64_t)k * window->dilation[axis] - window->before[axis];
    int64_t begin = first < 0 ? (-first + stride - 1) / stride : 0;
    int64_t room = (int64_t)window->in[axis] - 1 - first; /* stride * position <= room */
    int64_t end = room < 0 ? 0 : room / stride + 1;
    if (end > window->out[axis]) end = window->out[axis];
    return (window_range){(int32_t)(begin < end ? begin : end), (int32_t)end, first};
}

static void walk_rows(const pcl_onnx_window *window, const window_range *ranges, size_t k, pcl_onnx_row row,
                      void *argument) {
    int64_t column = ranges[2].begin * (int64_t)window->stride[2] + ranges[2].first;
    size_t count = (size_t)(ranges[2].end - ranges[2].begin);
    for (int32_t d = ranges[0].begin; d < ranges[0].end; d++) {
        int64_t plane = d * (int64_t)window->stride[0] + ranges[0].first;
        for (int32_t h = ranges[1].begin; h < ranges[1].end; h++) {
            int64_t line = plane * window->in[1] + h * (int64_t)window->stride[1] + ranges[1].first;
            int64_t out = ((int64_t)d * window->out[1] + h) * window->out[2] + ranges[2].begin;
            row(argument, k, (size_t)(line * window->in[2] + column), (size_t)out, count);
        }
    }
}

void pcl_onnx_walk_window(const pcl_onnx_window *window, pcl_onnx_row row, void *argument) {
    const int32_t *kernel = window->kernel;
    window_range ranges[PCL_ONNX_SPATIAL];
    for (int32_t d = 0; d < kernel[0]; d++) {
        ranges[0] = find_range(window, 0, d);
        for (int32_t h = 0; h < kernel[1] && ranges[0].begin < ranges[0].end; h++) {
            ranges[1] = find_range(window, 1, h);
            for (int32_t w = 0; w < kernel[2] && ranges[1].begin < ranges[1].end; w++) {
                ranges[2] = find_range(window, 2, w);
                size_t k = ((size_t)d * (size_t)kernel[1] + (size_t)h) * (size_t)kernel[2] + (size_t)w;
                if (ranges[2].begin < ranges[2].end) walk_rows(window, ranges, k, row, argument);
            }
        }
    }
}

size_t pcl_onnx_in_plane(const pcl_onnx_window *window) {
    return (size_t)window->in[0] * (size_t)window->in[1] * (size_t)window->in[2];
}

size_t pcl_onnx_out_plane(const pcl_onnx_window *window) {
    return (size_t)window->out[0] * (size_t)window->out[1] * (size_t)window->out[2];
}

uint64_t pcl_onnx_kernel_size(const pcl_onnx_window *window) {
    return (uint64_t)window->kernel[0] * (uint64_t)window->kernel[1] * (uint64_t)window->kernel[2];
}
