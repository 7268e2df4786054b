/* Operators on pictures: resizing, and the scalings of older opsets. */
#include "tools/onnx/translators.h"

#include <math.h>

/* --- Resize ---------------------------------------------------------------------------- */

static const char *const modes[] = {"nearest", "linear", "cubic", NULL};

static pcl_onnx_resize_attributes *read_resize(pcl_importer *in, const pcl_onnx_node *node) {
    static const char *const coordinates[] = {"half_pixel",    "half_pixel_symmetric", "pytorch_half_pixel",
                                              "align_corners", "asymmetric",           "tf_crop_and_resize",
                                              "tf_half_pixel_for_nn", NULL};
    static const char *const nearest[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL};
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller", NULL};
    pcl_onnx_resize_attributes *resize = pcl_import_alloc(in, 1, sizeof *resize);
    if (!resize) return NULL;
    bool first = in->file.opset < 11; /* Resize 10 */
    resize->mode = (pcl_onnx_resize_mode)pcl_attribute_word(in, node, "mode", modes, 0);
    resize->coordinates = (pcl_onnx_coordinates)pcl_attribute_word(
        in, node, "coordinate_transformation_mode", coordinates, first ? PCL_ONNX_ASYMMETRIC : PCL_ONNX_HALF_PIXEL);
    resize->nearest_mode = (pcl_onnx_nearest_mode)pcl_attribute_word(
        in, node, "nearest_mode", nearest, first ? PCL_ONNX_FLOOR : PCL_ONNX_ROUND_PREFER_FLOOR);
    resize->keep_aspect_ratio_policy =
        (pcl_onnx_aspect_ratio)pcl_attribute_word(in, node, "keep_aspect_ratio_policy", policies, 0);
    resize->antialias = pcl_attribute_int(node, "antialias", 0) != 0;
    resize->exclude_outside = pcl_attribute_int(node, "exclude_outside", 0) != 0;
    resize->cubic_coeff_a = pcl_attribute_float(node, "cubic_coeff_a", -0.75f);
    resize->extrapolation_value = pcl_attribute_float(node, "extrapolation_value", 0.0f);
    resize->axes = pcl_attribute_list(in, node, "axes");
    return in->status == PCL_OK ? resize : NULL;
}

/* Height and width of the output when the engine's resizing does what is
 * asked: all four dimensions are given, batch and channels stay, and the
 * output is exactly `scale` times the input. */
static bool output_sides(const pcl_shape *shape, const pcl_tensor *scales, const pcl_tensor *sizes, int32_t *sides) {
    const pcl_tensor *given = sizes ? sizes : scales;
    if (shape->rank != 4 || !given || !given->constant || pcl_tensor_count(given) != 4) return false;
    for (int32_t d = 0; d < 4; d++) {
        double scale =
            scales && !sizes && scales->dtype == PCL_FLOAT32 ? (double)((const float *)scales->data)[d] : 0.0;
        double size =
            sizes && sizes->dtype == PCL_INT64 ? (double)((const int64_t *)sizes->data)[d] : scale * shape->dims[d];
        if (!(size >= 1.0 && size <= 1 << 24) || size != floor(size)) return false;
        if (d < 2 && size != shape->dims[d]) return false;
        if (d >= 2) sides[d - 2] = (int32_t)size;
    }
    return true;
}

static bool is_multiple(const pcl_shape *shape, const int32_t *sides, int32_t most) {
    for (int32_t d = 0; d < 2; d++)
        if (sides[d] % shape->dims[2 + d] != 0 || sides[d] / shape->dims[2 + d] > most) return false;
    return true;
}

/* Nearest neighbours of whole multiples are x / scale rounded down, whichever
 * way half pixels are rounded: no output lies in the middle between two
 * inputs. Without half pixels that holds up to twice the size. */
static bool nearest_is_fast(const pcl_onnx_resize_attributes *resize, const pcl_shape *shape, const int32_t *sides) {
    bool half_pixel = resize->coordinates == PCL_ONNX_HALF_PIXEL || resize->coordinates == PCL_ONNX_PYTORCH_HALF_PIXEL;
    bool asymmetric = resize->coordinates == PCL_ONNX_ASYMMETRIC;
    if (asymmetric && resize->nearest_mode == PCL_ONNX_FLOOR) return true;
    if (asymmetric && resize->nearest_mode == PCL_ONNX_ROUND_PREFER_FLOOR) return is_multiple(shape, sides, 2);
    bool rounds =
        resize->nearest_mode == PCL_ONNX_ROUND_PREFER_FLOOR || resize->nearest_mode == PCL_ONNX_ROUND_PREFER_CEIL;
    return half_pixel && rounds && is_multiple(shape, sides, INT32_MAX);
}

