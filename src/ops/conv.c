#include "ops/conv.h"

#include <math.h>

#include "ops/conv_method.h"
#include "ops/dense.h"
#include "ops/elements.h"
#include "ops/winograd_segments.h"

enum {
    ROW_TILE = 6,              /* pixels that the GEMM kernels do at once */
    COLUMN_TILE = 8,           /* and channels of the output */
    NEAR_BYTES = 32 << 10,     /* patches made before they are used: they stay in the first-level cache, */
    FAR_BYTES = 128 << 10,     /* or the second-level one, if all weights would pass for too few of them otherwise: */
    FEW_PATCHES = 48,
    RESIDUAL_BYTES = 16 << 10, /* output made before the residual is added to it */
    MAX_EXTENT = 1 << 20,      /* filter size times dilation */
    MAX_PATCH = 1 << 26,       /* elements: some patches, as floats, can be counted in 32 bits */
    MAX_SIDE = 1 << 28         /* of the picture: coordinates stay far from the end of int32 */
};

/* --- Checks --------------------------------------------------------------- */

pcl_weighted pcl_conv_tensors(const pcl_node *node, int32_t channel_axis, int32_t channels) {
    const pcl_conv_attributes *attributes = &node->attributes.conv;
    pcl_tensor *output = node->outputs[0];
    return (pcl_weighted){
        .input = node->inputs[0],
        .weights = node->inputs[1],
        .bias = pcl_node_input(node, 2),
        .output = output,
        .channel_axis = channel_axis,
        .channels = channels,
        .out_scale = attributes->residual ? attributes->middle_scale : pcl_tensor_scale(output),
        .out_zero_point = attributes->residual ? attributes->middle_zero_point : pcl_tensor_zero_point(output),
        .activation = attributes->activation};
}

/* The input's height and width as the filter sees them. */
typedef struct sides {
    int32_t height, width;
} sides;

static sides sides_of(const pcl_node *node) {
    const int32_t *dims = node->inputs[0]->shape.dims;
    int32_t times = node->attributes.conv.upsampled ? 2 : 1;
    return (sides){dims[1] * times, dims[2] * times}; /* in infer after check_sizes: up to 2 * MAX_SIDE */
}

static pcl_status check_sizes(const pcl_infer_context *context, const pcl_node *node, const pcl_conv_filter *filter) {
    const pcl_shape *in = &node->inputs[0]->shape, *weights = &node->inputs[1]->shape;
    for (int32_t i = 0; i < 4; i++)
        if (in->dims[i] < 1 || weights->dims[i] < 1)
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its input or filter is empty");
    const pcl_conv_attributes *attributes = &node->attributes.conv;
    bool sane = in->dims[1] <= MAX_SIDE && in->dims[2] <= MAX_SIDE &&
                (int64_t)filter->height * attributes->dilation_h <= MAX_EXTENT &&
                (int64_t)filter->width * attributes->dilation_w <= MAX_EXTENT &&
                pcl_tensor_count(node->inputs[1]) / (size_t)filter->out_channels <= MAX_PATCH;
    if (sane) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "picture %dx%d or filter %dx%d is too large",
                         in->dims[1], in->dims[2], filter->height, filter->width);
}

static pcl_status check_reflection(const pcl_infer_context *context, const pcl_node *node) {
    const pcl_conv_attributes *attributes = &node->attributes.conv;
    const pcl_pads *pads = &attributes->pads;
    sides in = sides_of(node);
    bool fits = pads->top < in.height && pads->bottom < in.height && pads->left < in.width && pads->right < in.width;
    if (!attributes->reflect || fits) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "a picture of %dx%d is too small to mirror its pads",
                         in.height, in.width);
}

