/* OneHot, EyeLike, Trilu and Range: tensors made by a rule. */
#include <math.h>
#include <string.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

/* --- OneHot: indices [outer][inner], out [outer][depth][inner] -------------------- */

static pcl_status read_depth(const pcl_infer_context *context, const pcl_node *node, double *out) {
    const pcl_tensor *depth = node->inputs[1];
    PCL_TRY_RETURN(pcl_onnx_check(context, node, depth, PCL_ONNX_NUMBERS));
    PCL_TRY_RETURN(pcl_onnx_check_single(context, node, depth));
    PCL_TRY_RETURN(pcl_onnx_check_constant(context, node, depth));
    pcl_load_reals(depth->dtype, depth->data, out, 1);
    if (*out >= 1.0 && *out <= INT32_MAX) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its depth is out of range");
}

static pcl_status infer_one_hot(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    const pcl_shape *in = &node->inputs[0]->shape;
    pcl_shape shape = {0};
    int32_t axis;
    double depth;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[0], PCL_ONNX_NUMBERS));
    PCL_TRY_RETURN(pcl_onnx_check_vector(context, node, node->inputs[2], 2));
    PCL_TRY_RETURN(read_depth(context, node, &depth));
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, attributes->axis, in->rank + 1, &axis));
    for (int32_t d = 0; d <= in->rank; d++)
        PCL_TRY_RETURN(
            pcl_push_dim(context, node, &shape, d == axis ? (int64_t)depth : in->dims[d < axis ? d : d - 1]));
    return pcl_onnx_output(context, node, 0, node->inputs[2]->dtype, &shape);
}

static pcl_status run_one_hot(const pcl_run_context *context, const pcl_step *step) {
    const pcl_onnx_index_attributes *attributes = step->node->attributes.tools;
    const pcl_tensor *indices = step->node->inputs[0], *values = step->node->inputs[2], *out = step->node->outputs[0];
    int32_t axis = pcl_onnx_from_zero(attributes->axis, out->shape.rank);
    size_t depth = (size_t)out->shape.dims[axis], inner = pcl_dims_product(&indices->shape, axis, indices->shape.rank);
    size_t size = pcl_dtype_size(out->dtype);
    const uint8_t *off = values->data, *on = off + size;
    pcl_fill(context->pool, off, size, out->data, pcl_tensor_count(out));
    for (size_t i = 0; i < pcl_tensor_count(indices); i++) {
        double index;
        pcl_load_reals(indices->dtype, (const uint8_t *)indices->data + i * pcl_dtype_size(indices->dtype), &index, 1);
        index = trunc(index < 0.0 ? index + (double)depth : index);
        if (!(index >= 0.0 && index < (double)depth)) continue; /* all off */
        size_t at = (i / inner * depth + (size_t)index) * inner + i % inner;
        memcpy((uint8_t *)out->data + at * size, on, size);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_one_hot = {"OneHot", 3, 3, 1, 1, infer_one_hot, NULL, run_one_hot, .in_place = false};

/* --- EyeLike ------------------------------------------------------------------------ */

static pcl_status infer_eye(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_eye_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0];
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 2, 2));
    return pcl_onnx_output(context, node, 0, attributes->has_dtype ? attributes->dtype : x->dtype, &x->shape);
}

static pcl_status run_eye(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_onnx_eye_attributes *attributes = step->node->attributes.tools;
    const pcl_tensor *out = step->node->outputs[0];
    const double one = 1.0;
    int64_t columns = out->shape.dims[1];
    if (out->bytes) memset(out->data, 0, out->bytes);
    for (int64_t row = 0; row < out->shape.dims[0]; row++) {
        int64_t column = row + attributes->k;
        if (column < 0 || column >= columns) continue;
        size_t at = (size_t)(row * columns + column);
        pcl_store_reals(out->dtype, &one, (uint8_t *)out->data + at * pcl_dtype_size(out->dtype), 1);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_eye_like = {"EyeLike", 1, 1, 1, 1, infer_eye, NULL, run_eye, .in_place = false};

/* --- Trilu: the part of matrices above or below a diagonal --------------------------- */

static pcl_status infer_trilu(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0], *k = pcl_node_input(node, 1);
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 2, PCL_MAX_RANK));
    if (k) {
        PCL_TRY_RETURN(pcl_onnx_check_type(context, node, k, PCL_INT64));
        PCL_TRY_RETURN(pcl_onnx_check_single(context, node, k));
    }
    return pcl_onnx_output(context, node, 0, x->dtype, &x->shape);
}

