/* Resize, GridSample and RoiAlign. The values of the first two are those of
 * the examples in ONNX's specification, or worked out by hand. */
#include "onnx_harness.h"

static const float sixteen[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static pcl_tensor *by_scales(op_harness *h, const pcl_onnx_resize_attributes *attributes, pcl_tensor *x,
                             const float *scales, int32_t count) {
    return onnx_run(h, &pcl_onnx_resize, attributes,
                    (pcl_tensor *[]){x, NULL, onnx_in(h, PCL_FLOAT32, &count, 1, scales)}, 3);
}

static pcl_tensor *by_sizes(op_harness *h, const pcl_onnx_resize_attributes *attributes, pcl_tensor *x,
                            const int64_t *sizes, int32_t count) {
    return onnx_run(h, &pcl_onnx_resize, attributes, (pcl_tensor *[]){x, NULL, NULL, onnx_list_in(h, sizes, count)}, 4);
}

static void test_nearest(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_onnx_resize_attributes attributes = {.axes = {1, {-1}}};
    pcl_tensor *x = onnx_in(&h, PCL_INT64, DIMS(1, 4), INTS(1, 2, 3, 4));
    /* Scale 1/2: centres at 0.5 and 2.5. */
    const struct {
        pcl_onnx_nearest_mode mode;
        int64_t out[2];
    } halves[] = {{PCL_ONNX_ROUND_PREFER_FLOOR, {1, 3}}, {PCL_ONNX_ROUND_PREFER_CEIL, {2, 4}},
                  {PCL_ONNX_FLOOR, {1, 3}},              {PCL_ONNX_CEIL, {2, 4}}};
    for (int i = 0; i < COUNT(halves); i++) {
        attributes.nearest_mode = halves[i].mode;
        CHECK(onnx_is(by_scales(&h, &attributes, x, FLOATS(0.5f), 1), PCL_INT64, halves[i].out, 16));
    }
    attributes = (pcl_onnx_resize_attributes){.coordinates = PCL_ONNX_ASYMMETRIC, .nearest_mode = PCL_ONNX_FLOOR};
    CHECK(IS(by_scales(&h, &attributes, x, FLOATS(2, 1.5f), 2), PCL_INT64, INTS(1, 1, 2, 3, 3, 4, 1, 1, 2, 3, 3, 4)));
    attributes.coordinates = PCL_ONNX_ALIGN_CORNERS;
    attributes.nearest_mode = PCL_ONNX_ROUND_PREFER_FLOOR;
    CHECK(IS(by_sizes(&h, &attributes, x, INTS(1, 3), 2), PCL_INT64, INTS(1, 2, 4)));
    op_harness_close(&h);
}

static void test_linear(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_onnx_resize_attributes attributes = {.mode = PCL_ONNX_RESIZE_LINEAR, .axes = {2, {2, 3}}};
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(1, 1, 2, 2), sixteen),
               *big = onnx_in(&h, PCL_FLOAT32, DIMS(1, 1, 2, 4), sixteen);
    CHECK(NEAR(by_scales(&h, &attributes, x, FLOATS(2, 2), 2), 1, 1.25f, 1.75f, 2, 1.5f, 1.75f, 2.25f, 2.5f, 2.5f,
               2.75f, 3.25f, 3.5f, 3, 3.25f, 3.75f, 4));
    attributes.coordinates = PCL_ONNX_ALIGN_CORNERS;
    CHECK(NEAR(by_scales(&h, &attributes, x, FLOATS(2, 2), 2), 1, 4.0f / 3, 5.0f / 3, 2, 5.0f / 3, 2, 7.0f / 3,
               8.0f / 3, 7.0f / 3, 8.0f / 3, 3, 10.0f / 3, 3, 10.0f / 3, 11.0f / 3, 4));
    attributes.coordinates = PCL_ONNX_HALF_PIXEL;
    CHECK(NEAR(by_scales(&h, &attributes, big, FLOATS(0.6f, 0.6f), 2), 2.6666665f, 4.3333331f));
    attributes.coordinates = PCL_ONNX_PYTORCH_HALF_PIXEL;
    CHECK(NEAR(by_sizes(&h, &attributes, x, INTS(1, 3), 2), 1, 1.5f, 2));
    attributes.coordinates = PCL_ONNX_HALF_PIXEL;
    attributes.antialias = true;
    CHECK(NEAR(by_scales(&h, &attributes, big, FLOATS(0.6f, 0.6f), 2), 2.875f, 4.5f));
    pcl_tensor *bytes = onnx_in(&h, PCL_UINT8, DIMS(1, 1, 1, 2), (uint8_t[]){1, 2});
    attributes.antialias = false;
    CHECK(IS(by_scales(&h, &attributes, bytes, FLOATS(1, 2), 2), PCL_UINT8, (uint8_t[]){1, 1, 1, 2}));
    op_harness_close(&h);
}