static bool linear_is_fast(const pcl_onnx_resize_attributes *resize, const int32_t *sides) {
    if (resize->antialias) return false;
    if (resize->coordinates == PCL_ONNX_PYTORCH_HALF_PIXEL) return sides[0] > 1 && sides[1] > 1;
    return resize->coordinates == PCL_ONNX_HALF_PIXEL || resize->coordinates == PCL_ONNX_ASYMMETRIC ||
           (resize->coordinates == PCL_ONNX_ALIGN_CORNERS && sides[0] > 1 && sides[1] > 1);
}

/* scales and sizes: NULL where left out or empty. */
static void emit_resize(pcl_importer *in, const pcl_onnx_node *node, const pcl_onnx_resize_attributes *resize,
                        pcl_tensor *roi, pcl_tensor *scales, pcl_tensor *sizes) {
    pcl_value *value = node->inputs[0];
    pcl_shape shape = pcl_import_shape(value);
    int32_t sides[2] = {0, 0};
    bool nearest = resize->mode == PCL_ONNX_RESIZE_NEAREST, linear = resize->mode == PCL_ONNX_RESIZE_LINEAR;
    bool fast = pcl_import_dtype(value) == PCL_FLOAT32 && resize->axes.count == 0 &&
                resize->keep_aspect_ratio_policy == PCL_ONNX_STRETCH && output_sides(&shape, scales, sizes, sides);
    fast = fast && ((nearest && nearest_is_fast(resize, &shape, sides)) || (linear && linear_is_fast(resize, sides)));
    if (!fast) {
        pcl_import_generic_from(in, node, &pcl_onnx_resize, resize, 4,
                                (pcl_tensor *[]){pcl_import_plain(in, value), roi, scales, sizes});
        return;
    }
    bool half = resize->coordinates == PCL_ONNX_HALF_PIXEL || resize->coordinates == PCL_ONNX_PYTORCH_HALF_PIXEL;
    pcl_attributes attributes = {.resize = {.align_corners = linear && resize->coordinates == PCL_ONNX_ALIGN_CORNERS,
                                            .half_pixel_centers = linear && half}};
    pcl_tensor *inputs[] = {pcl_import_channels_last(in, value), pcl_import_integers(in, sides, 2)};
    const pcl_op *op = nearest ? &pcl_op_resize_nearest_neighbor : &pcl_op_resize_bilinear;
    pcl_import_set(in, node, 0, pcl_import_emit(in, op, PCL_FLOAT32, &attributes, 2, inputs), PCL_CHANNELS_LAST);
}

static pcl_tensor *unless_empty(pcl_tensor *tensor) { return tensor && pcl_tensor_count(tensor) > 0 ? tensor : NULL; }

void pcl_translate_resize(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_resize_attributes *resize = read_resize(in, node);
    if (!resize || !pcl_import_needs(in, node, 1)) return;
    bool first = in->file.opset < 11;
    pcl_tensor *roi = first ? NULL : unless_empty(pcl_import_plain_input(in, node, 1));
    pcl_tensor *scales = unless_empty(pcl_import_plain_input(in, node, first ? 1 : 2));
    pcl_tensor *sizes = first ? NULL : unless_empty(pcl_import_plain_input(in, node, 3));
    if (in->status == PCL_OK) emit_resize(in, node, resize, roi, scales, sizes);
}