static pcl_status run_trilu(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_onnx_trilu_attributes *attributes = step->node->attributes.tools;
    const pcl_tensor *x = step->node->inputs[0], *diagonal = pcl_node_input(step->node, 1);
    const pcl_shape *shape = &x->shape;
    int64_t k = diagonal ? *(const int64_t *)diagonal->data : 0;
    int64_t rows = shape->dims[shape->rank - 2], columns = shape->dims[shape->rank - 1];
    size_t size = pcl_dtype_size(x->dtype), count = pcl_tensor_count(x);
    if (count == 0) return PCL_OK;
    k = k < -rows ? -rows : k > columns ? columns : k; /* further away nothing changes */
    for (size_t row = 0; row < count / (size_t)columns; row++) {
        /* Kept: columns from `edge` on, or those before it. */
        int64_t edge = (int64_t)(row % (size_t)rows) + k + (attributes->upper ? 0 : 1);
        edge = edge < 0 ? 0 : edge > columns ? columns : edge;
        const uint8_t *in = (const uint8_t *)x->data + row * (size_t)columns * size;
        uint8_t *out = (uint8_t *)step->node->outputs[0]->data + row * (size_t)columns * size;
        size_t first = attributes->upper ? (size_t)edge * size : 0;
        size_t end = (size_t)(attributes->upper ? columns : edge) * size;
        memset(out, 0, (size_t)columns * size);
        memcpy(out + first, in + first, end - first);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_trilu = {"Trilu", 1, 2, 1, 1, infer_trilu, NULL, run_trilu, .in_place = false};

/* --- Range: start, start + delta, ... below limit ------------------------------------- */

static double count_reals(const pcl_node *node) {
    double ends[3]; /* start, limit, delta */
    for (int32_t i = 0; i < 3; i++) pcl_load_reals(node->inputs[i]->dtype, node->inputs[i]->data, &ends[i], 1);
    return ends[2] == 0.0 ? NAN : ceil((ends[1] - ends[0]) / ends[2]);
}

/* Exact: the distance is unsigned, so that it cannot overflow. */
static double count_integers(const pcl_node *node) {
    int64_t ends[3];
    for (int32_t i = 0; i < 3; i++) pcl_load_integers(node->inputs[i]->dtype, node->inputs[i]->data, &ends[i], 1);
    bool up = ends[2] > 0;
    if (ends[2] == 0) return NAN;
    if (up ? ends[1] <= ends[0] : ends[1] >= ends[0]) return 0.0;
    uint64_t distance = up ? (uint64_t)ends[1] - (uint64_t)ends[0] : (uint64_t)ends[0] - (uint64_t)ends[1];
    uint64_t step = up ? (uint64_t)ends[2] : 0 - (uint64_t)ends[2];
    return (double)(distance / step + (distance % step != 0));
}

static pcl_status infer_range(const pcl_infer_context *context, pcl_node *node) {
    pcl_dtype dtype = node->inputs[0]->dtype;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[0], PCL_ONNX_NUMBERS));
    for (int32_t i = 0; i < 3; i++) {
        PCL_TRY_RETURN(pcl_onnx_check_type(context, node, node->inputs[i], dtype));
        PCL_TRY_RETURN(pcl_onnx_check_single(context, node, node->inputs[i]));
        PCL_TRY_RETURN(pcl_onnx_check_constant(context, node, node->inputs[i]));
    }
    double count = pcl_is_integer(dtype) ? count_integers(node) : count_reals(node);
    if (!(count <= INT32_MAX))
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its range has no end, or is too long");
    pcl_shape shape = {1, {count > 0.0 ? (int32_t)count : 0}};
    return pcl_onnx_output(context, node, 0, dtype, &shape);
}

static pcl_status run_range(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_tensor *start = step->node->inputs[0], *delta = step->node->inputs[2], *out = step->node->outputs[0];
    size_t count = pcl_tensor_count(out), size = pcl_dtype_size(out->dtype);
    double real, real_step;
    int64_t integer = 0, integer_step = 0;
    pcl_load_reals(start->dtype, start->data, &real, 1);
    pcl_load_reals(delta->dtype, delta->data, &real_step, 1);
    pcl_load_integers(start->dtype, start->data, &integer, 1);
    pcl_load_integers(delta->dtype, delta->data, &integer_step, 1);
    for (size_t i = 0; i < count; i++) {
        uint8_t *to = (uint8_t *)out->data + i * size;
        double value = real + (double)i * real_step;
        int64_t integer_value = (int64_t)((uint64_t)integer + (uint64_t)i * (uint64_t)integer_step);
        if (pcl_is_integer(out->dtype)) pcl_store_integers(out->dtype, &integer_value, to, 1);
        else pcl_store_reals(out->dtype, &value, to, 1);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_range = {"Range", 3, 3, 1, 1, infer_range, NULL, run_range, .in_place = false};
