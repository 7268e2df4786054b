/* Operators that work element by element, in whatever layout their inputs have. */
#include "tools/onnx/translators.h"

#include <math.h>

enum {
    FLOATS = 1,  /* float32 */
    INTS = 2,    /* int32 and int64 */
    NARROWS = 4, /* the other integers, but uint64 */
    BOOLS = 8,
    TO_BOOL = 16 /* the result is bool */
};

/* An operator of the engine for inputs of these types, an operator of the
 * tools for all others. Both may be NULL. */
typedef struct elementwise {
    const char *type;
    const pcl_op *fast;
    uint32_t types;
    const pcl_op *generic;
    float alpha, beta; /* defaults of the attributes, where there are such */
    const char *alpha_name, *beta_name;
} elementwise;

static const elementwise rows[] = {
    {"Add", &pcl_op_add, FLOATS | INTS, &pcl_onnx_add, 0, 0, NULL, NULL},
    {"Sub", &pcl_op_sub, FLOATS | INTS, &pcl_onnx_sub, 0, 0, NULL, NULL},
    {"Mul", &pcl_op_mul, FLOATS | INTS, &pcl_onnx_mul, 0, 0, NULL, NULL},
    {"Div", &pcl_op_div, FLOATS | INTS, &pcl_onnx_div, 0, 0, NULL, NULL},
    {"PRelu", &pcl_op_prelu, FLOATS, &pcl_onnx_prelu, 0, 0, NULL, NULL},
    {"Equal", &pcl_op_equal, FLOATS | INTS | NARROWS | BOOLS | TO_BOOL, &pcl_onnx_equal, 0, 0, NULL, NULL},
    {"Less", &pcl_op_less, FLOATS | INTS | TO_BOOL, &pcl_onnx_less, 0, 0, NULL, NULL},
    {"LessOrEqual", &pcl_op_less_equal, FLOATS | INTS | TO_BOOL, &pcl_onnx_less_or_equal, 0, 0, NULL, NULL},
    {"Greater", &pcl_op_greater, FLOATS | INTS | TO_BOOL, &pcl_onnx_greater, 0, 0, NULL, NULL},
    {"GreaterOrEqual", &pcl_op_greater_equal, FLOATS | INTS | TO_BOOL, &pcl_onnx_greater_or_equal, 0, 0, NULL, NULL},
    {"And", &pcl_op_logical_and, BOOLS, &pcl_onnx_and, 0, 0, NULL, NULL},
    {"Or", &pcl_op_logical_or, BOOLS, &pcl_onnx_or, 0, 0, NULL, NULL},
    {"Xor", &pcl_op_not_equal, BOOLS, &pcl_onnx_xor, 0, 0, NULL, NULL},
    {"Not", &pcl_op_logical_not, BOOLS, &pcl_onnx_not, 0, 0, NULL, NULL},
    {"BitwiseAnd", NULL, 0, &pcl_onnx_bitwise_and, 0, 0, NULL, NULL},
    {"BitwiseOr", NULL, 0, &pcl_onnx_bitwise_or, 0, 0, NULL, NULL},
    {"BitwiseXor", NULL, 0, &pcl_onnx_bitwise_xor, 0, 0, NULL, NULL},
    {"BitwiseNot", NULL, 0, &pcl_onnx_bitwise_not, 0, 0, NULL, NULL},
    {"Abs", &pcl_op_abs, FLOATS | INTS, &pcl_onnx_abs, 0, 0, NULL, NULL},
    {"Neg", &pcl_op_neg, FLOATS | INTS, &pcl_onnx_neg, 0, 0, NULL, NULL},
    {"Sign", NULL, 0, &pcl_onnx_sign, 0, 0, NULL, NULL},
    {"Ceil", &pcl_op_ceil, FLOATS, &pcl_onnx_ceil, 0, 0, NULL, NULL},
    {"Floor", &pcl_op_floor, FLOATS, &pcl_onnx_floor, 0, 0, NULL, NULL},
    {"Round", &pcl_op_round, FLOATS, &pcl_onnx_round, 0, 0, NULL, NULL},
    {"Sqrt", &pcl_op_sqrt, FLOATS, &pcl_onnx_sqrt, 0, 0, NULL, NULL},
    {"Reciprocal", NULL, 0, &pcl_onnx_reciprocal, 0, 0, NULL, NULL},
    {"Exp", &pcl_op_exp, FLOATS, &pcl_onnx_exp, 0, 0, NULL, NULL},
    {"Log", &pcl_op_log, FLOATS, &pcl_onnx_log, 0, 0, NULL, NULL},
    {"Erf", NULL, 0, &pcl_onnx_erf, 0, 0, NULL, NULL},
    {"Sin", &pcl_op_sin, FLOATS, &pcl_onnx_sin, 0, 0, NULL, NULL},
    {"Cos", &pcl_op_cos, FLOATS, &pcl_onnx_cos, 0, 0, NULL, NULL},
    {"Tan", NULL, 0, &pcl_onnx_tan, 0, 0, NULL, NULL},
    {"Asin", NULL, 0, &pcl_onnx_asin, 0, 0, NULL, NULL},
    {"Acos", NULL, 0, &pcl_onnx_acos, 0, 0, NULL, NULL},
    {"Atan", NULL, 0, &pcl_onnx_atan, 0, 0, NULL, NULL},
    {"Sinh", NULL, 0, &pcl_onnx_sinh, 0, 0, NULL, NULL},
    {"Cosh", NULL, 0, &pcl_onnx_cosh, 0, 0, NULL, NULL},
    {"Asinh", NULL, 0, &pcl_onnx_asinh, 0, 0, NULL, NULL},
    {"Acosh", NULL, 0, &pcl_onnx_acosh, 0, 0, NULL, NULL},
    {"Atanh", NULL, 0, &pcl_onnx_atanh, 0, 0, NULL, NULL},
    {"Tanh", &pcl_op_tanh, FLOATS, &pcl_onnx_tanh, 0, 0, NULL, NULL},
    {"Sigmoid", &pcl_op_logistic, FLOATS, &pcl_onnx_sigmoid, 0, 0, NULL, NULL},
    {"Relu", &pcl_op_relu, FLOATS, &pcl_onnx_relu, 0, 0, NULL, NULL},
    {"HardSwish", &pcl_op_hard_swish, FLOATS, &pcl_onnx_hard_swish, 0, 0, NULL, NULL},
    {"Softplus", NULL, 0, &pcl_onnx_softplus, 0, 0, NULL, NULL},
    {"Softsign", NULL, 0, &pcl_onnx_softsign, 0, 0, NULL, NULL},
    {"Mish", NULL, 0, &pcl_onnx_mish, 0, 0, NULL, NULL},
    {"IsNaN", NULL, 0, &pcl_onnx_is_nan, 0, 0, NULL, NULL},
    {"Celu", NULL, 0, &pcl_onnx_celu, 1.0f, 0, "alpha", NULL},
    {"Selu", NULL, 0, &pcl_onnx_selu, 1.67326319217681884765625f, 1.05070102214813232421875f, "alpha", "gamma"},
    {"HardSigmoid", NULL, 0, &pcl_onnx_hard_sigmoid, 0.2f, 0.5f, "alpha", "beta"},
    {"ThresholdedRelu", NULL, 0, &pcl_onnx_thresholded_relu, 1.0f, 0, "alpha", NULL},
    {"Shrink", NULL, 0, &pcl_onnx_shrink, 0.5f, 0, "lambd", "bias"},
};

