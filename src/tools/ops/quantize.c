/* QuantizeLinear, DequantizeLinear, per tensor, along an axis or in blocks of
 * it; and DynamicQuantizeLinear. */
#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/requantize.h"
#include "tools/ops/table.h"

/* Element [o][i][n] of x [outer][size][inner] has scale number
 * (o * blocks + i / block) * inner + n when blocked, i along an axis, else 0. */
typedef struct scale_layout {
    size_t size, inner, block, blocks;
    bool per_tensor, blocked;
} scale_layout;

static size_t scale_number(const scale_layout *layout, size_t element) {
    if (layout->per_tensor) return 0;
    size_t n = element % layout->inner, i = element / layout->inner % layout->size;
    if (!layout->blocked) return i;
    size_t o = element / layout->inner / layout->size;
    return (o * layout->blocks + i / layout->block) * layout->inner + n;
}

/* How many elements from this one on share its scale, at most PCL_BLOCK and what is left. */
static size_t run_length(const scale_layout *layout, size_t element, size_t left) {
    size_t length = left < PCL_BLOCK ? left : PCL_BLOCK;
    if (layout->per_tensor) return length;
    size_t same = layout->inner - element % layout->inner;
    if (layout->blocked) {
        size_t i = element % layout->size, to_block = layout->block - i % layout->block, to_end = layout->size - i;
        same = layout->inner != 1 ? 1 : to_block < to_end ? to_block : to_end;
    }
    return same < length ? same : length;
}

static pcl_status refuse_scale(const pcl_infer_context *context, const pcl_node *node) {
    char text[96];
    pcl_shape_format(&node->inputs[1]->shape, text);
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "scales of %s do not fit its input", text);
}

static pcl_status describe_blocks(const pcl_infer_context *context, const pcl_node *node, int32_t axis,
                                  scale_layout *out) {
    const pcl_onnx_quantize_attributes *attributes = node->attributes.tools;
    const pcl_shape *x = &node->inputs[0]->shape, *scale = &node->inputs[1]->shape;
    pcl_shape wanted = *x;
    int32_t block = attributes->block_size;
    if (block < 0) return refuse_scale(context, node);
    wanted.dims[axis] = (int32_t)(((int64_t)x->dims[axis] + block - 1) / block);
    if (!pcl_shape_equal(&wanted, scale)) return refuse_scale(context, node);
    out->blocked = true;
    out->block = (size_t)block;
    out->blocks = (size_t)wanted.dims[axis];
    return PCL_OK;
}

static pcl_status describe(const pcl_infer_context *context, const pcl_node *node, scale_layout *out) {
    const pcl_onnx_quantize_attributes *attributes = node->attributes.tools;
    const pcl_shape *x = &node->inputs[0]->shape, *scale = &node->inputs[1]->shape;
    const pcl_tensor *zero_point = pcl_node_input(node, 2);
    int32_t axis;
    if (zero_point && !pcl_shape_equal(&zero_point->shape, scale) &&
        (pcl_tensor_count(zero_point) != 1 || pcl_tensor_count(node->inputs[1]) != 1))
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its zero points do not fit its scales");
    *out = (scale_layout){.per_tensor = scale->rank <= 1 && pcl_tensor_count(node->inputs[1]) == 1};
    if (out->per_tensor) return PCL_OK;
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, attributes->axis, x->rank, &axis));
    out->size = (size_t)x->dims[axis];
    out->inner = pcl_dims_product(x, axis + 1, x->rank);
    if (attributes->block_size) return describe_blocks(context, node, axis, out);
    if (scale->rank != 1 || scale->dims[0] != x->dims[axis]) return refuse_scale(context, node);
    return PCL_OK;
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    scale_layout *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    return describe(&infer_context, step->node, self);
}

static double real_at(const pcl_tensor *tensor, size_t i) {
    double value;
    pcl_load_reals(tensor->dtype, (const uint8_t *)tensor->data + i * pcl_dtype_size(tensor->dtype), &value, 1);
    return value;
}

static int64_t integer_at(const pcl_tensor *tensor, size_t i) {
    int64_t value = 0;
    if (tensor)
        pcl_load_integers(tensor->dtype, (const uint8_t *)tensor->data + i * pcl_dtype_size(tensor->dtype), &value, 1);
    return value;
}

typedef struct scaling {
    double scale;
    int64_t zero_point;
} scaling;

/* Stores what becomes of numbers that share their scale. */
typedef void (*part_function)(double *numbers, size_t count, const scaling *by, pcl_dtype dtype, void *out);

static pcl_status run_parts(const pcl_step *step, part_function store) {
    const pcl_tensor *x = step->node->inputs[0], *scales = step->node->inputs[1], *out = step->node->outputs[0];
    const pcl_tensor *zero_point = pcl_node_input(step->node, 2);
    size_t in_size = pcl_dtype_size(x->dtype), size = pcl_dtype_size(out->dtype), count = pcl_tensor_count(x);
    double numbers[PCL_BLOCK];
    for (size_t at = 0, part; at < count; at += part) {
        size_t number = scale_number(step->prepared, at);
        scaling by = {real_at(scales, number), integer_at(zero_point, number)};
        part = run_length(step->prepared, at, count - at);
        pcl_load_reals(x->dtype, (const uint8_t *)x->data + at * in_size, numbers, part);
        store(numbers, part, &by, out->dtype, (uint8_t *)out->data + at * size);
    }
    return PCL_OK;
}

