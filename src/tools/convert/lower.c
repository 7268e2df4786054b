#include "tools/convert/lower.h"

#include <float.h>
#include <string.h>

#include "ops/table.h"
#include "tools/convert/build.h"

/* What SAME would pad: `before` of `before` + `after`. */
static bool is_same(int32_t size, int32_t out_size, int32_t filter, int32_t stride, int32_t dilation, int32_t before,
                    int32_t after) {
    int64_t extent = (int64_t)(filter - 1) * dilation + 1;
    int64_t total = (int64_t)(out_size - 1) * stride + extent - size;
    if (total < 0) total = 0;
    return out_size == (size + stride - 1) / stride && before == total / 2 && after == total - total / 2;
}

/* [4][2] pads of a picture. */
static pcl_tensor *pads_tensor(pcl_graph *graph, const pcl_pads *pads) {
    int32_t values[8] = {0, 0, pads->top, pads->bottom, pads->left, pads->right, 0, 0};
    return pcl_build_constant(graph, "pads", PCL_INT32, &(pcl_shape){2, {4, 2}}, values);
}

/* A node that pads the picture `x`, before node `at`. */
static pcl_tensor *pad_before(pcl_graph *graph, int32_t *at, const pcl_op *op, pcl_tensor *x, const pcl_pads *pads,
                              pcl_tensor *value) {
    pcl_shape shape = x->shape;
    shape.dims[1] += pads->top + pads->bottom;
    shape.dims[2] += pads->left + pads->right;
    pcl_tensor *padded = pcl_build_like(graph, x, x->name, &shape);
    pcl_tensor *inputs[3] = {x, pads_tensor(graph, pads), value};
    pcl_node *node = padded ? pcl_build_node(graph, (*at)++, op, value ? 3 : 2, inputs, padded) : NULL;
    return node ? padded : NULL;
}

/* The same of reals. Those that were bytes just before are padded as bytes, so that engines still see where the
 * convolution's reals come from. */
static pcl_tensor *pad_reals_before(pcl_graph *graph, int32_t *at, const pcl_op *op, pcl_tensor *x, const pcl_pads *pads) {
    const pcl_node *made = x->producer;
    bool were_bytes = made && made->op == &pcl_op_dequantize && pcl_is_quantised(made->inputs[0]);
    if (!were_bytes) return pad_before(graph, at, op, x, pads, NULL);
    pcl_tensor *padded = pad_before(graph, at, op, made->inputs[0], pads, NULL);
    pcl_tensor *reals = padded ? pcl_build_like(graph, x, x->name, &padded->shape) : NULL;
    return reals && pcl_build_node(graph, (*at)++, &pcl_op_dequantize, 1, &padded, reals) ? reals : NULL;
}

static pcl_status lower_conv(pcl_graph *graph, int32_t *at) {
    pcl_node *node = graph->nodes[*at];
    pcl_conv_attributes *conv = &node->attributes.conv;
    const int32_t *in = node->inputs[0]->shape.dims, *out = node->outputs[0]->shape.dims;
    const int32_t *filter = node->inputs[1]->shape.dims;
    if (conv->padding != PCL_PADDING_EXPLICIT) return PCL_OK;
    bool same = !conv->reflect &&
                is_same(in[1], out[1], filter[1], conv->stride_h, conv->dilation_h, conv->pads.top, conv->pads.bottom) &&
                is_same(in[2], out[2], filter[2], conv->stride_w, conv->dilation_w, conv->pads.left, conv->pads.right);
    conv->padding = same ? PCL_PADDING_SAME : PCL_PADDING_VALID;
    if (same) return PCL_OK;
    const pcl_op *op = conv->reflect ? &pcl_op_mirror_pad : &pcl_op_pad;
    pcl_pads pads = conv->pads;
    conv->reflect = false;
    node->inputs[0] = pad_reals_before(graph, at, op, node->inputs[0], &pads);
    return node->inputs[0] ? PCL_OK : PCL_ERROR_LIMIT;
}

static pcl_status add_bias(pcl_graph *graph, pcl_node *node, int32_t place, int32_t channels) {
    if (place < node->input_count && node->inputs[place]) return PCL_OK;
    bool quantised = pcl_is_quantised(node->inputs[place == 3 ? 2 : 0]);
    pcl_tensor **inputs = pcl_graph_alloc(graph, (size_t)place + 1, sizeof *inputs);
    pcl_shape shape = {1, {channels}};
    pcl_tensor *zeroes = pcl_build_constant(graph, "bias", quantised ? PCL_INT32 : PCL_FLOAT32, &shape, NULL);
    if (!inputs || !zeroes) return PCL_ERROR_LIMIT;
    memcpy(inputs, node->inputs, sizeof *inputs * (size_t)(node->input_count < place ? node->input_count : place));
    inputs[place] = zeroes;
    node->inputs = inputs;
    node->input_count = place + 1;
    return PCL_OK;
}

