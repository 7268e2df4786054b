/* SHAPE, FILL and RANGE: tensors made from little. */
#include <math.h>

#include "ops/move.h"
#include "ops/table.h"

/* --- SHAPE ----------------------------------------------------------------- */

static pcl_status infer_shape(const pcl_infer_context *context, pcl_node *node) {
    pcl_shape shape = {.rank = 1, .dims = {node->inputs[0]->shape.rank}};
    pcl_tensor *out = node->outputs[0];
    PCL_TRY_RETURN(pcl_check_dtype(context, node, out, (pcl_dtype[]){PCL_INT32, PCL_INT64, PCL_DTYPE_COUNT}));
    return pcl_tensor_set_shape(out, &shape, context->error);
}

static pcl_status run_shape(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_shape *shape = &step->node->inputs[0]->shape;
    const pcl_tensor *out = step->node->outputs[0];
    for (int32_t d = 0; d < shape->rank; d++) {
        if (out->dtype == PCL_INT32) ((int32_t *)out->data)[d] = shape->dims[d];
        else ((int64_t *)out->data)[d] = shape->dims[d];
    }
    return PCL_OK;
}

const pcl_op pcl_op_shape = {"SHAPE", 1, 1, 1, 1, infer_shape, NULL, run_shape, .in_place = false};

/* --- FILL: dimensions, value ----------------------------------------------- */

static pcl_status infer_fill(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *value = node->inputs[1];
    int32_t dims[PCL_MAX_RANK], rank;
    pcl_shape shape = {0};
    PCL_TRY_RETURN(pcl_check_moved(context, node, value, node->outputs[0]));
    if (pcl_tensor_count(value) != 1)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its value has %zu elements",
                             pcl_tensor_count(value));
    PCL_TRY_RETURN(pcl_read_integers(context, node, node->inputs[0], dims, PCL_MAX_RANK, &rank));
    for (int32_t d = 0; d < rank; d++) PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, dims[d]));
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

static pcl_status run_fill(const pcl_run_context *context, const pcl_step *step) {
    const pcl_tensor *value = step->node->inputs[1], *out = step->node->outputs[0];
    pcl_fill(context->pool, value->data, pcl_dtype_size(out->dtype), out->data, pcl_tensor_count(out));
    return PCL_OK;
}

const pcl_op pcl_op_fill = {"FILL", 2, 2, 1, 1, infer_fill, NULL, run_fill, .in_place = false};

/* --- RANGE: start, limit, delta -------------------------------------------- */

static float float_of(const pcl_tensor *number) { return *(const float *)number->data; }

static int64_t integer_of(const pcl_tensor *number) {
    return number->dtype == PCL_INT32 ? *(const int32_t *)number->data : *(const int64_t *)number->data;
}

/* How many numbers there are; negative when the steps lead elsewhere or nowhere. */
static double count_floats(float start, float limit, float delta) {
    if (!(start <= limit && delta > 0.0f) && !(start >= limit && delta < 0.0f)) return -1.0;
    return (double)ceilf(fabsf((limit - start) / delta));
}

static double count_integers(int64_t start, int64_t limit, int64_t delta) {
    if (delta == 0 || (delta > 0 ? start > limit : start < limit)) return -1.0;
    uint64_t distance = delta > 0 ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
    uint64_t step = delta > 0 ? (uint64_t)delta : -(uint64_t)delta;
    return (double)(distance / step + (distance % step != 0));
}

static pcl_status infer_range(const pcl_infer_context *context, pcl_node *node) {
    static const pcl_dtype dtypes[] = {PCL_INT32, PCL_INT64, PCL_FLOAT32, PCL_DTYPE_COUNT};
    pcl_dtype dtype = node->inputs[0]->dtype;
    pcl_shape shape = {0};
    PCL_TRY_RETURN(pcl_check_dtype(context, node, node->inputs[0], dtypes));
    PCL_TRY_RETURN(pcl_check_dtype(context, node, node->outputs[0], (pcl_dtype[]){dtype, PCL_DTYPE_COUNT}));
    for (int32_t i = 0; i < 3; i++) {
        const pcl_tensor *number = node->inputs[i];
        PCL_TRY_RETURN(pcl_check_dtype(context, node, number, (pcl_dtype[]){dtype, PCL_DTYPE_COUNT}));
        if (pcl_tensor_count(number) != 1)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "tensor '%s' is not a single number",
                                 number->name);
        if (!number->constant)
            return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED,
                                 "its output's shape depends on data ('%s' is not constant)", number->name);
    }
    pcl_tensor *const *in = node->inputs;
    double count = dtype == PCL_FLOAT32 ? count_floats(float_of(in[0]), float_of(in[1]), float_of(in[2]))
                                        : count_integers(integer_of(in[0]), integer_of(in[1]), integer_of(in[2]));
    if (count < 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its steps do not lead from the start to the limit");
    if (!(count <= INT32_MAX)) return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its output is too long");
    PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, (int64_t)count));
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

/* Adds up, as TFLite does; integers wrap instead of overflowing. */
static pcl_status run_range(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_tensor *start = step->node->inputs[0], *delta = step->node->inputs[2], *out = step->node->outputs[0];
    size_t count = pcl_tensor_count(out);
    if (out->dtype == PCL_FLOAT32) {
        float value = float_of(start);
        for (size_t i = 0; i < count; i++, value += float_of(delta)) ((float *)out->data)[i] = value;
        return PCL_OK;
    }
    uint64_t value = (uint64_t)integer_of(start);
    for (size_t i = 0; i < count; i++, value += (uint64_t)integer_of(delta)) {
        if (out->dtype == PCL_INT32) ((uint32_t *)out->data)[i] = (uint32_t)value;
        else ((uint64_t *)out->data)[i] = value;
    }
    return PCL_OK;
}

const pcl_op pcl_op_range = {"RANGE", 3, 3, 1, 1, infer_range, NULL, run_range, .in_place = false};