/* Opset 7 has the scales as attribute, opset 9 as input; opset 1 spells them out. */
void pcl_translate_upsample(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_resize_attributes *resize = pcl_import_alloc(in, 1, sizeof *resize);
    if (!resize || !pcl_import_needs(in, node, 1)) return;
    pcl_text mode = pcl_attribute_text(node, "mode", "nearest");
    bool linear = pcl_text_is(mode, "linear") || pcl_text_is(mode, "bilinear");
    *resize = (pcl_onnx_resize_attributes){.mode = linear ? PCL_ONNX_RESIZE_LINEAR : PCL_ONNX_RESIZE_NEAREST,
                                           .coordinates = PCL_ONNX_ASYMMETRIC,
                                           .nearest_mode = PCL_ONNX_FLOOR,
                                           .cubic_coeff_a = -0.75f};
    pcl_tensor *scales =
        pcl_import_input(node, 1) ? pcl_import_plain_input(in, node, 1) : pcl_attribute_floats(in, node, "scales");
    if (!scales && pcl_attribute_exists(node, "height_scale")) {
        float four[] = {1.0f, 1.0f, pcl_attribute_float(node, "height_scale", 1.0f),
                        pcl_attribute_float(node, "width_scale", 1.0f)};
        scales = pcl_import_constant(in, PCL_FLOAT32, &(pcl_shape){1, {4}}, four);
    }
    if (!scales) pcl_import_fail(in, PCL_ERROR_FORMAT, "it does not say how much");
    if (in->status == PCL_OK) emit_resize(in, node, resize, NULL, scales, NULL);
}

/* --- Scalings of the days before opset 7 --------------------------------------------------- */

/* x * scale + bias[channel] */
void pcl_translate_image_scaler(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_tensor *x = pcl_import_channels_last(in, node->inputs[0]), *bias = pcl_attribute_floats(in, node, "bias");
    pcl_tensor *scale = pcl_import_scalar(in, pcl_attribute_float(node, "scale", 1.0f));
    if (scale && *(const float *)scale->data == 1.0f) scale = NULL;
    if (scale || bias) pcl_import_set(in, node, 0, pcl_scaled(in, x, scale, bias), PCL_CHANNELS_LAST);
    else pcl_import_alias(in, node, 0, node->inputs[0]);
}

/* alpha * x + beta */
void pcl_translate_affine(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_layout layout = pcl_import_layout(node, 1);
    pcl_tensor *x = pcl_import_operand(in, node->inputs[0], pcl_import_shape(node->inputs[0]).rank, layout);
    float alpha = pcl_attribute_float(node, "alpha", 1.0f), beta = pcl_attribute_float(node, "beta", 0.0f);
    x = pcl_scaled(in, x, pcl_import_scalar(in, alpha), beta != 0.0f ? pcl_import_scalar(in, beta) : NULL);
    pcl_import_set(in, node, 0, x, layout);
}

/* --- Sampling ---------------------------------------------------------------------------------- */

void pcl_translate_grid_sample(pcl_importer *in, const pcl_onnx_node *node) {
    static const char *const paddings[] = {"zeros", "border", "reflection", NULL};
    pcl_onnx_grid_attributes *grid = pcl_import_alloc(in, 1, sizeof *grid);
    if (!grid) return;
    pcl_text mode = pcl_attribute_text(node, "mode", "linear");
    bool cubic = pcl_text_is(mode, "cubic") || pcl_text_is(mode, "bicubic");
    grid->mode = pcl_text_is(mode, "nearest") ? PCL_ONNX_RESIZE_NEAREST
                 : cubic                      ? PCL_ONNX_RESIZE_CUBIC
                                              : PCL_ONNX_RESIZE_LINEAR;
    grid->padding_mode = (pcl_onnx_grid_padding)pcl_attribute_word(in, node, "padding_mode", paddings, 0);
    grid->align_corners = pcl_attribute_int(node, "align_corners", 0) != 0;
    if (in->status == PCL_OK) pcl_import_generic(in, node, &pcl_onnx_grid_sample, grid);
}

void pcl_translate_roi_align(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_roi_attributes *roi = pcl_import_alloc(in, 1, sizeof *roi);
    if (!roi) return;
    pcl_text corners = pcl_attribute_text(node, "coordinate_transformation_mode",
                                          in->file.opset >= 16 ? "half_pixel" : "output_half_pixel");
    *roi = (pcl_onnx_roi_attributes){.output_height = pcl_attribute_int(node, "output_height", 1),
                                     .output_width = pcl_attribute_int(node, "output_width", 1),
                                     .sampling_ratio = pcl_attribute_int(node, "sampling_ratio", 0),
                                     .spatial_scale = pcl_attribute_float(node, "spatial_scale", 1.0f),
                                     .maximum = pcl_text_is(pcl_attribute_text(node, "mode", "avg"), "max"),
                                     .half_pixel = pcl_text_is(corners, "half_pixel")};
    pcl_import_generic(in, node, &pcl_onnx_roi_align, roi);
}
