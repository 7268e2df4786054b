#include "tools/onnx/fuse_norm.h"

#include "ops/table.h"

typedef struct cluster {
    pcl_tensor *x, *gamma, *beta;
    float epsilon;
} cluster;

static pcl_node *maker(const pcl_tensor *tensor, const pcl_op *op) {
    return tensor->producer && tensor->producer->op == op ? tensor->producer : NULL;
}

static bool is_plain_float(const pcl_tensor *tensor) {
    return tensor->dtype == PCL_FLOAT32 && tensor->quantization.count == 0;
}

/* What MEAN averages over all pixels of each channel, [N,H,W,C] to [N,1,1,C];
 * exporters like to make one dimension of height and width before. */
static pcl_tensor *averaged(const pcl_tensor *mean) {
    pcl_node *node = maker(mean, &pcl_op_mean);
    if (!node || !node->attributes.reduce.keep_dims || mean->shape.rank != 4) return NULL;
    const int32_t *out = mean->shape.dims, *in = node->inputs[0]->shape.dims;
    if (out[1] != 1 || out[2] != 1 || in[0] != out[0] || in[3] != out[3]) return NULL;
    pcl_node *reshape = maker(node->inputs[0], &pcl_op_reshape);
    pcl_tensor *x = reshape ? reshape->inputs[0] : node->inputs[0];
    bool same = x->shape.rank == 4 && x->shape.dims[0] == out[0] && x->shape.dims[3] == out[3];
    return same ? x : NULL;
}

static bool is_squared(const pcl_tensor *tensor, const pcl_tensor *of) {
    pcl_node *square = maker(tensor, &pcl_op_square), *mul = maker(tensor, &pcl_op_mul);
    if (square) return square->inputs[0] == of;
    return mul && mul->inputs[0] == of && mul->inputs[1] == of &&
           mul->attributes.binary.activation == PCL_ACTIVATION_NONE;
}

/* variance + epsilon, in either order. */
static bool match_shifted(cluster *found, const pcl_tensor *shifted, const pcl_tensor *difference) {
    pcl_node *add = maker(shifted, &pcl_op_add);
    for (int side = 0; add && side < 2; side++) {
        const pcl_tensor *epsilon = add->inputs[1 - side], *squares = averaged(add->inputs[side]);
        if (!epsilon->constant || !is_plain_float(epsilon) || pcl_tensor_count(epsilon) != 1) continue;
        if (!squares || !is_squared(squares, difference)) continue;
        found->epsilon = *(const float *)epsilon->data;
        return true;
    }
    return false;
}

/* difference / sqrt(...) or difference * rsqrt(...). */
static bool match_core(cluster *found, const pcl_node *node) {
    bool divides = node->op == &pcl_op_div;
    if (!divides && node->op != &pcl_op_mul) return false;
    if (node->attributes.binary.activation != PCL_ACTIVATION_NONE) return false;
    pcl_tensor *difference = node->inputs[0];
    pcl_node *sub = maker(difference, &pcl_op_sub),
             *root = maker(node->inputs[1], divides ? &pcl_op_sqrt : &pcl_op_rsqrt);
    if (!sub || !root || !is_plain_float(difference) || sub->attributes.binary.activation != PCL_ACTIVATION_NONE)
        return false;
    found->x = sub->inputs[0];
    return averaged(sub->inputs[1]) == found->x && match_shifted(found, root->inputs[0], difference);
}

static bool is_per_channel(const pcl_tensor *tensor, const pcl_tensor *x) {
    size_t channels = (size_t)x->shape.dims[3];
    bool last = tensor->shape.rank > 0 && tensor->shape.dims[tensor->shape.rank - 1] == x->shape.dims[3];
    return is_plain_float(tensor) && last && pcl_tensor_count(tensor) == channels;
}

/* core * gamma + beta, each in either order. */
static bool match_affine(cluster *found, const pcl_node *add) {
    for (int side = 0; side < 4; side++) {
        pcl_node *mul = maker(add->inputs[side & 1], &pcl_op_mul);
        if (!mul || mul->attributes.binary.activation != PCL_ACTIVATION_NONE) continue;
        const pcl_node *core = mul->inputs[side >> 1]->producer;
        found->beta = add->inputs[1 - (side & 1)];
        found->gamma = mul->inputs[1 - (side >> 1)];
        if (!core || !match_core(found, core)) continue;
        if (is_per_channel(found->gamma, found->x) && is_per_channel(found->beta, found->x)) return true;
    }
    return false;
}

static pcl_tensor *filled(pcl_graph *graph, const pcl_tensor *x, float value) {
    pcl_tensor *tensor = pcl_graph_new_tensor(graph, x->name, PCL_FLOAT32, &(pcl_shape){1, {x->shape.dims[3]}});
    float *data = tensor ? pcl_graph_alloc(graph, tensor->bytes + 16, 1) : NULL;
    if (!data) return NULL;
    for (int32_t c = 0; c < x->shape.dims[3]; c++) data[c] = value;
    tensor->constant = true;
    tensor->data = data;
    return tensor;
}

/* Writes the norm over the cluster's last node. */
static pcl_status replace(pcl_graph *graph, pcl_node *node, const cluster *found, pcl_activation activation) {
    pcl_tensor **inputs = pcl_graph_alloc(graph, 3, sizeof *inputs);
    if (!inputs) return PCL_ERROR_LIMIT;
    inputs[0] = found->x;
    inputs[1] = found->gamma ? found->gamma : filled(graph, found->x, 1.0f);
    inputs[2] = found->beta ? found->beta : filled(graph, found->x, 0.0f);
    if (!inputs[1] || !inputs[2]) return PCL_ERROR_LIMIT;
    node->op = &pcl_op_instance_norm;
    node->op_name = node->op->name;
    node->inputs = inputs;
    node->input_count = 3;
    node->attributes = (pcl_attributes){.instance_norm = {.epsilon = found->epsilon, .activation = activation}};
    return PCL_OK;
}

pcl_status pcl_onnx_fuse_norms(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++) { /* with gamma and beta first, lest the core goes alone */
        cluster found = {NULL, NULL, NULL, 0.0f};
        pcl_node *node = graph->nodes[i];
        if (node->op == &pcl_op_add && match_affine(&found, node))
            PCL_TRY_RETURN(replace(graph, node, &found, node->attributes.binary.activation));
    }
    pcl_graph_sweep(graph);
    for (int32_t i = 0; i < graph->node_count; i++) {
        cluster found = {NULL, NULL, NULL, 0.0f};
        if (match_core(&found, graph->nodes[i]))
            PCL_TRY_RETURN(replace(graph, graph->nodes[i], &found, PCL_ACTIVATION_NONE));
    }
    pcl_graph_sweep(graph);
    return PCL_OK;
}
