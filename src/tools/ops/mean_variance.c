/* MeanVarianceNormalization: (x - mean) / (deviation + 1e-9) over some axes. */
#include <math.h>
#include <string.h>

#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

/* group_strides[d]: how far the number of the group moves along dimension d; 0 along the axes. */
static pcl_status describe(const pcl_infer_context *context, const pcl_node *node, size_t group_strides[PCL_MAX_RANK],
                           size_t *groups) {
    const pcl_onnx_norm_attributes *attributes = node->attributes.tools;
    const pcl_shape *shape = &node->inputs[0]->shape;
    bool chosen[PCL_MAX_RANK] = {false};
    int32_t axis;
    for (int32_t i = 0; i < attributes->axes.count; i++) {
        PCL_TRY_RETURN(pcl_normalise_axis(context, node, attributes->axes.values[i], shape->rank, &axis));
        chosen[axis] = true;
    }
    *groups = 1;
    for (int32_t d = shape->rank - 1; d >= 0; d--) {
        group_strides[d] = chosen[d] ? 0 : *groups;
        if (!chosen[d]) *groups *= (size_t)shape->dims[d];
    }
    return PCL_OK;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    size_t group_strides[PCL_MAX_RANK], groups;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, node->inputs[0], PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(describe(context, node, group_strides, &groups));
    return pcl_onnx_output(context, node, 0, PCL_FLOAT32, &node->inputs[0]->shape);
}

typedef struct normalisation {
    size_t group_strides[PCL_MAX_RANK], groups;
} normalisation;

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    normalisation *self = pcl_arena_alloc(context->arena, sizeof *self);
    step->prepared = self;
    if (!self) return pcl_no_memory(context, step->node);
    PCL_TRY_RETURN(describe(&infer_context, step->node, self->group_strides, &self->groups));
    return pcl_onnx_scratch(context, step, self->groups, 2 * sizeof(double), NULL);
}

static size_t group_of(const normalisation *self, const pcl_shape *shape, const int32_t *position) {
    size_t group = 0;
    for (int32_t d = 0; d < shape->rank; d++) group += (size_t)position[d] * self->group_strides[d];
    return group;
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const normalisation *self = step->prepared;
    const pcl_shape *shape = &step->node->inputs[0]->shape;
    const float *x = step->node->inputs[0]->data;
    float *out = step->node->outputs[0]->data;
    size_t count = pcl_tensor_count(step->node->inputs[0]);
    double *means = step->scratch, *squares = means + self->groups, each = (double)count / (double)self->groups;
    int32_t position[PCL_MAX_RANK] = {0};
    memset(step->scratch, 0, self->groups * 2 * sizeof *means);
    for (size_t i = 0; i < count; i++, pcl_next_index(shape->dims, shape->rank, position))
        means[group_of(self, shape, position)] += (double)x[i] / each;
    for (size_t i = 0; i < count; i++, pcl_next_index(shape->dims, shape->rank, position)) {
        size_t group = group_of(self, shape, position);
        squares[group] += ((double)x[i] - means[group]) * ((double)x[i] - means[group]);
    }
    for (size_t i = 0; i < count; i++, pcl_next_index(shape->dims, shape->rank, position)) {
        size_t group = group_of(self, shape, position);
        out[i] = (float)(((double)x[i] - means[group]) / (sqrt(squares[group] / each) + 1e-9));
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_mean_variance_normalization = {
    "MeanVarianceNormalization", 1, 1, 1, 1, infer, prepare, run, .in_place = false};
