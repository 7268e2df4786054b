/* AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D of [batch][height][width][channels].
 * Positions in the padding count for nothing: averages are over those inside.
 *
 * Quantised averages round halves away from the zero of the file's type, as
 * TFLite does: up for uint8, away from what is 128 here for int8. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ops/elements.h"
#include "ops/table.h"

enum {
    CHANNELS = 128,        /* accumulated at a time */
    BLOCK = 16,
    MAX_WINDOW = 1 << 24   /* positions of which 8-bit values add up in 32 bits */
};

static pcl_status check_window(const pcl_infer_context *context, const pcl_node *node) {
    const pcl_pool_attributes *attributes = &node->attributes.pool;
    const pcl_pads *pads = &attributes->pads;
    bool explicit = attributes->padding == PCL_PADDING_EXPLICIT;
    int64_t positions = (int64_t)attributes->filter_h * attributes->filter_w;
    if (positions > MAX_WINDOW)
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "a window of %dx%d is too large",
                             attributes->filter_h, attributes->filter_w);
    if (explicit && (pads->top >= attributes->filter_h || pads->bottom >= attributes->filter_h ||
                     pads->left >= attributes->filter_w || pads->right >= attributes->filter_w))
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "a window may lie in the padding altogether");
    return PCL_OK;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    pcl_pool_attributes *attributes = &node->attributes.pool;
    pcl_pads *pads = &attributes->pads;
    const pcl_tensor *in = node->inputs[0];
    pcl_shape shape = in->shape;
    PCL_TRY_RETURN(pcl_check_rank(context, node, in, 4, 4));
    PCL_TRY_RETURN(pcl_window(context, node, shape.dims[1], attributes->filter_h, attributes->stride_h, 1,
                              attributes->padding, &pads->top, &pads->bottom, &shape.dims[1]));
    PCL_TRY_RETURN(pcl_window(context, node, shape.dims[2], attributes->filter_w, attributes->stride_w, 1,
                              attributes->padding, &pads->left, &pads->right, &shape.dims[2]));
    PCL_TRY_RETURN(check_window(context, node));
    PCL_TRY_RETURN(pcl_check_alike(context, node, in, in));
    PCL_TRY_RETURN(pcl_check_alike(context, node, in, node->outputs[0]));
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

/* The positions that one output is computed from. */
typedef struct window {
    const void *first;     /* [rows][columns][channels] */
    size_t rows, columns;  /* inside the picture: at least 1 */
    size_t row_stride;     /* elements from one row to the next */
} window;

typedef struct pool_2d {
    const pcl_pool_attributes *attributes;
    const pcl_tensor *in, *out;
    float low, high;         /* the fused activation, as reals */
    int32_t low_u8, high_u8; /* and quantised */
    float ratio;             /* input scale by output scale */
    bool rescaled;           /* input and output quantisation differ */
    /* channels first_channel .. first_channel + count - 1 of a window; count <= CHANNELS */
    void (*pool)(const struct pool_2d *self, const window *window, size_t first_channel, size_t count, void *out);
} pool_2d;

/* --- One output, from its window ------------------------------------------- */

static const float *pixel_f32(const pool_2d *self, const window *window, size_t row, size_t column, size_t channel) {
    return (const float *)window->first + row * window->row_stride + column * (size_t)self->in->shape.dims[3] + channel;
}

static const uint8_t *pixel_u8(const pool_2d *self, const window *window, size_t row, size_t column, size_t channel) {
    return (const uint8_t *)window->first + row * window->row_stride + column * (size_t)self->in->shape.dims[3] +
           channel;
}

static void store_f32(const pool_2d *self, const float *values, size_t count, float *out) {
    for (size_t c = 0; c < count; c++) {
        float value = values[c] < self->low ? self->low : values[c];
        out[c] = value > self->high ? self->high : value;
    }
}

static uint8_t clamp_u8(const pool_2d *self, int32_t value) {
    return (uint8_t)(value < self->low_u8 ? self->low_u8 : value > self->high_u8 ? self->high_u8 : value);
}

/* Of BLOCK channels, a count that the compiler knows: a few vectors, without a loop. */
static inline void max_block_f32(const pool_2d *self, const window *window, size_t channel, size_t count, void *out) {
    float best[BLOCK];
    for (size_t c = 0; c < count; c++) best[c] = -FLT_MAX;
    for (size_t y = 0; y < window->rows; y++) {
        for (size_t x = 0; x < window->columns; x++) {
            const float *in = pixel_f32(self, window, y, x, channel);
            PCL_UNROLLED
            for (size_t c = 0; c < count; c++) best[c] = best[c] < in[c] ? in[c] : best[c];
        }
    }
    store_f32(self, best, count, (float *)out + channel);
}