pcl_status pcl_conv_infer_window(const pcl_infer_context *context, pcl_node *node, const pcl_conv_filter *filter) {
    pcl_status status = PCL_OK;
    pcl_conv_attributes *attributes = &node->attributes.conv;
    const int32_t *dims = node->inputs[0]->shape.dims;
    pcl_pads *pads = &attributes->pads;
    pcl_shape out = {.rank = 4, .dims = {dims[0], 0, 0, filter->out_channels}};
    PCL_TRY(check_sizes(context, node, filter));
    sides in = sides_of(node);
    PCL_TRY(pcl_window(context, node, in.height, filter->height, attributes->stride_h, attributes->dilation_h,
                       attributes->padding, &pads->top, &pads->bottom, &out.dims[1]));
    PCL_TRY(pcl_window(context, node, in.width, filter->width, attributes->stride_w, attributes->dilation_w,
                       attributes->padding, &pads->left, &pads->right, &out.dims[2]));
    PCL_TRY(check_reflection(context, node));
    PCL_TRY(pcl_tensor_set_shape(node->outputs[0], &out, context->error));
    node->macs = (uint64_t)out.dims[0] * (uint64_t)out.dims[1] * (uint64_t)out.dims[2] *
                 (uint64_t)filter->out_channels;
    if (__builtin_mul_overflow(node->macs, (uint64_t)filter->height * (uint64_t)filter->width *
                                               (uint64_t)filter->in_channels, &node->macs))
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its work cannot be counted in 64 bits");
done:
    return status;
}

/* Of CONV_2D itself. */
static pcl_weighted conv_tensors(const pcl_node *node, int32_t channels) {
    pcl_weighted tensors = pcl_conv_tensors(node, 0, channels);
    tensors.may_widen = true;
    if (pcl_weighted_widens(&tensors)) tensors.out_scale = 1.0f;
    return tensors;
}

static pcl_conv_filter conv_filter(const pcl_node *node) {
    const int32_t *dims = node->inputs[1]->shape.dims;
    return (pcl_conv_filter){.height = dims[1], .width = dims[2], .in_channels = dims[3], .out_channels = dims[0]};
}

bool pcl_conv_residual_u8(const pcl_node *node, pcl_add_u8 *out) {
    const pcl_conv_attributes *attributes = &node->attributes.conv;
    const pcl_tensor *residual = node->inputs[3], *output = node->outputs[0];
    int32_t low, high;
    pcl_activation_range_u8(attributes->residual_activation, output, &low, &high);
    return pcl_add_u8_prepare(out, attributes->middle_scale, attributes->middle_zero_point, pcl_tensor_scale(residual),
                              pcl_tensor_zero_point(residual), false, pcl_tensor_scale(output),
                              pcl_tensor_zero_point(output), low, high);
}

static pcl_status check_residual(const pcl_infer_context *context, const pcl_node *node) {
    pcl_status status = PCL_OK;
    const pcl_conv_attributes *attributes = &node->attributes.conv;
    const pcl_tensor *residual = pcl_node_input(node, 3), *output = node->outputs[0];
    pcl_add_u8 parameters;
    PCL_TRY(pcl_check_activation(context, node, attributes->residual_activation));
    if (!residual || !pcl_shape_equal(&residual->shape, &output->shape) || residual->dtype != output->dtype)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its residual does not match its output");
    if (output->dtype == PCL_FLOAT32) return PCL_OK;
    PCL_TRY(pcl_check_quantised(context, node, residual));
    if (!pcl_conv_residual_u8(node, &parameters))
        return pcl_node_fail(context->error, node, PCL_ERROR_TYPE, "the scales of its residual are out of range");
done:
    return status;
}

static pcl_status check_middle(const pcl_infer_context *context, const pcl_node *node) {
    const pcl_conv_attributes *attributes = &node->attributes.conv;
    bool sane = attributes->middle_scale > 0.0f && isfinite(attributes->middle_scale) &&
                attributes->middle_zero_point >= 0 && attributes->middle_zero_point <= 255;
    if (sane || !attributes->residual || node->outputs[0]->dtype == PCL_FLOAT32) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_TYPE, "the quantisation before its residual is invalid");
}

static pcl_status infer_conv(const pcl_infer_context *context, pcl_node *node) {
    pcl_status status = PCL_OK;
    PCL_TRY(pcl_check_rank(context, node, node->inputs[0], 4, 4));
    PCL_TRY(pcl_check_rank(context, node, node->inputs[1], 4, 4));
    pcl_conv_filter filter = conv_filter(node);
    int32_t channels = node->inputs[0]->shape.dims[3];
    PCL_TRY(pcl_conv_infer_window(context, node, &filter));
    if (channels % filter.in_channels != 0 || filter.out_channels % (channels / filter.in_channels) != 0)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE,
                             "%d channels, filters of %d channels and %d outputs do not make groups", channels,
                             filter.in_channels, filter.out_channels);
    pcl_weighted tensors = conv_tensors(node, filter.out_channels);
    PCL_TRY(check_middle(context, node));
    PCL_TRY(pcl_check_weighted(context, node, &tensors));
    if (node->attributes.conv.residual) PCL_TRY(check_residual(context, node));