static const elementwise *find_row(const pcl_onnx_node *node) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (pcl_text_is(node->type, rows[i].type)) return &rows[i];
    return NULL;
}

static uint32_t kind_of(pcl_dtype dtype) {
    if (dtype == PCL_FLOAT32) return FLOATS;
    if (dtype == PCL_INT32 || dtype == PCL_INT64) return INTS;
    if (dtype == PCL_BOOL) return BOOLS;
    return dtype == PCL_FLOAT64 || dtype == PCL_UINT64 ? 0 : NARROWS;
}

/* The inputs as operands of one layout; their number is the node's. */
static pcl_layout read_operands(pcl_importer *in, const pcl_onnx_node *node, pcl_tensor **operands) {
    pcl_layout layout = pcl_import_layout(node, node->input_count);
    int32_t rank = 0;
    for (int32_t i = 0; i < node->input_count; i++) {
        int32_t own = pcl_import_shape(node->inputs[i]).rank;
        if (own > rank) rank = own;
    }
    for (int32_t i = 0; i < node->input_count; i++)
        operands[i] = pcl_import_operand(in, node->inputs[i], rank, layout);
    return layout;
}

static bool same_type(const pcl_onnx_node *node) {
    for (int32_t i = 1; i < node->input_count; i++)
        if (pcl_import_dtype(node->inputs[i]) != pcl_import_dtype(node->inputs[0])) return false;
    return true;
}

