/* CONV_2D against the textbook's loops, on every instruction set and several
 * threads: integers bit for bit, floats within rounding. */
#include "conv_reference.h"
#include "relaxed/dot.h"

static const conv_case cases[] = {
    {.what = "first layer", .batch = 1, .height = 17, .width = 15, .channels = 3, .filter_h = 3, .filter_w = 3,
     .filter_channels = 3, .out_channels = 16, .stride_h = 2, .stride_w = 2, .padding = PCL_PADDING_SAME,
     .activation = PCL_ACTIVATION_RELU6, .per_channel = true},
    {.what = "pointwise", .batch = 1, .height = 7, .width = 9, .channels = 24, .filter_h = 1, .filter_w = 1,
     .filter_channels = 24, .out_channels = 40, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME,
     .per_channel = true},
    {.what = "pointwise, stride 2, batch 2", .batch = 2, .height = 6, .width = 7, .channels = 10, .filter_h = 1,
     .filter_w = 1, .filter_channels = 10, .out_channels = 9, .stride_h = 2, .stride_w = 2,
     .padding = PCL_PADDING_VALID},
    {.what = "one pixel, many columns", .batch = 1, .height = 1, .width = 1, .channels = 200, .filter_h = 1,
     .filter_w = 1, .filter_channels = 200, .out_channels = 1001, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_SAME, .per_channel = true},
    {.what = "filter as large as the picture", .batch = 3, .height = 4, .width = 5, .channels = 6, .filter_h = 4,
     .filter_w = 5, .filter_channels = 6, .out_channels = 11, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_VALID},
    {.what = "wide runs, batch 2", .batch = 2, .height = 9, .width = 8, .channels = 32, .filter_h = 3, .filter_w = 3,
     .filter_channels = 32, .out_channels = 13, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME,
     .activation = PCL_ACTIVATION_RELU},
    {.tolerance = 1e-4f, .what = "many chunks",
     .batch = 1, .height = 40, .width = 41, .channels = 20, .filter_h = 3, .filter_w = 3,
     .filter_channels = 20, .out_channels = 8, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME,
     .activation = PCL_ACTIVATION_RELU_N1_TO_1},
    {.tolerance = 3e-4f, .what = "far sums", .batch = 1, .height = 18, .width = 15, .channels = 24, .filter_h = 3,
     .filter_w = 3, .filter_channels = 24, .out_channels = 20, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_SAME, .out_scale = FAR_SCALE},
    {.what = "far sums, pointwise", .batch = 1, .height = 5, .width = 15, .channels = 16, .filter_h = 1, .filter_w = 1,
     .filter_channels = 16, .out_channels = 20, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME,
     .per_channel = true, .out_scale = FAR_SCALE},
    {.what = "dilation 2x3", .batch = 1, .height = 13, .width = 14, .channels = 5, .filter_h = 3, .filter_w = 3,
     .filter_channels = 5, .out_channels = 7, .stride_h = 1, .stride_w = 1, .dilation_h = 2, .dilation_w = 3,
     .padding = PCL_PADDING_SAME},
    {.what = "dilation wider than the picture", .batch = 1, .height = 5, .width = 4, .channels = 4, .filter_h = 3,
     .filter_w = 3, .filter_channels = 4, .out_channels = 4, .stride_h = 1, .stride_w = 1, .dilation_h = 6,
     .dilation_w = 7, .padding = PCL_PADDING_SAME},
    {.what = "explicit pads, uneven", .batch = 1, .height = 8, .width = 6, .channels = 4, .filter_h = 4, .filter_w = 2,
     .filter_channels = 4, .out_channels = 5, .stride_h = 3, .stride_w = 2, .padding = PCL_PADDING_EXPLICIT,
     .pads = {3, 0, 5, 2}, .no_bias = true},
    {.what = "mirrored pads", .batch = 2, .height = 6, .width = 5, .channels = 3, .filter_h = 9, .filter_w = 9,
     .filter_channels = 3, .out_channels = 6, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_EXPLICIT,
     .pads = {4, 4, 4, 4}, .reflect = true},
    {.what = "mirrored pads, stride 2", .batch = 1, .height = 9, .width = 12, .channels = 16, .filter_h = 3,
     .filter_w = 3, .filter_channels = 16, .out_channels = 8, .stride_h = 2, .stride_w = 2,
     .padding = PCL_PADDING_EXPLICIT, .pads = {1, 2, 1, 2}, .reflect = true, .per_channel = true},
    {.what = "groups", .batch = 2, .height = 6, .width = 7, .channels = 12, .filter_h = 3, .filter_w = 3,
     .filter_channels = 4, .out_channels = 15, .stride_h = 1, .stride_w = 2, .padding = PCL_PADDING_SAME,
     .per_channel = true},
    {.what = "pointwise groups", .batch = 1, .height = 5, .width = 5, .channels = 8, .filter_h = 1, .filter_w = 1,
     .filter_channels = 2, .out_channels = 12, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_VALID},
    {.what = "5x5, one channel", .batch = 1, .height = 11, .width = 9, .channels = 1, .filter_h = 5, .filter_w = 5,
     .filter_channels = 1, .out_channels = 3, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_VALID},
    {.what = "merged pixels: 9x9, 3 outputs", .batch = 2, .height = 7, .width = 12, .channels = 4, .filter_h = 9,
     .filter_w = 9, .filter_channels = 4, .out_channels = 3, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_EXPLICIT, .pads = {4, 4, 4, 4}, .reflect = true, .per_channel = true},
    {.what = "merged pixels: stride 2, 1 output, residual", .batch = 1, .height = 10, .width = 32, .channels = 2,
     .filter_h = 5, .filter_w = 7, .filter_channels = 2, .out_channels = 1, .stride_h = 2, .stride_w = 2,
     .padding = PCL_PADDING_SAME, .residual = true},
    {.what = "merged pixels: 12 outputs", .batch = 1, .height = 5, .width = 18, .channels = 3, .filter_h = 2,
     .filter_w = 9, .filter_channels = 3, .out_channels = 12, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_SAME},
    {.tolerance = 3e-4f, .what = "3x3 in tiles, ends cut",
     .batch = 2, .height = 18, .width = 15, .channels = 24, .filter_h = 3,
     .filter_w = 3, .filter_channels = 24, .out_channels = 20, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_SAME, .activation = PCL_ACTIVATION_RELU6},
    {.tolerance = 3e-4f, .what = "3x3 in tiles, many of them, no pads",
     .batch = 1, .height = 34, .width = 39, .channels = 48,
     .filter_h = 3, .filter_w = 3, .filter_channels = 48, .out_channels = 64, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_VALID, .no_bias = true},
    {.tolerance = 3e-4f, .what = "3x3 in tiles, mirrored, residual",
     .batch = 2, .height = 13, .width = 16, .channels = 32,
     .filter_h = 3, .filter_w = 3, .filter_channels = 32, .out_channels = 32, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_EXPLICIT, .pads = {1, 1, 1, 1}, .reflect = true, .residual = true},
    {.tolerance = 3e-4f, .what = "3x3 in tiles, odd channels, uneven pads", .batch = 2, .height = 11, .width = 14,
     .channels = 13, .filter_h = 3, .filter_w = 3, .filter_channels = 13, .out_channels = 28, .stride_h = 1,
     .stride_w = 1, .padding = PCL_PADDING_EXPLICIT, .pads = {0, 2, 3, 0}, .per_channel = true, .residual = true},
    {.tolerance = 1e-4f, .what = "9x9 in segments, mirrored",
     .batch = 2, .height = 21, .width = 52, .channels = 3, .filter_h = 9,
     .filter_w = 9, .filter_channels = 3, .out_channels = 4, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_EXPLICIT, .pads = {4, 4, 4, 4}, .reflect = true, .activation = PCL_ACTIVATION_RELU},
    {.tolerance = 5e-4f, .what = "9x9 in segments, last layer",
     .batch = 1, .height = 12, .width = 700, .channels = 16, .filter_h = 9,
     .filter_w = 9, .filter_channels = 16, .out_channels = 3, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_SAME, .activation = PCL_ACTIVATION_RELU6},
    {.tolerance = 1e-4f, .what = "3x5 in segments, uneven pads, odd channels",
     .batch = 2, .height = 15, .width = 30, .channels = 9, .filter_h = 3,
     .filter_w = 5, .filter_channels = 9, .out_channels = 29, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_EXPLICIT, .pads = {1, 0, 3, 4}, .no_bias = true},
    {.what = "7x7 by runs, no pads, stride 2 along the rows",
     .batch = 2, .height = 20, .width = 57, .channels = 6,
     .filter_h = 7, .filter_w = 7, .filter_channels = 6, .out_channels = 16, .stride_h = 1, .stride_w = 2,
     .padding = PCL_PADDING_VALID},
    {.tolerance = 1e-4f, .what = "5x3 in segments, fewer rows than a tile, mostly pads",
     .batch = 2, .height = 2, .width = 28, .channels = 8,
     .filter_h = 5, .filter_w = 3, .filter_channels = 8, .out_channels = 24, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_EXPLICIT, .pads = {7, 1, 6, 1}, .activation = PCL_ACTIVATION_RELU_N1_TO_1},
    {.tolerance = 1e-3f, .what = "8x9 in segments, many channels",
     .batch = 1, .height = 30, .width = 26, .channels = 48, .filter_h = 8,
     .filter_w = 9, .filter_channels = 48, .out_channels = 32, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_SAME, .per_channel = true},
    {.what = "2x5 by runs, uneven pads, odd channels",
     .batch = 2, .height = 15, .width = 30, .channels = 9, .filter_h = 2,
     .filter_w = 5, .filter_channels = 9, .out_channels = 15, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_EXPLICIT, .pads = {1, 0, 3, 4}, .no_bias = true},
    {.tolerance = 1e-4f, .what = "9x9 in segments, mirrored, 8 outputs",
     .batch = 2, .height = 21, .width = 24, .channels = 3, .filter_h = 9,
     .filter_w = 9, .filter_channels = 3, .out_channels = 8, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_EXPLICIT, .pads = {4, 4, 4, 4}, .reflect = true, .activation = PCL_ACTIVATION_RELU},
    {.what = "by runs, stride 2, uneven pads", .batch = 2, .height = 15, .width = 51, .channels = 5, .filter_h = 4,
     .filter_w = 3, .filter_channels = 5, .out_channels = 16, .stride_h = 2, .stride_w = 2,
     .padding = PCL_PADDING_EXPLICIT, .pads = {1, 2, 0, 3}, .no_bias = true},
    {.what = "by runs, mirrored at the bottom and the right", .batch = 1, .height = 9, .width = 44, .channels = 4,
     .filter_h = 5, .filter_w = 5, .filter_channels = 4, .out_channels = 8, .stride_h = 3, .stride_w = 2,
     .padding = PCL_PADDING_EXPLICIT, .pads = {0, 0, 4, 3}, .reflect = true},
    {.what = "by runs, no pads, rows left out", .batch = 2, .height = 12, .width = 26, .channels = 7, .filter_h = 2,
     .filter_w = 6, .filter_channels = 7, .out_channels = 24, .stride_h = 3, .stride_w = 1,
     .padding = PCL_PADDING_VALID},
    {.what = "by runs, mostly pads", .batch = 1, .height = 3, .width = 2, .channels = 3, .filter_h = 4,
     .filter_w = 4, .filter_channels = 3, .out_channels = 8, .stride_h = 5, .stride_w = 1,
     .padding = PCL_PADDING_EXPLICIT, .pads = {9, 11, 12, 14}},
    {.what = "by runs, pads above alone", .batch = 1, .height = 4, .width = 29, .channels = 3, .filter_h = 3,
     .filter_w = 9, .filter_channels = 3, .out_channels = 8, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_EXPLICIT, .pads = {2, 0, 2, 0}, .per_channel = true},
    {.tolerance = 1e-4f, .what = "9x9 in segments, mirrored, odd channels",
     .batch = 2, .height = 14, .width = 44, .channels = 5, .filter_h = 9,
     .filter_w = 9, .filter_channels = 5, .out_channels = 3, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_EXPLICIT, .pads = {4, 4, 4, 4}, .reflect = true, .per_channel = true},
    {.what = "merged pixels by runs, stride 2, 1 output, uneven pads",
     .batch = 2, .height = 11, .width = 333, .channels = 2,
     .filter_h = 5, .filter_w = 7, .filter_channels = 2, .out_channels = 1, .stride_h = 2, .stride_w = 2,
     .padding = PCL_PADDING_EXPLICIT, .pads = {1, 3, 4, 0}, .activation = PCL_ACTIVATION_RELU},
    {.tolerance = 1e-4f, .what = "9x7 in segments, 6 outputs, no pads", .batch = 1, .height = 16, .width = 37,
     .channels = 12, .filter_h = 9, .filter_w = 7, .filter_channels = 12, .out_channels = 6, .stride_h = 1,
     .stride_w = 1, .padding = PCL_PADDING_VALID},
    {.tolerance = 1e-4f, .what = "upsampled, 5x5 in segments, mirrored", .batch = 2, .height = 10, .width = 26,
     .channels = 16, .filter_h = 5, .filter_w = 5, .filter_channels = 16, .out_channels = 16, .stride_h = 1,
     .stride_w = 1, .padding = PCL_PADDING_EXPLICIT, .pads = {2, 2, 2, 2}, .reflect = true, .upsampled = true},
    {.what = "upsampled, by runs", .batch = 2, .height = 10, .width = 32, .channels = 16, .filter_h = 2, .filter_w = 3,
     .filter_channels = 16, .out_channels = 8, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME,
     .upsampled = true},
    {.what = "upsampled, by runs, mirrored, stride 2", .batch = 1, .height = 14, .width = 54, .channels = 48,
     .filter_h = 4, .filter_w = 5, .filter_channels = 48, .out_channels = 16, .stride_h = 1, .stride_w = 2,
     .padding = PCL_PADDING_EXPLICIT, .pads = {3, 2, 3, 1}, .reflect = true, .upsampled = true, .tolerance = 1e-4f},
    {.what = "upsampled, by runs, no pads", .batch = 1, .height = 8, .width = 26, .channels = 32, .filter_h = 3,
     .filter_w = 4, .filter_channels = 32, .out_channels = 8, .stride_h = 2, .stride_w = 1,
     .padding = PCL_PADDING_VALID, .upsampled = true},
    {.what = "by runs, 13 outputs", .batch = 1, .height = 6, .width = 23, .channels = 4, .filter_h = 2, .filter_w = 5,
     .filter_channels = 4, .out_channels = 13, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME},
    {.what = "residual after a pointwise layer", .batch = 1, .height = 31, .width = 30, .channels = 16, .filter_h = 1,
     .filter_w = 1, .filter_channels = 16, .out_channels = 24, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_SAME, .per_channel = true, .residual = true},
    {.what = "residual, few pixels", .batch = 1, .height = 3, .width = 3, .channels = 160, .filter_h = 1,
     .filter_w = 1, .filter_channels = 160, .out_channels = 420, .stride_h = 1, .stride_w = 1,
     .padding = PCL_PADDING_SAME, .residual = true, .activation = PCL_ACTIVATION_RELU6,
     .residual_activation = PCL_ACTIVATION_RELU6},
    {.what = "residual with groups", .batch = 2, .height = 9, .width = 7, .channels = 6, .filter_h = 3, .filter_w = 3,
     .filter_channels = 3, .out_channels = 10, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME,
     .activation = PCL_ACTIVATION_RELU, .residual = true, .residual_activation = PCL_ACTIVATION_RELU},
};

