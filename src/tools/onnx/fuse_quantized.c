#include "tools/onnx/fuse_quantized.h"

#include <math.h>
#include <string.h>

#include "ops/table.h"
#include "passes/passes.h"
#include "tools/convert/build.h"
#include "tools/ops/table.h"

/* --- QuantizeLinear and DequantizeLinear as QUANTIZE and DEQUANTIZE --------------- */

typedef struct range {
    float scale;
    int32_t zero_point; /* of uint8 */
} range;

static bool is_eight_bits(const pcl_tensor *tensor) { return tensor->dtype == PCL_UINT8 || tensor->dtype == PCL_INT8; }

/* One constant scale and zero point; integers are those of `type`. */
static bool read_range(const pcl_node *node, const pcl_tensor *type, range *out) {
    const pcl_tensor *scale = pcl_node_input(node, 1), *zero_point = pcl_node_input(node, 2);
    if (!is_eight_bits(type) || !scale || !scale->constant || scale->dtype != PCL_FLOAT32) return false;
    if (pcl_tensor_count(scale) != 1) return false;
    out->scale = *(const float *)scale->data;
    out->zero_point = type->dtype == PCL_INT8 ? 128 : 0;
    if (zero_point) {
        if (!zero_point->constant || zero_point->dtype != type->dtype || pcl_tensor_count(zero_point) != 1)
            return false;
        out->zero_point +=
            type->dtype == PCL_INT8 ? *(const int8_t *)zero_point->data : *(const uint8_t *)zero_point->data;
    }
    return out->scale > 0.0f && isfinite(out->scale);
}

/* True when all readers turn the value back into the reals that it stands for. */
static bool is_read_as_reals(const pcl_graph *graph, const pcl_tensor *value, const range *expected) {
    if (pcl_graph_is_output(graph, value)) return false;
    for (int32_t n = 0; n < graph->node_count; n++) {
        const pcl_node *node = graph->nodes[n];
        for (int32_t i = 0; i < node->input_count; i++) {
            range found;
            if (node->inputs[i] != value) continue;
            if (i != 0 || node->op != &pcl_onnx_dequantize_linear || !read_range(node, value, &found)) return false;
            if (found.scale != expected->scale || found.zero_point != expected->zero_point) return false;
        }
    }
    return true;
}

static void become(pcl_node *node, const pcl_op *op) {
    node->op = op;
    node->op_name = op->name;
    node->input_count = 1;
    node->attributes = (pcl_attributes){.quantize = {.out_dtype = node->outputs[0]->dtype}};
}

static pcl_status set_range(pcl_graph *graph, pcl_tensor *tensor, const range *value) {
    pcl_quantization *out = &tensor->quantization;
    out->scales = pcl_graph_alloc(graph, 1, sizeof *out->scales);
    out->zero_points = pcl_graph_alloc(graph, 1, sizeof *out->zero_points);
    if (!out->scales || !out->zero_points) return PCL_ERROR_LIMIT;
    out->count = 1;
    out->scales[0] = value->scale;
    out->zero_points[0] = value->zero_point;
    tensor->dtype = PCL_UINT8;
    return PCL_OK;
}

static pcl_status convert_pairs(pcl_graph *graph, pcl_node *quantize) {
    range value;
    pcl_tensor *out = quantize->outputs[0];
    if (quantize->op != &pcl_onnx_quantize_linear || quantize->inputs[0]->dtype != PCL_FLOAT32) return PCL_OK;
    if (!read_range(quantize, out, &value) || !is_read_as_reals(graph, out, &value)) return PCL_OK;
    PCL_TRY_RETURN(set_range(graph, out, &value));
    become(quantize, &pcl_op_quantize);
    for (int32_t n = 0; n < graph->node_count; n++)
        if (graph->nodes[n]->input_count > 0 && graph->nodes[n]->inputs[0] == out)
            become(graph->nodes[n], &pcl_op_dequantize);
    return PCL_OK;
}

/* --- Operators between them ----------------------------------------------------------- */

/* The quantised tensor that a real one was made of. */
static pcl_tensor *quantised_form(const pcl_tensor *tensor) {
    const pcl_node *node = tensor->producer;
    return node && node->op == &pcl_op_dequantize && pcl_is_quantised(node->inputs[0]) ? node->inputs[0] : NULL;
}

/* move(DEQUANTIZE(x)) becomes DEQUANTIZE(move(x)), where what follows may take
 * the integers. The former DEQUANTIZE is swept when nobody else reads it. */