/* The least value that a maximum over the window cannot prefer. */
static pcl_tensor *least_value(pcl_graph *graph, const pcl_tensor *like) {
    pcl_shape scalar = {0, {0}};
    float least = -FLT_MAX;
    int8_t least_byte = like->dtype == PCL_INT8 ? INT8_MIN : 0;
    bool is_float = like->dtype == PCL_FLOAT32;
    const void *data = is_float ? (const void *)&least : (const void *)&least_byte;
    pcl_tensor *value = pcl_build_constant(graph, "least", like->dtype, &scalar, data);
    if (value) value->quantization = like->quantization;
    return value;
}

static pcl_status lower_pool(pcl_graph *graph, int32_t *at) {
    pcl_node *node = graph->nodes[*at];
    pcl_pool_attributes *pool = &node->attributes.pool;
    const int32_t *in = node->inputs[0]->shape.dims, *out = node->outputs[0]->shape.dims;
    if (pool->padding != PCL_PADDING_EXPLICIT) return PCL_OK;
    bool same = is_same(in[1], out[1], pool->filter_h, pool->stride_h, 1, pool->pads.top, pool->pads.bottom) &&
                is_same(in[2], out[2], pool->filter_w, pool->stride_w, 1, pool->pads.left, pool->pads.right);
    if (!same && node->op != &pcl_op_max_pool_2d)
        return pcl_node_fail(graph->error, node, PCL_ERROR_UNSUPPORTED, "TFLite has no average pool with these pads");
    pcl_pads pads = pool->pads;
    pool->padding = same ? PCL_PADDING_SAME : PCL_PADDING_VALID;
    if (same) return PCL_OK;
    pcl_tensor *value = least_value(graph, node->inputs[0]);
    if (!value) return PCL_ERROR_LIMIT;
    node->inputs[0] = pad_before(graph, at, &pcl_op_padv2, node->inputs[0], &pads, value);
    return node->inputs[0] ? PCL_OK : PCL_ERROR_LIMIT;
}

/* VALID computes the whole picture; what the pads cut off, a SLICE takes away. */
static pcl_status crop_transposed(pcl_graph *graph, int32_t at, const pcl_shape *whole) {
    pcl_node *node = graph->nodes[at];
    const pcl_pads *pads = &node->attributes.conv.pads;
    pcl_tensor *out = node->outputs[0];
    int32_t begin[4] = {0, pads->top, pads->left, 0};
    pcl_tensor *full = pcl_build_like(graph, out, out->name, whole);
    pcl_tensor *inputs[3] = {full, pcl_build_constant(graph, "begin", PCL_INT32, &(pcl_shape){1, {4}}, begin),
                             pcl_build_constant(graph, "size", PCL_INT32, &(pcl_shape){1, {4}}, out->shape.dims)};
    if (!full || !pcl_build_node(graph, at + 1, &pcl_op_slice, 3, inputs, out)) return PCL_ERROR_LIMIT;
    node->inputs[0] = pcl_build_constant(graph, "shape", PCL_INT32, &(pcl_shape){1, {4}}, whole->dims);
    node->outputs[0] = full;
    node->attributes.conv.padding = PCL_PADDING_VALID;
    return node->inputs[0] ? PCL_OK : PCL_ERROR_LIMIT;
}

static bool is_same_transposed(int32_t size, int32_t out_size, int32_t filter, int32_t stride, int32_t before) {
    int32_t total = filter > stride ? filter - stride : 0;
    return out_size == size * stride && before == total / 2;
}

static pcl_status lower_transpose_conv(pcl_graph *graph, int32_t at) {
    pcl_node *node = graph->nodes[at];
    pcl_conv_attributes *conv = &node->attributes.conv;
    const int32_t *in = node->inputs[2]->shape.dims, *out = node->outputs[0]->shape.dims;
    const int32_t *filter = node->inputs[1]->shape.dims;
    if (conv->padding != PCL_PADDING_EXPLICIT) return PCL_OK;
    if (is_same_transposed(in[1], out[1], filter[1], conv->stride_h, conv->pads.top) &&
        is_same_transposed(in[2], out[2], filter[2], conv->stride_w, conv->pads.left)) {
        conv->padding = PCL_PADDING_SAME;
        return PCL_OK;
    }
    pcl_shape whole = node->outputs[0]->shape;
    whole.dims[1] = (in[1] - 1) * conv->stride_h + filter[1];
    whole.dims[2] = (in[2] - 1) * conv->stride_w + filter[2];
    if (whole.dims[1] < out[1] + conv->pads.top || whole.dims[2] < out[2] + conv->pads.left)
        return pcl_node_fail(graph->error, node, PCL_ERROR_UNSUPPORTED, "its output is padded beyond its window");
    return crop_transposed(graph, at, &whole);
}

