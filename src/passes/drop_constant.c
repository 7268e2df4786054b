/* Bytes bound every sum of a quantised network. Where a channel's least and
 * greatest sum round to the same byte, or lie beyond the same end of its
 * activation, it is a constant; training leaves many such. A convolution that
 * reads a constant can have it in its bias, and the channel need not be made.
 * What comes out stays the same to the bit. */
#include <string.h>

#include "ops/conv.h"
#include "ops/table.h"
#include "passes/passes.h"
#include "requantize.h"

enum {
    GROUP = 8, /* kernels make so many channels at once: a multiple is left */
    PROBES = 40, /* channels of a layer that are looked at first */
    VARIES = -1
};

/* What a channel of the input is, less its zero point. */
typedef struct range {
    int32_t least, most;
} range;

/* CONV_2D, or DEPTHWISE_CONV_2D with as many channels out as in, of bytes. */
typedef struct layer {
    pcl_node *node;
    pcl_weighted tensors;
    int16_t *known; /* [in_channels]: what each channel of the input always is, or VARIES; NULL: all vary */
    bool depthwise, padded;
    size_t in_channels, depth; /* depth: weights of an output channel */
    int32_t weight_zero_point; /* the same of all channels */
    range any;                 /* that of inputs that vary */
    pcl_requantization to;     /* but for the scales */
} layer;

static bool find_layer(pcl_node *node, layer *out) {
    bool depthwise = node->op == &pcl_op_depthwise_conv_2d;
    if (!depthwise && node->op != &pcl_op_conv_2d) return false;
    const int32_t *weights = node->inputs[1]->shape.dims;
    const pcl_pads *pads = &node->attributes.conv.pads;
    const pcl_tensor *input = node->inputs[0];
    int32_t axis = depthwise ? 3 : 0, zero_point = pcl_tensor_zero_point(input);
    *out = (layer){.node = node,
                   .tensors = pcl_conv_tensors(node, axis, weights[axis]),
                   .depthwise = depthwise,
                   .padded = (pads->top | pads->left | pads->bottom | pads->right) != 0,
                   .in_channels = (size_t)weights[3],
                   .depth = pcl_tensor_count(node->inputs[1]) / (size_t)weights[axis],
                   .any = {-zero_point, 255 - zero_point}};
    if (input->constant || input->dtype != PCL_UINT8 || node->outputs[0]->dtype != PCL_UINT8) return false;
    const pcl_tensor *bias = out->tensors.bias;
    if (!bias || bias->shape.rank != 1 || weights[3] != input->shape.dims[3]) return false;
    out->weight_zero_point = pcl_weight_zero_point(out->tensors.weights, 0);
    pcl_weighted_requantization(&out->tensors, 0, 0, out->depth, &out->to);
    int16_t *known = input->data;
    if (known && known[weights[3]] > 0) out->known = known;
    return true;
}

static range range_of(const layer *of, size_t in_channel) {
    if (!of->known || of->known[in_channel] == VARIES) return of->any;
    int32_t value = of->known[in_channel] + of->any.least;
    if (!of->padded) return (range){value, value};
    return value < 0 ? (range){value, 0} : (range){0, value};
}

static size_t in_channel_of(const layer *of, size_t channel, size_t k) {
    return of->depthwise ? channel : k % of->in_channels;
}

/* Weight k of an output channel, less its zero point. */
static int32_t weight_at(const layer *of, size_t channel, size_t k) {
    size_t index = of->depthwise ? k * of->in_channels + channel : channel * of->depth + k;
    return pcl_weight_integer(of->tensors.weights, index) - of->weight_zero_point;
}

/* What inputs that are always the same add to a channel's sums. */
static int64_t sum_of_known(const layer *of, size_t channel) {
    int64_t sum = 0;
    for (size_t k = 0; of->known && k < of->depth; k++) {
        range input = range_of(of, in_channel_of(of, channel, k));
        if (input.least == input.most) sum += (int64_t)weight_at(of, channel, k) * input.least;
    }
    return sum;
}

/* What a channel of the output always is, or VARIES. Each input that varies moves the bounds apart: where there is
 * surely more than one byte between them, which most channels show after one or two, nothing is left to find out. */
static int16_t output_of(const layer *of, size_t channel) {
    float scale = pcl_requantization_scale(&of->tensors, channel);
    pcl_requantization to = of->to;
    to.scale = &scale;
    float bottom = (float)(to.low - to.zero_point + 1), top = (float)(to.high - to.zero_point - 1);
    int64_t low = pcl_bias_integer(of->tensors.bias, channel) + sum_of_known(of, channel), high = low;
    for (size_t k = 0; k < of->depth; k++) {
        range input = range_of(of, in_channel_of(of, channel, k));
        if (input.least == input.most) continue;
        int32_t weight = weight_at(of, channel, k);
        low += (int64_t)weight * (weight > 0 ? input.least : input.most);
        high += (int64_t)weight * (weight > 0 ? input.most : input.least);
        float from = (float)low * scale, end = (float)high * scale;
        if (end - from > 2.0f && end > bottom && from < top) return VARIES;
    }
    bool wraps = low < INT32_MIN || high > INT32_MAX; /* as the kernels' sums would */
    uint8_t byte = pcl_requantize(wraps ? INT32_MIN : (int32_t)low, &to, 0);
    return pcl_requantize(wraps ? INT32_MAX : (int32_t)high, &to, 0) == byte ? byte : VARIES;
}

/* Until the plan gives tensors their places, `data` of an output holds what is known of its channels, and then whether
 * anything is. Where none of some channels is constant few of the others are, and looking at all weights takes time. */
