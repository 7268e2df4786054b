/* Normalisations of float tensors, with sums in double precision. */
#include <math.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

static const pcl_onnx_norm_attributes *attributes_of(const pcl_node *node) { return node->attributes.tools; }

static pcl_status infer_like_x(const pcl_infer_context *context, pcl_node *node) {
    return pcl_onnx_output(context, node, 0, PCL_FLOAT32, &node->inputs[0]->shape);
}

/* Inputs first .. count - 1 are floats [length]. */
static pcl_status check_vectors(const pcl_infer_context *context, const pcl_node *node, int32_t first, int32_t count,
                                int32_t length) {
    for (int32_t i = first; i < count; i++) {
        PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[i], PCL_ONNX_FLOATS));
        PCL_TRY_RETURN(pcl_onnx_check_vector(context, node, node->inputs[i], length));
    }
    return PCL_OK;
}

typedef struct moments {
    double mean, variance;
} moments;

static moments find_moments(const float *x, size_t count) {
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < count; i++) sum += (double)x[i];
    double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    return (moments){mean, squares / (double)count};
}

/* out = (x - mean) * scale + shift */
static void scale_run(const float *x, float *out, size_t count, double mean, double scale, double shift) {
    for (size_t i = 0; i < count; i++) out[i] = (float)(((double)x[i] - mean) * scale + shift);
}

/* --- BatchNormalization: x [N, C, ...], scale, b, mean and variance [C] -------------------- */

static pcl_status infer_batch(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0];
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 2, PCL_MAX_RANK));
    PCL_TRY_RETURN(check_vectors(context, node, 1, 5, x->shape.dims[1]));
    return infer_like_x(context, node);
}

static pcl_status run_batch(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_node *node = step->node;
    const pcl_shape *shape = &node->inputs[0]->shape;
    const float *x = node->inputs[0]->data, *scale = node->inputs[1]->data, *shift = node->inputs[2]->data;
    const float *mean = node->inputs[3]->data, *variance = node->inputs[4]->data;
    float *out = node->outputs[0]->data;
    size_t channels = (size_t)shape->dims[1], plane = pcl_dims_product(shape, 2, shape->rank);
    for (size_t i = 0; i < (size_t)shape->dims[0] * channels; i++) {
        size_t c = i % channels;
        double factor = (double)scale[c] / sqrt((double)variance[c] + (double)attributes_of(node)->epsilon);
        scale_run(x + i * plane, out + i * plane, plane, (double)mean[c], factor, (double)shift[c]);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_batch_normalization = {
    "BatchNormalization", 5, 5, 1, 1, infer_batch, NULL, run_batch, .in_place = false};

/* --- InstanceNormalization and GroupNormalization: x [N, groups, C / groups, plane] --------- */

static int32_t group_count(const pcl_node *node) {
    if (node->op == &pcl_onnx_instance_normalization) return node->inputs[0]->shape.dims[1];
    return attributes_of(node)->num_groups;
}

static pcl_status infer_group(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0];
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 3, PCL_MAX_RANK));
    int32_t channels = x->shape.dims[1], groups = group_count(node);
    if (groups < 1 || channels % groups != 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "%d groups of %d channels", groups, channels);
    bool per_group = node->op == &pcl_onnx_group_normalization && attributes_of(node)->scale_per_group;
    PCL_TRY_RETURN(check_vectors(context, node, 1, 3, per_group ? groups : channels));
    return infer_like_x(context, node);
}