/* --- INSTANCE_NORM ------------------------------------------------------------------- */

typedef struct cluster {
    pcl_graph *graph;
    int32_t at; /* where the next node goes */
    const pcl_node *norm;
    bool failed;
} cluster;

static pcl_tensor *emit(cluster *self, const pcl_op *op, pcl_tensor *a, pcl_tensor *b, const pcl_shape *shape,
                        const char *name) {
    pcl_tensor *out = self->failed ? NULL : pcl_graph_new_tensor(self->graph, name, PCL_FLOAT32, shape);
    pcl_tensor *inputs[2] = {a, b};
    pcl_node *node = out ? pcl_build_node(self->graph, self->at++, op, b ? 2 : 1, inputs, out) : NULL;
    if (node && op == &pcl_op_mean) node->attributes.reduce.keep_dims = true;
    self->failed |= !node;
    return out;
}

static pcl_status lower_norm(pcl_graph *graph, int32_t *at) {
    pcl_node *norm = graph->nodes[*at];
    pcl_tensor *x = norm->inputs[0], *gamma = norm->inputs[1], *beta = norm->inputs[2], *out = norm->outputs[0];
    pcl_activation activation = norm->attributes.instance_norm.activation;
    pcl_shape whole = x->shape, each = {4, {whole.dims[0], 1, 1, whole.dims[3]}}, scalar = {0, {0}};
    int32_t axis_values[2] = {1, 2};
    cluster self = {.graph = graph, .at = *at, .norm = norm};
    pcl_tensor *axes = pcl_build_constant(graph, "axes", PCL_INT32, &(pcl_shape){1, {2}}, axis_values);
    pcl_tensor *epsilon = pcl_build_constant(graph, "epsilon", PCL_FLOAT32, &scalar, &norm->attributes.instance_norm.epsilon);
    if (!axes || !epsilon) return PCL_ERROR_LIMIT;
    pcl_tensor *mean = emit(&self, &pcl_op_mean, x, axes, &each, "mean");
    pcl_tensor *squared = emit(&self, &pcl_op_squared_difference, x, mean, &whole, "squared difference");
    pcl_tensor *variance = emit(&self, &pcl_op_mean, squared, axes, &each, "variance");
    pcl_tensor *shifted = emit(&self, &pcl_op_add, variance, epsilon, &each, "variance + epsilon");
    pcl_tensor *reciprocal = emit(&self, &pcl_op_rsqrt, shifted, NULL, &each, "reciprocal");
    pcl_tensor *scale = emit(&self, &pcl_op_mul, reciprocal, gamma, &each, "scale");
    pcl_tensor *scaled = emit(&self, &pcl_op_mul, x, scale, &whole, "scaled");
    pcl_tensor *mean_scaled = emit(&self, &pcl_op_mul, mean, scale, &each, "scaled mean");
    pcl_tensor *shift = emit(&self, &pcl_op_sub, beta, mean_scaled, &each, "shift");
    if (self.failed) return PCL_ERROR_LIMIT;
    pcl_node *add = pcl_build_node(graph, self.at++, &pcl_op_add, 2, (pcl_tensor *[]){scaled, shift}, out);
    if (!add) return PCL_ERROR_LIMIT;
    add->attributes.binary.activation = activation;
    norm->op = NULL; /* swept */
    norm->output_count = 0;
    *at = self.at;
    return PCL_OK;
}

static pcl_status lower(pcl_graph *graph, int32_t *at) {
    pcl_node *node = graph->nodes[*at];
    const pcl_op *op = node->op;
    if (op == &pcl_op_conv_2d || op == &pcl_op_depthwise_conv_2d) {
        PCL_TRY_RETURN(add_bias(graph, node, 2, node->outputs[0]->shape.dims[3]));
        return lower_conv(graph, at);
    }
    if (op == &pcl_op_transpose_conv) return lower_transpose_conv(graph, *at);
    if (op == &pcl_op_max_pool_2d || op == &pcl_op_average_pool_2d) return lower_pool(graph, at);
    if (op == &pcl_op_instance_norm) return lower_norm(graph, at);
    return PCL_OK;
}

pcl_status pcl_lower_for_tflite(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++) PCL_TRY_RETURN(lower(graph, &i));
    pcl_graph_sweep(graph);
    return PCL_OK;
}