static const void *parameters(pcl_importer *in, const pcl_onnx_node *node, const elementwise *row) {
    pcl_onnx_unary_attributes *out = row->alpha_name ? pcl_import_alloc(in, 1, sizeof *out) : NULL;
    if (!out) return NULL;
    out->alpha = pcl_attribute_float(node, row->alpha_name, row->alpha);
    out->beta = row->beta_name ? pcl_attribute_float(node, row->beta_name, row->beta) : 0.0f;
    return out;
}

/* A node whose inputs are all the node's, in the layout that they have. */
static void emit_all(pcl_importer *in, const pcl_onnx_node *node, const pcl_op *op, pcl_dtype dtype,
                     const pcl_attributes *attributes) {
    pcl_tensor *operands[3] = {NULL};
    if (!pcl_import_needs(in, node, node->input_count)) return;
    if (node->input_count < 1 || node->input_count > 3)
        pcl_import_fail(in, PCL_ERROR_FORMAT, "%d inputs do not fit it", node->input_count);
    if (in->status != PCL_OK) return;
    pcl_layout layout = read_operands(in, node, operands);
    pcl_tensor *first = operands[0], *second = operands[1];
    bool commutes = op == &pcl_op_add || op == &pcl_op_mul;
    if (commutes && first && second && first->constant && !second->constant) { /* of bytes, a number b makes a table */
        operands[0] = second;
        operands[1] = first;
    }
    pcl_import_set(in, node, 0, pcl_import_emit(in, op, dtype, attributes, node->input_count, operands), layout);
}

void pcl_translate_elementwise(pcl_importer *in, const pcl_onnx_node *node) {
    const elementwise *row = find_row(node);
    if (!pcl_import_needs(in, node, 1) || !pcl_import_needs(in, node, node->input_count)) return;
    pcl_dtype dtype = pcl_import_dtype(node->inputs[0]);
    bool fast = row->fast && same_type(node) && (row->types & kind_of(dtype));
    pcl_attributes attributes = {.tools = fast ? NULL : parameters(in, node, row)};
    emit_all(in, node, fast ? row->fast : row->generic, row->types & TO_BOOL ? PCL_BOOL : dtype,
             fast ? NULL : &attributes);
}

/* --- Any number of operands -------------------------------------------------------- */