done:
    return status;
}

/* --- Preparation ---------------------------------------------------------- */

typedef struct conv {
    pcl_im2col patches; /* of the first group */
    bool direct;        /* the input is the matrix of patches */
    size_t groups, group_columns;
    pcl_dense *dense;         /* [groups] */
    size_t out_element;       /* bytes */
    size_t pixels;            /* of the output, over the batch */
    size_t patch_stride;      /* elements from one row of the matrix to the next */
    size_t chunk;             /* pixels done at a time */
    size_t thread_scratch;    /* bytes: [chunk] patches; 0 when direct */
    bool by_columns;          /* parts share the columns, not the pixels */
    int32_t parts, threads;
    pcl_add_u8 add; /* of a quantised residual */
    float residual_low, residual_high;
    const pcl_conv_method *method; /* does it all, when not NULL, */
    const void *of_method;         /* with what it prepared */
} conv;

static pcl_im2col patches_of(const pcl_node *node, const pcl_conv_filter *filter, size_t element) {
    const pcl_conv_attributes *attributes = &node->attributes.conv;
    const pcl_tensor *input = node->inputs[0];
    const int32_t *out = node->outputs[0]->shape.dims;
    sides in = sides_of(node);
    return (pcl_im2col){
        .in_h = in.height, .in_w = in.width,
        .out_h = out[1], .out_w = out[2],
        .filter_h = filter->height, .filter_w = filter->width,
        .stride_h = attributes->stride_h, .stride_w = attributes->stride_w,
        .dilation_h = attributes->dilation_h, .dilation_w = attributes->dilation_w,
        .pad_top = attributes->pads.top, .pad_left = attributes->pads.left,
        .reflect = attributes->reflect,
        .upsampled = attributes->upsampled,
        .pad_byte = input->dtype == PCL_UINT8 ? (uint8_t)pcl_tensor_zero_point(input) : 0,
        .pixel_bytes = (size_t)input->shape.dims[3] * element,
        .tap_bytes = (size_t)filter->in_channels * element,
        .merged = 1};
}

/* A filter of one pixel, or as large as the picture, sees the input's own
 * bytes in order. */
static bool is_direct(const pcl_im2col *p) {
    bool pointwise = p->filter_h == 1 && p->filter_w == 1 && p->stride_h == 1 && p->stride_w == 1 &&
                     p->in_h == p->out_h && p->in_w == p->out_w;
    bool whole = p->filter_h == p->in_h && p->filter_w == p->in_w && p->out_h == 1 && p->out_w == 1 &&
                 p->dilation_h == 1 && p->dilation_w == 1 && p->tap_bytes == p->pixel_bytes;
    return (pointwise || whole) && p->pad_top == 0 && p->pad_left == 0;
}

/* When parts share columns each makes all patches: only for want of pixels. And residuals are then added to a few bytes
 * at a time. */
static bool by_columns(const conv *self, const pcl_node *node) {
    size_t tiles_each = self->pixels / ROW_TILE / (size_t)self->threads;
    if (self->groups > 1) return false;
    if (!self->direct && tiles_each >= 1) return false;
    if (node->attributes.conv.residual && tiles_each >= 8) return false;
    return pcl_share_columns(self->pixels, self->group_columns, self->threads);
}

/* Sets how many pixels are done at a time, where the rows of the matrix lie
 * and the scratch for patches; false when that is too large. */
