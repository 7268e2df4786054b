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

static pcl_activation activation_of(const pcl_node *node) {
    if (node->op == &pcl_op_instance_norm) return node->attributes.instance_norm.activation;
    if (node->op == &pcl_op_fully_connected) return node->attributes.fully_connected.activation;
    if (node->op == &pcl_op_max_pool_2d || node->op == &pcl_op_average_pool_2d) return node->attributes.pool.activation;
    if (node->op == &pcl_op_add || node->op == &pcl_op_sub) return node->attributes.binary.activation;
    return pcl_has_weights(node) ? node->attributes.conv.activation : PCL_ACTIVATION_NONE;
}

/* f(x * s) = f(x) * s for s > 0. */
static bool keeps_scale(const pcl_node *node) {
    return activation_of(node) == PCL_ACTIVATION_NONE || activation_of(node) == PCL_ACTIVATION_RELU;
}

static bool is_norm(const pcl_node *node) {
    return node->op == &pcl_op_instance_norm && is_constant_float(node->inputs[1]) && is_constant_float(node->inputs[2]);
}

/* Its outputs can be multiplied by a factor each. */
static bool is_writer(const pcl_node *node) { return (is_layer(node) || is_norm(node)) && keeps_scale(node); }

static int32_t depth_of(const pcl_tensor *tensor) { return tensor->shape.rank ? tensor->shape.dims[tensor->shape.rank - 1] : 1; }

/* Operators whose outputs' channels are multiplied when those of all inputs are. */
static bool is_link(const pcl_node *node) {
    static const pcl_op *const movers[] = {
        &pcl_op_mirror_pad, &pcl_op_pad, &pcl_op_max_pool_2d, &pcl_op_average_pool_2d, &pcl_op_resize_nearest_neighbor,
        &pcl_op_resize_bilinear, &pcl_op_relu, &pcl_op_mean, &pcl_op_reshape,
    };
    const pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    if (!keeps_scale(node) || in->dtype != PCL_FLOAT32 || in->constant || depth_of(in) != depth_of(out)) return false;
    if (node->op == &pcl_op_add || node->op == &pcl_op_sub)
        return !node->inputs[1]->constant && pcl_shape_equal(&in->shape, &node->inputs[1]->shape);
    if (node->op == &pcl_op_mean) return in->shape.rank == 4 && pcl_tensor_count(out) == (size_t)in->shape.dims[0] * (size_t)depth_of(in);
    for (size_t i = 0; i < sizeof movers / sizeof *movers; i++)
        if (movers[i] == node->op) return true;
    return false;
}

/* --- Families: tensors whose channels have their factors in common ------------------------- */

typedef struct families {
    pcl_graph *graph;
    const pcl_statistics *statistics;
    int32_t *parents; /* [tensor_count] */
    bool *fixed;      /* [tensor_count]: at the roots; somebody needs the values as they are */
} families;

static int32_t family_of(const families *self, const pcl_tensor *tensor) {
    int32_t number = tensor->place;
    while (self->parents[number] != number) number = self->parents[number];
    return number;
}

static void fix(families *self, const pcl_tensor *tensor) {
    if (tensor && !tensor->constant) self->fixed[family_of(self, tensor)] = true;
}

static void join(families *self, const pcl_tensor *a, const pcl_tensor *b) {
    int32_t to = family_of(self, a), from = family_of(self, b);
    self->fixed[to] |= self->fixed[from];
    self->parents[from] = to;
}

static void add_to_families(families *self, const pcl_node *node) {
    bool links = is_link(node);
    for (int32_t i = 0; i < node->input_count; i++) {
        const pcl_tensor *in = node->inputs[i];
        if (!in || in->constant) continue;
        if (links) join(self, in, node->outputs[0]);
        else if (!reads_channels(node, in, (size_t)depth_of(in))) fix(self, in);
    }
    for (int32_t i = 0; i < node->output_count; i++)
        if (!links && !is_writer(node)) fix(self, node->outputs[i]);
}

static bool find_families(families *self) {
    pcl_graph *graph = self->graph;
    self->parents = pcl_graph_alloc(graph, (size_t)graph->tensor_count, sizeof *self->parents);
    self->fixed = pcl_graph_alloc(graph, (size_t)graph->tensor_count, sizeof *self->fixed);
    if (!self->parents || !self->fixed) return false;
    for (int32_t i = 0; i < graph->tensor_count; i++) self->parents[i] = i;
    for (int32_t n = 0; n < graph->node_count; n++) add_to_families(self, graph->nodes[n]);
    for (int32_t i = 0; i < graph->input_count; i++) fix(self, graph->inputs[i]);
    for (int32_t i = 0; i < graph->output_count; i++) fix(self, graph->outputs[i]);
    return true;
}

static bool is_reader(const families *self, const pcl_node *node, int32_t family, size_t depth) {
    if (!pcl_has_weights(node)) return false;
    const pcl_tensor *x = node->inputs[x_place(node)];
    return !x->constant && family_of(self, x) == family && reads_channels(node, x, depth);
}

/* values[c] += (the channel's greatest value / the tensor's)^2, for each tensor of the family. */
static void add_values(const families *self, int32_t family, float *values, size_t depth) {
    for (int32_t i = 0; i < self->graph->tensor_count; i++) {
        const pcl_statistics *seen = &self->statistics[i];
        if (family_of(self, self->graph->tensors[i]) != family || seen->count == 0 || seen->channel_count != (int32_t)depth) continue;
        float greatest = fmaxf(-seen->low, seen->high);
        for (size_t c = 0; greatest > 0.0f && c < depth; c++) {
            float value = fmaxf(fabsf(seen->channels[c].low), fabsf(seen->channels[c].high)) / greatest;
            values[c] += value * value;
        }
    }
}