/* The residual added as a separate ADD would. */
static void *add_separately(const conv_case *c, const conv_tensors *t, void *middle) {
    size_t count = pcl_tensor_count(t->output);
    float *real = middle;
    if (c->arithmetic != QUANTISED) {
        const float *residual = t->inputs[3]->data;
        for (size_t i = 0; i < count; i++)
            real[i] = (float)clamp_real(real[i] + residual[i], c->residual_activation);
        return middle;
    }
    pcl_add_u8 parameters;
    int32_t low, high;
    pcl_activation_range_u8(c->residual_activation, t->output, &low, &high);
    CHECK(pcl_add_u8_prepare(&parameters, MIDDLE_SCALE, MIDDLE_ZERO, RESIDUAL_SCALE, RESIDUAL_ZERO, false,
                             OUTPUT_SCALE, OUTPUT_ZERO, low, high));
    pcl_kernels_for(PCL_ISA_SCALAR)->add_u8(&parameters, middle, t->inputs[3]->data, middle, count);
    return middle;
}

/* Instruction sets, the last for a machine whose dots are exact and for one that adds products in pairs. */
static const pcl_isa isas[] = {PCL_ISA_SCALAR, PCL_ISA_SIMD128, PCL_ISA_RELAXED, PCL_ISA_RELAXED};

