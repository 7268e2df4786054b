#include "tools/quantise/equalise.h"

#include <math.h>
#include <string.h>

#include "ops/table.h"
#include "tools/convert/build.h"
#include "tools/quantise/quantise.h"
#include "tools/quantise/weights.h"

#define LARGEST_FACTOR 16.0f
#define WIDTH_DEVIATIONS 12.0f /* standard deviations: beyond are few values */
#define LARGEST_EPSILON_SHARE 1e-3f /* of the variance, where gamma cannot take it back */

/* A copy of a constant of the node, to be changed. */
static float *own_constant(pcl_graph *graph, pcl_node *node, int32_t input) {
    const pcl_tensor *old = node->inputs[input];
    pcl_tensor *copy = pcl_build_constant(graph, old->name, PCL_FLOAT32, &old->shape, old->data);
    if (!copy) return NULL;
    node->inputs[input] = copy;
    return copy->data;
}

static int32_t x_place(const pcl_node *node) { return node->op == &pcl_op_transpose_conv ? 2 : 0; }
static int32_t bias_place(const pcl_node *node) { return node->op == &pcl_op_transpose_conv ? 3 : 2; }

static bool is_constant_float(const pcl_tensor *tensor) {
    return tensor && tensor->constant && tensor->dtype == PCL_FLOAT32;
}

static int32_t output_channels(const pcl_node *node) { return node->inputs[1]->shape.dims[pcl_weight_axis(node)]; }

/* A layer whose weights and bias can be changed. */
static bool is_layer(const pcl_node *node) {
    return pcl_has_weights(node) && is_constant_float(node->inputs[1]) && bias_place(node) < node->input_count &&
           is_constant_float(node->inputs[bias_place(node)]) &&
           pcl_tensor_count(node->inputs[bias_place(node)]) == (size_t)output_channels(node);
}

/* out[c] = (out[c] - center[c]) * factor[c]; center may be NULL. */
static bool change_outputs(pcl_graph *graph, pcl_node *node, const float *factor, const float *center) {
    float *weights = own_constant(graph, node, 1), *bias = own_constant(graph, node, bias_place(node));
    if (!weights || !bias) return false;
    const pcl_shape *shape = &node->inputs[1]->shape;
    size_t channels = (size_t)output_channels(node), inner = 1, count = pcl_tensor_count(node->inputs[1]);
    for (int32_t d = pcl_weight_axis(node) + 1; d < shape->rank; d++) inner *= (size_t)shape->dims[d];
    for (size_t i = 0; i < count; i++) weights[i] *= factor[i / inner % channels];
    for (size_t c = 0; c < channels; c++) bias[c] = (bias[c] - (center ? center[c] : 0.0f)) * factor[c];
    return true;
}

/* --- Before instance normalisations ------------------------------------------------------- */

static float variance_of(const pcl_statistics *seen, size_t c) {
    double n = (double)seen->per_channel, mean = seen->channels[c].sum / n;
    return (float)fmax(seen->channels[c].square / n - mean * mean, 0.0);
}

/* What of a channel's range counts; what lies further out may be clipped. */
static float width_of(const pcl_statistics *seen, size_t c) {
    float width = seen->channels[c].high - seen->channels[c].low;
    return fminf(width, WIDTH_DEVIATIONS * sqrtf(variance_of(seen, c)));
}

static pcl_status equalise_norm(pcl_graph *graph, pcl_node *layer, pcl_node *norm, const pcl_statistics *seen) {
    size_t channels = (size_t)seen->channel_count;
    float *factor = pcl_graph_alloc(graph, channels, sizeof *factor), *center = pcl_graph_alloc(graph, channels, sizeof *center);
    float epsilon = norm->attributes.instance_norm.epsilon, widest = 0.0f;
    float *gamma = is_constant_float(norm->inputs[1]) ? own_constant(graph, norm, 1) : NULL;
    if (!factor || !center) return PCL_ERROR_LIMIT;
    for (size_t c = 0; c < channels; c++) widest = fmaxf(widest, width_of(seen, c));
    for (size_t c = 0; c < channels; c++) {
        float variance = variance_of(seen, c), width = width_of(seen, c);
        center[c] = 0.5f * (seen->channels[c].high + seen->channels[c].low);
        factor[c] = width > widest * 1e-6f ? widest / width : 1.0f;
        if (gamma) gamma[c] *= sqrtf((variance + epsilon / (factor[c] * factor[c])) / (variance + epsilon));
        else if (epsilon > LARGEST_EPSILON_SHARE * variance) factor[c] = 1.0f;
    }
    return change_outputs(graph, layer, factor, center) ? PCL_OK : PCL_ERROR_LIMIT;
}