static void test_cubic(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_onnx_resize_attributes attributes = {.mode = PCL_ONNX_RESIZE_CUBIC, .cubic_coeff_a = -0.75f, .axes = {1, {1}}};
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(1, 4), sixteen);
    /* At 0.125, the first: -0.07177734, 0.96728516, 0.11474609, -0.01025391 of 1, 1, 2, 3. */
    CHECK(NEAR(by_scales(&h, &attributes, x, FLOATS(0.8f), 1), 1.0942383f, 2.4042969f, 3.7055664f));
    attributes.exclude_outside = true;
    CHECK(NEAR(by_scales(&h, &attributes, x, FLOATS(0.8f), 1), 1.0879271f, 2.4042969f, 3.7347118f));
    op_harness_close(&h);
}

static void test_sizes_and_crop(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_onnx_resize_attributes attributes = {.axes = {2, {0, 1}}, .keep_aspect_ratio_policy = PCL_ONNX_NOT_LARGER};
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(2, 4), sixteen);
    pcl_tensor *out = by_sizes(&h, &attributes, x, INTS(5, 6), 2);
    CHECK(out && op_shape_is(out, DIMS(3, 6)));
    attributes.keep_aspect_ratio_policy = PCL_ONNX_NOT_SMALLER;
    out = by_sizes(&h, &attributes, x, INTS(5, 6), 2);
    CHECK(out && op_shape_is(out, DIMS(5, 10)));
    attributes = (pcl_onnx_resize_attributes){.mode = PCL_ONNX_RESIZE_LINEAR, .axes = {1, {1}},
                                              .coordinates = PCL_ONNX_TF_CROP_AND_RESIZE, .extrapolation_value = -9};
    pcl_tensor *roi = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(0, 2)), *size = onnx_list_in(&h, INTS(3), 1);
    CHECK(
        NEAR(onnx_run(&h, &pcl_onnx_resize, &attributes, (pcl_tensor *[]){x, roi, NULL, size}, 4), 1, 4, -9, 5, 8, -9));
    attributes.mode = PCL_ONNX_RESIZE_NEAREST;
    CHECK(
        NEAR(onnx_run(&h, &pcl_onnx_resize, &attributes, (pcl_tensor *[]){x, roi, NULL, size}, 4), 1, 4, -9, 5, 8, -9));
    CHECK(!onnx_run(&h, &pcl_onnx_resize, &attributes, (pcl_tensor *[]){x, NULL, NULL, size}, 4));
    attributes.coordinates = PCL_ONNX_HALF_PIXEL;
    CHECK(!by_sizes(&h, &attributes, x, INTS(0), 1) && !by_sizes(&h, &attributes, x, INTS(1, 2), 2));
    CHECK(!by_scales(&h, &attributes, x, FLOATS(-1), 1) && !by_scales(&h, &attributes, x, FLOATS(NAN), 1));
    CHECK(!by_scales(&h, &attributes, x, FLOATS(1e30f), 1) && h.error.status == PCL_ERROR_SHAPE);
    CHECK(!onnx_run(&h, &pcl_onnx_resize, &attributes, &x, 1) && h.error.status == PCL_ERROR_FORMAT);
    op_harness_close(&h);
}

