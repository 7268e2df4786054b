/* L2_NORMALIZATION and LOCAL_RESPONSE_NORMALIZATION, along the last dimension. */
#include <math.h>

#include "ops/elements.h"
#include "ops/table.h"

static size_t depth_of(const pcl_tensor *tensor) { return (size_t)tensor->shape.dims[tensor->shape.rank - 1]; }

typedef void (*row_function)(const pcl_node *node, size_t row);

typedef struct row_task {
    const pcl_node *node;
    row_function row;
    size_t rows;
} row_task;

static void run_rows(void *argument, const pcl_part *part) {
    const row_task *task = argument;
    size_t begin, end;
    pcl_partition(task->rows, 1, part, &begin, &end);
    for (size_t i = begin; i < end; i++) task->row(task->node, i);
}

static pcl_status for_each_row(const pcl_run_context *context, const pcl_node *node, row_function row) {
    const pcl_tensor *in = node->inputs[0];
    size_t count = pcl_tensor_count(in);
    if (count == 0) return PCL_OK;
    row_task task = {node, row, count / depth_of(in)};
    pcl_pool_run(context->pool, run_rows, &task, pcl_parts_for(count));
    return PCL_OK;
}

/* --- L2_NORMALIZATION: each row divided by its length ----------------------- */

static pcl_status infer_l2(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    PCL_TRY_RETURN(pcl_check_dtype(context, node, in, (pcl_dtype[]){PCL_FLOAT32, PCL_UINT8, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(pcl_check_alike(context, node, in, in));
    PCL_TRY_RETURN(pcl_check_alike(context, node, in, out));
    PCL_TRY_RETURN(pcl_check_rank(context, node, in, 1, PCL_MAX_RANK));
    return pcl_tensor_set_shape(out, &in->shape, context->error);
}

static void l2_real_row(const pcl_node *node, size_t row) {
    const float LEAST_LENGTH = 1e-6f; /* as in TFLite */
    size_t depth = depth_of(node->inputs[0]);
    const float *in = (const float *)node->inputs[0]->data + row * depth;
    float *out = (float *)node->outputs[0]->data + row * depth;
    double sum = 0.0;
    for (size_t i = 0; i < depth; i++) sum += (double)in[i] * (double)in[i];
    float length = (float)sqrt(sum);
    if (length < LEAST_LENGTH) length = LEAST_LENGTH;
    for (size_t i = 0; i < depth; i++) out[i] = in[i] / length;
}

/* The input's scale cancels. */
static void l2_quantised_row(const pcl_node *node, size_t row) {
    size_t depth = depth_of(node->inputs[0]);
    int32_t zero_point = pcl_tensor_zero_point(node->inputs[0]);
    const uint8_t *in = (const uint8_t *)node->inputs[0]->data + row * depth;
    uint8_t *out = (uint8_t *)node->outputs[0]->data + row * depth;
    int64_t sum = 0;
    for (size_t i = 0; i < depth; i++) sum += (in[i] - zero_point) * (in[i] - zero_point);
    float length = sum > 0 ? (float)sqrt((double)sum) : 1.0f;
    for (size_t i = 0; i < depth; i++) out[i] = pcl_quantise_u8((float)(in[i] - zero_point) / length, node->outputs[0]);
}

static pcl_status run_l2(const pcl_run_context *context, const pcl_step *step) {
    bool quantised = step->node->inputs[0]->dtype == PCL_UINT8;
    return for_each_row(context, step->node, quantised ? l2_quantised_row : l2_real_row);
}

const pcl_op pcl_op_l2_normalization = {"L2_NORMALIZATION", 1, 1, 1, 1, infer_l2, NULL, run_l2, .in_place = true};

/* --- LOCAL_RESPONSE_NORMALIZATION ------------------------------------------- */

static pcl_status infer_lrn(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    PCL_TRY_RETURN(pcl_check_dtype(context, node, in, (pcl_dtype[]){PCL_FLOAT32, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(pcl_check_alike(context, node, in, out));
    PCL_TRY_RETURN(pcl_check_rank(context, node, in, 4, 4));
    if (node->attributes.local_response_norm.radius < 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its radius is negative");
    return pcl_tensor_set_shape(out, &in->shape, context->error);
}

/* out[c] = in[c] * (bias + alpha * sum of in[i]^2 over |i - c| <= radius) ^ -beta
 * (Krizhevsky et al. 2012, section 3.3). The sum slides along the row: doubles
 * hold the squares of floats exactly, so what enters leaves again almost
 * without a trace. */
static void lrn_row(const pcl_node *node, size_t row) {
    size_t depth = depth_of(node->inputs[0]), radius = (size_t)node->attributes.local_response_norm.radius;
    const float *in = (const float *)node->inputs[0]->data + row * depth;
    float *out = (float *)node->outputs[0]->data + row * depth;
    double bias = (double)node->attributes.local_response_norm.bias;
    double alpha = (double)node->attributes.local_response_norm.alpha;
    double beta = (double)node->attributes.local_response_norm.beta, sum = 0.0;
    for (size_t i = 0; i < radius && i < depth; i++) sum += (double)in[i] * (double)in[i];
    for (size_t c = 0; c < depth; c++) {
        if (radius < depth - c) sum += (double)in[c + radius] * (double)in[c + radius];
        out[c] = in[c] * powf((float)(bias + alpha * (sum > 0.0 ? sum : 0.0)), (float)-beta);
        if (c >= radius) sum -= (double)in[c - radius] * (double)in[c - radius];
    }
}

static pcl_status run_lrn(const pcl_run_context *context, const pcl_step *step) {
    return for_each_row(context, step->node, lrn_row);
}

const pcl_op pcl_op_local_response_normalization = {
    "LOCAL_RESPONSE_NORMALIZATION", 1, 1, 1, 1, infer_lrn, NULL, run_lrn, .in_place = false,
};
