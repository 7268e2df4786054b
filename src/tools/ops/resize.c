/* Resize. Nearest neighbours are copied, whatever their type; linear and
 * cubic filters are separable, and go along one axis after the other. */
#include "tools/ops/resize.h"

#include <math.h>
#include <string.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/axis_maps.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

static const pcl_onnx_resize_attributes *attributes_of(const pcl_node *node) { return node->attributes.tools; }

static bool has_roi(const pcl_node *node) {
    return attributes_of(node)->coordinates == PCL_ONNX_TF_CROP_AND_RESIZE;
}

static pcl_status check_roi(const pcl_infer_context *context, const pcl_node *node) {
    const pcl_tensor *roi = pcl_node_input(node, 1);
    const pcl_onnx_list *axes = &attributes_of(node)->axes;
    int32_t count = axes->count ? axes->count : node->inputs[0]->shape.rank;
    if (!roi) return pcl_node_fail(context->error, node, PCL_ERROR_FORMAT, "it has no roi to crop to");
    PCL_TRY_RETURN(pcl_onnx_check(context, node, roi, PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_check_vector(context, node, roi, 2 * count));
    return pcl_onnx_check_constant(context, node, roi);
}

static uint64_t count_work(const pcl_node *node, const pcl_onnx_resize_axis *axes, const pcl_shape *shape) {
    uint64_t count = pcl_tensor_count(node->outputs[0]), work = 0;
    if (attributes_of(node)->mode == PCL_ONNX_RESIZE_NEAREST) return count;
    for (int32_t d = 0; d < shape->rank; d++) {
        uint64_t part = pcl_onnx_work(count, (uint64_t)pcl_onnx_resize_taps(attributes_of(node), &axes[d]));
        work = part > UINT64_MAX - work ? UINT64_MAX : work + part;
    }
    return work;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    static const pcl_dtype smooth[] = {PCL_FLOAT32, PCL_FLOAT16, PCL_UINT8, PCL_INT8, PCL_DTYPE_COUNT};
    const pcl_tensor *x = node->inputs[0];
    pcl_onnx_resize_axis axes[PCL_MAX_RANK];
    pcl_shape shape;
    if (attributes_of(node)->mode != PCL_ONNX_RESIZE_NEAREST)
        PCL_TRY_RETURN(pcl_check_dtype(context, node, x, smooth));
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 1, PCL_MAX_RANK));
    PCL_TRY_RETURN(pcl_onnx_describe_resize(context, node, axes, &shape));
    if (has_roi(node)) PCL_TRY_RETURN(check_roi(context, node));
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 0, x->dtype, &shape));
    node->macs = count_work(node, axes, &shape);
    return PCL_OK;
}

typedef struct resize {
    pcl_onnx_resize_axis axes[PCL_MAX_RANK];
    pcl_onnx_axis_maps *maps; /* nearest */
    /* Otherwise: */
    pcl_onnx_resize_filter filters[PCL_MAX_RANK]; /* taps 0: the axis stays as it is */
    bool *outside[PCL_MAX_RANK]; /* [out]: gets the extrapolation value; NULL: none does */
    size_t buffers[2];           /* offsets into the scratch: float, the tensor before and after an axis */
} resize;

static void read_roi(const pcl_node *node, resize *self) {
    const pcl_onnx_list *named = &attributes_of(node)->axes;
    int32_t rank = node->inputs[0]->shape.rank, count = named->count ? named->count : rank;
    const float *roi = has_roi(node) ? node->inputs[1]->data : NULL;
    for (int32_t i = 0; i < count && roi; i++) {
        int32_t axis = named->count ? named->values[i] : i;
        if (axis < 0) axis += rank;
        self->axes[axis].roi_start = roi[i];
        self->axes[axis].roi_end = roi[count + i];
    }
}

static bool is_outside(const pcl_node *node, const pcl_onnx_resize_axis *axis, int32_t at) {
    float coordinate = pcl_onnx_resize_coordinate(attributes_of(node)->coordinates, axis, at);
    return has_roi(node) && !(coordinate >= 0.0f && coordinate <= (float)(axis->in - 1));
}