static pcl_status run_group(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_node *node = step->node;
    const pcl_shape *shape = &node->inputs[0]->shape;
    const float *x = node->inputs[0]->data, *scale = node->inputs[1]->data, *shift = node->inputs[2]->data;
    float *out = node->outputs[0]->data;
    size_t groups = (size_t)group_count(node), plane = pcl_dims_product(shape, 2, shape->rank);
    size_t each = (size_t)shape->dims[1] / groups; /* channels */
    bool per_group = pcl_tensor_count(node->inputs[1]) == groups;
    for (size_t i = 0; i < (size_t)shape->dims[0] * groups; i++) {
        moments found = find_moments(x + i * each * plane, each * plane);
        double reciprocal = 1.0 / sqrt(found.variance + (double)attributes_of(node)->epsilon);
        for (size_t c = 0; c < each; c++) {
            size_t at = (i * each + c) * plane, channel = per_group ? i % groups : i % groups * each + c;
            scale_run(x + at, out + at, plane, found.mean, reciprocal * (double)scale[channel],
                      (double)shift[channel]);
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_instance_normalization = {
    "InstanceNormalization", 3, 3, 1, 1, infer_group, NULL, run_group, .in_place = false};
const pcl_op pcl_onnx_group_normalization = {
    "GroupNormalization", 3, 3, 1, 1, infer_group, NULL, run_group, .in_place = false};

/* --- LayerNormalization and RMSNormalization: x [rows][the dimensions from axis on] ---------- */

static pcl_status find_rows(const pcl_infer_context *context, const pcl_node *node, size_t *rows, size_t *length) {
    const pcl_shape *shape = &node->inputs[0]->shape;
    int32_t axis;
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, attributes_of(node)->axis, shape->rank, &axis));
    *rows = pcl_dims_product(shape, 0, axis);
    *length = pcl_dims_product(shape, axis, shape->rank);
    return PCL_OK;
}

static pcl_status infer_layer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0];
    pcl_shape shape = x->shape;
    size_t rows, length;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(find_rows(context, node, &rows, &length));
    for (int32_t i = 1; i < node->input_count; i++) {
        const pcl_tensor *parameter = node->inputs[i];
        if (!parameter) continue;
        PCL_TRY_RETURN(pcl_onnx_check(context, node, parameter, PCL_ONNX_FLOATS));
        if (pcl_tensor_count(parameter) != length && pcl_tensor_count(parameter) != 1)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "'%s' has %zu elements, expected %zu",
                                 parameter->name, pcl_tensor_count(parameter), length);
    }
    int32_t axis = attributes_of(node)->axis;
    for (int32_t d = pcl_onnx_from_zero(axis, shape.rank); d < shape.rank; d++) shape.dims[d] = 1;
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 1, PCL_FLOAT32, &shape));
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 2, PCL_FLOAT32, &shape));
    return infer_like_x(context, node);
}

static float parameter_at(const pcl_tensor *parameter, size_t i, float otherwise) {
    if (!parameter) return otherwise;
    return ((const float *)parameter->data)[pcl_tensor_count(parameter) == 1 ? 0 : i];
}

