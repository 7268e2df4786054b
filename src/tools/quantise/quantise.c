#include "tools/quantise/quantise.h"

#include <math.h>
#include <string.h>

#include "ops/table.h"
#include "tools/convert/build.h"
#include "tools/quantise/kinds.h"
#include "tools/quantise/weights.h"

#define TANH_REACH 3.5f     /* where it is 0.998 */
#define LOGISTIC_REACH 7.0f /* where it is 0.999 */

enum { HEAD_SHARE = 50 }; /* 2 % of the model's work and of its weights */

/* The graph's nodes are written anew, in order. Of every float activation
 * there may be two forms, the reals and the bytes; whoever reads the form that
 * its producer did not make gets a conversion, one for all readers. */
typedef struct rewriter {
    pcl_graph *graph;
    const pcl_quantise_options *options;
    pcl_node **old;
    int32_t old_count;
    bool *quantised;     /* [old_count] */
    bool *widened;       /* [old_count]: reads bytes, makes reals */
    int32_t *parents;    /* [tensor_count]: forest of the tensors that share a scale */
    pcl_range *ranges;   /* [tensor_count]: at the roots */
    float *scales;       /* [tensor_count]: at the roots */
    int32_t *zero_points;
    pcl_tensor **reals, **bytes; /* [tensor_count]: the forms that are there already */
} rewriter;

static bool is_activation(const pcl_tensor *tensor) {
    return tensor && tensor->dtype == PCL_FLOAT32 && !tensor->constant;
}

bool pcl_has_weights(const pcl_node *node) { return pcl_kind_of(node) == PCL_KIND_WEIGHTED; }

/* --- What is quantised ------------------------------------------------------------- */

bool pcl_can_quantise(const pcl_node *node) {
    bool transposed = node->op == &pcl_op_transpose_conv;
    const pcl_tensor *x = node->inputs[transposed ? 2 : 0], *weights = node->inputs[1];
    int32_t place = transposed ? 3 : 2;
    const pcl_tensor *bias = place < node->input_count ? node->inputs[place] : NULL;
    if (!is_activation(x) || !weights->constant || weights->dtype != PCL_FLOAT32) return false;
    return !bias || (bias->constant && bias->dtype == PCL_FLOAT32);
}

bool pcl_may_widen(const pcl_graph *graph, const pcl_node *node) {
    if (node->op != &pcl_op_conv_2d || !pcl_can_quantise(node) || pcl_graph_is_output(graph, node->outputs[0])) return false;
    for (int32_t n = 0; n < graph->node_count; n++)
        for (int32_t i = 0; i < graph->nodes[n]->input_count; i++)
            if (graph->nodes[n]->inputs[i] == node->outputs[0] && pcl_kind_of(graph->nodes[n]) != PCL_KIND_FLOAT) return false;
    return true;
}

/* Are the bytes of a tensor at hand, or as good as? The norms' kernel writes them. */
static bool has_bytes(const rewriter *self, const bool *made, const pcl_tensor *tensor) {
    if (!is_activation(tensor)) return false;
    return made[tensor->place] || (pcl_graph_is_input(self->graph, tensor) && tensor->shape.rank == 4);
}

static bool wants_bytes(const rewriter *self, const bool *made, const pcl_node *node) {
    for (int32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i]->dtype != PCL_FLOAT32) return false;
    for (int32_t i = 0; i < node->input_count; i++)
        if (has_bytes(self, made, node->inputs[i])) return true;
    return false;
}

/* What PADV2 puts beside the values: so far from them, as before a maximum, it would take their scale from them. */
static bool pads_far_off(const rewriter *self, const pcl_node *node) {
    if (node->op != &pcl_op_padv2) return false;
    const pcl_tensor *value = node->inputs[2];
    if (!value->constant || value->dtype != PCL_FLOAT32 || pcl_tensor_count(value) != 1) return true;
    const pcl_range *range = &self->options->ranges[node->inputs[0]->place];
    return !(fabsf(*(const float *)value->data) <= 2.0f * fmaxf(fabsf(range->low), fabsf(range->high)));
}

static bool is_weighted_behind(const rewriter *self, const pcl_tensor *tensor, int32_t n) {
    for (int32_t later = n + 1; later < self->old_count; later++)
        for (int32_t i = 0; i < self->old[later]->input_count; i++) {
            if (self->old[later]->inputs[i] != tensor) continue;
            if (pcl_has_weights(self->old[later]) || is_weighted_behind(self, self->old[later]->outputs[0], later)) return true;
        }
    return false;
}