static void max_f32(const pool_2d *self, const window *window, size_t channel, size_t count, void *out) {
    size_t end = channel + count;
    for (; end - channel >= BLOCK; channel += BLOCK) max_block_f32(self, window, channel, BLOCK, out);
    if (channel < end) max_block_f32(self, window, channel, end - channel, out);
}

static void average_f32(const pool_2d *self, const window *window, size_t channel, size_t count, void *out) {
    float sums[CHANNELS] = {0.0f}, positions = (float)(window->rows * window->columns);
    for (size_t y = 0; y < window->rows; y++) {
        for (size_t x = 0; x < window->columns; x++) {
            const float *in = pixel_f32(self, window, y, x, channel);
            for (size_t c = 0; c < count; c++) sums[c] += in[c];
        }
    }
    for (size_t c = 0; c < count; c++) sums[c] /= positions;
    store_f32(self, sums, count, (float *)out + channel);
}

static void l2_f32(const pool_2d *self, const window *window, size_t channel, size_t count, void *out) {
    float sums[CHANNELS] = {0.0f}, positions = (float)(window->rows * window->columns);
    for (size_t y = 0; y < window->rows; y++) {
        for (size_t x = 0; x < window->columns; x++) {
            const float *in = pixel_f32(self, window, y, x, channel);
            for (size_t c = 0; c < count; c++) sums[c] += in[c] * in[c];
        }
    }
    for (size_t c = 0; c < count; c++) sums[c] = sqrtf(sums[c] / positions);
    store_f32(self, sums, count, (float *)out + channel);
}

static inline void max_block_u8(const pool_2d *self, const window *window, size_t channel, size_t count, void *out) {
    uint8_t best[BLOCK] = {0};
    for (size_t y = 0; y < window->rows; y++) {
        for (size_t x = 0; x < window->columns; x++) {
            const uint8_t *in = pixel_u8(self, window, y, x, channel);
            for (size_t c = 0; c < count; c++) best[c] = best[c] < in[c] ? in[c] : best[c];
        }
    }
    for (size_t c = 0; c < count; c++) ((uint8_t *)out)[channel + c] = clamp_u8(self, best[c]);
}

static void max_u8(const pool_2d *self, const window *window, size_t channel, size_t count, void *out) {
    size_t end = channel + count;
    for (; end - channel >= BLOCK; channel += BLOCK) max_block_u8(self, window, channel, BLOCK, out);
    if (channel < end) max_block_u8(self, window, channel, end - channel, out);
}

/* The average as a value of the output's quantisation. */
static int32_t rescale(const pool_2d *self, uint32_t sum, uint32_t positions) {
    float value = ((float)sum / (float)positions - (float)pcl_tensor_zero_point(self->in)) * self->ratio;
    value = roundf(value) + (float)pcl_tensor_zero_point(self->out);
    return value <= 0.0f ? 0 : value >= 255.0f ? 255 : (int32_t)value;
}

static int32_t average(const pool_2d *self, uint32_t sum, uint32_t positions) {
    uint32_t zero = 128 * positions;
    if (!self->attributes->from_int8 || sum >= zero) return (int32_t)((sum + positions / 2) / positions);
    return 128 - (int32_t)((zero - sum + positions / 2) / positions);
}

static void average_u8(const pool_2d *self, const window *window, size_t channel, size_t count, void *out) {
    uint32_t sums[CHANNELS] = {0}, positions = (uint32_t)(window->rows * window->columns);
    for (size_t y = 0; y < window->rows; y++) {
        for (size_t x = 0; x < window->columns; x++) {
            const uint8_t *in = pixel_u8(self, window, y, x, channel);
            for (size_t c = 0; c < count; c++) sums[c] += in[c];
        }
    }
    for (size_t c = 0; c < count; c++) {
        int32_t value = self->rescaled ? rescale(self, sums[c], positions) : average(self, sums[c], positions);
        ((uint8_t *)out)[channel + c] = clamp_u8(self, value);
    }
}

/* --- All outputs ------------------------------------------------------------ */

/* The part of begin .. begin + filter - 1 within 0 .. size - 1. */
static void clip(int64_t begin, int64_t filter, int64_t size, size_t *first, size_t *count) {
    int64_t end = begin + filter < size ? begin + filter : size;
    *first = begin > 0 ? (size_t)begin : 0;
    *count = (size_t)end - *first;
}

