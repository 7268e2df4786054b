/* RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR of [batch][height][width][channels];
 * coordinates in float32 as in TFLite's reference. */
#include <math.h>
#include <string.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "ops/table.h"

enum { MAX_SIDE = 1 << 24 }; /* up to which float32 tells coordinates apart */

static pcl_status check_side(const pcl_infer_context *context, const pcl_node *node, int32_t side) {
    if (side >= 1 && side <= MAX_SIDE) return PCL_OK;
    return pcl_node_fail(context->error, node, side < 1 ? PCL_ERROR_SHAPE : PCL_ERROR_LIMIT,
                         "a side of %d is not within 1..%d", side, MAX_SIDE);
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    pcl_shape shape = in->shape;
    PCL_TRY_RETURN(pcl_check_moved(context, node, in, out));
    PCL_TRY_RETURN(pcl_check_rank(context, node, in, 4, 4));
    int32_t scales[2] = {node->attributes.resize.scale_h, node->attributes.resize.scale_w};
    if (scales[0] == 0) PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[1], shape.dims + 1, 2));
    for (int32_t d = 1; d <= 2; d++) {
        PCL_TRY_RETURN(check_side(context, node, in->shape.dims[d]));
        if (scales[0] && __builtin_mul_overflow(in->shape.dims[d], scales[d - 1], &shape.dims[d]))
            shape.dims[d] = INT32_MAX;
        PCL_TRY_RETURN(check_side(context, node, shape.dims[d]));
    }
    if (node->attributes.resize.align_corners && node->attributes.resize.half_pixel_centers)
        return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED,
                             "corners cannot be aligned with half-pixel centres");
    return pcl_tensor_set_shape(out, &shape, context->error);
}

/* Input distance between neighbours of the output. */
static float step_between(const pcl_node *node, int32_t in_size, int32_t out_size) {
    if (node->attributes.resize.align_corners && out_size > 1) return (float)(in_size - 1) / (float)(out_size - 1);
    return (float)in_size / (float)out_size;
}

/* Where a coordinate of the output lies between two of the input. */
typedef struct tap {
    size_t low, high; /* in elements from the start of the row or of the picture */
    float weight;     /* of `high`; nearest neighbours are `low` alone */
    int32_t fixed;    /* the weight in eleven fractional bits */
} tap;

typedef struct resize {
    const pcl_tensor *in, *out;
    tap *rows, *columns; /* [out height], [out width] */
    void (*fill_row)(const struct resize *self, const tap *row, const uint8_t *picture, uint8_t *out);
} resize;

static tap bilinear_tap(const pcl_node *node, int32_t position, int32_t in_size, int32_t out_size) {
    float step = step_between(node, in_size, out_size);
    bool half = node->attributes.resize.half_pixel_centers;
    float at = half ? ((float)position + 0.5f) * step - 0.5f : (float)position * step;
    int32_t low = at > 0.0f ? (int32_t)at : 0;
    if (low > in_size - 1) low = in_size - 1;
    int32_t high = low < in_size - 1 ? low + 1 : low;
    float weight = high > low && at > 0.0f ? at - (float)low : 0.0f;
    return (tap){(size_t)low, (size_t)high, weight, (int32_t)lrintf(weight * 2048.0f)};
}

static tap nearest_tap(const pcl_node *node, int32_t position, int32_t in_size, int32_t out_size) {
    float offset = node->attributes.resize.half_pixel_centers ? 0.5f : 0.0f;
    float at = ((float)position + offset) * step_between(node, in_size, out_size);
    int32_t nearest = (int32_t)(node->attributes.resize.align_corners ? roundf(at) : floorf(at));
    if (nearest > in_size - 1) nearest = in_size - 1;
    return (tap){(size_t)nearest, (size_t)nearest, 0.0f, 0};
}

typedef tap (*tap_function)(const pcl_node *node, int32_t position, int32_t in_size, int32_t out_size);

/* One tap for each position along axis `d`, `stride` elements between input positions. */
static tap *make_taps(const pcl_prepare_context *context, const pcl_node *node, int32_t d, size_t stride,
                      tap_function tap_at) {
    int32_t in_size = node->inputs[0]->shape.dims[d], out_size = node->outputs[0]->shape.dims[d];
    tap *taps = pcl_arena_alloc_array(context->arena, (size_t)out_size, sizeof *taps);
    for (int32_t i = 0; taps && i < out_size; i++) {
        taps[i] = tap_at(node, i, in_size, out_size);
        taps[i].low *= stride;
        taps[i].high *= stride;
    }
    return taps;
}

static pcl_status prepare_with(const pcl_prepare_context *context, pcl_step *step, tap_function tap_at,
                               resize **prepared) {
    const pcl_node *node = step->node;
    const int32_t *dims = node->inputs[0]->shape.dims;
    resize *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    self->in = node->inputs[0];
    self->out = node->outputs[0];
    self->rows = make_taps(context, node, 1, (size_t)dims[2] * (size_t)dims[3], tap_at);
    self->columns = make_taps(context, node, 2, (size_t)dims[3], tap_at);
    *prepared = self;
    if (self->rows && self->columns) return PCL_OK;
    return pcl_no_memory(context, node);
}

/* --- Rows ------------------------------------------------------------------ */