static pcl_status prepare_nearest(const pcl_prepare_context *context, pcl_step *step, resize *self) {
    const pcl_onnx_resize_attributes *attributes = attributes_of(step->node);
    self->maps = pcl_onnx_new_axis_maps(context, step);
    if (!self->maps) return PCL_ERROR_MEMORY;
    for (int32_t d = 0; d < self->maps->out.rank; d++) {
        for (int32_t i = 0; i < self->axes[d].out; i++) {
            float coordinate = pcl_onnx_resize_coordinate(attributes->coordinates, &self->axes[d], i);
            self->maps->maps[d][i] =
                is_outside(step->node, &self->axes[d], i)
                    ? PCL_ONNX_NOWHERE
                    : pcl_onnx_resize_nearest(attributes->nearest_mode, coordinate, self->axes[d].in);
        }
    }
    return PCL_OK;
}

static pcl_status prepare_axis(const pcl_prepare_context *context, pcl_step *step, resize *self, int32_t d) {
    const pcl_onnx_resize_attributes *attributes = attributes_of(step->node);
    const pcl_onnx_resize_axis *axis = &self->axes[d];
    pcl_onnx_resize_filter *filter = &self->filters[d];
    size_t out = (size_t)axis->out, weights;
    int32_t taps = pcl_onnx_resize_taps(attributes, axis);
    if (axis->in == axis->out && axis->scale == 1.0f && !has_roi(step->node)) return PCL_OK;
    filter->taps = taps;
    if (!pcl_size_mul(out, (size_t)taps, &weights))
        return pcl_node_fail(context->error, step->node, PCL_ERROR_LIMIT, "its filter is too large");
    filter->first = pcl_arena_alloc_array(context->arena, out, sizeof *filter->first);
    filter->weights = pcl_arena_alloc_array(context->arena, weights, sizeof *filter->weights);
    self->outside[d] = pcl_arena_alloc_array(context->arena, out, sizeof **self->outside);
    if (!filter->first || !filter->weights || !self->outside[d])
        return pcl_no_memory(context, step->node);
    pcl_onnx_fill_resize_filter(attributes, axis, filter);
    for (int32_t i = 0; i < axis->out; i++) self->outside[d][i] = is_outside(step->node, axis, i);
    return PCL_OK;
}

/* The largest tensor on the way: axes are resized first to last. */
static pcl_status want_buffers(const pcl_prepare_context *context, pcl_step *step, resize *self) {
    pcl_shape shape = step->node->inputs[0]->shape;
    size_t largest = 0, count;
    for (int32_t d = -1; d < shape.rank; d++) {
        if (d >= 0) shape.dims[d] = self->axes[d].out;
        if (!pcl_shape_count(&shape, &count))
            return pcl_node_fail(context->error, step->node, PCL_ERROR_LIMIT, "its working memory does not fit");
        largest = count > largest ? count : largest;
    }
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, largest, sizeof(float), &self->buffers[0]));
    return pcl_onnx_scratch(context, step, largest, sizeof(float), &self->buffers[1]);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    pcl_shape shape;
    resize *self = pcl_arena_alloc(context->arena, sizeof *self);
    if (!self) return pcl_no_memory(context, step->node);
    PCL_TRY_RETURN(pcl_onnx_describe_resize(&infer_context, step->node, self->axes, &shape));
    read_roi(step->node, self);
    if (attributes_of(step->node)->mode == PCL_ONNX_RESIZE_NEAREST) {
        PCL_TRY_RETURN(prepare_nearest(context, step, self));
    } else {
        for (int32_t d = 0; d < shape.rank; d++) PCL_TRY_RETURN(prepare_axis(context, step, self, d));
        PCL_TRY_RETURN(want_buffers(context, step, self));
    }
    step->prepared = self;
    return PCL_OK;
}

/* --- Filters --------------------------------------------------------------------------------- */

