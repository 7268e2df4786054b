#include "tools/convert/fold_shift.h"

#include <math.h>

#include "ops/table.h"
#include "tools/convert/build.h"

static bool is_float_constant(const pcl_tensor *tensor) {
    return tensor && tensor->constant && tensor->dtype == PCL_FLOAT32;
}

/* x + c or x - c, c with one element, or one for each of the channels. */
static bool is_shift(const pcl_node *node) {
    if ((node->op != &pcl_op_add && node->op != &pcl_op_sub) || node->attributes.binary.activation != PCL_ACTIVATION_NONE)
        return false;
    const pcl_tensor *x = node->inputs[0], *shift = node->inputs[1];
    if (x->constant || x->shape.rank != 4 || !is_float_constant(shift) || !pcl_shape_equal(&x->shape, &node->outputs[0]->shape))
        return false;
    size_t count = pcl_tensor_count(shift), last = shift->shape.rank ? (size_t)shift->shape.dims[shift->shape.rank - 1] : 1;
    return count == 1 || (count == last && last == (size_t)x->shape.dims[3]);
}

/* A convolution of all channels with known weights? */
static bool convolves(const pcl_node *node, const pcl_tensor *x) {
    if (node->op != &pcl_op_conv_2d || node->inputs[0] != x || !is_float_constant(node->inputs[1])) return false;
    if (node->input_count > 2 && node->inputs[2] && !is_float_constant(node->inputs[2])) return false;
    return node->inputs[1]->shape.dims[3] == x->shape.dims[3];
}

/* Without zeros beside it, which would have to become what the shift makes of them. */
static bool reads_whole(const pcl_node *node, const pcl_tensor *x) {
    const pcl_conv_attributes *conv = &node->attributes.conv;
    bool padded = conv->pads.top || conv->pads.left || conv->pads.bottom || conv->pads.right;
    return (!padded || conv->reflect) && convolves(node, x);
}

/* The bias becomes b + W c. */
static pcl_status shift_bias(pcl_graph *graph, pcl_node *conv, const pcl_tensor *shift, float sign) {
    const pcl_tensor *weights = conv->inputs[1], *bias = conv->input_count > 2 ? conv->inputs[2] : NULL;
    size_t channels = (size_t)weights->shape.dims[0], depth = (size_t)weights->shape.dims[3];
    size_t each = pcl_tensor_count(weights) / channels, step = pcl_tensor_count(shift) > 1;
    const float *reals = weights->data, *shifts = shift->data;
    pcl_tensor *sum = pcl_build_constant(graph, bias ? bias->name : "bias", PCL_FLOAT32, &(pcl_shape){1, {(int32_t)channels}}, NULL);
    pcl_tensor **inputs = pcl_graph_alloc(graph, 3, sizeof *inputs);
    if (!sum || !inputs) return PCL_ERROR_LIMIT;
    for (size_t c = 0; c < channels; c++) {
        double value = bias ? (double)((const float *)bias->data)[c] : 0.0;
        for (size_t i = 0; i < each; i++) value += (double)(sign * reals[c * each + i] * shifts[i % depth * step]);
        ((float *)sum->data)[c] = (float)value;
    }
    inputs[0] = conv->inputs[0];
    inputs[1] = conv->inputs[1];
    inputs[2] = sum;
    conv->inputs = inputs;
    conv->input_count = 3;
    return PCL_OK;
}

/* Who reads a shifted picture, and with mirrored pads or without the convolution. */
typedef struct shift_readers {
    pcl_node *first, *conv;
    const pcl_tensor *shifted; /* as the convolution sees it */
} shift_readers;

static shift_readers readers_of(const pcl_graph *graph, const pcl_node *shift) {
    shift_readers found = {.shifted = shift->outputs[0]};
    found.first = found.conv = pcl_only_reader(graph, found.shifted);
    if (!found.first || found.first->op != &pcl_op_mirror_pad) return found;
    found.shifted = found.first->outputs[0];
    found.conv = pcl_only_reader(graph, found.shifted);
    return found;
}