void pcl_translate_variadic(pcl_importer *in, const pcl_onnx_node *node) {
    bool max = pcl_text_is(node->type, "Max"), min = pcl_text_is(node->type, "Min"),
         sum = pcl_text_is(node->type, "Sum");
    const pcl_op *fast = max ? &pcl_op_maximum : min ? &pcl_op_minimum : &pcl_op_add;
    const pcl_op *generic = max ? &pcl_onnx_max : min ? &pcl_onnx_min : sum ? &pcl_onnx_sum : &pcl_onnx_mean;
    if (!pcl_import_needs(in, node, node->input_count) || !pcl_import_needs(in, node, 1)) return;
    pcl_tensor **operands = pcl_import_alloc(in, (size_t)node->input_count, sizeof *operands);
    if (!operands) return;
    pcl_layout layout = read_operands(in, node, operands);
    pcl_dtype dtype = pcl_import_dtype(node->inputs[0]);
    pcl_tensor *result = operands[0];
    if (same_type(node) && (kind_of(dtype) == FLOATS || (kind_of(dtype) == INTS && generic != &pcl_onnx_mean))) {
        for (int32_t i = 1; i < node->input_count; i++) result = pcl_import_binary(in, fast, result, operands[i]);
        if (generic == &pcl_onnx_mean)
            result = pcl_import_binary(in, &pcl_op_div, result, pcl_import_scalar(in, (float)node->input_count));
    } else {
        result = pcl_import_emit(in, generic, dtype, NULL, node->input_count, operands);
    }
    pcl_import_set(in, node, 0, result, layout);
}

/* --- Operators with a form of their own ---------------------------------------------- */

static bool is_scalar(pcl_importer *in, pcl_value *value, float *out) {
    const pcl_tensor *tensor = pcl_import_plain(in, value);
    if (!tensor || !tensor->constant || tensor->dtype != PCL_FLOAT32 || pcl_tensor_count(tensor) != 1) return false;
    *out = *(const float *)tensor->data;
    return true;
}

/* Squares and roots are what networks take powers for. */
void pcl_translate_pow(pcl_importer *in, const pcl_onnx_node *node) {
    float exponent = 0.0f;
    if (!pcl_import_needs(in, node, 2)) return;
    pcl_dtype dtype = pcl_import_dtype(node->inputs[0]);
    bool fast = same_type(node) && kind_of(dtype) == FLOATS;
    bool known = fast && is_scalar(in, node->inputs[1], &exponent);
    if (known && (exponent == 2.0f || exponent == 0.5f)) {
        pcl_layout layout = pcl_import_layout(node, 1);
        pcl_tensor *x = pcl_import_operand(in, node->inputs[0], pcl_import_shape(node->inputs[0]).rank, layout);
        pcl_import_set(in, node, 0, pcl_import_unary(in, exponent == 2.0f ? &pcl_op_square : &pcl_op_sqrt, x), layout);
        return;
    }
    emit_all(in, node, fast ? &pcl_op_pow : &pcl_onnx_pow, dtype, NULL);
}

void pcl_translate_mod(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_mod_attributes *mod = pcl_import_alloc(in, 1, sizeof *mod);
    if (!mod || !pcl_import_needs(in, node, 2)) return;
    mod->fmod = pcl_attribute_int(node, "fmod", 0) != 0;
    emit_all(in, node, &pcl_onnx_mod, pcl_import_dtype(node->inputs[0]), &(pcl_attributes){.tools = mod});
}

void pcl_translate_bit_shift(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_bit_shift_attributes *shift = pcl_import_alloc(in, 1, sizeof *shift);
    if (!shift || !pcl_import_needs(in, node, 2)) return;
    shift->left = pcl_text_is(pcl_attribute_text(node, "direction", ""), "LEFT");
    emit_all(in, node, &pcl_onnx_bit_shift, pcl_import_dtype(node->inputs[0]), &(pcl_attributes){.tools = shift});
}

void pcl_translate_is_inf(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_is_inf_attributes *detect = pcl_import_alloc(in, 1, sizeof *detect);
    if (!detect || !pcl_import_needs(in, node, 1)) return;
    detect->detect_negative = pcl_attribute_int(node, "detect_negative", 1) != 0;
    detect->detect_positive = pcl_attribute_int(node, "detect_positive", 1) != 0;
    emit_all(in, node, &pcl_onnx_is_inf, PCL_BOOL, &(pcl_attributes){.tools = detect});
}