/* --- QuantizeLinear: saturate(round(x / scale) + zero point) -------------------------- */

static pcl_status infer_quantize(const pcl_infer_context *context, pcl_node *node) {
    static const pcl_dtype inputs[] = {PCL_FLOAT32, PCL_FLOAT16, PCL_INT32, PCL_DTYPE_COUNT};
    static const pcl_dtype scales[] = {PCL_FLOAT32, PCL_FLOAT16, PCL_DTYPE_COUNT};
    static const pcl_dtype quantised[] = {PCL_UINT8, PCL_INT8, PCL_UINT16, PCL_INT16, PCL_DTYPE_COUNT};
    const pcl_onnx_quantize_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *zero_point = pcl_node_input(node, 2);
    pcl_tensor *out = node->outputs[0];
    scale_layout layout;
    PCL_TRY_RETURN(pcl_check_dtype(context, node, x, inputs));
    PCL_TRY_RETURN(pcl_check_dtype(context, node, node->inputs[1], scales));
    PCL_TRY_RETURN(describe(context, node, &layout));
    out->dtype = zero_point ? zero_point->dtype : attributes->out_dtype;
    PCL_TRY_RETURN(pcl_check_dtype(context, node, out, quantised));
    return pcl_onnx_output(context, node, 0, out->dtype, &x->shape);
}

static void quantise_part(double *reals, size_t count, const scaling *by, pcl_dtype dtype, void *out) {
    for (size_t i = 0; i < count; i++) reals[i] = (double)((float)reals[i] / (float)by->scale);
    pcl_onnx_store_quantised(reals, count, by->zero_point, dtype, out);
}

static pcl_status run_quantize(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    return run_parts(step, quantise_part);
}

const pcl_op pcl_onnx_quantize_linear = {
    "QuantizeLinear", 2, 3, 1, 1, infer_quantize, prepare, run_quantize, .in_place = false};

/* --- DequantizeLinear: (x - zero point) * scale ------------------------------------------ */

static pcl_status infer_dequantize(const pcl_infer_context *context, pcl_node *node) {
    static const pcl_dtype inputs[] = {PCL_UINT8, PCL_INT8, PCL_UINT16, PCL_INT16, PCL_INT32, PCL_DTYPE_COUNT};
    static const pcl_dtype scales[] = {PCL_FLOAT32, PCL_FLOAT16, PCL_DTYPE_COUNT};
    const pcl_tensor *x = node->inputs[0], *zero_point = pcl_node_input(node, 2);
    scale_layout layout;
    PCL_TRY_RETURN(pcl_check_dtype(context, node, x, inputs));
    PCL_TRY_RETURN(pcl_check_dtype(context, node, node->inputs[1], scales));
    if (zero_point) PCL_TRY_RETURN(pcl_onnx_check_type(context, node, zero_point, x->dtype));
    PCL_TRY_RETURN(describe(context, node, &layout));
    return pcl_onnx_output(context, node, 0, node->inputs[1]->dtype, &x->shape);
}

static void dequantise_part(double *reals, size_t count, const scaling *by, pcl_dtype dtype, void *out) {
    for (size_t i = 0; i < count; i++) reals[i] = (reals[i] - (double)by->zero_point) * by->scale;
    pcl_store_reals(dtype, reals, out, count);
}

static pcl_status run_dequantize(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    return run_parts(step, dequantise_part);
}

const pcl_op pcl_onnx_dequantize_linear = {
    "DequantizeLinear", 2, 3, 1, 1, infer_dequantize, prepare, run_dequantize, .in_place = false};

/* --- DynamicQuantizeLinear: to uint8, with the range of x and 0 ----------------------------- */

static pcl_status infer_dynamic(const pcl_infer_context *context, pcl_node *node) {
    const pcl_shape scalar = {0};
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[0], PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 0, PCL_UINT8, &node->inputs[0]->shape));
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 1, PCL_FLOAT32, &scalar));
    return pcl_onnx_output(context, node, 2, PCL_UINT8, &scalar);
}

static pcl_status run_dynamic(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_node *node = step->node;
    size_t count = pcl_tensor_count(node->inputs[0]);
    const float *x = node->inputs[0]->data;
    float low = 0.0f, high = 0.0f;
    for (size_t i = 0; i < count; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    float scale = low == high ? 1.0f : (high - low) / 255.0f;
    uint8_t *out = node->outputs[0]->data, zero_point;
    double reals[PCL_BLOCK] = {(double)(-low / scale)};
    pcl_onnx_store_quantised(reals, 1, 0, PCL_UINT8, &zero_point);
    for (size_t at = 0, part; at < count; at += part) {
        part = count - at < PCL_BLOCK ? count - at : PCL_BLOCK;
        for (size_t i = 0; i < part; i++) reals[i] = (double)(x[at + i] / scale);
        pcl_onnx_store_quantised(reals, part, zero_point, PCL_UINT8, out + at);
    }
    *(float *)node->outputs[1]->data = scale;
    *(uint8_t *)node->outputs[2]->data = zero_point;
    return PCL_OK;
}

const pcl_op pcl_onnx_dynamic_quantize_linear = {
    "DynamicQuantizeLinear", 1, 1, 3, 3, infer_dynamic, NULL, run_dynamic, .in_place = false};