static pcl_status find_outputs(pcl_graph *graph, const layer *of) {
    size_t channels = (size_t)of->tensors.channels;
    int16_t *values = pcl_graph_alloc(graph, channels + 1, sizeof *values);
    if (!values) return PCL_ERROR_LIMIT;
    bool any = false;
    for (size_t c = 0; c < channels; c += channels / PROBES + 1) any |= output_of(of, c) != VARIES;
    for (size_t c = 0; c < channels; c++) values[c] = any ? output_of(of, c) : VARIES;
    values[channels] = any;
    of->tensors.output->data = values;
    return PCL_OK;
}

/* Runs of bytes of which every `count` belong to the channels, without those of channels that are known. */
static void gather(void *to, const void *from, size_t bytes, size_t run, size_t count, const int16_t *known) {
    uint8_t *out = to;
    for (size_t i = 0; i * run < bytes; i++) {
        if (known[i % count] != VARIES) continue;
        memcpy(out, (const uint8_t *)from + i * run, run);
        out += run;
    }
}

/* A tensor like another, with so many bytes of its own. */
static pcl_tensor *new_constant(pcl_graph *graph, const pcl_tensor *like, size_t bytes) {
    pcl_tensor *tensor = pcl_graph_alloc(graph, 1, sizeof *tensor);
    if (!tensor) return NULL;
    *tensor = *like;
    tensor->bytes = bytes;
    tensor->data = pcl_graph_alloc(graph, bytes + 16, 1); /* kernels may read past the end */
    return tensor->data ? tensor : NULL;
}

/* A copy of weights or a bias takes their place, without what belongs to the known channels of an input. These lie
 * along the first axis or the last. */
static pcl_status narrow(pcl_graph *graph, pcl_tensor **place, bool last, const layer *of, size_t kept) {
    const pcl_tensor *from = *place;
    size_t count = of->in_channels, run = last ? pcl_dtype_size(from->dtype) : from->bytes / count;
    pcl_tensor *to = *place = new_constant(graph, from, from->bytes / count * kept);
    if (!to) return PCL_ERROR_LIMIT;
    int32_t axis = last ? from->shape.rank - 1 : 0;
    to->shape.dims[axis] = (int32_t)kept;
    gather(to->data, from->data, from->bytes, run, count, of->known);
    if (from->quantization.count <= 1 || from->quantization.axis != axis) return PCL_OK;
    float *scales = to->quantization.scales = pcl_graph_alloc(graph, kept, sizeof *scales);
    if (!scales) return PCL_ERROR_LIMIT;
    gather(scales, from->quantization.scales, count * sizeof *scales, sizeof *scales, count, of->known);
    to->quantization.count = (int32_t)kept;
    return PCL_OK;
}

/* Whether depthwise layers and a first convolution make what a convolution reads, and nothing else reads of them. */
static bool is_made_by_layers(const pcl_tensor *tensor) {
    for (;; tensor = tensor->producer->inputs[0]) {
        if (tensor->uses != 1 || !tensor->data) return false;
        if (tensor->producer->op == &pcl_op_conv_2d) return true;
    }
}

/* Leaves among the known channels those that a convolution will not read any more; returns how many it will. */
static size_t choose(const layer *of) {
    size_t count = of->in_channels, kept = 0;
    for (size_t c = 0; c < count; c++) {
        range input = range_of(of, c);
        if (input.least != input.most) of->known[c] = VARIES;
        kept += of->known[c] == VARIES;
    }
    for (size_t c = 0; c < count && (kept == 0 || kept % GROUP > 0); c++) {
        kept += of->known[c] != VARIES;
        of->known[c] = VARIES;
    }
    return kept;
}

/* Adds to the bias what the channels add that will not be read any more. */
static pcl_status fold(pcl_graph *graph, const layer *of) {
    const pcl_tensor *from = of->tensors.bias;
    pcl_tensor *to = of->node->inputs[2] = new_constant(graph, from, from->bytes);
    if (!to) return PCL_ERROR_LIMIT;
    int32_t *bias = to->data;
    for (size_t c = 0; c < (size_t)of->tensors.channels; c++)
        bias[c] = (int32_t)(pcl_bias_integer(from, c) + sum_of_known(of, c));
    return PCL_OK;
}

static pcl_status drop_inputs(pcl_graph *graph, const layer *of) {
    size_t kept = choose(of);
    if (kept == of->in_channels) return PCL_OK;
    PCL_TRY_RETURN(fold(graph, of));
    PCL_TRY_RETURN(narrow(graph, &of->node->inputs[1], true, of, kept));
    for (const pcl_tensor *tensor = of->tensors.input;;) {
        pcl_node *producer = tensor->producer;
        bool depthwise = producer->op == &pcl_op_depthwise_conv_2d;
        PCL_TRY_RETURN(narrow(graph, &producer->inputs[1], depthwise, of, kept));
        PCL_TRY_RETURN(narrow(graph, &producer->inputs[2], false, of, kept));
        if (!depthwise) break;
        tensor = producer->inputs[0];
    }
    pcl_graph_link(graph);
    return PCL_OK;
}

pcl_status pcl_pass_drop_constant(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++) {
        layer of;
        if (!find_layer(graph->nodes[i], &of)) continue;
        PCL_TRY_RETURN(find_outputs(graph, &of));
        if (!of.depthwise && of.known && is_made_by_layers(of.tensors.input)) PCL_TRY_RETURN(drop_inputs(graph, &of));
    }
    return PCL_OK; /* shapes are inferred once more */
}
