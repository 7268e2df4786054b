/* SOFTMAX and LOG_SOFTMAX along the last dimension. */
#include <math.h>

#include "ops/elements.h"
#include "ops/table.h"

typedef struct softmax {
    const pcl_tensor *in, *out;
    void (*row)(const struct softmax *self, const void *in, void *out);
    size_t depth; /* elements of a row */
    float beta;
    float exponentials[256]; /* quantised: [d] = exp of a value d quanta under the greatest */
} softmax;

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    PCL_TRY_RETURN(pcl_check_dtype(context, node, in, (pcl_dtype[]){PCL_FLOAT32, PCL_UINT8, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(pcl_check_alike(context, node, in, in));
    PCL_TRY_RETURN(pcl_check_alike(context, node, in, out));
    PCL_TRY_RETURN(pcl_check_rank(context, node, in, 1, PCL_MAX_RANK));
    return pcl_tensor_set_shape(out, &in->shape, context->error);
}

static float greatest_real(const float *x, size_t count) {
    float greatest = x[0];
    for (size_t i = 1; i < count; i++) greatest = x[i] > greatest ? x[i] : greatest;
    return greatest;
}

static uint8_t greatest_byte(const uint8_t *x, size_t count) {
    uint8_t greatest = x[0];
    for (size_t i = 1; i < count; i++) greatest = x[i] > greatest ? x[i] : greatest;
    return greatest;
}

static float sum_exponentials(const softmax *self, const uint8_t *x, uint8_t greatest) {
    float sum = 0.0f;
    for (size_t i = 0; i < self->depth; i++) sum += self->exponentials[greatest - x[i]];
    return sum;
}

static void softmax_reals(const softmax *self, const void *in, void *out) {
    const float *x = in;
    float *y = out, greatest = greatest_real(x, self->depth), sum = 0.0f;
    for (size_t i = 0; i < self->depth; i++) {
        y[i] = expf((x[i] - greatest) * self->beta);
        sum += y[i];
    }
    float inverse = 1.0f / sum;
    for (size_t i = 0; i < self->depth; i++) y[i] *= inverse;
}

/* As TFLite's optimised kernel: exponentials from a table, rounded half to even. */
static void softmax_quantised(const softmax *self, const void *in, void *out) {
    const uint8_t *x = in;
    uint8_t *y = out, greatest = greatest_byte(x, self->depth);
    float inverse = 1.0f / (sum_exponentials(self, x, greatest) * pcl_tensor_scale(self->out));
    float zero_point = (float)pcl_tensor_zero_point(self->out);
    for (size_t i = 0; i < self->depth; i++) {
        float value = rintf(self->exponentials[greatest - x[i]] * inverse) + zero_point;
        y[i] = value >= 255.0f ? 255 : value > 0.0f ? (uint8_t)value : 0; /* NaN, of a senseless beta: 0 */
    }
}

static void log_softmax_reals(const softmax *self, const void *in, void *out) {
    const float *x = in;
    float *y = out, greatest = greatest_real(x, self->depth), sum = 0.0f;
    for (size_t i = 0; i < self->depth; i++) sum += expf(x[i] - greatest);
    float offset = logf(sum);
    for (size_t i = 0; i < self->depth; i++) y[i] = x[i] - greatest - offset;
}

static void log_softmax_quantised(const softmax *self, const void *in, void *out) {
    const uint8_t *x = in;
    uint8_t *y = out, greatest = greatest_byte(x, self->depth);
    float offset = logf(sum_exponentials(self, x, greatest)), scale = pcl_tensor_scale(self->in);
    for (size_t i = 0; i < self->depth; i++)
        y[i] = pcl_quantise_u8((float)(x[i] - greatest) * scale - offset, self->out);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    softmax *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    *self = (softmax){.in = node->inputs[0], .out = node->outputs[0], .beta = 1.0f};
    self->depth = (size_t)self->in->shape.dims[self->in->shape.rank - 1];
    bool quantised = self->in->dtype == PCL_UINT8;
    if (step->op == &pcl_op_softmax) {
        self->beta = node->attributes.softmax.beta;
        self->row = quantised ? softmax_quantised : softmax_reals;
    } else {
        self->row = quantised ? log_softmax_quantised : log_softmax_reals;
    }
    for (int32_t i = 0; i < 256 && quantised; i++)
        self->exponentials[i] = expf(-pcl_tensor_scale(self->in) * self->beta * (float)i);
    return PCL_OK;
}

static void run_part(void *argument, const pcl_part *part) {
    const softmax *self = argument;
    size_t begin, end, row_bytes = self->depth * pcl_dtype_size(self->in->dtype);
    pcl_partition(pcl_tensor_count(self->in) / self->depth, 1, part, &begin, &end);
    for (size_t i = begin; i < end; i++)
        self->row(self, (const uint8_t *)self->in->data + i * row_bytes, (uint8_t *)self->out->data + i * row_bytes);
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    softmax *self = step->prepared;
    if (self->depth > 0) pcl_pool_run(context->pool, run_part, self, pcl_parts_for(pcl_tensor_count(self->in)));
    return PCL_OK;
}

const pcl_op pcl_op_softmax = {"SOFTMAX", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
const pcl_op pcl_op_log_softmax = {"LOG_SOFTMAX", 1, 1, 1, 1, infer, prepare, run, .in_place = true};