/* The last layers' outputs are what the model says, with nothing behind them to
 * average errors out: those that cost next to nothing stay reals. */
static void keep_small_heads(rewriter *self, bool *real) {
    uint64_t macs = 0;
    size_t weights = 0;
    for (int32_t n = 0; n < self->old_count; n++) {
        if (!pcl_has_weights(self->old[n])) continue;
        macs += self->old[n]->macs;
        weights += pcl_tensor_count(self->old[n]->inputs[1]);
    }
    for (int32_t n = 0; n < self->old_count; n++) {
        const pcl_node *node = self->old[n];
        if (!pcl_has_weights(node) || is_weighted_behind(self, node->outputs[0], n)) continue;
        if (node->macs <= macs / HEAD_SHARE && pcl_tensor_count(node->inputs[1]) <= weights / HEAD_SHARE)
            real[node->outputs[0]->place] = true;
    }
}

/* An average keeps its input's scale, a mean has one of its own, several times finer. */
static pcl_status average_as_mean(pcl_graph *graph, pcl_node *node) {
    const pcl_pool_attributes *pool = &node->attributes.pool;
    const int32_t *in = node->inputs[0]->shape.dims, *out = node->outputs[0]->shape.dims;
    if (node->op != &pcl_op_average_pool_2d || pool->activation != PCL_ACTIVATION_NONE || out[1] != 1 || out[2] != 1 ||
        pool->filter_h != in[1] || pool->filter_w != in[2] || pool->pads.top || pool->pads.left || !is_activation(node->inputs[0]))
        return PCL_OK;
    pcl_tensor **inputs = pcl_graph_alloc(graph, 2, sizeof *inputs);
    pcl_tensor *axes = pcl_build_constant(graph, "axes", PCL_INT32, &(pcl_shape){1, {2}}, (const int32_t[]){1, 2});
    if (!inputs || !axes) return PCL_ERROR_LIMIT;
    inputs[0] = node->inputs[0];
    inputs[1] = axes;
    node->op = &pcl_op_mean;
    node->op_name = pcl_op_mean.name;
    node->attributes = (pcl_attributes){.reduce = {.keep_dims = true}};
    node->inputs = inputs;
    node->input_count = 2;
    return PCL_OK;
}

/* Gamma and beta of a norm, and the small layers that compute them, stay reals. */
static void keep_factors_real(rewriter *self, bool *real) {
    for (int32_t n = self->old_count - 1; n >= 0; n--) {
        const pcl_node *node = self->old[n];
        bool norm = node->op == &pcl_op_instance_norm;
        bool factor = node->output_count == 1 && real[node->outputs[0]->place] &&
                      (node->op == &pcl_op_fully_connected || pcl_kind_of(node) == PCL_KIND_MOVE);
        for (int32_t i = norm ? 1 : 0; i < node->input_count; i++)
            if ((norm || factor) && node->inputs[i]) real[node->inputs[i]->place] = true;
    }
}

static bool is_read_as_bytes(const rewriter *self, const pcl_tensor *tensor) {
    for (int32_t n = 0; n < self->old_count; n++)
        for (int32_t i = 0; i < self->old[n]->input_count; i++)
            if (self->old[n]->inputs[i] == tensor &&
                (self->quantised[n] || self->widened[n] || self->old[n]->op == &pcl_op_instance_norm)) return true;
    return false;
}

/* What only operators in float read is better computed there than rounded first. */
static void leave_float_to_float(rewriter *self) {
    for (int32_t n = self->old_count - 1; n >= 0; n--) {
        const pcl_node *node = self->old[n];
        bool wanted = pcl_kind_of(node) == PCL_KIND_WEIGHTED;
        for (int32_t i = 0; i < node->output_count; i++)
            wanted |= pcl_graph_is_output(self->graph, node->outputs[i]) || is_read_as_bytes(self, node->outputs[i]);
        self->quantised[n] &= wanted;
    }
}