/* As pcl_conv_upsamples says of those cases. */
static bool can_upsample(const conv_case *c, pcl_isa isa) {
    if (c->arithmetic == FLOATS || c->arithmetic == HYBRID) return true;
    return pcl_kernels_for(isa)->takes_runs && c->weight_dtype != PCL_UINT8;
}

static void run_case(conv_case c, pcl_pool *pool) {
    if (c.dilation_h == 0) c.dilation_h = c.dilation_w = 1;
    for (int i = 0; i < (c.arithmetic == QUANTISED || c.arithmetic == WIDENED ? 4 : 3); i++) {
        pcl_isa isa = isas[i];
        pcl_native_dot = i == 3 ? PCL_DOT_SATURATING : PCL_DOT_UNSIGNED;
        if (!pcl_isa_available(isa) || (c.upsampled && !can_upsample(&c, isa))) continue;
        op_harness harness;
        op_harness_open(&harness);
        harness.isa = isa;
        harness.pool = pool;
        random_state = 7;
        conv_tensors t = make_conv(&harness, &c);
        CHECK(op_run(&harness, &pcl_op_conv_2d, &t.attributes, t.inputs, c.residual ? 4 : 3, &t.output, 1) == PCL_OK);
        if (t.output->data) {
            float scale = c.residual ? MIDDLE_SCALE : conv_out_scale(&c);
            void *expected = conv_expected(&c, &t, scale, c.residual ? MIDDLE_ZERO : OUTPUT_ZERO);
            if (c.residual) expected = add_separately(&c, &t, expected);
            check_output(&c, &t, expected, isa, pcl_pool_threads(pool));
            free(expected);
        } else {
            fprintf(stderr, "  in '%s': %s\n", c.what, harness.error.message);
        }
        op_harness_close(&harness);
    }
}

