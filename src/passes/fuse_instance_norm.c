#include <string.h>

#include "ops/table.h"
#include "passes/passes.h"

/* The tensors of a cluster that normalises each channel of each picture:
 *
 *     mean     = MEAN(x; height, width)
 *     variance = MEAN(SQUARED_DIFFERENCE(x, mean); height, width)
 *     scale    = RSQRT(variance + epsilon) * gamma
 *     out      = x * scale + (beta - mean * scale)
 *
 * In quantised models QUANTIZE and DEQUANTIZE stand around the two operators
 * that only exist in float. Found backwards, from the last ADD. */
typedef struct cluster {
    pcl_tensor *x, *gamma, *beta, *epsilon, *out;
    pcl_norm_stages stages;
} cluster;

static pcl_node *maker(const pcl_tensor *tensor, const pcl_op *op) {
    return tensor->producer && tensor->producer->op == op ? tensor->producer : NULL;
}

/* What a conversion between real and quantised was made from. */
static pcl_tensor *before(pcl_tensor *tensor, const pcl_op *conversion) {
    pcl_node *node = maker(tensor, conversion);
    return node ? node->inputs[0] : tensor;
}

/* The tensor itself, or its reals. */
static bool stands_for(pcl_tensor *tensor, const pcl_tensor *wanted) {
    return tensor == wanted || before(tensor, &pcl_op_dequantize) == wanted;
}

static bool is_picture_mean(const pcl_node *node) {
    if (!node || node->inputs[0]->shape.rank != 4 || !node->attributes.reduce.keep_dims) return false;
    const pcl_tensor *axes = node->inputs[1];
    if (!axes->constant || axes->dtype != PCL_INT32 || pcl_tensor_count(axes) != 2) return false;
    const int32_t *axis = axes->data;
    return (axis[0] == 1 && axis[1] == 2) || (axis[0] == 2 && axis[1] == 1);
}

/* variance from `shifted` = variance + epsilon, down to x and mean. */
static bool match_variance(cluster *found, pcl_tensor *shifted) {
    pcl_node *add = maker(shifted, &pcl_op_add);
    if (!add || !add->inputs[1]->constant || pcl_tensor_count(add->inputs[1]) != 1) return false;
    if (add->attributes.binary.activation != PCL_ACTIVATION_NONE) return false;
    pcl_node *mean = maker(add->inputs[0], &pcl_op_mean);
    if (!is_picture_mean(mean)) return false;
    pcl_tensor *squared = mean->inputs[0];
    pcl_node *difference = maker(before(squared, &pcl_op_quantize), &pcl_op_squared_difference);
    if (!difference) return false;
    if (!stands_for(difference->inputs[0], found->x)) return false;
    if (!stands_for(difference->inputs[1], found->stages.mean)) return false;
    found->epsilon = add->inputs[1];
    found->stages.shifted = shifted;
    found->stages.variance = mean->outputs[0];
    found->stages.squared = squared;
    return true;
}

/* scale = reciprocal * gamma, in either order. */
static bool match_scale(cluster *found, pcl_tensor *scale) {
    pcl_node *mul = maker(scale, &pcl_op_mul);
    if (!mul || mul->attributes.binary.activation != PCL_ACTIVATION_NONE) return false;
    for (int side = 0; side < 2; side++) {
        pcl_tensor *reciprocal = mul->inputs[side];
        pcl_node *rsqrt = maker(before(reciprocal, &pcl_op_quantize), &pcl_op_rsqrt);
        if (!rsqrt || !match_variance(found, before(rsqrt->inputs[0], &pcl_op_dequantize))) continue;
        found->gamma = mul->inputs[1 - side];
        found->stages.reciprocal = reciprocal;
        found->stages.scale = scale;
        return true;
    }
    return false;
}

/* scaled = x * scale and shift = beta - mean * scale with the same scale. */
static bool match_sum(cluster *found, pcl_tensor *scaled, pcl_tensor *shift) {
    pcl_node *mul = maker(scaled, &pcl_op_mul), *sub = maker(shift, &pcl_op_sub);
    pcl_node *mean_mul = sub ? maker(sub->inputs[1], &pcl_op_mul) : NULL;
    if (!mul || !mean_mul || mul->attributes.binary.activation || sub->attributes.binary.activation ||
        mean_mul->attributes.binary.activation)
        return false;
    for (int side = 0; side < 4; side++) {
        pcl_tensor *x = mul->inputs[side & 1], *scale = mul->inputs[1 - (side & 1)];
        pcl_tensor *mean = mean_mul->inputs[side >> 1], *same_scale = mean_mul->inputs[1 - (side >> 1)];
        pcl_node *averaging = maker(mean, &pcl_op_mean);
        if (scale != same_scale || !is_picture_mean(averaging) || averaging->inputs[0] != x) continue;
        found->x = x;
        found->beta = sub->inputs[0];
        found->stages.mean = mean;
        found->stages.scaled = scaled;
        found->stages.mean_scaled = sub->inputs[1];
        found->stages.shift = shift;
        if (match_scale(found, scale)) return true;
    }
    return false;
}

