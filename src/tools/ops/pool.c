/* MaxPool, AveragePool and LpPool over one to three spatial dimensions, and
 * their Global forms over any number of them, taken as one. */
#include <math.h>
#include <string.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"
#include "tools/ops/window.h"

typedef struct pool {
    pcl_onnx_window window;
    size_t planes; /* batch * channels */
    bool count_include_pad;
    double p;
} pool;

/* --- Shapes ------------------------------------------------------------------------ */

static pcl_status describe(const pcl_infer_context *context, const pcl_node *node, pool *out) {
    const pcl_onnx_pool_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0];
    bool is_max = node->op == &pcl_onnx_max_pool;
    bool bytes = is_max && (x->dtype == PCL_INT8 || x->dtype == PCL_UINT8);
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, bytes ? PCL_ONNX_BYTES : PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_read_window(context, node, &attributes->window, x, NULL, &out->window));
    if (node->op == &pcl_onnx_lp_pool && attributes->p < 1)
        return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED, "p is %d", attributes->p);
    out->planes = pcl_dims_product(&x->shape, 0, 2);
    out->count_include_pad = attributes->count_include_pad;
    out->p = attributes->p;
    return pcl_onnx_fit_window(context, node, attributes->window.auto_pad, attributes->ceil_mode, &out->window);
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0];
    pool self;
    pcl_shape shape = {0};
    PCL_TRY_RETURN(describe(context, node, &self));
    PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, x->shape.dims[0]));
    PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, x->shape.dims[1]));
    PCL_TRY_RETURN(pcl_onnx_push_spatial(context, node, &self.window, &shape));
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 0, x->dtype, &shape));
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 1, PCL_INT64, &shape));
    node->macs = pcl_onnx_work(pcl_tensor_count(node->outputs[0]), pcl_onnx_kernel_size(&self.window));
    return PCL_OK;
}

/* --- MaxPool ------------------------------------------------------------------------- */

typedef struct max_task {
    const pool *pool;
    pcl_dtype dtype;
    const uint8_t *in; /* a plane; the other two belong to its output */
    float *best;       /* bytes as floats are exact */
    int64_t *places;   /* of the best in the plane; -1: none yet */
} max_task;

static void max_row(void *argument, size_t k, size_t in, size_t out, size_t count) {
    (void)k;
    const max_task *task = argument;
    size_t stride = (size_t)task->pool->window.stride[2];
    for (size_t i = 0; i < count; i++) {
        size_t at = in + i * stride;
        float value = task->dtype == PCL_FLOAT32 ? ((const float *)task->in)[at]
                      : task->dtype == PCL_INT8  ? (float)((const int8_t *)task->in)[at]
                                                 : (float)task->in[at];
        if (task->places[out + i] >= 0 && !(value > task->best[out + i])) continue;
        task->best[out + i] = value;
        task->places[out + i] = (int64_t)at;
    }
}

static void store_best(const max_task *task, uint8_t *out, size_t count) {
    int8_t *int8 = (int8_t *)out;
    if (task->dtype == PCL_FLOAT32) memcpy(out, task->best, count * sizeof *task->best);
    else if (task->dtype == PCL_INT8)
        for (size_t i = 0; i < count; i++) int8[i] = (int8_t)task->best[i];
    else
        for (size_t i = 0; i < count; i++) out[i] = (uint8_t)task->best[i];
}

/* Place in the plane, counted along columns first. */
static int64_t column_major(const pcl_onnx_window *window, int64_t place) {
    int64_t w = place % window->in[2], h = place / window->in[2] % window->in[1];
    int64_t d = place / window->in[2] / window->in[1];
    return (w * window->in[1] + h) * window->in[0] + d;
}

static void store_places(const pool *self, bool columns_first, const int64_t *places, size_t plane, int64_t *out) {
    int64_t first = (int64_t)(plane * pcl_onnx_in_plane(&self->window));
    for (size_t i = 0; i < pcl_onnx_out_plane(&self->window); i++)
        out[i] = first + (columns_first ? column_major(&self->window, places[i]) : places[i]);
}

typedef struct max_pool {
    pool pool;
    size_t best, places; /* offsets into the scratch */
} max_pool;

static pcl_status prepare_max(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    max_pool *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(describe(&infer_context, step->node, &self->pool));
    size_t count = pcl_onnx_out_plane(&self->pool.window);
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, count, sizeof(float), &self->best));
    return pcl_onnx_scratch(context, step, count, sizeof(int64_t), &self->places);
}