static void test_grid_sample(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_onnx_grid_attributes attributes = {.mode = PCL_ONNX_RESIZE_LINEAR};
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(1, 1, 2, 2), sixteen);
    /* Centre, upper left corner of the picture, a point beyond the right edge. */
    pcl_tensor *grid = onnx_in(&h, PCL_FLOAT32, DIMS(1, 1, 3, 2), FLOATS(0, 0, -1, -1, 2, -0.5f));
    pcl_tensor *inputs[] = {x, grid};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_grid_sample, &attributes, inputs, 2), 2.5f, 0.25f, 0));
    attributes.padding_mode = PCL_ONNX_GRID_BORDER;
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_grid_sample, &attributes, inputs, 2), 2.5f, 1, 2));
    attributes.padding_mode = PCL_ONNX_GRID_REFLECTION; /* 2.5 mirrors at 1.5 to 0.5 */
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_grid_sample, &attributes, inputs, 2), 2.5f, 1, 1.5f));
    attributes = (pcl_onnx_grid_attributes){.mode = PCL_ONNX_RESIZE_LINEAR, .align_corners = true};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_grid_sample, &attributes, inputs, 2), 2.5f, 1, 1.25f));
    attributes = (pcl_onnx_grid_attributes){.mode = PCL_ONNX_RESIZE_NEAREST, .padding_mode = PCL_ONNX_GRID_BORDER};
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_grid_sample, &attributes, inputs, 2), 1, 1, 2));
    pcl_tensor *wild = onnx_in(&h, PCL_FLOAT32, DIMS(1, 1, 2, 2), FLOATS(NAN, 0, INFINITY, 1e30f));
    for (int padding = 0; padding < 3; padding++) {
        for (int mode = 0; mode < 3; mode++) { /* any value will do, from within the picture */
            attributes =
                (pcl_onnx_grid_attributes){(pcl_onnx_resize_mode)mode, (pcl_onnx_grid_padding)padding, mode == 0};
            CHECK(onnx_run(&h, &pcl_onnx_grid_sample, &attributes, (pcl_tensor *[]){x, wild}, 2));
        }
    }
    op_harness_close(&h);
}

static void test_roi_align(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_onnx_roi_attributes attributes = {
        .output_height = 2, .output_width = 1, .sampling_ratio = 2, .spatial_scale = 0.5f};
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(1, 1, 4, 4), sixteen);
    pcl_tensor *rois = onnx_in(&h, PCL_FLOAT32, DIMS(1, 4), FLOATS(0, 0, 4, 4)), *batch = onnx_list_in(&h, INTS(0), 1);
    /* The region 0..2: samples at 0.25 and 0.75 (1.25, 1.75 below), 0.5 and 1.5 across; a picture of 1 + x + 4 y. */
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_roi_align, &attributes, (pcl_tensor *[]){x, rois, batch}, 3), 4, 8));
    attributes.half_pixel = true;
    pcl_tensor *inner = onnx_in(&h, PCL_FLOAT32, DIMS(1, 4), FLOATS(2, 2, 6, 6));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_roi_align, &attributes, (pcl_tensor *[]){x, inner, batch}, 3), 6.5f, 10.5f));
    pcl_tensor *other = onnx_list_in(&h, INTS(1), 1);
    CHECK(!onnx_run(&h, &pcl_onnx_roi_align, &attributes, (pcl_tensor *[]){x, rois, other}, 3) &&
          h.error.status == PCL_ERROR_VALUE);
    attributes.sampling_ratio = 0;
    pcl_tensor *wild = onnx_in(&h, PCL_FLOAT32, DIMS(1, 4), FLOATS(NAN, -1e30f, INFINITY, 1e30f));
    CHECK(onnx_run(&h, &pcl_onnx_roi_align, &attributes, (pcl_tensor *[]){x, wild, batch}, 3));
    op_harness_close(&h);
}

int main(void) {
    test_nearest();
    test_linear();
    test_cubic();
    test_sizes_and_crop();
    test_grid_sample();
    test_roi_align();
    return test_failures != 0;
}