static pcl_status fold(pcl_graph *graph, pcl_node *node) {
    if (!is_shift(node)) return PCL_OK;
    shift_readers readers = readers_of(graph, node);
    pcl_node *reader = readers.first, *conv = readers.conv;
    if (!conv || !reads_whole(conv, readers.shifted)) return PCL_OK;
    PCL_TRY_RETURN(shift_bias(graph, conv, node->inputs[1], node->op == &pcl_op_sub ? -1.0f : 1.0f));
    reader->inputs[0] = node->inputs[0];
    node->op = NULL;
    return PCL_OK;
}

pcl_status pcl_fold_shifts(pcl_graph *graph) {
    for (int32_t n = 0; n < graph->node_count; n++) PCL_TRY_RETURN(fold(graph, graph->nodes[n]));
    pcl_graph_sweep(graph);
    return PCL_OK;
}

/* --- Zeros beside the shifted picture ------------------------------------------------ */

/* The channel more: about as large as the picture's values, which lie around 0 once they are shifted, and one that
 * bytes have exactly, be they 0..255 or 0..1. */
static float channel_value(const pcl_tensor *shift) {
    const float *shifts = shift->data;
    float most = 0.0f;
    for (size_t c = 0; c < pcl_tensor_count(shift); c++) most = fmaxf(most, 2.0f * fabsf(shifts[c]));
    return most < 8.0f ? fmaxf(roundf(most * 255.0f), 1.0f) / 255.0f : roundf(fminf(most, 255.0f));
}

/* [channels out][height][width][channels + 1]: the last takes `value` times its weight where the others take the shift. */
static pcl_tensor *weights_with_shift(pcl_graph *graph, const pcl_tensor *weights, const pcl_tensor *shift, float sign,
                                      float value) {
    pcl_shape shape = weights->shape;
    size_t depth = (size_t)shape.dims[3]++, taps = pcl_tensor_count(weights) / depth;
    pcl_tensor *out = pcl_build_constant(graph, weights->name, PCL_FLOAT32, &shape, NULL);
    if (!out) return NULL;
    const float *from = weights->data, *shifts = shift->data;
    float *to = out->data;
    for (size_t tap = 0; tap < taps; tap++, to++) {
        double sum = 0.0;
        for (size_t c = 0; c < depth; c++, from++, to++) {
            *to = *from;
            sum += (double)*from * (double)shifts[c];
        }
        *to = (float)(sign * sum / value);
    }
    return out;
}

static pcl_status fold_into_channel(pcl_graph *graph, pcl_node *node) {
    if (!is_shift(node) || pcl_tensor_count(node->inputs[1]) == 1 || !pcl_graph_is_input(graph, node->inputs[0])) return PCL_OK;
    shift_readers readers = readers_of(graph, node);
    if (!readers.conv || !convolves(readers.conv, readers.shifted)) return PCL_OK;
    float sign = node->op == &pcl_op_sub ? -1.0f : 1.0f, value = channel_value(node->inputs[1]);
    pcl_tensor *weights = weights_with_shift(graph, readers.conv->inputs[1], node->inputs[1], sign, value);
    pcl_tensor *pads = pcl_build_constant(graph, "pads", PCL_INT32, &(pcl_shape){2, {4, 2}},
                                          (const int32_t[]){0, 0, 0, 0, 0, 0, 0, 1});
    pcl_tensor *constant = pcl_build_constant(graph, "value", PCL_FLOAT32, &(pcl_shape){1, {1}}, &value);
    pcl_tensor **inputs = pcl_graph_alloc(graph, 3, sizeof *inputs);
    if (!weights || !pads || !constant || !inputs) return PCL_ERROR_LIMIT;
    inputs[0] = node->inputs[0];
    inputs[1] = pads;
    inputs[2] = constant;
    *node = (pcl_node){.op = &pcl_op_padv2, .op_name = pcl_op_padv2.name, .name = node->name, .version = 1,
                       .inputs = inputs, .input_count = 3, .outputs = node->outputs, .output_count = 1};
    readers.conv->inputs[1] = weights;
    return PCL_OK;
}

pcl_status pcl_fold_shifts_into_channel(pcl_graph *graph) {
    for (int32_t n = 0; n < graph->node_count; n++) PCL_TRY_RETURN(fold_into_channel(graph, graph->nodes[n]));
    pcl_graph_link(graph);
    return PCL_OK;
}