static pcl_status run_max(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_onnx_pool_attributes *attributes = step->node->attributes.tools;
    const max_pool *self = step->prepared;
    const pcl_tensor *x = step->node->inputs[0];
    size_t size = pcl_dtype_size(x->dtype), count = pcl_onnx_out_plane(&self->pool.window);
    max_task task = {.pool = &self->pool, .dtype = x->dtype, .best = (float *)((uint8_t *)step->scratch + self->best),
                     .places = (int64_t *)((uint8_t *)step->scratch + self->places)};
    for (size_t plane = 0; plane < self->pool.planes; plane++) {
        task.in = (const uint8_t *)x->data + plane * pcl_onnx_in_plane(&self->pool.window) * size;
        /* A window that meets nothing but padding has the lowest value, and no place. */
        for (size_t i = 0; i < count; i++) {
            task.best[i] = x->dtype == PCL_FLOAT32 ? -INFINITY : x->dtype == PCL_INT8 ? -128.0f : 0.0f;
            task.places[i] = -1;
        }
        pcl_onnx_walk_window(&self->pool.window, max_row, &task);
        store_best(&task, (uint8_t *)step->node->outputs[0]->data + plane * count * size, count);
        if (step->node->output_count > 1)
            store_places(&self->pool, attributes->storage_order, task.places, plane,
                         (int64_t *)step->node->outputs[1]->data + plane * count);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_max_pool = {"MaxPool", 1, 1, 1, 2, infer, prepare_max, run_max, .in_place = false};

/* --- AveragePool and LpPool ------------------------------------------------------------- */

typedef struct sum_task {
    const pool *pool;
    const float *in;
    double *sums;
    double *counts; /* of the elements in each sum */
    bool lp;
} sum_task;

static void sum_row(void *argument, size_t k, size_t in, size_t out, size_t count) {
    (void)k;
    const sum_task *task = argument;
    size_t stride = (size_t)task->pool->window.stride[2];
    for (size_t i = 0; i < count; i++) {
        double value = (double)task->in[in + i * stride];
        task->sums[out + i] += task->lp ? pow(fabs(value), task->pool->p) : value;
        task->counts[out + i] += 1.0;
    }
}

/* How many elements of the window at this position lie inside the padded
 * input: with ceil_mode the last may reach beyond. */
static double padded_count(const pcl_onnx_window *window, size_t position) {
    double product = 1.0;
    for (int32_t i = PCL_ONNX_SPATIAL - 1; i >= 0; i--) {
        int64_t at = (int64_t)(position % (size_t)window->out[i]) * window->stride[i] - window->before[i];
        int64_t room = (int64_t)window->in[i] + window->after[i] - 1 - at;
        int64_t inside = room / window->dilation[i] + 1;
        product *= (double)(inside < window->kernel[i] ? inside : window->kernel[i]);
        position /= (size_t)window->out[i];
    }
    return product;
}

static pcl_status prepare_sum(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    pool *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(describe(&infer_context, step->node, self));
    return pcl_onnx_scratch(context, step, pcl_onnx_out_plane(&self->window), 2 * sizeof(double), NULL);
}

static pcl_status run_sum(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pool *self = step->prepared;
    size_t count = pcl_onnx_out_plane(&self->window), in_plane = pcl_onnx_in_plane(&self->window);
    double *sums = step->scratch, *counts = sums + count;
    bool lp = step->op == &pcl_onnx_lp_pool;
    for (size_t plane = 0; plane < self->planes; plane++) {
        sum_task task = {self, (const float *)step->node->inputs[0]->data + plane * in_plane, sums, counts, lp};
        float *out = (float *)step->node->outputs[0]->data + plane * count;
        memset(sums, 0, 2 * count * sizeof *sums);
        pcl_onnx_walk_window(&self->window, sum_row, &task);
        for (size_t i = 0; i < count; i++) {
            double divisor = self->count_include_pad ? padded_count(&self->window, i) : counts[i];
            if (lp) out[i] = (float)pow(sums[i], 1.0 / self->p);
            else out[i] = divisor > 0.0 ? (float)(sums[i] / divisor) : 0.0f;
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_average_pool = {"AveragePool", 1, 1, 1, 1, infer, prepare_sum, run_sum, .in_place = false};
const pcl_op pcl_onnx_lp_pool = {"LpPool", 1, 1, 1, 1, infer, prepare_sum, run_sum, .in_place = false};

/* --- Global forms: x [N, C, plane...], out [N, C, 1...] ------------------------------------ */

static pcl_status infer_global(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0];
    pcl_shape shape = x->shape;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 2, PCL_MAX_RANK));
    for (int32_t d = 2; d < shape.rank; d++) {
        if (shape.dims[d] == 0) return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its input is empty");
        shape.dims[d] = 1;
    }
    if (node->op == &pcl_onnx_global_lp_pool) {
        const pcl_onnx_pool_attributes *attributes = node->attributes.tools;
        if (attributes->p < 1)
            return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED, "p is %d", attributes->p);
    }
    return pcl_onnx_output(context, node, 0, PCL_FLOAT32, &shape);
}

static double average(const float *x, size_t count, double p) {
    (void)p;
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) sum += (double)x[i];
    return sum / (double)count;
}

static double greatest(const float *x, size_t count, double p) {
    (void)p;
    float result = x[0];
    for (size_t i = 1; i < count; i++) result = x[i] > result ? x[i] : result;
    return (double)result;
}

static double p_norm(const float *x, size_t count, double p) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) sum += pow(fabs((double)x[i]), p);
    return pow(sum, 1.0 / p);
}

static pcl_status run_global(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_onnx_pool_attributes *attributes = step->node->attributes.tools;
    const pcl_tensor *x = step->node->inputs[0];
    double (*function)(const float *, size_t, double) = step->op == &pcl_onnx_global_average_pool ? average
                                                        : step->op == &pcl_onnx_global_max_pool   ? greatest
                                                                                                  : p_norm;
    size_t planes = pcl_dims_product(&x->shape, 0, 2), plane = pcl_dims_product(&x->shape, 2, x->shape.rank);
    float *out = step->node->outputs[0]->data;
    for (size_t i = 0; i < planes; i++)
        out[i] = (float)function((const float *)x->data + i * plane, plane, attributes ? attributes->p : 0.0);
    return PCL_OK;
}

const pcl_op pcl_onnx_global_average_pool = {
    "GlobalAveragePool", 1, 1, 1, 1, infer_global, NULL, run_global, .in_place = false};
const pcl_op pcl_onnx_global_max_pool = {
    "GlobalMaxPool", 1, 1, 1, 1, infer_global, NULL, run_global, .in_place = false};
const pcl_op pcl_onnx_global_lp_pool = {
    "GlobalLpPool", 1, 1, 1, 1, infer_global, NULL, run_global, .in_place = false};
