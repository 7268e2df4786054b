/* The Reduce operators: one value from all those along some axes. */
#include <math.h>

#include "ops/elements.h"
#include "ops/strided_copy.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

/* --- Functions of the values that become one ------------------------------------ */

static double sum(const double *x, size_t count) {
    double total = 0.0;
    for (size_t i = 0; i < count; i++) total += x[i];
    return total;
}

static double mean(const double *x, size_t count) { return sum(x, count) / (double)count; }

static double product(const double *x, size_t count) {
    double total = 1.0;
    for (size_t i = 0; i < count; i++) total *= x[i];
    return total;
}

/* NaN wins. */
static double greatest(const double *x, size_t count) {
    double result = -INFINITY;
    for (size_t i = 0; i < count; i++) result = x[i] > result || isnan(x[i]) ? x[i] : result;
    return result;
}

static double least(const double *x, size_t count) {
    double result = INFINITY;
    for (size_t i = 0; i < count; i++) result = x[i] < result || isnan(x[i]) ? x[i] : result;
    return result;
}

static double sum_of_magnitudes(const double *x, size_t count) {
    double total = 0.0;
    for (size_t i = 0; i < count; i++) total += fabs(x[i]);
    return total;
}

static double sum_of_squares(const double *x, size_t count) {
    double total = 0.0;
    for (size_t i = 0; i < count; i++) total += x[i] * x[i];
    return total;
}

static double length(const double *x, size_t count) { return sqrt(sum_of_squares(x, count)); }
static double log_sum(const double *x, size_t count) { return log(sum(x, count)); }

/* From the greatest, so that no power overflows. */
static double log_sum_exp(const double *x, size_t count) {
    double top = greatest(x, count), total = 0.0;
    if (isinf(top)) return top;
    for (size_t i = 0; i < count; i++) total += exp(x[i] - top);
    return top + log(total);
}

/* Integers wrap around. */

static int64_t integer_sum(const int64_t *x, size_t count) {
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) total += (uint64_t)x[i];
    return (int64_t)total;
}

static int64_t integer_mean(const int64_t *x, size_t count) {
    return count ? integer_sum(x, count) / (int64_t)count : 0;
}

static int64_t integer_product(const int64_t *x, size_t count) {
    uint64_t total = 1;
    for (size_t i = 0; i < count; i++) total *= (uint64_t)x[i];
    return (int64_t)total;
}

static int64_t integer_greatest(const int64_t *x, size_t count) {
    int64_t result = INT64_MIN;
    for (size_t i = 0; i < count; i++) result = x[i] > result ? x[i] : result;
    return result;
}

static int64_t integer_least(const int64_t *x, size_t count) {
    int64_t result = INT64_MAX;
    for (size_t i = 0; i < count; i++) result = x[i] < result ? x[i] : result;
    return result;
}

static int64_t integer_magnitudes(const int64_t *x, size_t count) {
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) total += x[i] < 0 ? 0 - (uint64_t)x[i] : (uint64_t)x[i];
    return (int64_t)total;
}

static int64_t integer_squares(const int64_t *x, size_t count) {
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) total += (uint64_t)x[i] * (uint64_t)x[i];
    return (int64_t)total;
}

typedef struct reduce_rows {
    const pcl_op *op;
    double (*real)(const double *x, size_t count);
    int64_t (*integer)(const int64_t *x, size_t count); /* NULL: integers are computed as reals */
} reduce_rows;

static const reduce_rows all_rows[] = {
    {&pcl_onnx_reduce_sum, sum, integer_sum},
    {&pcl_onnx_reduce_mean, mean, integer_mean},
    {&pcl_onnx_reduce_prod, product, integer_product},
    {&pcl_onnx_reduce_max, greatest, integer_greatest},
    {&pcl_onnx_reduce_min, least, integer_least},
    {&pcl_onnx_reduce_l1, sum_of_magnitudes, integer_magnitudes},
    {&pcl_onnx_reduce_l2, length, NULL},
    {&pcl_onnx_reduce_log_sum, log_sum, NULL},
    {&pcl_onnx_reduce_log_sum_exp, log_sum_exp, NULL},
    {&pcl_onnx_reduce_sum_square, sum_of_squares, integer_squares},
};

static const reduce_rows *find_rows(const pcl_op *op) {
    const reduce_rows *rows = all_rows;
    while (rows->op != op) rows++;
    return rows;
}