static bool plan_chunks(conv *self, const pcl_node *node, size_t element, size_t *scratch_bytes) {
    const pcl_im2col *p = &self->patches;
    size_t patch_bytes = self->direct ? (size_t)p->filter_h * (size_t)p->filter_w * p->tap_bytes
                                      : pcl_im2col_stride(p);
    size_t wanted = self->pixels;
    if (!self->direct) {
        size_t near = NEAR_BYTES / patch_bytes, far = FAR_BYTES / patch_bytes;
        wanted = near >= FEW_PATCHES ? near : far < FEW_PATCHES ? far : FEW_PATCHES;
    } else if (node->attributes.conv.residual) {
        wanted = RESIDUAL_BYTES / (self->group_columns * self->out_element);
    }
    self->chunk = wanted < ROW_TILE ? ROW_TILE : wanted / ROW_TILE * ROW_TILE;
    if (wanted >= self->pixels) self->chunk = self->pixels;
    self->patch_stride = patch_bytes / element;
    if (self->direct) return true;
    if (!pcl_size_mul(self->chunk, patch_bytes, &self->thread_scratch)) return false;
    if (!pcl_size_add(self->thread_scratch, PCL_ALIGNMENT, &self->thread_scratch)) return false;
    self->thread_scratch = self->thread_scratch / PCL_ALIGNMENT * PCL_ALIGNMENT;
    return pcl_size_mul(self->thread_scratch, (size_t)self->threads, scratch_bytes);
}

/* Neighbouring pixels of a row merge into one with a wider filter and all
 * their channels, when that fills the kernels' columns better: the filter of
 * each is zero where only its neighbours look. (A 9x9 filter with 3 outputs
 * becomes a 9x10 one with 6.) Returns how many pixels, a divisor of the width. */
static int32_t pixels_to_merge(const pcl_im2col *p, size_t channels) {
    if (p->dilation_w != 1 || p->tap_bytes != p->pixel_bytes) return 1;
    int32_t best = 1;
    double least = 0;
    for (int32_t count = 1; count <= COLUMN_TILE; count++) {
        if (p->out_w % count != 0) continue;
        double taps = (double)p->filter_w + (double)(count - 1) * p->stride_w;
        double cost = taps * (double)pcl_round_up(channels * (size_t)count, COLUMN_TILE) / count;
        if (count > 1 && cost > 0.85 * least) continue;
        least = cost;
        best = count;
    }
    return best;
}

static void merge_pixels(conv *self) {
    pcl_im2col *p = &self->patches;
    if (self->direct || self->groups > 1) return;
    p->merged = pixels_to_merge(p, self->group_columns);
    p->out_w /= p->merged;
    p->filter_w += (p->merged - 1) * p->stride_w;
    p->stride_w *= p->merged;
    self->pixels /= (size_t)p->merged;
    self->group_columns *= (size_t)p->merged;
}

int32_t *pcl_tap_offsets(pcl_arena *arena, const pcl_im2col *window, int32_t channels, size_t run, size_t tap_stride) {
    int32_t stride_w = window->stride_w / window->merged;
    int32_t width = (window->filter_w - (window->merged - 1) * stride_w) * channels; /* of a row of the filter itself */
    size_t depth = (size_t)window->filter_h * run;
    int32_t *offsets = pcl_arena_alloc_array(arena, depth * (size_t)window->merged, sizeof *offsets);
    int32_t *next = offsets;
    for (int32_t pixel = 0; offsets && pixel < window->merged; pixel++)
        for (int32_t row = 0; row < window->filter_h; row++)
            for (int32_t k = 0; k < (int32_t)run; k++) {
                int32_t at = k - pixel * stride_w * channels;
                *next++ = at < 0 || at >= width ? PCL_NO_WEIGHT : (row * width + at) * (int32_t)tap_stride;
            }
    return offsets;
}

static pcl_status pack_groups(const pcl_prepare_context *context, const pcl_node *node, const pcl_weighted *tensors,
                              const pcl_conv_filter *filter, size_t channel_stride, size_t tap_stride, conv *self) {
    size_t run = (size_t)self->patches.filter_w * (size_t)filter->in_channels, merged = (size_t)self->patches.merged;
    int32_t *offsets = pcl_tap_offsets(context->arena, &self->patches, filter->in_channels, run, tap_stride);
    self->dense = pcl_arena_alloc_array(context->arena, self->groups, sizeof *self->dense);
    if (!offsets || !self->dense)
        return pcl_no_memory(context, node);
    size_t channels = self->group_columns / merged;
    for (size_t group = 0; group < self->groups; group++) {
        size_t first = group * channels;
        pcl_weight_matrix matrix = {.rows = self->pixels,
                                    .channels = channels,
                                    .repeats = merged,
                                    .depth = (size_t)filter->height * run,
                                    .first = first * channel_stride,
                                    .first_channel = first,
                                    .channel_stride = channel_stride,
                                    .offsets = offsets};
        PCL_TRY_RETURN(pcl_dense_prepare(context, node, tensors, &matrix, &self->dense[group]));
    }
    return PCL_OK;
}