static pcl_status decide(rewriter *self) {
    size_t count = (size_t)self->graph->tensor_count;
    bool *made = pcl_graph_alloc(self->graph, count, sizeof *made), *real = pcl_graph_alloc(self->graph, count, sizeof *real);
    if (!made || !real) return PCL_ERROR_LIMIT;
    keep_factors_real(self, real);
    keep_small_heads(self, real);
    for (int32_t n = 0; n < self->old_count; n++) {
        const pcl_node *node = self->old[n];
        pcl_kind kind = pcl_kind_of(node);
        uint8_t form = self->options->forms ? self->options->forms[n] : PCL_LAYER_INT8;
        bool kept = form == PCL_LAYER_FLOAT || real[node->outputs[0]->place];
        if (kind == PCL_KIND_WEIGHTED && !kept && form == PCL_LAYER_WIDENED) self->widened[n] = pcl_may_widen(self->graph, node);
        if (kind == PCL_KIND_WEIGHTED) self->quantised[n] = !kept && !self->widened[n] && pcl_can_quantise(node);
        else if (kind != PCL_KIND_FLOAT) self->quantised[n] = !kept && !pads_far_off(self, node) && wants_bytes(self, made, node);
        bool to_bytes = self->quantised[n] || (node->op == &pcl_op_instance_norm && has_bytes(self, made, node->inputs[0]));
        for (int32_t i = 0; i < node->output_count; i++) made[node->outputs[i]->place] = to_bytes;
    }
    leave_float_to_float(self);
    return PCL_OK;
}

/* --- Scales ------------------------------------------------------------------------- */

static int32_t root_of(const rewriter *self, const pcl_tensor *tensor) {
    int32_t number = tensor->place;
    while (self->parents[number] != number) number = self->parents[number];
    return number;
}

static void share(rewriter *self, const pcl_tensor *a, const pcl_tensor *b) {
    int32_t to = root_of(self, a), from = root_of(self, b);
    if (to == from) return;
    self->parents[from] = to;
    self->ranges[to].low = fminf(self->ranges[to].low, self->ranges[from].low);
    self->ranges[to].high = fmaxf(self->ranges[to].high, self->ranges[from].high);
}

static bool has_fixed_producer(const pcl_tensor *tensor) {
    return tensor->producer && pcl_kind_of(tensor->producer) == PCL_KIND_FIXED;
}

/* A value of prescribed scale that is joined with others is converted to theirs instead. */
static void share_node(rewriter *self, const pcl_node *node) {
    int32_t joined = 0;
    for (int32_t i = 0; i < node->input_count; i++) joined += is_activation(node->inputs[i]);
    for (int32_t o = 0; o < node->output_count; o++)
        for (int32_t i = 0; i < node->input_count; i++) {
            const pcl_tensor *in = node->inputs[i];
            if (is_activation(in) && (joined == 1 || !has_fixed_producer(in))) share(self, in, node->outputs[o]);
        }
}

/* What only a TANH or LOGISTIC reads matters as far as their results still change. */
static void clip_saturated(rewriter *self, const pcl_node *node) {
    const pcl_tensor *in = node->inputs[0];
    float limit = node->op == &pcl_op_tanh ? TANH_REACH : LOGISTIC_REACH;
    pcl_range *range = &self->ranges[in->place];
    if (in->uses > 1) return;
    range->low = fmaxf(range->low, -limit);
    range->high = fminf(range->high, limit);
}

static void find_scales(rewriter *self) {
    for (int32_t i = 0; i < self->graph->tensor_count; i++) {
        self->parents[i] = i;
        self->ranges[i] = self->options->ranges[i];
    }
    for (int32_t n = 0; n < self->old_count; n++)
        if (pcl_kind_of(self->old[n]) == PCL_KIND_FIXED) clip_saturated(self, self->old[n]);
    for (int32_t n = 0; n < self->old_count; n++)
        if (self->quantised[n] && pcl_kind_of(self->old[n]) == PCL_KIND_MOVE) share_node(self, self->old[n]);
    for (int32_t i = 0; i < self->graph->tensor_count; i++)
        pcl_range_quantisation(&self->ranges[i], &self->scales[i], &self->zero_points[i]);
    for (int32_t n = 0; n < self->old_count; n++) {
        const pcl_node *node = self->old[n];
        if (!self->quantised[n] || pcl_kind_of(node) != PCL_KIND_FIXED) continue;
        int32_t root = root_of(self, node->outputs[0]);
        pcl_fixed_quantisation(node, &self->scales[root], &self->zero_points[root]);
    }
}

/* --- Forms --------------------------------------------------------------------------- */