static void test_results(pcl_pool *pool) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        conv_case c = cases[i];
        run_case(c, pool);
        c.weight_dtype = PCL_UINT8;
        c.per_channel = false;
        run_case(c, pool);
        c.arithmetic = FLOATS;
        run_case(c, pool);
        c.arithmetic = HYBRID;
        run_case(c, pool);
        c.weight_dtype = PCL_INT8;
        c.per_channel = true;
        run_case(c, pool);
        c.arithmetic = WIDENED;
        c.tolerance = 0;
        run_case(c, pool);
        c.weight_dtype = PCL_UINT8;
        c.per_channel = false;
        run_case(c, pool);
    }
}

/* --- What must be refused -------------------------------------------------- */

static const conv_case plain = {.what = "plain", .batch = 1, .height = 6, .width = 6, .channels = 4, .filter_h = 3,
                                .filter_w = 3, .filter_channels = 4, .out_channels = 8, .stride_h = 1, .stride_w = 1,
                                .dilation_h = 1, .dilation_w = 1, .padding = PCL_PADDING_VALID};

static pcl_status status_of(op_harness *harness, conv_tensors *t, int input_count) {
    return op_run(harness, &pcl_op_conv_2d, &t->attributes, t->inputs, input_count, &t->output, 1);
}

static void test_refusals(void) {
    op_harness harness;
    op_harness_open(&harness);
    conv_case c = plain;
    conv_tensors t = make_conv(&harness, &c);
    CHECK(status_of(&harness, &t, 3) == PCL_OK);

    t = make_conv(&harness, &c);
    t.attributes.conv.stride_w = 0;
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_SHAPE);
    t = make_conv(&harness, &c);
    t.attributes.conv.dilation_h = 1 << 19;
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_LIMIT);
    t = make_conv(&harness, &c);
    t.attributes.conv.activation = (pcl_activation)4;
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_UNSUPPORTED);
    t = make_conv(&harness, &c);
    t.inputs[1]->constant = false;
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_UNSUPPORTED);
    t = make_conv(&harness, &c);
    t.inputs[1]->shape.dims[3] = 3; /* 4 channels do not make groups of 3 */
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_SHAPE);
    t = make_conv(&harness, &c);
    t.inputs[1]->shape.dims[2] = 0;
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_SHAPE);
    t = make_conv(&harness, &c);
    t.inputs[1]->bytes = (size_t)1 << 30; /* 2^27 weights for each output */
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_LIMIT);
    t = make_conv(&harness, &c);
    t.inputs[2]->bytes -= 4;
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_SHAPE);
    t = make_conv(&harness, &c);
    t.inputs[2]->dtype = PCL_FLOAT32;
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_TYPE);
    t = make_conv(&harness, &c);
    t.output->quantization.scales[0] = 1e-45f; /* input scale * weight scale / this is infinite */
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_TYPE);

    c.arithmetic = WIDENED;
    t = make_conv(&harness, &c);
    CHECK(status_of(&harness, &t, 3) == PCL_OK);
    t = make_conv(&harness, &c);
    t.inputs[2]->dtype = PCL_INT32;
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_TYPE);
    t = make_conv(&harness, &c);
    t.inputs[0]->quantization.scales[0] = 1e-45f; /* times the weights' scale it is 0 */
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_TYPE);
    c = plain;

    c.per_channel = true;
    t = make_conv(&harness, &c);
    t.inputs[1]->quantization.count = 7;
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_TYPE);
    t = make_conv(&harness, &c);
    t.inputs[1]->quantization.zero_points[5] = 1;
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_TYPE);
    op_harness_close(&harness);
}

static void test_refused_pads_and_residuals(void) {
    op_harness harness;
    op_harness_open(&harness);
    conv_case c = plain;
    c.padding = PCL_PADDING_EXPLICIT;
    c.reflect = true;
    c.pads = (pcl_pads){6, 0, 0, 0};
    conv_tensors t = make_conv(&harness, &c);
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_SHAPE);
    c = plain;
    c.residual = true;
    t = make_conv(&harness, &c);
    t.inputs[3]->shape.dims[1]--;
    CHECK(status_of(&harness, &t, 4) == PCL_ERROR_SHAPE);
    t = make_conv(&harness, &c);
    CHECK(status_of(&harness, &t, 3) == PCL_ERROR_SHAPE);
    t = make_conv(&harness, &c);
    t.attributes.conv.middle_scale = 0;
    CHECK(status_of(&harness, &t, 4) == PCL_ERROR_TYPE);
    op_harness_close(&harness);
}

int main(void) {
    pcl_pool *pool = NULL;
    test_results(NULL);
    CHECK(pcl_pool_open(&pool, 3, NULL) == PCL_OK);
    test_results(pool);
    pcl_pool_close(&pool);
    test_refusals();
    test_refused_pads_and_residuals();
    return test_failures != 0;
}