static void load_floats(const pcl_tensor *x, float *out) {
    size_t count = pcl_tensor_count(x), size = pcl_dtype_size(x->dtype);
    double values[PCL_BLOCK];
    for (size_t at = 0, part; at < count; at += part) {
        part = count - at < PCL_BLOCK ? count - at : PCL_BLOCK;
        pcl_load_reals(x->dtype, (const uint8_t *)x->data + at * size, values, part);
        for (size_t i = 0; i < part; i++) out[at + i] = (float)values[i];
    }
}

/* Integers: the fraction is dropped, as ONNX Runtime does; with antialias it is rounded. */
static void store_floats(const float *in, bool round, const pcl_tensor *out) {
    size_t count = pcl_tensor_count(out), size = pcl_dtype_size(out->dtype);
    double values[PCL_BLOCK];
    for (size_t at = 0, part; at < count; at += part) {
        part = count - at < PCL_BLOCK ? count - at : PCL_BLOCK;
        for (size_t i = 0; i < part; i++) values[i] = round ? (double)rintf(in[at + i]) : (double)in[at + i];
        pcl_store_reals(out->dtype, values, (uint8_t *)out->data + at * size, part);
    }
}

/* in [outer][axis->in][inner], out [outer][axis->out][inner] */
static void resize_axis(const pcl_onnx_resize_axis *axis, const pcl_onnx_resize_filter *filter, size_t outer,
                        size_t inner, const float *in, float *out) {
    for (size_t o = 0; o < outer; o++, in += (size_t)axis->in * inner) {
        for (int32_t i = 0; i < axis->out; i++, out += inner) {
            const float *weights = filter->weights + (size_t)i * (size_t)filter->taps;
            memset(out, 0, inner * sizeof *out);
            for (int32_t t = 0; t < filter->taps; t++) {
                int32_t from = filter->first[i] + t;
                from = from < 0 ? 0 : from >= axis->in ? axis->in - 1 : from;
                const float *row = in + (size_t)from * inner, weight = weights[t];
                if (weight == 0.0f) continue;
                for (size_t n = 0; n < inner; n++) out[n] += weight * row[n];
            }
        }
    }
}

static void extrapolate(const resize *self, const pcl_shape *shape, float value, float *out) {
    int32_t position[PCL_MAX_RANK] = {0};
    size_t i = 0;
    do {
        bool outside = false;
        for (int32_t d = 0; d < shape->rank; d++)
            outside = outside || (self->outside[d] && self->outside[d][position[d]]);
        if (outside) out[i] = value;
        i++;
    } while (pcl_next_index(shape->dims, shape->rank, position));
}

static void run_filters(const pcl_node *node, const resize *self, uint8_t *scratch) {
    pcl_shape shape = node->inputs[0]->shape;
    float *now = (float *)(scratch + self->buffers[0]), *next = (float *)(scratch + self->buffers[1]);
    bool round = attributes_of(node)->antialias && pcl_is_integer(node->outputs[0]->dtype);
    load_floats(node->inputs[0], now);
    for (int32_t d = 0; d < shape.rank; d++) {
        if (self->filters[d].taps == 0) continue;
        resize_axis(&self->axes[d], &self->filters[d], pcl_dims_product(&shape, 0, d),
                    pcl_dims_product(&shape, d + 1, shape.rank), now, next);
        float *swap = now;
        now = next;
        next = swap;
        shape.dims[d] = self->axes[d].out;
    }
    if (has_roi(node)) extrapolate(self, &shape, attributes_of(node)->extrapolation_value, now);
    store_floats(now, round, node->outputs[0]);
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const resize *self = step->prepared;
    const pcl_node *node = step->node;
    if (node->outputs[0]->bytes == 0) return PCL_OK;
    if (!self->maps) {
        run_filters(node, self, step->scratch);
        return PCL_OK;
    }
    uint8_t fill[8];
    double value = (double)attributes_of(node)->extrapolation_value;
    pcl_store_reals(node->outputs[0]->dtype, &value, fill, 1);
    pcl_onnx_run_axis_maps(context->pool, self->maps, node->inputs[0]->data, node->outputs[0]->data, fill);
    return PCL_OK;
}

const pcl_op pcl_onnx_resize = {"Resize", 1, 4, 1, 1, infer, prepare, run, .in_place = false};