static pcl_tensor *new_bytes(rewriter *self, const pcl_tensor *tensor, int32_t root) {
    pcl_tensor *bytes = pcl_graph_new_tensor(self->graph, tensor->name, PCL_INT8, &tensor->shape);
    bool made = bytes && pcl_build_quantization(self->graph, bytes, self->scales[root], self->zero_points[root]);
    return made ? bytes : NULL;
}

static pcl_tensor *convert(rewriter *self, const pcl_op *op, pcl_tensor *from, pcl_tensor *to) {
    if (!from || !to) return NULL;
    return pcl_build_node(self->graph, self->graph->node_count, op, 1, &from, to) ? to : NULL;
}

static pcl_tensor *need_real(rewriter *self, const pcl_tensor *tensor) {
    pcl_tensor **real = &self->reals[tensor->place];
    if (!*real)
        *real = convert(self, &pcl_op_dequantize, self->bytes[tensor->place],
                        pcl_graph_new_tensor(self->graph, tensor->name, PCL_FLOAT32, &tensor->shape));
    return *real;
}

static pcl_tensor *need_bytes(rewriter *self, const pcl_tensor *tensor) {
    pcl_tensor **bytes = &self->bytes[tensor->place];
    if (!*bytes)
        *bytes = convert(self, &pcl_op_quantize, self->reals[tensor->place], new_bytes(self, tensor, root_of(self, tensor)));
    return *bytes;
}

/* In the scale of another tensor's group. */
static pcl_tensor *need_bytes_of(rewriter *self, const pcl_tensor *tensor, int32_t root) {
    pcl_tensor *bytes = need_bytes(self, tensor);
    if (!bytes || root_of(self, tensor) == root) return bytes;
    return convert(self, &pcl_op_quantize, bytes, new_bytes(self, tensor, root));
}

/* A constant operand: in its own scale, or in a group's (root >= 0). */
static pcl_tensor *quantise_constant(rewriter *self, const pcl_tensor *tensor, int32_t root) {
    const float *reals = tensor->data;
    size_t count = pcl_tensor_count(tensor);
    pcl_range range = {0.0f, 0.0f, PCL_RANGE_MIN_MAX};
    float scale;
    int32_t zero_point;
    for (size_t i = 0; i < count; i++) {
        range.low = fminf(range.low, reals[i]);
        range.high = fmaxf(range.high, reals[i]);
    }
    pcl_range_quantisation(&range, &scale, &zero_point);
    if (root >= 0) scale = self->scales[root], zero_point = self->zero_points[root];
    pcl_tensor *out = pcl_build_constant(self->graph, tensor->name, PCL_INT8, &tensor->shape, NULL);
    if (!out || !pcl_build_quantization(self->graph, out, scale, zero_point)) return NULL;
    for (size_t i = 0; i < count; i++) {
        float value = roundf(reals[i] / scale) + (float)zero_point;
        ((int8_t *)out->data)[i] = (int8_t)fminf(fmaxf(value, -128.0f), 127.0f);
    }
    return out;
}

/* --- Nodes --------------------------------------------------------------------------- */

/* A copy at the end of the new list, inputs and outputs still the old ones. */
static pcl_node *append(rewriter *self, const pcl_node *node) {
    pcl_node *copy = pcl_graph_insert_node(self->graph, self->graph->node_count, node->op, node->input_count, node->output_count);
    if (!copy) return NULL;
    pcl_tensor **inputs = copy->inputs, **outputs = copy->outputs;
    memcpy(inputs, node->inputs, sizeof *inputs * (size_t)node->input_count);
    memcpy(outputs, node->outputs, sizeof *outputs * (size_t)node->output_count);
    *copy = *node;
    copy->inputs = inputs;
    copy->outputs = outputs;
    return copy;
}

static bool set_outputs(rewriter *self, const pcl_node *node, pcl_node *copy) {
    for (int32_t i = 0; i < node->output_count; i++) {
        const pcl_tensor *out = node->outputs[i];
        copy->outputs[i] = self->bytes[out->place] = new_bytes(self, out, root_of(self, out));
        if (!copy->outputs[i]) return false;
    }
    return true;
}

/* A widened layer computes in the file what float ones do, on dequantised bytes and weights: whoever knows no better
 * gets the same from that. */
