#include <math.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/resize.h"

/* --- Shapes ---------------------------------------------------------------------------- */

enum { ROI = 1, SCALES = 2, SIZES = 3 };

static pcl_status find_axes(const pcl_infer_context *context, const pcl_node *node, int32_t axes[PCL_MAX_RANK],
                            int32_t *count) {
    const pcl_onnx_resize_attributes *attributes = node->attributes.tools;
    int32_t rank = node->inputs[0]->shape.rank;
    bool seen[PCL_MAX_RANK] = {false};
    *count = attributes->axes.count ? attributes->axes.count : rank;
    if (*count > rank)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "%d axes of rank %d", *count, rank);
    for (int32_t i = 0; i < *count; i++) {
        axes[i] = i;
        if (!attributes->axes.count) continue;
        PCL_TRY_RETURN(pcl_normalise_axis(context, node, attributes->axes.values[i], rank, &axes[i]));
        if (seen[axes[i]])
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "axis %d is named twice", axes[i]);
        seen[axes[i]] = true;
    }
    return PCL_OK;
}

static pcl_status refuse_size(const pcl_infer_context *context, const pcl_node *node, int32_t axis) {
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "the scale or size of axis %d is out of range", axis);
}

static pcl_status apply_scales(const pcl_infer_context *context, const pcl_node *node, const int32_t *named,
                               int32_t count, pcl_onnx_resize_axis *axes) {
    const pcl_tensor *scales = node->inputs[SCALES];
    PCL_TRY_RETURN(pcl_onnx_check(context, node, scales, PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_check_vector(context, node, scales, count));
    PCL_TRY_RETURN(pcl_onnx_check_constant(context, node, scales));
    for (int32_t i = 0; i < count; i++) {
        pcl_onnx_resize_axis *axis = &axes[named[i]];
        float scale = ((const float *)scales->data)[i], size = floorf((float)axis->in * scale);
        if (!(scale > 0.0f) || !(size >= 0.0f && size < 0x1p31f)) return refuse_size(context, node, named[i]);
        axis->scale = scale;
        axis->out = (int32_t)size;
    }
    return PCL_OK;
}

static pcl_status apply_sizes(const pcl_infer_context *context, const pcl_node *node, const int32_t *named,
                              int32_t count, pcl_onnx_resize_axis *axes) {
    const pcl_onnx_resize_attributes *attributes = node->attributes.tools;
    pcl_onnx_aspect_ratio policy = attributes->keep_aspect_ratio_policy;
    int32_t sizes[PCL_MAX_RANK];
    float common = policy == PCL_ONNX_NOT_LARGER ? INFINITY : 0.0f;
    PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[SIZES], sizes, count));
    for (int32_t i = 0; i < count; i++) {
        pcl_onnx_resize_axis *axis = &axes[named[i]];
        if (sizes[i] < 1 || axis->in < 1) return refuse_size(context, node, named[i]);
        axis->out = sizes[i];
        axis->scale = (float)sizes[i] / (float)axis->in;
        common = policy == PCL_ONNX_NOT_LARGER ? fminf(common, axis->scale) : fmaxf(common, axis->scale);
    }
    if (policy == PCL_ONNX_STRETCH) return PCL_OK;
    for (int32_t i = 0; i < count; i++) {
        pcl_onnx_resize_axis *axis = &axes[named[i]];
        float size = roundf(common * (float)axis->in);
        if (!(size >= 1.0f && size < 0x1p31f)) return refuse_size(context, node, named[i]);
        axis->out = (int32_t)size;
        axis->scale = common;
    }
    return PCL_OK;
}

pcl_status pcl_onnx_describe_resize(const pcl_infer_context *context, const pcl_node *node,
                                    pcl_onnx_resize_axis axes[PCL_MAX_RANK], pcl_shape *shape) {
    const pcl_shape *in = &node->inputs[0]->shape;
    const pcl_tensor *scales = pcl_node_input(node, SCALES), *sizes = pcl_node_input(node, SIZES);
    int32_t named[PCL_MAX_RANK], count;
    bool by_scales = scales && pcl_tensor_count(scales) > 0; /* opset 11 marks a missing input by an empty one */
    if (!by_scales && !sizes)
        return pcl_node_fail(context->error, node, PCL_ERROR_FORMAT, "it has neither scales nor sizes");
    PCL_TRY_RETURN(find_axes(context, node, named, &count));
    for (int32_t d = 0; d < in->rank; d++)
        axes[d] = (pcl_onnx_resize_axis){in->dims[d], in->dims[d], 1.0f, 0.0f, 1.0f};
    if (by_scales) PCL_TRY_RETURN(apply_scales(context, node, named, count, axes));
    else PCL_TRY_RETURN(apply_sizes(context, node, named, count, axes));
    *shape = *in;
    for (int32_t d = 0; d < in->rank; d++) {
        if (axes[d].in == 0 && axes[d].out > 0) return refuse_size(context, node, d);
        shape->dims[d] = axes[d].out;
    }
    return PCL_OK;
}

/* --- Coordinates ------------------------------------------------------------------------- */