/* weights[c] = greatest weight that multiplies the channel, of the reader's
 * greatest. Weights of a depthwise convolution have a scale for each channel. */
static void add_weights(const pcl_node *node, float *weights, size_t depth) {
    const float *reals = node->inputs[1]->data;
    size_t count = pcl_tensor_count(node->inputs[1]);
    float greatest = 0.0f;
    if (node->op == &pcl_op_depthwise_conv_2d) return;
    for (size_t i = 0; i < count; i++) greatest = fmaxf(greatest, fabsf(reals[i]));
    for (size_t i = 0; greatest > 0.0f && i < count; i++) {
        float *place = &weights[weight_channel(node, i, depth)];
        *place = fmaxf(*place, fabsf(reals[i]) / greatest);
    }
}

/* factor[c]: what the channel is divided by. Their geometric mean is 1. */
static void find_factors(const float *values, const float *weights, float *factor, size_t depth) {
    double logarithms = 0.0;
    size_t known = 0;
    for (size_t c = 0; c < depth; c++) {
        float weight = weights[c] > 0.0f ? weights[c] : 1.0f;
        factor[c] = sqrtf(sqrtf(values[c]) / weight);
        if (factor[c] > 0.0f) logarithms += log((double)factor[c]), known++;
    }
    float mean = known ? (float)exp(logarithms / (double)known) : 1.0f;
    for (size_t c = 0; c < depth; c++) {
        factor[c] = factor[c] > 0.0f ? factor[c] / mean : 1.0f;
        factor[c] = fminf(fmaxf(factor[c], 1.0f / LARGEST_FACTOR), LARGEST_FACTOR);
    }
}

static bool multiply_reader(pcl_graph *graph, pcl_node *node, const float *factor, size_t depth) {
    float *weights = own_constant(graph, node, 1);
    for (size_t i = 0; weights && i < pcl_tensor_count(node->inputs[1]); i++) weights[i] *= factor[weight_channel(node, i, depth)];
    return weights;
}

/* A norm's channels are multiplied in gamma and beta. */
static bool multiply_writer(pcl_graph *graph, pcl_node *node, const float *factor, size_t depth) {
    if (!is_norm(node)) return change_outputs(graph, node, factor, NULL);
    float *gamma = own_constant(graph, node, 1), *beta = own_constant(graph, node, 2);
    for (size_t c = 0; gamma && beta && c < depth; c++) {
        gamma[c] *= factor[c];
        beta[c] *= factor[c];
    }
    return gamma && beta;
}

static pcl_status apply(families *self, int32_t family, float *factor, size_t depth, int32_t *count) {
    pcl_graph *graph = self->graph;
    for (int32_t n = 0; n < graph->node_count; n++)
        if (is_reader(self, graph->nodes[n], family, depth) && !multiply_reader(graph, graph->nodes[n], factor, depth))
            return PCL_ERROR_LIMIT;
    for (size_t c = 0; c < depth; c++) factor[c] = 1.0f / factor[c];
    for (int32_t n = 0; n < graph->node_count; n++) {
        pcl_node *node = graph->nodes[n];
        if (!is_writer(node) || family_of(self, node->outputs[0]) != family) continue;
        if (!multiply_writer(graph, node, factor, depth)) return PCL_ERROR_LIMIT;
        ++*count;
    }
    return PCL_OK;
}

static pcl_status equalise_family(families *self, int32_t family, int32_t *count) {
    pcl_graph *graph = self->graph;
    size_t depth = (size_t)depth_of(graph->tensors[family]), readers = 0;
    float *values = pcl_graph_alloc(graph, depth, sizeof *values), *weights = pcl_graph_alloc(graph, depth, sizeof *weights);
    float *factor = pcl_graph_alloc(graph, depth, sizeof *factor);
    if (!values || !weights || !factor) return PCL_ERROR_LIMIT;
    for (int32_t n = 0; n < graph->node_count; n++) {
        if (!is_reader(self, graph->nodes[n], family, depth)) continue;
        add_weights(graph->nodes[n], weights, depth);
        readers++;
    }
    if (readers == 0) return PCL_OK;
    add_values(self, family, values, depth);
    find_factors(values, weights, factor, depth);
    return apply(self, family, factor, depth, count);
}

/* --- All ------------------------------------------------------------------------------------ */

static pcl_status equalise_before_norm(pcl_graph *graph, pcl_node *node, const pcl_statistics *statistics, int32_t *count) {
    const pcl_tensor *out = node->outputs[0];
    const pcl_statistics *seen = &statistics[out->place];
    if (!is_layer(node) || activation_of(node) != PCL_ACTIVATION_NONE || seen->count == 0 || seen->channel_count != depth_of(out))
        return PCL_OK;
    pcl_node *reader = pcl_only_reader(graph, out);
    if (!reader || reader->op != &pcl_op_instance_norm || reader->inputs[0] != out) return PCL_OK;
    ++*count;
    return equalise_norm(graph, node, reader, seen);
}

pcl_status pcl_equalise(pcl_graph *graph, const pcl_statistics *statistics, int32_t *count) {
    families self = {.graph = graph, .statistics = statistics};
    *count = 0;
    for (int32_t n = 0; n < graph->node_count; n++)
        PCL_TRY_RETURN(equalise_before_norm(graph, graph->nodes[n], statistics, count));
    if (!find_families(&self)) return PCL_ERROR_LIMIT;
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        const pcl_tensor *tensor = graph->tensors[i];
        bool is_root = self.parents[i] == i && !self.fixed[i] && !tensor->constant && tensor->dtype == PCL_FLOAT32;
        if (is_root) PCL_TRY_RETURN(equalise_family(&self, i, count));
    }
    pcl_graph_link(graph);
    return PCL_OK;
}
