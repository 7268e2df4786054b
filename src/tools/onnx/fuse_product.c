#include "tools/onnx/fuse_product.h"

#include <math.h>

#include "ops/table.h"
#include "tools/ops/table.h"

static pcl_node *maker(const pcl_tensor *tensor, const pcl_op *op) {
    return tensor->producer && tensor->producer->op == op ? tensor->producer : NULL;
}

static bool is_number(const pcl_tensor *tensor, double value) {
    if (!tensor->constant || tensor->dtype != PCL_FLOAT32 || pcl_tensor_count(tensor) != 1) return false;
    return fabs((double)*(const float *)tensor->data - value) < 1e-4 * value;
}

/* The other operand of an ADD or MUL whose one operand is this number; NULL when it is none. */
static pcl_tensor *beside(const pcl_tensor *tensor, const pcl_op *op, double value) {
    pcl_node *node = maker(tensor, op);
    if (!node || node->attributes.binary.activation != PCL_ACTIVATION_NONE) return NULL;
    if (is_number(node->inputs[1], value)) return node->inputs[0];
    return is_number(node->inputs[0], value) && op != &pcl_op_div ? node->inputs[1] : NULL;
}

/* x of 1 + erf(x / sqrt(2)) */
static pcl_tensor *of_error_function(const pcl_tensor *tensor) {
    pcl_tensor *error = beside(tensor, &pcl_op_add, 1.0);
    pcl_node *erf = error ? maker(error, &pcl_onnx_erf) : NULL;
    if (!erf) return NULL;
    pcl_tensor *x = beside(erf->inputs[0], &pcl_op_div, 1.41421356);
    return x ? x : beside(erf->inputs[0], &pcl_op_mul, 0.70710678);
}

/* x of relu6(x + 3) */
static pcl_tensor *of_hard_sigmoid(const pcl_tensor *tensor) {
    pcl_node *relu6 = maker(tensor, &pcl_op_relu6);
    return relu6 ? beside(relu6->inputs[0], &pcl_op_add, 3.0) : NULL;
}

/* The value, and what a number multiplies or divides there: 1 for none. */
typedef struct factor {
    pcl_tensor *value;
    double number;
} factor;

static factor without_number(pcl_tensor *tensor) {
    bool divides = maker(tensor, &pcl_op_div) != NULL;
    pcl_node *node = divides ? tensor->producer : maker(tensor, &pcl_op_mul);
    if (!node || node->attributes.binary.activation != PCL_ACTIVATION_NONE) return (factor){tensor, 1.0};
    for (int side = 1; side >= (divides ? 1 : 0); side--) {
        const pcl_tensor *number = node->inputs[side];
        if (!number->constant || number->dtype != PCL_FLOAT32 || pcl_tensor_count(number) != 1) continue;
        double value = (double)*(const float *)number->data;
        return (factor){node->inputs[1 - side], divides ? 1.0 / value : value};
    }
    return (factor){tensor, 1.0};
}

static bool is_close(double a, double b) { return fabs(a - b) < 1e-4 * b; }

/* The operator that the product of a and b (with all numbers taken out of them) is, of *x. */
static const pcl_op *match(pcl_tensor *a, pcl_tensor *b, double number, pcl_tensor **x) {
    for (int side = 0; side < 2; side++) {
        *x = side ? b : a;
        const pcl_tensor *function = side ? a : b;
        if (is_close(number, 0.5) && of_error_function(function) == *x) return &pcl_op_gelu;
        if (is_close(number, 1.0 / 6.0) && of_hard_sigmoid(function) == *x) return &pcl_op_hard_swish;
    }
    return NULL;
}

static const pcl_op *match_node(const pcl_node *node, pcl_tensor **x) {
    if (node->op != &pcl_op_mul && node->op != &pcl_op_div) return NULL;
    if (node->outputs[0]->dtype != PCL_FLOAT32) return NULL;
    factor outer = without_number(node->outputs[0]);
    if (outer.value == node->outputs[0] && node->op == &pcl_op_div) return NULL;
    const pcl_node *product = outer.value == node->outputs[0] ? node : maker(outer.value, &pcl_op_mul);
    if (!product || product->attributes.binary.activation != PCL_ACTIVATION_NONE) return NULL;
    factor a = without_number(product->inputs[0]), b = without_number(product->inputs[1]);
    const pcl_op *found = match(a.value, b.value, outer.number * a.number * b.number, x);
    return found ? found : match(product->inputs[0], product->inputs[1], outer.number, x);
}

pcl_status pcl_onnx_fuse_products(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++) {
        pcl_node *node = graph->nodes[i];
        pcl_tensor *x;
        const pcl_op *op = match_node(node, &x);
        if (!op || !pcl_shape_equal(&x->shape, &node->outputs[0]->shape)) continue;
        node->op = op;
        node->op_name = op->name;
        node->inputs[0] = x;
        node->input_count = 1;
        node->attributes = (pcl_attributes){.gelu = {.approximate = false}};
    }
    pcl_graph_sweep(graph);
    return PCL_OK;
}
