/* Convolutions: CONV_2D and DEPTHWISE_CONV_2D where the weights are constant
 * and the picture has one or two dimensions, the tools' own for the rest. */
#include "tools/onnx/translators.h"

pcl_onnx_window_attributes pcl_window_attributes(pcl_importer *in, const pcl_onnx_node *node) {
    static const char *const auto_pads[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", NULL};
    pcl_onnx_window_attributes window = {.kernel_shape = pcl_attribute_list(in, node, "kernel_shape"),
                                         .strides = pcl_attribute_list(in, node, "strides"),
                                         .dilations = pcl_attribute_list(in, node, "dilations"),
                                         .pads = pcl_attribute_list(in, node, "pads")};
    window.auto_pad = (pcl_onnx_auto_pad)pcl_attribute_word(in, node, "auto_pad", auto_pads, 0);
    return window;
}

/* Element i of a list for the spatial dimensions, or what it is when left out. */
static int32_t element(const pcl_onnx_list *list, int32_t i, int32_t fallback) {
    return i < list->count ? list->values[i] : fallback;
}

enum { MAX_SIDE = 1 << 24, MAX_KERNEL = 1 << 16 }; /* so that what is computed below stays far within 32 bits */

static bool in_range(int32_t value, int32_t low, int32_t high) { return value >= low && value <= high; }

/* One spatial dimension, `i` of `count`. */
static bool window_axis(const pcl_onnx_window_attributes *from, int32_t i, int32_t count, int32_t size, bool ceil,
                        pcl_picture_window *out, int32_t at) {
    int32_t kernel = element(&from->kernel_shape, i, 0), stride = element(&from->strides, i, 1);
    int32_t dilation = element(&from->dilations, i, 1);
    if (!in_range(kernel, 1, 1024) || !in_range(stride, 1, 1024) || !in_range(dilation, 1, 1024)) return false;
    if (!in_range(size, 1, MAX_SIDE)) return false;
    int32_t extent = (kernel - 1) * dilation + 1, before = 0, after = 0;
    if (from->auto_pad == PCL_ONNX_NOTSET) {
        before = element(&from->pads, i, 0);
        after = element(&from->pads, count + i, 0);
    } else if (from->auto_pad != PCL_ONNX_VALID) {
        int32_t total = (size + stride - 1) / stride * stride - stride + extent - size;
        if (total < 0) total = 0;
        before = from->auto_pad == PCL_ONNX_SAME_UPPER ? total / 2 : total - total / 2;
        after = total - before;
    }
    if (!in_range(before, 0, MAX_KERNEL) || !in_range(after, 0, MAX_KERNEL)) return false;
    int32_t room = size + before + after - extent;
    if (room < 0) return false;
    if (ceil && room % stride != 0) { /* the last window begins within the picture or the pads before it */
        int32_t outputs = room / stride + 2;
        if ((outputs - 1) * stride < size + before) after += stride - room % stride;
    }
    out->kernel[at] = kernel;
    out->strides[at] = stride;
    out->dilations[at] = dilation;
    out->before[at] = before;
    out->after[at] = after;
    return true;
}

bool pcl_picture_window_of(const pcl_onnx_window_attributes *from, const pcl_shape *plain, bool ceil,
                           pcl_picture_window *out) {
    int32_t count = plain->rank - 2;
    *out = (pcl_picture_window){{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    if (count < 1 || count > 2 || from->kernel_shape.count != count) return false;
    for (int32_t i = 0; i < count; i++)
        if (!window_axis(from, i, count, plain->dims[2 + i], ceil, out, 2 - count + i)) return false;
    return true;
}

void pcl_picture_pads(const pcl_picture_window *window, pcl_padding *padding, pcl_pads *pads) {
    *pads = (pcl_pads){window->before[0], window->before[1], window->after[0], window->after[1]};
    bool none = pads->top == 0 && pads->left == 0 && pads->bottom == 0 && pads->right == 0;
    *padding = none ? PCL_PADDING_VALID : PCL_PADDING_EXPLICIT;
}

pcl_tensor *pcl_as_picture(pcl_importer *in, pcl_value *value) {
    pcl_tensor *x = pcl_import_channels_last(in, value);
    if (!x || x->shape.rank != 3) return x;
    return pcl_import_reshape(in, x, &(pcl_shape){4, {x->shape.dims[0], 1, x->shape.dims[1], x->shape.dims[2]}});
}

void pcl_set_picture(pcl_importer *in, const pcl_onnx_node *node, pcl_tensor *picture, int32_t rank) {
    if (picture && rank == 3) {
        const int32_t *dims = picture->shape.dims;
        picture = pcl_import_reshape(in, picture, &(pcl_shape){3, {dims[0], dims[2], dims[3]}});
    }
    pcl_import_set(in, node, 0, picture, PCL_CHANNELS_LAST);
}

void pcl_keep_origin(pcl_tensor *weights, const pcl_quantization *origin, const int32_t *order) {
    if (origin->count == 0 || (origin->count > 1 && origin->axis != 0)) return;
    weights->quantization = *origin;
    for (int32_t d = 0; origin->count > 1 && d < weights->shape.rank; d++)
        if (order[d] == 0) weights->quantization.axis = d;
}

/* [out, in, (height,) width] with a height, and then in another order. */
static pcl_tensor *turn_weights(pcl_importer *in, pcl_tensor *weights, const int32_t *order) {
    if (!weights) return NULL;
    const int32_t *dims = weights->shape.dims;
    pcl_quantization origin = weights->quantization;
    if (weights->shape.rank == 3)
        weights = pcl_import_reshape(in, weights, &(pcl_shape){4, {dims[0], dims[1], 1, dims[2]}});
    weights = pcl_import_transpose(in, weights, order);
    if (weights) pcl_keep_origin(weights, &origin, order);
    return weights;
}

static bool is_fast(const pcl_onnx_node *node) {
    for (int32_t i = 0; i < node->input_count; i++) {
        const pcl_value *value = node->inputs[i];
        if (value && pcl_import_dtype(value) != PCL_FLOAT32) return false;
        if (value && i > 0 && !pcl_import_is_constant(value)) return false;
    }
    int32_t rank = pcl_import_shape(node->inputs[0]).rank;
    return (rank == 3 || rank == 4) && pcl_import_shape(node->inputs[1]).rank == rank;
}

/* The kernel's shape is the weights', whether the attribute says so or not. */
static void complete_kernel(pcl_importer *in, pcl_onnx_window_attributes *window, const pcl_shape *weights) {
    for (int32_t i = 0; i < window->kernel_shape.count; i++)
        if (i + 2 >= weights->rank || window->kernel_shape.values[i] != weights->dims[i + 2])
            pcl_import_fail(in, PCL_ERROR_SHAPE, "its kernel_shape is not that of its weights");
    window->kernel_shape.count = weights->rank - 2;
    for (int32_t i = 0; i + 2 < weights->rank; i++) window->kernel_shape.values[i] = weights->dims[i + 2];
}

/* --- Conv ------------------------------------------------------------------------- */

static void emit_conv(pcl_importer *in, const pcl_onnx_node *node, const pcl_picture_window *window, int32_t group) {
    static const int32_t out_height_width_in[] = {0, 2, 3, 1}, in_height_width_out[] = {1, 2, 3, 0};
    pcl_shape weights = pcl_import_shape(node->inputs[1]), x = pcl_import_shape(node->inputs[0]);
    bool depthwise = group > 1 && group == x.dims[1] && weights.dims[1] == 1;
    pcl_attributes attributes = {.conv = {.stride_h = window->strides[0],
                                          .stride_w = window->strides[1],
                                          .dilation_h = window->dilations[0],
                                          .dilation_w = window->dilations[1]}};
    pcl_picture_pads(window, &attributes.conv.padding, &attributes.conv.pads);
    pcl_tensor *inputs[] = {pcl_as_picture(in, node->inputs[0]),
                            turn_weights(in, pcl_import_plain(in, node->inputs[1]),
                                         depthwise ? in_height_width_out : out_height_width_in),
                            pcl_import_plain_input(in, node, 2)};
    if (depthwise) attributes.conv.depth_multiplier = weights.dims[0] / group;
    const pcl_op *op = depthwise ? &pcl_op_depthwise_conv_2d : &pcl_op_conv_2d;
    pcl_tensor *out = pcl_import_emit(in, op, PCL_FLOAT32, &attributes, inputs[2] ? 3 : 2, inputs);
    pcl_set_picture(in, node, out, x.rank);
}

void pcl_translate_conv(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_conv_attributes *conv = pcl_import_alloc(in, 1, sizeof *conv);
    pcl_picture_window window;
    if (!conv || !pcl_import_needs(in, node, 2)) return;
    pcl_shape x = pcl_import_shape(node->inputs[0]), weights = pcl_import_shape(node->inputs[1]);
    conv->window = pcl_window_attributes(in, node);
    conv->group = pcl_attribute_int(node, "group", 1);
    complete_kernel(in, &conv->window, &weights);
    if (in->status != PCL_OK) return;
    bool grouped = x.rank >= 2 && weights.rank >= 2 && conv->group >= 1 &&
                   (int64_t)weights.dims[1] * conv->group == x.dims[1] && weights.dims[0] % conv->group == 0;
    if (grouped && is_fast(node) && pcl_picture_window_of(&conv->window, &x, false, &window))
        emit_conv(in, node, &window, conv->group);
    else pcl_import_generic(in, node, &pcl_onnx_conv, conv);
}

/* --- ConvTranspose ------------------------------------------------------------------ */

/* output_shape is for the file's own picture size. At others the output keeps
 * its proportion: what lies beyond the last window stays what it was. */
static int32_t wanted_size(const pcl_importer *in, const pcl_onnx_conv_attributes *conv, int32_t i, int32_t full,
                           int32_t kernel, int32_t stride) {
    int32_t wanted = element(&conv->output_shape, i, 0);
    bool fixed = conv->window.auto_pad == PCL_ONNX_NOTSET || conv->window.auto_pad == PCL_ONNX_VALID;
    if (!in->rebound || !fixed || wanted < kernel || conv->window.pads.count > 0) return wanted;
    return full + (wanted - kernel) % stride;
}

/* Output size and pads of one dimension; false where the engine's operator cannot do it.
 * Formulas: https://onnx.ai/onnx/operators/onnx__ConvTranspose.html */
static bool transposed_axis(const pcl_importer *in, const pcl_onnx_conv_attributes *conv, int32_t i, int32_t count,
                            int32_t size, int32_t at, pcl_picture_window *out, int32_t *out_size) {
    const pcl_onnx_window_attributes *window = &conv->window;
    int32_t kernel = element(&window->kernel_shape, i, 1), stride = element(&window->strides, i, 1);
    int32_t extra = element(&conv->output_padding, i, 0);
    if (element(&window->dilations, i, 1) != 1) return false;
    if (!in_range(kernel, 1, 1024) || !in_range(stride, 1, 64) || !in_range(extra, 0, 1024)) return false;
    if (!in_range(size, 1, MAX_SIDE)) return false;
    int32_t full = stride * (size - 1) + kernel + extra, before = element(&window->pads, i, 0);
    int32_t after = element(&window->pads, count + i, 0), wanted = wanted_size(in, conv, i, full, kernel, stride);
    bool same = window->auto_pad == PCL_ONNX_SAME_UPPER || window->auto_pad == PCL_ONNX_SAME_LOWER;
    if (same && conv->output_shape.count == 0) wanted = size * stride;
    if (wanted > 0) {
        int32_t total = full > wanted ? full - wanted : 0;
        before = window->auto_pad == PCL_ONNX_SAME_UPPER ? total / 2 : total - total / 2;
        after = total - before;
    } else if (window->auto_pad == PCL_ONNX_VALID) {
        before = after = 0;
    }
    if (!in_range(before, 0, kernel - 1) || !in_range(after, 0, MAX_KERNEL)) return false;
    *out_size = wanted > 0 ? wanted : full - before - after;
    out->kernel[at] = kernel;
    out->strides[at] = stride;
    out->before[at] = before;
    out->after[at] = after;
    return *out_size >= kernel;
}

static bool transposed_window(const pcl_importer *in, const pcl_onnx_conv_attributes *conv, const pcl_shape *x,
                              pcl_picture_window *out, int32_t *sizes) {
    int32_t count = x->rank - 2;
    *out = (pcl_picture_window){{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    sizes[0] = 1;
    for (int32_t i = 0; i < count; i++)
        if (!transposed_axis(in, conv, i, count, x->dims[2 + i], 2 - count + i, out, &sizes[2 - count + i]))
            return false;
    return true;
}

static void emit_transposed(pcl_importer *in, const pcl_onnx_node *node, const pcl_picture_window *window,
                            const int32_t *sizes) {
    static const int32_t order[] = {1, 2, 3, 0}; /* [in, out, height, width] to [out, height, width, in] */
    pcl_shape x = pcl_import_shape(node->inputs[0]), weights = pcl_import_shape(node->inputs[1]);
    pcl_attributes attributes = {.conv = {.stride_h = window->strides[0],
                                          .stride_w = window->strides[1],
                                          .dilation_h = 1,
                                          .dilation_w = 1}};
    pcl_picture_pads(window, &attributes.conv.padding, &attributes.conv.pads);
    int32_t shape[] = {x.dims[0], sizes[0], sizes[1], weights.dims[1]};
    pcl_tensor *inputs[] = {pcl_import_integers(in, shape, 4),
                            turn_weights(in, pcl_import_plain(in, node->inputs[1]), order),
                            pcl_as_picture(in, node->inputs[0]), pcl_import_plain_input(in, node, 2)};
    pcl_tensor *out = pcl_import_emit(in, &pcl_op_transpose_conv, PCL_FLOAT32, &attributes, inputs[3] ? 4 : 3, inputs);
    pcl_set_picture(in, node, out, x.rank);
}

void pcl_translate_conv_transpose(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_conv_attributes *conv = pcl_import_alloc(in, 1, sizeof *conv);
    pcl_picture_window window;
    int32_t sizes[2];
    if (!conv || !pcl_import_needs(in, node, 2)) return;
    pcl_shape x = pcl_import_shape(node->inputs[0]), weights = pcl_import_shape(node->inputs[1]);
    conv->window = pcl_window_attributes(in, node);
    conv->group = pcl_attribute_int(node, "group", 1);
    conv->output_padding = pcl_attribute_list(in, node, "output_padding");
    conv->output_shape = pcl_attribute_list(in, node, "output_shape");
    complete_kernel(in, &conv->window, &weights);
    if (in->status != PCL_OK) return;
    bool plain = conv->group == 1 && is_fast(node) && weights.dims[0] == x.dims[1];
    if (plain && transposed_window(in, conv, &x, &window, sizes)) emit_transposed(in, node, &window, sizes);
    else pcl_import_generic(in, node, &pcl_onnx_conv_transpose, conv);
}