static bool dequantise_operands(rewriter *self, pcl_node *conv, const pcl_tensor *old_bias) {
    pcl_tensor *bytes = conv->inputs[0], *weights = conv->inputs[1], *integers = conv->inputs[2];
    pcl_tensor *x = pcl_graph_new_tensor(self->graph, bytes->name, PCL_FLOAT32, &bytes->shape);
    pcl_tensor *w = pcl_graph_new_tensor(self->graph, weights->name, PCL_FLOAT32, &weights->shape);
    pcl_tensor *bias = pcl_build_constant(self->graph, old_bias ? old_bias->name : "bias", PCL_FLOAT32, &integers->shape, NULL);
    if (!bias || !convert(self, &pcl_op_dequantize, bytes, x) || !convert(self, &pcl_op_dequantize, weights, w)) return false;
    for (size_t c = 0; c < pcl_tensor_count(bias); c++) {
        double scale = (double)bytes->quantization.scales[0] * (double)weights->quantization.scales[c];
        ((float *)bias->data)[c] = (float)(((const int32_t *)integers->data)[c] * scale);
    }
    conv->inputs[0] = x;
    conv->inputs[1] = w;
    conv->inputs[2] = bias;
    return true;
}

static bool rewrite_weighted(rewriter *self, int32_t n) {
    const pcl_node *node = self->old[n];
    bool transposed = node->op == &pcl_op_transpose_conv;
    int32_t x_at = transposed ? 2 : 0, bias_at = transposed ? 3 : 2;
    const pcl_tensor *weights = node->inputs[1], *old_x = node->inputs[x_at];
    const pcl_tensor *bias = bias_at < node->input_count ? node->inputs[bias_at] : NULL;
    pcl_tensor *x = need_bytes(self, old_x);
    if (!x) return false;
    float scale = x->quantization.scales[0];
    pcl_tensor *quantised = pcl_quantise_weights(self->graph, weights, pcl_weight_axis(node), bias, scale);
    if (!quantised) return false;
    pcl_moments *moments = &self->options->moments[n];
    if (moments->count > 0 && !pcl_round_for_outputs(moments, self->options->arena, node, weights, quantised)) return false;
    pcl_tensor *new_bias = pcl_quantise_bias(self->graph, node, bias, weights, quantised, scale, moments);
    pcl_node made = *node;
    pcl_tensor **inputs = pcl_graph_alloc(self->graph, (size_t)bias_at + 1, sizeof *inputs);
    if (!new_bias || !inputs) return false;
    inputs[0] = node->inputs[0];
    inputs[1] = quantised;
    inputs[x_at] = x;
    inputs[bias_at] = new_bias;
    made.inputs = inputs;
    made.input_count = bias_at + 1;
    if (self->widened[n] && !dequantise_operands(self, &made, bias)) return false;
    pcl_node *copy = append(self, &made);
    if (!copy) return false;
    if (!self->widened[n]) return set_outputs(self, node, copy);
    self->reals[node->outputs[0]->place] = node->outputs[0];
    return true;
}

static bool rewrite_quantised(rewriter *self, const pcl_node *node) {
    bool moves = pcl_kind_of(node) == PCL_KIND_MOVE;
    int32_t root = moves ? root_of(self, node->outputs[0]) : -1;
    pcl_tensor **inputs = pcl_graph_alloc(self->graph, (size_t)node->input_count, sizeof *inputs);
    if (!inputs) return false;
    for (int32_t i = 0; i < node->input_count; i++) {
        pcl_tensor *in = inputs[i] = node->inputs[i];
        if (!in || in->dtype != PCL_FLOAT32) continue;
        if (in->constant) inputs[i] = quantise_constant(self, in, root);
        else inputs[i] = moves ? need_bytes_of(self, in, root) : need_bytes(self, in);
        if (!inputs[i]) return false;
    }
    pcl_node *copy = append(self, node);
    if (!copy) return false;
    copy->inputs = inputs;
    return set_outputs(self, node, copy);
}

static bool rewrite_float(rewriter *self, const pcl_node *node) {
    pcl_tensor **inputs = pcl_graph_alloc(self->graph, (size_t)node->input_count, sizeof *inputs);
    if (!inputs) return false;
    for (int32_t i = 0; i < node->input_count; i++) {
        inputs[i] = node->inputs[i];
        if (!is_activation(inputs[i])) continue;
        inputs[i] = need_real(self, inputs[i]);
        if (!inputs[i]) return false;
    }
    pcl_node *copy = append(self, node);
    if (!copy) return false;
    copy->inputs = inputs;
    for (int32_t i = 0; i < node->output_count; i++) self->reals[node->outputs[i]->place] = node->outputs[i];
    return true;
}