static pcl_status run_layer(const pcl_run_context *context, const pcl_step *step) {
    pcl_infer_context infer_context = {context->error, NULL};
    const pcl_node *node = step->node;
    const pcl_tensor *scale = node->inputs[1], *shift = pcl_node_input(node, 2);
    const float *x = node->inputs[0]->data;
    float *out = node->outputs[0]->data;
    size_t rows, length;
    PCL_TRY_RETURN(find_rows(&infer_context, node, &rows, &length));
    for (size_t row = 0; row < rows; row++, x += length, out += length) {
        moments found = find_moments(x, length);
        if (node->op == &pcl_onnx_rms_normalization) { /* the mean square, about 0 */
            found.variance += found.mean * found.mean;
            found.mean = 0.0;
        }
        double reciprocal = 1.0 / sqrt(found.variance + (double)attributes_of(node)->epsilon);
        for (size_t i = 0; i < length; i++)
            out[i] = (float)(((double)x[i] - found.mean) * reciprocal * (double)parameter_at(scale, i, 1.0f) +
                             (double)parameter_at(shift, i, 0.0f));
        if (node->output_count > 1) ((float *)node->outputs[1]->data)[row] = (float)found.mean;
        if (node->output_count > 2) ((float *)node->outputs[2]->data)[row] = (float)reciprocal;
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_layer_normalization = {
    "LayerNormalization", 2, 3, 1, 3, infer_layer, NULL, run_layer, .in_place = false};
const pcl_op pcl_onnx_rms_normalization = {
    "RMSNormalization", 2, 2, 1, 1, infer_layer, NULL, run_layer, .in_place = false};

/* --- LRN: divided by a power of the squares in neighbouring channels ---------------------------- */

static pcl_status infer_lrn(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_lrn_attributes *attributes = node->attributes.tools;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[0], PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_check_rank(context, node, node->inputs[0], 3, PCL_MAX_RANK));
    if (attributes->size < 1)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its size is %d", attributes->size);
    int32_t channels = node->inputs[0]->shape.dims[1];
    int32_t window = attributes->size < channels ? attributes->size : channels;
    PCL_TRY_RETURN(infer_like_x(context, node));
    node->macs = pcl_onnx_work(pcl_tensor_count(node->outputs[0]), (uint64_t)window);
    return PCL_OK;
}

static pcl_status run_lrn(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_onnx_lrn_attributes *attributes = step->node->attributes.tools;
    const pcl_shape *shape = &step->node->inputs[0]->shape;
    int64_t channels = shape->dims[1], before = (attributes->size - 1) / 2, after = attributes->size / 2;
    size_t plane = pcl_dims_product(shape, 2, shape->rank), count = pcl_tensor_count(step->node->inputs[0]);
    double alpha = (double)attributes->alpha / attributes->size;
    const float *x = step->node->inputs[0]->data;
    float *out = step->node->outputs[0]->data;
    for (size_t i = 0; i < count; i++) {
        int64_t c = (int64_t)(i / plane % (size_t)channels);
        int64_t first = c < before ? 0 : c - before, end = channels - c <= after ? channels : c + after + 1;
        double squares = 0.0;
        for (int64_t other = first; other < end; other++) {
            double value = (double)*(x + (ptrdiff_t)i + (ptrdiff_t)(other - c) * (ptrdiff_t)plane);
            squares += value * value;
        }
        out[i] = (float)((double)x[i] / pow((double)attributes->bias + alpha * squares, (double)attributes->beta));
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_lrn = {"LRN", 1, 1, 1, 1, infer_lrn, NULL, run_lrn, .in_place = false};

/* --- LpNormalization: lines along an axis are divided by their length ------------------------------ */

static pcl_status infer_lp(const pcl_infer_context *context, pcl_node *node) {
    int32_t axis, p = attributes_of(node)->p;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[0], PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(
        pcl_normalise_axis(context, node, attributes_of(node)->axis, node->inputs[0]->shape.rank, &axis));
    if (p != 1 && p != 2) return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED, "p is %d", p);
    return infer_like_x(context, node);
}

static pcl_status run_lp(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_shape *shape = &step->node->inputs[0]->shape;
    int32_t axis = attributes_of(step->node)->axis;
    if (axis < 0) axis += shape->rank;
    size_t size = (size_t)shape->dims[axis], inner = pcl_dims_product(shape, axis + 1, shape->rank);
    const float *x = step->node->inputs[0]->data;
    float *out = step->node->outputs[0]->data;
    for (size_t line = 0; line < pcl_dims_product(shape, 0, axis) * inner && size; line++) {
        size_t first = line / inner * size * inner + line % inner;
        double sum = 0.0;
        for (size_t i = 0; i < size; i++) {
            double value = fabs((double)x[first + i * inner]);
            sum += attributes_of(step->node)->p == 1 ? value : value * value;
        }
        double length = attributes_of(step->node)->p == 1 ? sum : sqrt(sum);
        for (size_t i = 0; i < size; i++)
            out[first + i * inner] = length > 0.0 ? (float)((double)x[first + i * inner] / length) : 0.0f;
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_lp_normalization = {
    "LpNormalization", 1, 1, 1, 1, infer_lp, NULL, run_lp, .in_place = false};