/* reduced[d]: is dimension d one of the axes? */
static pcl_status read_axes(const pcl_infer_context *context, const pcl_node *node, bool reduced[PCL_MAX_RANK]) {
    const pcl_onnx_reduce_attributes *attributes = node->attributes.tools;
    const pcl_tensor *axes_input = pcl_node_input(node, 1);
    int32_t axes[PCL_MAX_RANK], count = 0, rank = node->inputs[0]->shape.rank;
    if (axes_input) PCL_TRY_RETURN(pcl_onnx_read_axes(context, node, axes_input, rank, axes, &count));
    for (int32_t d = 0; d < rank; d++) reduced[d] = count == 0 && !attributes->noop_with_empty_axes;
    for (int32_t i = 0; i < count; i++) reduced[axes[i]] = true;
    return PCL_OK;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_reduce_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0];
    bool takes_bools = node->op == &pcl_onnx_reduce_max || node->op == &pcl_onnx_reduce_min;
    bool reduced[PCL_MAX_RANK];
    pcl_shape shape = {0};
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, takes_bools ? PCL_ONNX_ANY : PCL_ONNX_NUMBERS));
    PCL_TRY_RETURN(read_axes(context, node, reduced));
    for (int32_t d = 0; d < x->shape.rank; d++) {
        if (!reduced[d]) shape.dims[shape.rank++] = x->shape.dims[d];
        else if (attributes->keepdims) shape.dims[shape.rank++] = 1;
    }
    return pcl_onnx_output(context, node, 0, x->dtype, &shape);
}

/* The input is first copied so that what becomes one value lies side by side. */
typedef struct reduction {
    reduce_rows rows;
    const pcl_tensor *x, *out;
    pcl_block gather;
    size_t count;       /* values that become one */
    size_t values, row; /* offsets into the scratch: the copy, and a row of it widened */
} reduction;

static void describe_gather(reduction *self, const bool reduced[PCL_MAX_RANK]) {
    const pcl_shape *shape = &self->x->shape;
    ptrdiff_t strides[PCL_MAX_RANK], out_strides[PCL_MAX_RANK], stride = 1;
    pcl_row_major(shape, strides);
    self->count = 1;
    self->gather = (pcl_block){.element = pcl_dtype_size(self->x->dtype)};
    for (int pass = 0; pass < 2; pass++) { /* the reduced dimensions lie inside, the kept ones around them */
        for (int32_t d = shape->rank - 1; d >= 0; d--) {
            if (reduced[d] != (pass == 0)) continue;
            out_strides[d] = stride;
            stride *= shape->dims[d];
            if (pass == 0) self->count *= (size_t)shape->dims[d];
        }
    }
    for (int32_t d = 0; d < shape->rank; d++)
        pcl_block_push(&self->gather, (size_t)shape->dims[d], strides[d], out_strides[d]);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    bool reduced[PCL_MAX_RANK];
    reduction *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(read_axes(&infer_context, step->node, reduced));
    *self = (reduction){.rows = *find_rows(step->op), .x = step->node->inputs[0], .out = step->node->outputs[0]};
    describe_gather(self, reduced);
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, self->x->bytes, 1, &self->values));
    return pcl_onnx_scratch(context, step, self->count, sizeof(double), &self->row);
}

static void reduce_row(const reduction *self, const uint8_t *values, void *row, uint8_t *out) {
    pcl_dtype dtype = self->x->dtype;
    if (pcl_is_integer(dtype) && self->rows.integer) {
        pcl_load_integers(dtype, values, row, self->count);
        int64_t result = self->rows.integer(row, self->count);
        pcl_store_integers(dtype, &result, out, 1);
    } else {
        pcl_load_reals(dtype, values, row, self->count);
        double result = self->rows.real(row, self->count);
        pcl_store_reals(dtype, &result, out, 1);
    }
}

/* What nothing reduces to, where a narrow integer would not wrap to it: its own least or greatest value. */
static bool reduce_nothing(const reduction *self, uint8_t *out, size_t count) {
    bool is_max = self->rows.op == &pcl_onnx_reduce_max;
    if (self->count || !pcl_is_integer(self->x->dtype) || (!is_max && self->rows.op != &pcl_onnx_reduce_min))
        return false;
    int64_t low, high;
    pcl_integer_range(self->x->dtype, &low, &high);
    if (self->x->dtype == PCL_UINT64) high = -1;
    for (size_t i = 0; i < count; i++)
        pcl_store_integers(self->x->dtype, is_max ? &low : &high, out + i * pcl_dtype_size(self->x->dtype), 1);
    return true;
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const reduction *self = step->prepared;
    uint8_t *values = (uint8_t *)step->scratch + self->values, *row = (uint8_t *)step->scratch + self->row;
    uint8_t *out = self->out->data;
    size_t size = pcl_dtype_size(self->x->dtype), count = pcl_tensor_count(self->out);
    if (reduce_nothing(self, out, count)) return PCL_OK;
    pcl_block_copy(context->pool, &self->gather, self->x->data, values);
    for (size_t i = 0; i < count; i++) reduce_row(self, values + i * self->count * size, row, out + i * size);
    return PCL_OK;
}

const pcl_op pcl_onnx_reduce_sum = {"ReduceSum", 1, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_reduce_mean = {"ReduceMean", 1, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_reduce_prod = {"ReduceProd", 1, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_reduce_max = {"ReduceMax", 1, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_reduce_min = {"ReduceMin", 1, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_reduce_l1 = {"ReduceL1", 1, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_reduce_l2 = {"ReduceL2", 1, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_reduce_log_sum = {"ReduceLogSum", 1, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_reduce_log_sum_exp = {"ReduceLogSumExp", 1, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_reduce_sum_square = {"ReduceSumSquare", 1, 2, 1, 1, infer, prepare, run, .in_place = false};
