/* ARG_MAX and ARG_MIN: where along an axis the greatest or least value is,
 * the first of them when there are several. */
#include <string.h>

#include "ops/elements.h"
#include "ops/table.h"

static pcl_status read_axis(const pcl_infer_context *context, const pcl_node *node, int32_t *axis) {
    int32_t value, count;
    PCL_TRY_RETURN(pcl_read_integers(context, node, node->inputs[1], &value, 1, &count));
    if (count != 1) return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "it needs one axis");
    return pcl_normalise_axis(context, node, value, node->inputs[0]->shape.rank, axis);
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    static const pcl_dtype numbers[] = {PCL_FLOAT32, PCL_UINT8, PCL_INT8, PCL_INT16,
                                        PCL_INT32,   PCL_INT64, PCL_BOOL, PCL_DTYPE_COUNT};
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    pcl_shape shape = {0};
    int32_t axis;
    PCL_TRY_RETURN(pcl_check_dtype(context, node, in, numbers));
    PCL_TRY_RETURN(pcl_check_dtype(context, node, out, (pcl_dtype[]){PCL_INT32, PCL_INT64, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(
        pcl_check_dtype(context, node, out, (pcl_dtype[]){node->attributes.cast.out_dtype, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(read_axis(context, node, &axis));
    if (in->shape.dims[axis] == 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "there is nothing along axis %d", axis);
    for (int32_t d = 0; d < in->shape.rank; d++)
        if (d != axis) shape.dims[shape.rank++] = in->shape.dims[d];
    return pcl_tensor_set_shape(out, &shape, context->error);
}

typedef struct search {
    const pcl_tensor *in, *out;
    size_t length, inner; /* along the axis, and of the dimensions behind it */
    bool least;
} search;

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    pcl_infer_context infer_context = {context->error, context->arena};
    int32_t axis;
    search *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(read_axis(&infer_context, node, &axis));
    *self = (search){.in = node->inputs[0], .out = node->outputs[0], .inner = 1, .least = step->op == &pcl_op_arg_min};
    self->length = (size_t)self->in->shape.dims[axis];
    for (int32_t d = axis + 1; d < self->in->shape.rank; d++) self->inner *= (size_t)self->in->shape.dims[d];
    return PCL_OK;
}

typedef struct best_yet {
    size_t at;
    double real;
    int64_t integer;
} best_yet;

/* `first` is the place of block[0] along the axis. The least value is the greatest of the opposites. */

static void search_reals(const search *self, const void *block, size_t first, size_t count, best_yet *best) {
    double values[PCL_BLOCK];
    pcl_load_reals(self->in->dtype, block, values, count);
    for (size_t i = 0; i < count; i++) {
        double value = self->least ? -values[i] : values[i];
        if (first + i == 0 || value > best->real) *best = (best_yet){.at = first + i, .real = value};
    }
}

static void search_integers(const search *self, const void *block, size_t first, size_t count, best_yet *best) {
    int64_t values[PCL_BLOCK];
    pcl_load_integers(self->in->dtype, block, values, count);
    for (size_t i = 0; i < count; i++) {
        int64_t value = self->least ? ~values[i] : values[i];
        if (first + i == 0 || value > best->integer) *best = (best_yet){.at = first + i, .integer = value};
    }
}

static size_t search_line(const search *self, const uint8_t *line) {
    uint64_t gathered[PCL_BLOCK]; /* of any type */
    size_t element = pcl_dtype_size(self->in->dtype), stride = self->inner * element;
    best_yet best = {0};
    for (size_t done = 0, part; done < self->length; done += part) {
        part = self->length - done < PCL_BLOCK ? self->length - done : PCL_BLOCK;
        const void *block = line + done * stride;
        if (self->inner > 1) {
            for (size_t i = 0; i < part; i++)
                memcpy((uint8_t *)gathered + i * element, line + (done + i) * stride, element);
            block = gathered;
        }
        if (self->in->dtype == PCL_FLOAT32) search_reals(self, block, done, part, &best);
        else search_integers(self, block, done, part, &best);
    }
    return best.at;
}

static void run_part(void *argument, const pcl_part *part) {
    const search *self = argument;
    size_t begin, end, element = pcl_dtype_size(self->in->dtype);
    pcl_partition(pcl_tensor_count(self->out), 1, part, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        size_t start = i / self->inner * self->inner * self->length + i % self->inner;
        size_t at = search_line(self, (const uint8_t *)self->in->data + start * element);
        if (self->out->dtype == PCL_INT32) ((int32_t *)self->out->data)[i] = (int32_t)at;
        else ((int64_t *)self->out->data)[i] = (int64_t)at;
    }
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    pcl_pool_run(context->pool, run_part, step->prepared, pcl_parts_for(pcl_tensor_count(step->node->inputs[0])));
    return PCL_OK;
}

const pcl_op pcl_op_arg_max = {"ARG_MAX", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_arg_min = {"ARG_MIN", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