/* Row `row` of the outputs of all pictures together. */
static void pool_row(const pool_2d *self, size_t row) {
    const pcl_pool_attributes *attributes = self->attributes;
    const int32_t *in = self->in->shape.dims, *out = self->out->shape.dims;
    size_t element = pcl_dtype_size(self->in->dtype), channels = (size_t)in[3];
    size_t picture = row / (size_t)out[1], top, left;
    window window = {.row_stride = (size_t)in[2] * channels};
    clip((int64_t)(row % (size_t)out[1]) * attributes->stride_h - attributes->pads.top, attributes->filter_h, in[1],
         &top, &window.rows);
    const uint8_t *first_row = (const uint8_t *)self->in->data +
                               (picture * (size_t)in[1] + top) * window.row_stride * element;
    uint8_t *to = (uint8_t *)self->out->data + row * (size_t)out[2] * channels * element;
    for (int32_t x = 0; x < out[2]; x++, to += channels * element) {
        clip((int64_t)x * attributes->stride_w - attributes->pads.left, attributes->filter_w, in[2], &left,
             &window.columns);
        window.first = first_row + left * channels * element;
        for (size_t c = 0; c < channels; c += CHANNELS)
            self->pool(self, &window, c, channels - c < CHANNELS ? channels - c : CHANNELS, to);
    }
}

static void pool_part(void *argument, const pcl_part *part) {
    const pool_2d *self = argument;
    size_t begin, end;
    pcl_partition((size_t)self->out->shape.dims[0] * (size_t)self->out->shape.dims[1], 1, part, &begin, &end);
    for (size_t row = begin; row < end; row++) pool_row(self, row);
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const pcl_pool_attributes *attributes = &step->node->attributes.pool;
    const pcl_tensor *out = step->node->outputs[0];
    uint64_t work = (uint64_t)pcl_tensor_count(out) * (uint64_t)attributes->filter_h * (uint64_t)attributes->filter_w;
    if (out->bytes > 0)
        pcl_pool_run(context->pool, pool_part, step->prepared,
                     pcl_parts_for(work > SIZE_MAX ? SIZE_MAX : (size_t)work));
    return PCL_OK;
}

/* --- The operators ---------------------------------------------------------- */

static pool_2d *prepare_pool(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    pool_2d *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return NULL;
    self->attributes = &node->attributes.pool;
    self->in = node->inputs[0];
    self->out = node->outputs[0];
    self->ratio = pcl_tensor_scale(self->in) / pcl_tensor_scale(self->out);
    self->rescaled = !pcl_same_quantisation(self->in, self->out);
    pcl_activation_range(node->attributes.pool.activation, &self->low, &self->high);
    if (self->out->dtype == PCL_UINT8)
        pcl_activation_range_u8(node->attributes.pool.activation, self->out, &self->low_u8, &self->high_u8);
    return self;
}

static pcl_status infer_average(const pcl_infer_context *context, pcl_node *node) {
    PCL_TRY_RETURN(
        pcl_check_dtype(context, node, node->inputs[0], (pcl_dtype[]){PCL_FLOAT32, PCL_UINT8, PCL_DTYPE_COUNT}));
    return infer(context, node);
}

static pcl_status prepare_average(const pcl_prepare_context *context, pcl_step *step) {
    pool_2d *self = prepare_pool(context, step);
    if (!self) return PCL_ERROR_MEMORY;
    self->pool = self->in->dtype == PCL_FLOAT32 ? average_f32 : average_u8;
    return PCL_OK;
}

/* The greatest of values needs no arithmetic, so there is none to change their scale. */
static pcl_status infer_max(const pcl_infer_context *context, pcl_node *node) {
    PCL_TRY_RETURN(infer_average(context, node));
    if (pcl_same_quantisation(node->inputs[0], node->outputs[0])) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_TYPE, "its input and output differ in quantisation");
}

static pcl_status prepare_max(const pcl_prepare_context *context, pcl_step *step) {
    pool_2d *self = prepare_pool(context, step);
    if (!self) return PCL_ERROR_MEMORY;
    self->pool = self->in->dtype == PCL_FLOAT32 ? max_f32 : max_u8;
    return PCL_OK;
}

static pcl_status infer_l2(const pcl_infer_context *context, pcl_node *node) {
    PCL_TRY_RETURN(pcl_check_dtype(context, node, node->inputs[0], (pcl_dtype[]){PCL_FLOAT32, PCL_DTYPE_COUNT}));
    return infer(context, node);
}

static pcl_status prepare_l2(const pcl_prepare_context *context, pcl_step *step) {
    pool_2d *self = prepare_pool(context, step);
    if (!self) return PCL_ERROR_MEMORY;
    self->pool = l2_f32;
    return PCL_OK;
}

const pcl_op pcl_op_average_pool_2d = {
    "AVERAGE_POOL_2D", 1, 1, 1, 1, infer_average, prepare_average, run, .in_place = false,
};
const pcl_op pcl_op_max_pool_2d = {"MAX_POOL_2D", 1, 1, 1, 1, infer_max, prepare_max, run, .in_place = false};
const pcl_op pcl_op_l2_pool_2d = {"L2_POOL_2D", 1, 1, 1, 1, infer_l2, prepare_l2, run, .in_place = false};