/* The four pixels around a position, and how much each counts. */
typedef struct corners {
    size_t top_left, top_right, bottom_left, bottom_right;
    float top_left_weight, top_right_weight, bottom_left_weight, bottom_right_weight;
} corners;

static corners corners_at(const tap *row, const tap *column) {
    return (corners){row->low + column->low,
                     row->low + column->high,
                     row->high + column->low,
                     row->high + column->high,
                     (1.0f - row->weight) * (1.0f - column->weight),
                     (1.0f - row->weight) * column->weight,
                     row->weight * (1.0f - column->weight),
                     row->weight * column->weight};
}

static void bilinear_row_f32(const resize *self, const tap *row, const uint8_t *picture, uint8_t *out_row) {
    size_t width = (size_t)self->out->shape.dims[2], channels = (size_t)self->out->shape.dims[3];
    const float *in = (const float *)picture;
    float *restrict out = (float *)out_row;
    for (size_t x = 0; x < width; x++, out += channels) {
        corners at = corners_at(row, &self->columns[x]);
        for (size_t c = 0; c < channels; c++)
            out[c] = in[at.top_left + c] * at.top_left_weight + in[at.bottom_left + c] * at.bottom_left_weight +
                     in[at.top_right + c] * at.top_right_weight + in[at.bottom_right + c] * at.bottom_right_weight;
    }
}

/* Interpolates the values as they are stored, in XNNPACK's fixed point:
 * eleven fractional bits across and eleven down, halves rounded up. */
static void bilinear_row_u8(const resize *self, const tap *row, const uint8_t *picture, uint8_t *restrict out) {
    size_t width = (size_t)self->out->shape.dims[2], channels = (size_t)self->out->shape.dims[3];
    const uint8_t *top_row = picture + row->low, *bottom_row = picture + row->high;
    for (size_t x = 0; x < width; x++, out += channels) {
        const tap *column = &self->columns[x];
        for (size_t c = 0; c < channels; c++) {
            int32_t left = top_row[column->low + c], right = top_row[column->high + c];
            int32_t top = left * 2048 + (right - left) * column->fixed;
            left = bottom_row[column->low + c];
            right = bottom_row[column->high + c];
            int32_t bottom = left * 2048 + (right - left) * column->fixed;
            out[c] = (uint8_t)((top * 2048 + (bottom - top) * row->fixed + (1 << 21)) >> 22);
        }
    }
}

static void nearest_row(const resize *self, const tap *row, const uint8_t *picture, uint8_t *out) {
    size_t width = (size_t)self->out->shape.dims[2], element = pcl_dtype_size(self->in->dtype);
    size_t pixel = (size_t)self->out->shape.dims[3] * element;
    const uint8_t *in = picture + row->low * element;
    for (size_t x = 0; x < width; x++) memcpy(out + x * pixel, in + self->columns[x].low * element, pixel);
}

static bool same_tap(const tap *a, const tap *b) {
    return a->low == b->low && a->high == b->high && a->weight == b->weight;
}

/* Rows begin .. end - 1 of all pictures together. */
static void fill_rows(void *argument, const pcl_part *part) {
    const resize *self = argument;
    const int32_t *dims = self->out->shape.dims;
    size_t height = (size_t)dims[1], begin, end, row_bytes = self->out->bytes / ((size_t)dims[0] * height);
    size_t picture_bytes = self->in->bytes / (size_t)dims[0];
    pcl_partition((size_t)dims[0] * height, 1, part, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        uint8_t *out = (uint8_t *)self->out->data + i * row_bytes;
        const tap *row = &self->rows[i % height];
        if (i > begin && i % height > 0 && same_tap(row, row - 1)) memcpy(out, out - row_bytes, row_bytes);
        else self->fill_row(self, row, (const uint8_t *)self->in->data + i / height * picture_bytes, out);
    }
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const pcl_tensor *out = step->node->outputs[0];
    if (out->bytes > 0) pcl_pool_run(context->pool, fill_rows, step->prepared, pcl_parts_for(pcl_tensor_count(out)));
    return PCL_OK;
}

/* --- The operators ---------------------------------------------------------- */

static pcl_status infer_bilinear(const pcl_infer_context *context, pcl_node *node) {
    PCL_TRY_RETURN(
        pcl_check_dtype(context, node, node->inputs[0], (pcl_dtype[]){PCL_FLOAT32, PCL_UINT8, PCL_DTYPE_COUNT}));
    return infer(context, node);
}

static pcl_status prepare_bilinear(const pcl_prepare_context *context, pcl_step *step) {
    resize *self;
    PCL_TRY_RETURN(prepare_with(context, step, bilinear_tap, &self));
    self->fill_row = self->in->dtype == PCL_FLOAT32 ? bilinear_row_f32 : bilinear_row_u8;
    return PCL_OK;
}

static pcl_status prepare_nearest(const pcl_prepare_context *context, pcl_step *step) {
    resize *self;
    PCL_TRY_RETURN(prepare_with(context, step, nearest_tap, &self));
    self->fill_row = nearest_row;
    return PCL_OK;
}

const pcl_op pcl_op_resize_bilinear = {
    "RESIZE_BILINEAR", 2, 2, 1, 1, infer_bilinear, prepare_bilinear, run, .in_place = false,
};
const pcl_op pcl_op_resize_nearest_neighbor = {
    "RESIZE_NEAREST_NEIGHBOR", 2, 2, 1, 1, infer, prepare_nearest, run, .in_place = false,
};