/* --- Between layers -------------------------------------------------------------------------- */

/* The input channel that weight i of a layer multiplies; channels of the input are `depth`. */
static size_t weight_channel(const pcl_node *node, size_t i, size_t depth) {
    size_t last = (size_t)node->inputs[1]->shape.dims[node->inputs[1]->shape.rank - 1];
    if (node->op == &pcl_op_depthwise_conv_2d) return i % last / (last / depth);
    return i % last;
}

static bool reads_channels(const pcl_node *node, const pcl_tensor *x, size_t depth) {
    if (!pcl_has_weights(node) || node->inputs[x_place(node)] != x || !is_constant_float(node->inputs[1])) return false;
    const pcl_shape *shape = &node->inputs[1]->shape;
    size_t last = (size_t)shape->dims[shape->rank - 1];
    return node->op == &pcl_op_depthwise_conv_2d ? last % depth == 0 : last == depth; /* no groups */
}

static pcl_status multiply_readers(pcl_graph *graph, const pcl_tensor *x, const float *factor, size_t depth) {
    for (int32_t n = 0; n < graph->node_count; n++) {
        pcl_node *node = graph->nodes[n];
        if (!reads_channels(node, x, depth)) continue;
        float *weights = own_constant(graph, node, 1);
        if (!weights) return PCL_ERROR_LIMIT;
        for (size_t i = 0; i < pcl_tensor_count(node->inputs[1]); i++) weights[i] *= factor[weight_channel(node, i, depth)];
    }
    return PCL_OK;
}

/* Greatest weight that reads each channel. */
static void greatest_weights(const pcl_graph *graph, const pcl_tensor *x, float *greatest, size_t depth) {
    for (int32_t n = 0; n < graph->node_count; n++) {
        const pcl_node *node = graph->nodes[n];
        if (!reads_channels(node, x, depth)) continue;
        const float *weights = node->inputs[1]->data;
        for (size_t i = 0; i < pcl_tensor_count(node->inputs[1]); i++) {
            float *place = &greatest[weight_channel(node, i, depth)];
            *place = fmaxf(*place, fabsf(weights[i]));
        }
    }
}

/* factor[c]: what the layer's channel is divided by. Their geometric mean is 1. */
static void find_factors(const pcl_statistics *seen, const float *weights, float *factor, size_t depth) {
    double logarithms = 0.0;
    size_t known = 0;
    for (size_t c = 0; c < depth; c++) {
        float value = fmaxf(fabsf(seen->channels[c].low), fabsf(seen->channels[c].high));
        factor[c] = value > 0.0f && weights[c] > 0.0f ? sqrtf(value / weights[c]) : 0.0f;
        if (factor[c] > 0.0f) logarithms += log((double)factor[c]), known++;
    }
    float mean = known ? (float)exp(logarithms / (double)known) : 1.0f;
    for (size_t c = 0; c < depth; c++) {
        factor[c] = factor[c] > 0.0f ? factor[c] / mean : 1.0f;
        factor[c] = fminf(fmaxf(factor[c], 1.0f / LARGEST_FACTOR), LARGEST_FACTOR);
    }
}

/* A norm's channels are divided in gamma and beta. */
static bool divide_norm(pcl_graph *graph, pcl_node *norm, const float *factor, size_t depth) {
    float *gamma = own_constant(graph, norm, 1), *beta = own_constant(graph, norm, 2);
    for (size_t c = 0; gamma && beta && c < depth; c++) {
        gamma[c] /= factor[c];
        beta[c] /= factor[c];
    }
    return gamma && beta;
}