static pcl_status sink_below_mover(pcl_graph *graph, int32_t at) {
    pcl_node *mover = graph->nodes[at];
    if (!pcl_only_moves_data(mover->op) || !quantised_form(mover->inputs[0])) return PCL_OK;
    pcl_tensor *from = quantised_form(mover->inputs[0]), *real = mover->outputs[0];
    pcl_tensor *moved = pcl_graph_new_tensor(graph, real->name, from->dtype, &real->shape);
    pcl_node *after = moved ? pcl_graph_insert_node(graph, at + 1, &pcl_op_dequantize, 1, 1) : NULL;
    if (!after) return PCL_ERROR_LIMIT;
    moved->quantization = from->quantization;
    moved->producer = mover;
    mover->inputs[0] = from;
    mover->outputs[0] = moved;
    after->op_name = after->op->name;
    after->name = real->name;
    after->version = 1;
    after->inputs[0] = moved;
    after->outputs[0] = real;
    real->producer = after;
    return PCL_OK;
}

/* What stands behind an operator: perhaps an activation, then a QUANTIZE. */
typedef struct tail {
    pcl_node *activation, *quantize;
} tail;

static bool find_tail(const pcl_graph *graph, const pcl_node *node, tail *out) {
    pcl_node *next = pcl_only_reader(graph, node->outputs[0]);
    *out = (tail){NULL, NULL};
    if (next && (next->op == &pcl_op_relu || next->op == &pcl_op_relu6)) {
        out->activation = next;
        next = pcl_only_reader(graph, next->outputs[0]);
    }
    out->quantize = next;
    return next && next->op == &pcl_op_quantize;
}

static bool has_weights(const pcl_op *op) {
    return op == &pcl_op_conv_2d || op == &pcl_op_depthwise_conv_2d || op == &pcl_op_fully_connected;
}

/* How many leading inputs are values; the rest are constants. 0: not an operator that is computed in integers. */
static int32_t value_count(const pcl_node *node) {
    if (has_weights(node->op) || node->op == &pcl_op_mean || node->op == &pcl_op_average_pool_2d ||
        node->op == &pcl_op_max_pool_2d || node->op == &pcl_op_resize_bilinear)
        return 1;
    bool several = node->op == &pcl_op_add || node->op == &pcl_op_mul || node->op == &pcl_op_sub ||
                   node->op == &pcl_op_concatenation;
    return several ? node->input_count : 0;
}

static pcl_activation *activation_of(pcl_node *node) {
    if (node->op == &pcl_op_fully_connected) return &node->attributes.fully_connected.activation;
    if (has_weights(node->op)) return &node->attributes.conv.activation;
    bool binary = node->op == &pcl_op_add || node->op == &pcl_op_mul || node->op == &pcl_op_sub;
    return binary ? &node->attributes.binary.activation : NULL;
}

/* One scale for all, or one for each index of an axis. */
typedef struct weight_scales {
    const pcl_quantization *quantization;
    size_t inner; /* elements behind the scales' axis */
} weight_scales;

static weight_scales scales_of(const pcl_tensor *real) {
    const pcl_quantization *quantization = &real->quantization;
    weight_scales out = {quantization, 1};
    for (int32_t d = quantization->axis + 1; d < real->shape.rank; d++) out.inner *= (size_t)real->shape.dims[d];
    return out;
}

static float multiple_of_scale(const pcl_tensor *real, const weight_scales *scales, size_t i) {
    size_t channels = (size_t)scales->quantization->count;
    size_t channel = channels > 1 ? i / scales->inner % channels : 0;
    return roundf(((const float *)real->data)[i] / scales->quantization->scales[channel]);
}

/* What is subtracted from the bytes again: 0 where int8 holds the multiples,
 * which packs best, else what makes them uint8. False where neither does. */
static bool find_weight_type(const pcl_tensor *real, const weight_scales *scales, pcl_dtype *dtype, int32_t *zero_point) {
    float low = 0.0f, high = 0.0f;
    for (size_t i = 0, count = pcl_tensor_count(real); i < count; i++) {
        float value = multiple_of_scale(real, scales, i);
        if (!(fabsf(value) <= 255.0f)) return false;
        low = fminf(low, value);
        high = fmaxf(high, value);
    }
    bool fits_int8 = low >= -128.0f && high <= 127.0f;
    *dtype = fits_int8 ? PCL_INT8 : PCL_UINT8;
    *zero_point = fits_int8 ? 0 : -(int32_t)low;
    return high - low <= 255.0f;
}