static bool has_channels(const cluster *found, const pcl_tensor *tensor) {
    return pcl_tensor_count(tensor) == (size_t)found->x->shape.dims[3];
}

static bool is_float(const cluster *found) {
    const pcl_norm_stages *stages = &found->stages;
    return found->x->dtype == PCL_FLOAT32 && found->gamma->dtype == PCL_FLOAT32 && found->beta->dtype == PCL_FLOAT32 &&
           found->epsilon->dtype == PCL_FLOAT32 && stages->squared->dtype == PCL_FLOAT32 &&
           stages->reciprocal->dtype == PCL_FLOAT32;
}

static bool is_all_quantised(const cluster *found) {
    const pcl_norm_stages *stages = &found->stages;
    const pcl_tensor *all[] = {found->x,         found->gamma,       found->beta,   found->epsilon,     found->out,
                               stages->mean,     stages->squared,    stages->variance, stages->shifted, stages->reciprocal,
                               stages->scale,    stages->scaled,     stages->mean_scaled, stages->shift};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]->dtype != PCL_UINT8 || all[i]->quantization.count != 1) return false;
    return true;
}

/* Writes the node over the last ADD; what nobody else reads is swept. */
static pcl_status replace(pcl_graph *graph, int32_t at, const cluster *found) {
    bool quantised = !is_float(found);
    int32_t count = quantised ? 4 : 3;
    pcl_node *norm = pcl_graph_alloc(graph, 1, sizeof *norm);
    pcl_tensor **inputs = pcl_graph_alloc(graph, 4, sizeof *inputs);
    pcl_norm_stages *stages = pcl_graph_alloc(graph, 1, sizeof *stages);
    if (!norm || !inputs || !stages) return PCL_ERROR_LIMIT;
    *norm = *graph->nodes[at];
    *stages = found->stages;
    memcpy(inputs, (pcl_tensor *[]){found->x, found->gamma, found->beta, found->epsilon}, sizeof *inputs * 4);
    norm->op = quantised ? &pcl_op_instance_norm_quantized : &pcl_op_instance_norm;
    norm->op_name = norm->op->name;
    norm->inputs = inputs;
    norm->input_count = count;
    if (quantised) {
        norm->attributes.norm_stages = stages;
    } else {
        norm->attributes.instance_norm.epsilon = *(const float *)found->epsilon->data;
        norm->attributes.instance_norm.activation = found->stages.activation;
    }
    graph->nodes[at] = norm;
    pcl_graph_link(graph);
    return PCL_OK;
}

static pcl_status fuse(pcl_graph *graph, int32_t at) {
    pcl_node *add = graph->nodes[at];
    for (int side = 0; side < 2; side++) {
        cluster found = {.out = add->outputs[0], .stages.activation = add->attributes.binary.activation};
        if (!match_sum(&found, add->inputs[side], add->inputs[1 - side])) continue;
        if (!has_channels(&found, found.gamma) || !has_channels(&found, found.beta)) continue;
        if (is_float(&found) || is_all_quantised(&found)) return replace(graph, at, &found);
    }
    return PCL_OK;
}

static bool is_u8(const pcl_tensor *tensor) { return tensor->dtype == PCL_UINT8 && tensor->quantization.count == 1; }

/* A float norm between DEQUANTIZE and QUANTIZE does their work on the way:
 * a quarter of the memory, and no more rounding than they do. */
static void take_conversions(pcl_graph *graph, int32_t at) {
    pcl_node *norm = graph->nodes[at];
    pcl_tensor *in = before(norm->inputs[0], &pcl_op_dequantize), *out = norm->outputs[0];
    if (is_u8(in)) norm->inputs[0] = in;
    for (int32_t i = at + 1; i < graph->node_count && out->uses == 1; i++) {
        pcl_node *reader = graph->nodes[i];
        if (reader->op != &pcl_op_quantize || reader->inputs[0] != out || !is_u8(reader->outputs[0])) continue;
        norm->outputs[0] = reader->outputs[0];
        norm->name = norm->outputs[0]->name;
        reader->op = NULL; /* swept at the end */
        return;
    }
}

pcl_status pcl_pass_fuse_instance_norm(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == &pcl_op_add) PCL_TRY_RETURN(fuse(graph, i));
    for (int32_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == &pcl_op_instance_norm) take_conversions(graph, i);
    pcl_graph_sweep(graph);
    return PCL_OK;
}