/* x: what the readers read, the layer's output or that with pads. */
static pcl_status equalise_layers(pcl_graph *graph, pcl_node *layer, const pcl_tensor *x, const pcl_statistics *seen) {
    size_t depth = (size_t)seen->channel_count;
    float *factor = pcl_graph_alloc(graph, depth, sizeof *factor), *weights = pcl_graph_alloc(graph, depth, sizeof *weights);
    if (!factor || !weights) return PCL_ERROR_LIMIT;
    greatest_weights(graph, x, weights, depth);
    find_factors(seen, weights, factor, depth);
    PCL_TRY_RETURN(multiply_readers(graph, x, factor, depth));
    if (layer->op == &pcl_op_instance_norm) return divide_norm(graph, layer, factor, depth) ? PCL_OK : PCL_ERROR_LIMIT;
    for (size_t c = 0; c < depth; c++) factor[c] = 1.0f / factor[c];
    return change_outputs(graph, layer, factor, NULL) ? PCL_OK : PCL_ERROR_LIMIT;
}

/* --- Which ------------------------------------------------------------------------------------ */

static pcl_activation activation_of(const pcl_node *layer) {
    return layer->op == &pcl_op_fully_connected ? layer->attributes.fully_connected.activation : layer->attributes.conv.activation;
}

static pcl_node *only_reader(const pcl_graph *graph, const pcl_tensor *tensor) {
    for (int32_t n = 0; tensor->uses == 1 && n < graph->node_count; n++)
        for (int32_t i = 0; i < graph->nodes[n]->input_count; i++)
            if (graph->nodes[n]->inputs[i] == tensor) return graph->nodes[n];
    return NULL;
}

static bool all_read_channels(const pcl_graph *graph, const pcl_tensor *tensor, size_t depth) {
    int32_t readers = 0;
    for (int32_t n = 0; n < graph->node_count; n++) readers += reads_channels(graph->nodes[n], tensor, depth);
    return readers > 0 && readers == tensor->uses; /* the model's outputs count as uses */
}

/* Behind operators that move or copy each channel's values and nobody else reads. */
static const pcl_tensor *behind_moves(const pcl_graph *graph, const pcl_tensor *tensor) {
    for (pcl_node *reader = only_reader(graph, tensor); reader; reader = only_reader(graph, tensor)) {
        if (reader->op != &pcl_op_mirror_pad && reader->op != &pcl_op_pad && reader->op != &pcl_op_max_pool_2d &&
            reader->op != &pcl_op_resize_nearest_neighbor && reader->op != &pcl_op_resize_bilinear)
            break;
        tensor = reader->outputs[0];
    }
    return tensor;
}

static bool is_norm(const pcl_node *node) {
    return node->op == &pcl_op_instance_norm && is_constant_float(node->inputs[1]) && is_constant_float(node->inputs[2]);
}

static bool keeps_scale(const pcl_node *node) {
    pcl_activation activation = is_norm(node) ? node->attributes.instance_norm.activation : activation_of(node);
    return activation == PCL_ACTIVATION_NONE || activation == PCL_ACTIVATION_RELU;
}

static pcl_status equalise(pcl_graph *graph, pcl_node *node, const pcl_statistics *statistics, int32_t *count) {
    const pcl_tensor *out = node->outputs[0];
    const pcl_statistics *seen = &statistics[out->place];
    if ((!is_layer(node) && !is_norm(node)) || seen->count == 0 || seen->channel_count != out->shape.dims[out->shape.rank - 1])
        return PCL_OK;
    pcl_node *reader = only_reader(graph, out);
    if (is_layer(node) && reader && reader->op == &pcl_op_instance_norm && activation_of(node) == PCL_ACTIVATION_NONE &&
        reader->inputs[0] == out) {
        ++*count;
        return equalise_norm(graph, node, reader, seen);
    }
    const pcl_tensor *read = behind_moves(graph, out);
    if (!keeps_scale(node) || !all_read_channels(graph, read, (size_t)seen->channel_count)) return PCL_OK;
    ++*count;
    return equalise_layers(graph, node, read, seen);
}

pcl_status pcl_equalise(pcl_graph *graph, const pcl_statistics *statistics, int32_t *count) {
    *count = 0;
    for (int32_t n = 0; n < graph->node_count; n++) PCL_TRY_RETURN(equalise(graph, graph->nodes[n], statistics, count));
    pcl_graph_link(graph);
    return PCL_OK;
}