static const pcl_conv_method *const methods[] = {&pcl_winograd_f32, &pcl_winograd_u8};

static const pcl_conv_method *method_for(const pcl_kernels *kernels, const pcl_node *node, const pcl_im2col *window,
                                         const pcl_weighted *tensors) {
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i]->pays(kernels, node, window, tensors)) return methods[i];
    return NULL;
}

/* Then there is nothing to be had from merged pixels. */
static bool in_segments(const pcl_kernels *kernels, const pcl_node *node, const pcl_im2col *window,
                        const pcl_weighted *tensors) {
    pcl_winograd_segments plan;
    return pcl_indirect_conv.pays(kernels, node, window, tensors) && pcl_winograd_segments_plan(window, tensors, &plan);
}

bool pcl_conv_upsamples(const pcl_kernels *kernels, const pcl_node *node) {
    pcl_conv_filter filter = conv_filter(node);
    pcl_weighted tensors = conv_tensors(node, filter.out_channels);
    pcl_im2col window = patches_of(node, &filter, pcl_dtype_size(tensors.input->dtype));
    return method_for(kernels, node, &window, &tensors) || pcl_indirect_conv.pays(kernels, node, &window, &tensors);
}

pcl_status pcl_conv_prepare(const pcl_prepare_context *context, pcl_step *step, const pcl_weighted *tensors,
                            const pcl_conv_filter *filter, size_t channel_stride, size_t tap_stride) {
    pcl_node *node = step->node;
    size_t element = pcl_dtype_size(tensors->input->dtype);
    conv *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    const int32_t *out = node->outputs[0]->shape.dims;
    self->patches = patches_of(node, filter, element);
    self->out_element = pcl_dtype_size(tensors->output->dtype);
    self->groups = (size_t)(tensors->input->shape.dims[3] / filter->in_channels);
    self->group_columns = (size_t)filter->out_channels / self->groups;
    self->direct = self->groups == 1 && is_direct(&self->patches);
    self->pixels = (size_t)out[0] * (size_t)out[1] * (size_t)out[2];
    self->parts = pcl_useful_parts(node->macs, PCL_MACS_PER_MICROSECOND);
    self->threads = pcl_employed(context->threads, self->parts);
    if (tap_stride == 1) self->method = method_for(context->kernels, node, &self->patches, tensors);
    if (!self->method && !self->patches.upsampled && !in_segments(context->kernels, node, &self->patches, tensors))
        merge_pixels(self);
    if (tap_stride == 1 && !self->method && pcl_indirect_conv.pays(context->kernels, node, &self->patches, tensors))
        self->method = &pcl_indirect_conv;
    if (self->method) {
        self->of_method =
            self->method->prepare(context, node, &self->patches, tensors, self->threads, &step->scratch_bytes);
        return self->of_method ? PCL_OK : PCL_ERROR_MEMORY;
    }
    self->by_columns = by_columns(self, node);
    if (self->by_columns && !self->direct) self->parts = self->threads;
    if (!plan_chunks(self, node, element, &step->scratch_bytes))
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its patches are too large");
    if (node->attributes.conv.residual) {
        pcl_activation_range(node->attributes.conv.residual_activation, &self->residual_low, &self->residual_high);
        if (self->out_element == 1) pcl_conv_residual_u8(node, &self->add);
    }
    return pack_groups(context, node, tensors, filter, channel_stride, tap_stride, self);
}

static pcl_status prepare_conv(const pcl_prepare_context *context, pcl_step *step) {
    pcl_conv_filter filter = conv_filter(step->node);
    pcl_weighted tensors = conv_tensors(step->node, filter.out_channels);
    size_t channel_stride = (size_t)filter.height * (size_t)filter.width * (size_t)filter.in_channels;
    return pcl_conv_prepare(context, step, &tensors, &filter, channel_stride, 1);
}

/* --- Running -------------------------------------------------------------- */

typedef struct conv_run {
    const pcl_kernels *kernels;
    const conv *self;
    const pcl_node *node;
    uint8_t *scratch;
} conv_run;