static void emit_with_alpha(pcl_importer *in, const pcl_onnx_node *node, const pcl_op *op, float alpha) {
    pcl_onnx_unary_attributes *unary = pcl_import_alloc(in, 1, sizeof *unary);
    if (!unary) return;
    unary->alpha = alpha;
    emit_all(in, node, op, pcl_import_dtype(node->inputs[0]), &(pcl_attributes){.tools = unary});
}

void pcl_translate_leaky_relu(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    float alpha = pcl_attribute_float(node, "alpha", 0.01f);
    if (pcl_import_dtype(node->inputs[0]) != PCL_FLOAT32) emit_with_alpha(in, node, &pcl_onnx_leaky_relu, alpha);
    else emit_all(in, node, &pcl_op_leaky_relu, PCL_FLOAT32, &(pcl_attributes){.leaky_relu = {.alpha = alpha}});
}

/* min(max(alpha x + beta, 0), 1), which is relu6(6 alpha x + 6 beta) / 6 */
void pcl_translate_hard_sigmoid(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    if (pcl_import_dtype(node->inputs[0]) != PCL_FLOAT32) {
        pcl_translate_elementwise(in, node);
        return;
    }
    float slope = 6.0f * pcl_attribute_float(node, "alpha", 0.2f),
          shift = 6.0f * pcl_attribute_float(node, "beta", 0.5f);
    pcl_layout layout = pcl_import_layout(node, 1);
    pcl_tensor *x = pcl_import_operand(in, node->inputs[0], pcl_import_shape(node->inputs[0]).rank, layout);
    bool is_one = fabsf(slope - 1.0f) < 1e-5f; /* 1/6 rounded, as in hard swish */
    x = pcl_scaled(in, x, is_one ? NULL : pcl_import_scalar(in, slope), pcl_import_scalar(in, shift));
    x = pcl_scaled(in, pcl_import_unary(in, &pcl_op_relu6, x), pcl_import_scalar(in, 1.0f / 6.0f), NULL);
    pcl_import_set(in, node, 0, x, layout);
}

void pcl_translate_elu(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    float alpha = pcl_attribute_float(node, "alpha", 1.0f);
    if (alpha == 1.0f && pcl_import_dtype(node->inputs[0]) == PCL_FLOAT32)
        emit_all(in, node, &pcl_op_elu, PCL_FLOAT32, NULL);
    else emit_with_alpha(in, node, &pcl_onnx_elu, alpha);
}

void pcl_translate_gelu(pcl_importer *in, const pcl_onnx_node *node) {
    bool approximate = pcl_text_is(pcl_attribute_text(node, "approximate", "none"), "tanh");
    pcl_onnx_gelu_attributes *gelu = pcl_import_alloc(in, 1, sizeof *gelu);
    if (!gelu || !pcl_import_needs(in, node, 1)) return;
    gelu->approximate = approximate;
    pcl_attributes generic = {.tools = gelu}, fast = {.gelu = {.approximate = approximate}};
    pcl_dtype dtype = pcl_import_dtype(node->inputs[0]);
    if (dtype == PCL_FLOAT32) emit_all(in, node, &pcl_op_gelu, dtype, &fast);
    else emit_all(in, node, &pcl_onnx_gelu, dtype, &generic);
}

/* A bound: input `index`, or an attribute before opset 11. */
static pcl_tensor *read_bound(pcl_importer *in, const pcl_onnx_node *node, int32_t index, const char *name) {
    if (pcl_import_input(node, index)) return pcl_import_plain_input(in, node, index);
    return pcl_attribute_exists(node, name) ? pcl_import_scalar(in, pcl_attribute_float(node, name, 0.0f)) : NULL;
}

static bool is_number(const pcl_tensor *tensor, float value) {
    return tensor && tensor->constant && *(const float *)tensor->data == value;
}

