/* RoiAlign (He et al. 2017, "Mask R-CNN"): regions of feature maps, sampled
 * bilinearly at regular points whose average or maximum is taken. */
#include <math.h>

#include "tools/ops/check.h"
#include "tools/ops/table.h"

enum { MAX_SAMPLES = 1024 }; /* along one side of a cell */

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_roi_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *rois = node->inputs[1], *indices = node->inputs[2];
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_check(context, node, rois, PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_check_type(context, node, indices, PCL_INT64));
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 4, 4));
    PCL_TRY_RETURN(pcl_check_rank(context, node, rois, 2, 2));
    PCL_TRY_RETURN(pcl_onnx_check_vector(context, node, indices, rois->shape.dims[0]));
    bool fits = rois->shape.dims[1] == 4 && x->shape.dims[2] >= 1 && x->shape.dims[3] >= 1 &&
                attributes->output_height >= 1 && attributes->output_width >= 1 && attributes->sampling_ratio >= 0 &&
                attributes->sampling_ratio <= MAX_SAMPLES;
    if (!fits) return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its shapes or attributes do not fit");
    pcl_shape shape = {
        4, {rois->shape.dims[0], x->shape.dims[1], attributes->output_height, attributes->output_width}};
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 0, PCL_FLOAT32, &shape));
    /* Without a ratio the regions decide: at most a sample for each pixel and one more. */
    uint64_t ratio = (uint64_t)attributes->sampling_ratio, height = (uint64_t)x->shape.dims[2] + 1;
    uint64_t samples = ratio ? ratio * ratio : pcl_onnx_work(height, (uint64_t)x->shape.dims[3] + 1);
    node->macs = pcl_onnx_work(pcl_tensor_count(node->outputs[0]), samples);
    return PCL_OK;
}

typedef struct region {
    double y, x, cell_height, cell_width;
    int32_t samples_y, samples_x; /* in each cell */
} region;

static int32_t count_samples(int32_t ratio, double cell, int32_t size) {
    if (ratio > 0) return ratio;
    double samples = ceil(cell);
    return samples >= 1.0 ? (samples <= size ? (int32_t)samples : size + 1) : 1;
}

static region find_region(const pcl_onnx_roi_attributes *attributes, const float *roi, const pcl_shape *x) {
    double scale = (double)attributes->spatial_scale, shift = attributes->half_pixel ? 0.5 : 0.0;
    double left = (double)roi[0] * scale - shift, top = (double)roi[1] * scale - shift;
    double width = (double)roi[2] * scale - shift - left, height = (double)roi[3] * scale - shift - top;
    if (!attributes->half_pixel) { /* at least a pixel */
        width = fmax(width, 1.0);
        height = fmax(height, 1.0);
    }
    region out = {.y = top, .x = left, .cell_height = height / attributes->output_height,
                  .cell_width = width / attributes->output_width};
    out.samples_y = count_samples(attributes->sampling_ratio, out.cell_height, x->dims[2]);
    out.samples_x = count_samples(attributes->sampling_ratio, out.cell_width, x->dims[3]);
    return out;
}

/* The four pixels around a point with their weights; far outside all weights are 0. */
typedef struct corners {
    size_t at[4];
    double weights[4];
} corners;

static corners find_corners(double y, double x, int32_t height, int32_t width) {
    if (!(y >= -1.0 && y <= height && x >= -1.0 && x <= width)) return (corners){0};
    y = fmin(fmax(y, 0.0), height - 1.0);
    x = fmin(fmax(x, 0.0), width - 1.0);
    size_t top = (size_t)y, left = (size_t)x, stride = (size_t)width;
    size_t bottom = top + 1 < (size_t)height ? top + 1 : top, right = left + 1 < stride ? left + 1 : left;
    double v = y - (double)top, h = x - (double)left;
    return (corners){{top * stride + left, top * stride + right, bottom * stride + left, bottom * stride + right},
                     {(1 - v) * (1 - h), (1 - v) * h, v * (1 - h), v * h}};
}

/* The maximum is that of the weighted pixels, as ONNX Runtime has it, not of their sums. */
static float pool_cell(const pcl_onnx_roi_attributes *attributes, const region *region, const float *plane,
                       const pcl_shape *x, int32_t row, int32_t column) {
    double sum = 0.0, best = -INFINITY;
    for (int32_t i = 0; i < region->samples_y; i++) {
        double y = region->y + region->cell_height * (row + (i + 0.5) / region->samples_y);
        for (int32_t j = 0; j < region->samples_x; j++) {
            double at = region->x + region->cell_width * (column + (j + 0.5) / region->samples_x);
            corners corners = find_corners(y, at, x->dims[2], x->dims[3]);
            for (int c = 0; c < 4; c++) {
                double value = corners.weights[c] * (double)plane[corners.at[c]];
                sum += value;
                best = fmax(best, value);
            }
        }
    }
    return (float)(attributes->maximum ? best : sum / ((double)region->samples_y * region->samples_x));
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const pcl_onnx_roi_attributes *attributes = step->node->attributes.tools;
    const pcl_tensor *x = step->node->inputs[0];
    const int32_t *dims = x->shape.dims;
    const int64_t *indices = step->node->inputs[2]->data;
    size_t plane = (size_t)dims[2] * (size_t)dims[3];
    float *out = step->node->outputs[0]->data;
    for (int32_t r = 0; r < step->node->outputs[0]->shape.dims[0]; r++) {
        if (indices[r] < 0 || indices[r] >= dims[0])
            return pcl_node_fail(context->error, step->node, PCL_ERROR_VALUE, "batch index %lld is not within 0..%d",
                                 (long long)indices[r], dims[0] - 1);
        region region = find_region(attributes, (const float *)step->node->inputs[1]->data + 4 * (size_t)r, &x->shape);
        for (int32_t c = 0; c < dims[1]; c++) {
            const float *in = (const float *)x->data + ((size_t)indices[r] * (size_t)dims[1] + (size_t)c) * plane;
            for (int32_t h = 0; h < attributes->output_height; h++)
                for (int32_t w = 0; w < attributes->output_width; w++)
                    *out++ = pool_cell(attributes, &region, in, &x->shape, h, w);
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_roi_align = {"RoiAlign", 3, 3, 1, 1, infer, NULL, run, .in_place = false};