void pcl_add_residual_f32(float *out, const float *residual, size_t rows, size_t columns, size_t stride, float low,
                          float high) {
    for (size_t row = 0; row < rows; row++, out += stride, residual += stride)
        for (size_t i = 0; i < columns; i++) {
            float sum = out[i] + residual[i];
            sum = sum < low ? low : sum;
            out[i] = sum > high ? high : sum;
        }
}

static void add_residual_u8(const conv_run *run, uint8_t *out, const uint8_t *residual, size_t rows, size_t columns,
                            size_t stride) {
    if (columns == stride) {
        run->kernels->add_u8(&run->self->add, out, residual, out, rows * columns);
        return;
    }
    for (size_t row = 0; row < rows; row++, out += stride, residual += stride)
        run->kernels->add_u8(&run->self->add, out, residual, out, columns);
}

/* Adds the residual at element `first` of the output. */
static void add_residual(const conv_run *run, size_t first, size_t rows, size_t columns, size_t stride) {
    const conv *self = run->self;
    void *out = run->node->outputs[0]->data;
    const void *residual = run->node->inputs[3]->data;
    if (self->out_element == 1)
        add_residual_u8(run, (uint8_t *)out + first, (const uint8_t *)residual + first, rows, columns, stride);
    else
        pcl_add_residual_f32((float *)out + first, (const float *)residual + first, rows, columns, stride,
                             self->residual_low, self->residual_high);
}

/* Rows of the matrix of patches for `count` pixels of one group. */
static const uint8_t *patches_at(const conv_run *run, size_t group, size_t pixel, size_t count, uint8_t *scratch) {
    const conv *self = run->self;
    const uint8_t *input = run->node->inputs[0]->data;
    if (self->direct) return input + pixel * self->patch_stride * self->dense->element;
    pcl_im2col patches = self->patches;
    patches.first_byte = group * patches.tap_bytes;
    pcl_im2col_fill(&patches, input, pixel, count, scratch);
    return scratch;
}

static void run_chunk(const conv_run *run, size_t pixel, size_t count, size_t first_column, size_t columns,
                      uint8_t *scratch) {
    const conv *self = run->self;
    size_t element = self->out_element, stride = self->groups * self->group_columns;
    uint8_t *out = (uint8_t *)run->node->outputs[0]->data + pixel * stride * element;
    for (size_t group = 0; group < self->groups; group++) {
        const uint8_t *patches = patches_at(run, group, pixel, count, scratch);
        pcl_dense_left left = {.a = patches, .stride = self->patch_stride};
        pcl_dense_run(run->kernels, &self->dense[group], count, &left, first_column, columns,
                      out + (group * self->group_columns + first_column) * element, stride);
    }
    if (!run->node->attributes.conv.residual) return;
    add_residual(run, pixel * stride + first_column, count, self->groups > 1 ? stride : columns, stride);
}

static void run_part(void *argument, const pcl_part *part) {
    const conv_run *run = argument;
    const conv *self = run->self;
    if (self->method) {
        self->method->run(run->kernels, self->of_method, run->node, run->scratch, part);
        return;
    }
    pcl_dense_part own = pcl_dense_share(self->dense, self->pixels, self->by_columns, part);
    size_t columns = own.end_column - own.first_column;
    if (columns == 0) return;
    uint8_t *scratch = self->direct ? NULL : run->scratch + (size_t)part->thread * self->thread_scratch;
    /* Scratch for patches has room for `chunk` pixels, in sixes; where there are none, some more do no harm. */
    for (size_t pixel = own.first_row, count; pixel < own.end_row; pixel += count) {
        count = pcl_even_chunk(own.end_row - pixel, self->chunk, self->direct ? self->dense->row_tile : ROW_TILE);
        run_chunk(run, pixel, count, own.first_column, columns, scratch);
    }
}

pcl_status pcl_conv_run(const pcl_run_context *context, const pcl_step *step) {
    const conv *self = step->prepared;
    conv_run run = {.kernels = context->kernels, .self = self, .node = step->node, .scratch = step->scratch};
    pcl_pool_run(context->pool, run_part, &run, self->parts);
    return PCL_OK;
}

const pcl_op pcl_op_conv_2d = {.name = "CONV_2D",
                               .min_inputs = 2,
                               .max_inputs = 4,
                               .min_outputs = 1,
                               .max_outputs = 1,
                               .infer = infer_conv,
                               .prepare = prepare_conv,
                               .run = pcl_conv_run};