void pcl_translate_clip(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_value *value = node->inputs[0];
    pcl_layout layout = pcl_import_layout(node, 1);
    pcl_tensor *x = pcl_import_operand(in, value, pcl_import_shape(value).rank, layout);
    pcl_tensor *low = read_bound(in, node, 1, "min"), *high = read_bound(in, node, 2, "max");
    if (in->status != PCL_OK) return;
    if (x->dtype != PCL_FLOAT32)
        x = pcl_import_emit(in, &pcl_onnx_clip, x->dtype, NULL, 3, (pcl_tensor *[]){x, low, high});
    else if (is_number(low, 0.0f) && is_number(high, 6.0f)) x = pcl_import_unary(in, &pcl_op_relu6, x);
    else if (is_number(low, 0.0f) && !high) x = pcl_import_unary(in, &pcl_op_relu, x);
    else {
        if (low) x = pcl_import_binary(in, &pcl_op_maximum, x, low);
        if (high) x = pcl_import_binary(in, &pcl_op_minimum, x, high);
    }
    if (x == value->plain || x == value->channels_last) pcl_import_alias(in, node, 0, value);
    else pcl_import_set(in, node, 0, x, layout);
}

/* 16-bit reals are float32 here, rounded where the file asks for them. */
static void cast_to(pcl_importer *in, const pcl_onnx_node *node, pcl_dtype dtype) {
    pcl_value *value = node->inputs[0];
    pcl_layout layout = pcl_import_layout(node, 1);
    pcl_tensor *x = pcl_import_operand(in, value, pcl_import_shape(value).rank, layout);
    if (dtype == PCL_DTYPE_COUNT) pcl_import_fail(in, PCL_ERROR_UNSUPPORTED, "casts to a type that is not supported");
    x = pcl_import_cast(in, x, dtype);
    if (dtype == PCL_FLOAT16) x = pcl_import_cast(in, x, PCL_FLOAT32);
    if (in->status != PCL_OK) return;
    if (x == value->plain || x == value->channels_last) pcl_import_alias(in, node, 0, value);
    else pcl_import_set(in, node, 0, x, layout);
    if (node->outputs[0]) node->outputs[0]->half = dtype == PCL_FLOAT16;
}

void pcl_translate_cast(pcl_importer *in, const pcl_onnx_node *node) {
    enum { BFLOAT16 = 16 };
    int32_t to = pcl_attribute_int(node, "to", 0);
    if (pcl_import_needs(in, node, 1))
        cast_to(in, node, to == BFLOAT16 ? PCL_FLOAT32 : pcl_onnx_dtype((uint64_t)(uint32_t)to));
}

void pcl_translate_cast_like(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 2)) return;
    cast_to(in, node, node->inputs[1]->half ? PCL_FLOAT16 : pcl_import_dtype(node->inputs[1]));
}

void pcl_translate_identity(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_import_alias(in, node, 0, node->inputs[0]);
    if (node->outputs[0]) node->outputs[0]->half = node->inputs[0]->half;
}

/* Nothing is dropped outside of training; the mask is all true. */
void pcl_translate_dropout(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    if (node->outputs[0]) pcl_import_alias(in, node, 0, node->inputs[0]);
    if (!pcl_import_wants(node, 1)) return;
    pcl_shape shape = pcl_import_shape(node->inputs[0]);
    pcl_tensor *yes = pcl_import_constant(in, PCL_BOOL, &(pcl_shape){.rank = 0}, &(uint8_t){1});
    pcl_tensor *dims = pcl_import_integers(in, shape.dims, shape.rank);
    pcl_import_set(in, node, 1, pcl_import_emit(in, &pcl_op_fill, PCL_BOOL, NULL, 2, (pcl_tensor *[]){dims, yes}),
                   PCL_PLAIN);
}

void pcl_translate_where(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 3)) return;
    emit_all(in, node, &pcl_op_select_v2, pcl_import_dtype(node->inputs[1]), NULL);
}