float pcl_onnx_resize_coordinate(pcl_onnx_coordinates mode, const pcl_onnx_resize_axis *axis, int32_t at) {
    float x = (float)at, in = (float)axis->in, out = (float)axis->out;
    if (mode == PCL_ONNX_TF_CROP_AND_RESIZE) {
        float start = axis->roi_start * (in - 1.0f), width = (axis->roi_end - axis->roi_start) * (in - 1.0f);
        return axis->out > 1 ? start + x * width / (out - 1.0f) : start + 0.5f * width;
    }
    if (mode == PCL_ONNX_ALIGN_CORNERS) return axis->out > 1 ? x * (in - 1.0f) / (out - 1.0f) : 0.0f;
    if (axis->scale == 1.0f && axis->in == axis->out) return x;
    if (mode == PCL_ONNX_ASYMMETRIC) return x / axis->scale;
    if (mode == PCL_ONNX_TF_HALF_PIXEL_FOR_NN) return (x + 0.5f) / axis->scale;
    if (mode == PCL_ONNX_PYTORCH_HALF_PIXEL && axis->out <= 1) return 0.0f;
    float half_pixel = (x + 0.5f) / axis->scale - 0.5f;
    if (mode != PCL_ONNX_HALF_PIXEL_SYMMETRIC) return half_pixel;
    float adjustment = out / (axis->scale * in);
    return in / 2.0f * (1.0f - adjustment) + half_pixel;
}

int32_t pcl_onnx_resize_nearest(pcl_onnx_nearest_mode mode, float coordinate, int32_t size) {
    float rounded = mode == PCL_ONNX_FLOOR               ? floorf(coordinate)
                    : mode == PCL_ONNX_CEIL              ? ceilf(coordinate)
                    : mode == PCL_ONNX_ROUND_PREFER_CEIL ? floorf(coordinate + 0.5f)
                                                         : ceilf(coordinate - 0.5f);
    if (!(rounded > 0.0f)) return 0;
    return rounded >= (float)size ? size - 1 : (int32_t)rounded;
}

/* --- Filters: after the function bodies of ONNX's reference implementation ------------------- */

/* The part of the input's pixels that a filter's unit spans: antialiasing widens it when shrinking. */
static float filter_scale(const pcl_onnx_resize_attributes *attributes, const pcl_onnx_resize_axis *axis) {
    return attributes->antialias && axis->scale < 1.0f ? axis->scale : 1.0f;
}

static int32_t radius_of(const pcl_onnx_resize_attributes *attributes, const pcl_onnx_resize_axis *axis) {
    float reach = attributes->mode == PCL_ONNX_RESIZE_CUBIC ? 2.0f : 1.0f;
    float radius = ceilf(reach / filter_scale(attributes, axis));
    return radius < 0x1p29f ? (int32_t)radius : 1 << 29;
}

int32_t pcl_onnx_resize_taps(const pcl_onnx_resize_attributes *attributes, const pcl_onnx_resize_axis *axis) {
    return 2 * radius_of(attributes, axis);
}

static float triangle(float distance) { return distance < 1.0f ? 1.0f - distance : 0.0f; }

/* Keys 1981, "Cubic convolution interpolation for digital image processing". */
static float cubic(float d, float a) {
    if (d <= 1.0f) return ((a + 2.0f) * d - (a + 3.0f)) * d * d + 1.0f;
    if (d < 2.0f) return ((a * d - 5.0f * a) * d + 8.0f * a) * d - 4.0f * a;
    return 0.0f;
}

/* Divides weights by their sum, so that a flat picture stays as it is. */
static void normalise(float *weights, int32_t count) {
    float sum = 0.0f;
    for (int32_t i = 0; i < count; i++) sum += weights[i];
    for (int32_t i = 0; i < count && sum != 0.0f; i++) weights[i] /= sum;
}

void pcl_onnx_fill_resize_filter(const pcl_onnx_resize_attributes *attributes, const pcl_onnx_resize_axis *axis,
                                 pcl_onnx_resize_filter *filter) {
    float scale = filter_scale(attributes, axis);
    int32_t radius = radius_of(attributes, axis);
    for (int32_t o = 0; o < axis->out; o++) {
        float center = pcl_onnx_resize_coordinate(attributes->coordinates, axis, o);
        float *weights = filter->weights + (size_t)o * (size_t)filter->taps;
        /* Far outside all taps read the edge, wherever they are. */
        float limited = fmaxf(-0x1p24f, fminf(center, 0x1p24f));
        int32_t first = (int32_t)floorf(limited) - radius + 1;
        for (int32_t t = 0; t < filter->taps; t++) {
            float distance = fabsf((float)(first + t) - limited) * scale;
            bool outside = first + t < 0 || first + t >= axis->in;
            weights[t] = attributes->mode == PCL_ONNX_RESIZE_CUBIC ? cubic(distance, attributes->cubic_coeff_a)
                                                                   : triangle(distance);
            if (outside && attributes->exclude_outside) weights[t] = 0.0f;
        }
        if (attributes->antialias || attributes->exclude_outside) normalise(weights, filter->taps);
        filter->first[o] = first;
    }
}
