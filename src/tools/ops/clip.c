/* Clip: numbers held between two bounds. */
#include <math.h>

#include "ops/elements.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0];
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, PCL_ONNX_NUMBERS));
    for (int32_t i = 1; i <= 2; i++) {
        const pcl_tensor *bound = pcl_node_input(node, i);
        if (!bound) continue;
        PCL_TRY_RETURN(pcl_onnx_check_type(context, node, bound, x->dtype));
        PCL_TRY_RETURN(pcl_onnx_check_single(context, node, bound));
    }
    return pcl_onnx_output(context, node, 0, x->dtype, &x->shape);
}

typedef struct clip {
    pcl_dtype dtype;
    double low, high;
    int64_t low_integer, high_integer;
    const uint8_t *in;
    uint8_t *out;
    size_t count;
} clip;

/* When the bounds cross, the upper one holds. For uint64, bits shifted by half
 * the range order as the values do. */
static void clip_integers(const clip *self, const void *in, void *out, size_t count) {
    uint64_t shift = self->dtype == PCL_UINT64 ? (uint64_t)1 << 63 : 0;
    int64_t values[PCL_BLOCK];
    pcl_load_integers(self->dtype, in, values, count);
    for (size_t i = 0; i < count; i++) {
        int64_t value = (int64_t)((uint64_t)values[i] + shift);
        value = value < self->low_integer ? self->low_integer : value;
        value = value > self->high_integer ? self->high_integer : value;
        values[i] = (int64_t)((uint64_t)value - shift);
    }
    pcl_store_integers(self->dtype, values, out, count);
}

/* NaN passes. */
static void clip_reals(const clip *self, const void *in, void *out, size_t count) {
    double values[PCL_BLOCK];
    pcl_load_reals(self->dtype, in, values, count);
    for (size_t i = 0; i < count; i++) {
        double value = values[i] < self->low ? self->low : values[i];
        values[i] = value > self->high ? self->high : value;
    }
    pcl_store_reals(self->dtype, values, out, count);
}

static void run_part(void *argument, const pcl_part *part) {
    const clip *self = argument;
    size_t begin, end, size = pcl_dtype_size(self->dtype);
    pcl_partition(self->count, PCL_BLOCK, part, &begin, &end);
    for (size_t at = begin, part; at < end; at += part) {
        part = end - at < PCL_BLOCK ? end - at : PCL_BLOCK;
        if (pcl_is_integer(self->dtype)) clip_integers(self, self->in + at * size, self->out + at * size, part);
        else clip_reals(self, self->in + at * size, self->out + at * size, part);
    }
}

static void read_bound(const pcl_tensor *bound, double *real, int64_t *integer) {
    if (!bound) return;
    if (!pcl_is_integer(bound->dtype)) {
        pcl_load_reals(bound->dtype, bound->data, real, 1);
        return;
    }
    pcl_load_integers(bound->dtype, bound->data, integer, 1);
    if (bound->dtype == PCL_UINT64) *integer = (int64_t)((uint64_t)*integer + ((uint64_t)1 << 63));
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    const pcl_tensor *x = node->inputs[0];
    clip self = {.dtype = x->dtype, .low = -INFINITY, .high = INFINITY, .low_integer = INT64_MIN,
                 .high_integer = INT64_MAX, .in = x->data, .out = node->outputs[0]->data,
                 .count = pcl_tensor_count(x)};
    read_bound(pcl_node_input(node, 1), &self.low, &self.low_integer);
    read_bound(pcl_node_input(node, 2), &self.high, &self.high_integer);
    pcl_pool_run(context->pool, run_part, &self, pcl_parts_for(self.count));
    return PCL_OK;
}

const pcl_op pcl_onnx_clip = {"Clip", 1, 3, 1, 1, infer, NULL, run, .in_place = false};