/* The bytes of weights that are multiples of their scales, of zero points that need not be what they were. */
static pcl_tensor *integer_weights(pcl_graph *graph, const pcl_tensor *real) {
    const pcl_quantization *quantization = &real->quantization;
    pcl_dtype dtype;
    int32_t zero_point;
    if (!real->constant || quantization->count == 0) return NULL;
    weight_scales scales = scales_of(real);
    if (!find_weight_type(real, &scales, &dtype, &zero_point)) return NULL;
    pcl_tensor *tensor = pcl_graph_new_tensor(graph, real->name, dtype, &real->shape);
    uint8_t *out = tensor ? pcl_graph_alloc(graph, tensor->bytes + 16, 1) : NULL;
    int32_t *zero_points = pcl_graph_alloc(graph, (size_t)quantization->count, sizeof *zero_points);
    if (!out || !zero_points) return NULL;
    for (size_t i = 0, count = pcl_tensor_count(real); i < count; i++)
        out[i] = (uint8_t)((int32_t)multiple_of_scale(real, &scales, i) + zero_point);
    for (int32_t i = 0; i < quantization->count; i++) zero_points[i] = zero_point;
    tensor->constant = true;
    tensor->data = out;
    tensor->quantization = *quantization;
    tensor->quantization.zero_points = zero_points;
    return tensor;
}

static pcl_tensor *integer_bias(pcl_graph *graph, const pcl_tensor *real, const pcl_tensor *input,
                                const pcl_tensor *weights) {
    if (!real->constant || real->dtype != PCL_FLOAT32) return NULL;
    pcl_tensor *tensor = pcl_graph_new_tensor(graph, real->name, PCL_INT32, &real->shape);
    int32_t *out = tensor ? pcl_graph_alloc(graph, tensor->bytes + 16, 1) : NULL;
    if (!out) return NULL;
    const pcl_quantization *quantization = &weights->quantization;
    size_t count = pcl_tensor_count(real);
    if (quantization->count > 1 && count != (size_t)quantization->count) return NULL;
    for (size_t i = 0; i < count; i++) {
        double scale = (double)pcl_tensor_scale(input) * (double)quantization->scales[quantization->count > 1 ? i : 0];
        double value = round((double)((const float *)real->data)[i] / scale);
        if (!(fabs(value) < 2147483648.0)) return NULL;
        out[i] = (int32_t)value;
    }
    tensor->constant = true;
    tensor->data = out;
    return tensor;
}

/* The inputs of the integer form; false when there is none. */
static bool integer_inputs(pcl_graph *graph, const pcl_node *node, pcl_tensor **inputs) {
    int32_t values = value_count(node);
    for (int32_t i = 0; i < node->input_count; i++) {
        inputs[i] = i < values ? quantised_form(node->inputs[i]) : node->inputs[i];
        if (!inputs[i]) return false;
    }
    if (!has_weights(node->op)) return values > 0;
    inputs[1] = integer_weights(graph, node->inputs[1]);
    if (!inputs[1]) return false;
    if (node->input_count > 2) inputs[2] = integer_bias(graph, node->inputs[2], inputs[0], inputs[1]);
    return node->input_count < 3 || inputs[2];
}

/* Takes the place of the operator, its activation and the QUANTIZE; where the
 * engine cannot compute it so, everything stays as it was. */
static pcl_status convert_operator(pcl_graph *graph, pcl_node *node) {
    tail behind;
    if (value_count(node) == 0 || !find_tail(graph, node, &behind)) return PCL_OK;
    pcl_activation *activation = activation_of(node);
    if (behind.activation && (!activation || *activation != PCL_ACTIVATION_NONE)) return PCL_OK;
    pcl_tensor **inputs = pcl_graph_alloc(graph, (size_t)node->input_count, sizeof *inputs);
    pcl_tensor **outputs = pcl_graph_alloc(graph, 1, sizeof *outputs);
    if (!inputs || !outputs) return PCL_ERROR_LIMIT;
    if (!integer_inputs(graph, node, inputs)) return PCL_OK;
    pcl_node former = *node;
    if (behind.activation)
        *activation = behind.activation->op == &pcl_op_relu ? PCL_ACTIVATION_RELU : PCL_ACTIVATION_RELU6;
    outputs[0] = behind.quantize->outputs[0];
    node->inputs = inputs;
    node->outputs = outputs;
    pcl_infer_context context = {NULL, graph->arena};
    if (node->op->infer(&context, node) != PCL_OK) {
        *node = former;
        return PCL_OK;
    }
    behind.quantize->op = NULL;
    if (behind.activation) behind.activation->op = NULL;
    outputs[0]->producer = node;
    return PCL_OK;
}

pcl_status pcl_onnx_fuse_quantized(pcl_graph *graph) {
    for (int32_t i = 0; i < graph->node_count; i++) PCL_TRY_RETURN(convert_pairs(graph, graph->nodes[i]));
    pcl_graph_link(graph);
    for (int32_t i = 0; i < graph->node_count; i++) PCL_TRY_RETURN(sink_below_mover(graph, i));
    pcl_graph_sweep(graph);
    for (int32_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op) PCL_TRY_RETURN(convert_operator(graph, graph->nodes[i]));
    pcl_graph_sweep(graph);
    return PCL_OK;
}