/* --- The model's own ends ---------------------------------------------------------------- */

/* The model's own bytes are unsigned, as pages have them and LiteRT.js takes
 * them; a QUANTIZE between them and the signed ones only moves the zero point. */
static pcl_tensor *unsigned_end(rewriter *self, const pcl_tensor *bytes) {
    pcl_tensor *end = pcl_graph_new_tensor(self->graph, bytes->name, PCL_UINT8, &bytes->shape);
    bool made = end && pcl_build_quantization(self->graph, end, bytes->quantization.scales[0],
                                              bytes->quantization.zero_points[0] + 128);
    return made ? end : NULL;
}

static pcl_status rewrite_inputs(rewriter *self) {
    pcl_graph *graph = self->graph;
    for (int32_t i = 0; i < graph->input_count; i++) {
        pcl_tensor *in = graph->inputs[i];
        bool as_bytes = is_activation(in) && !self->options->float_inputs && (in->shape.rank == 4 || is_read_as_bytes(self, in));
        if (!as_bytes) {
            self->reals[in->place] = in;
            continue;
        }
        pcl_tensor *bytes = self->bytes[in->place] = new_bytes(self, in, root_of(self, in));
        graph->inputs[i] = bytes ? unsigned_end(self, bytes) : NULL;
        if (!convert(self, &pcl_op_quantize, graph->inputs[i], bytes)) return PCL_ERROR_LIMIT;
    }
    return PCL_OK;
}

/* Pictures come out as bytes where they are made so; scores as reals. */
static pcl_status rewrite_outputs(rewriter *self) {
    pcl_graph *graph = self->graph;
    for (int32_t i = 0; i < graph->output_count; i++) {
        pcl_tensor *out = graph->outputs[i];
        if (!is_activation(out)) continue;
        pcl_tensor *bytes = self->bytes[out->place];
        bool as_bytes = !self->options->float_outputs && out->shape.rank == 4 && bytes;
        graph->outputs[i] = as_bytes ? convert(self, &pcl_op_quantize, bytes, unsigned_end(self, bytes)) : need_real(self, out);
        if (!graph->outputs[i]) return PCL_ERROR_LIMIT;
    }
    return PCL_OK;
}

static bool allocate(rewriter *self) {
    size_t tensors = (size_t)self->graph->tensor_count;
    self->quantised = pcl_graph_alloc(self->graph, (size_t)self->old_count, sizeof *self->quantised);
    self->widened = pcl_graph_alloc(self->graph, (size_t)self->old_count, sizeof *self->widened);
    self->parents = pcl_graph_alloc(self->graph, tensors, sizeof *self->parents);
    self->ranges = pcl_graph_alloc(self->graph, tensors, sizeof *self->ranges);
    self->scales = pcl_graph_alloc(self->graph, tensors, sizeof *self->scales);
    self->zero_points = pcl_graph_alloc(self->graph, tensors, sizeof *self->zero_points);
    self->reals = pcl_graph_alloc(self->graph, tensors, sizeof *self->reals);
    self->bytes = pcl_graph_alloc(self->graph, tensors, sizeof *self->bytes);
    return self->quantised && self->widened && self->parents && self->ranges && self->scales && self->zero_points && self->reals && self->bytes;
}

pcl_status pcl_quantise(pcl_graph *graph, const pcl_quantise_options *options) {
    rewriter self = {.graph = graph, .options = options, .old = graph->nodes, .old_count = graph->node_count};
    if (!allocate(&self)) return PCL_ERROR_LIMIT;
    for (int32_t n = 0; n < self.old_count; n++) PCL_TRY_RETURN(average_as_mean(graph, self.old[n]));
    PCL_TRY_RETURN(decide(&self));
    find_scales(&self);
    graph->nodes = NULL;
    graph->node_count = graph->node_capacity = 0;
    PCL_TRY_RETURN(rewrite_inputs(&self));
    for (int32_t n = 0; n < self.old_count; n++) {
        const pcl_node *node = self.old[n];
        bool done = !self.quantised[n] && !self.widened[n] ? rewrite_float(&self, node)
                    : pcl_has_weights(node)                ? rewrite_weighted(&self, n)
                                                           : rewrite_quantised(&self, node);
        if (!done) return PCL_ERROR_LIMIT;
    }
    PCL_TRY_RETURN(rewrite_outputs(&self));
    pcl_graph_sweep(graph);
    return PCL_OK;
}
