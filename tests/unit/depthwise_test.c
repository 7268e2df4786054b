/* DEPTHWISE_CONV_2D against the textbook's loops, on every instruction set and
 * several threads: integers bit for bit, floats within rounding. */
#include "conv_reference.h"

static const conv_case cases[] = {
    {.what = "3x3", .batch = 1, .height = 9, .width = 10, .channels = 32, .filter_h = 3, .filter_w = 3,
     .filter_channels = 1, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME,
     .activation = PCL_ACTIVATION_RELU6, .per_channel = true},
    {.what = "3x3, stride 2, batch 2", .batch = 2, .height = 9, .width = 8, .channels = 19, .filter_h = 3,
     .filter_w = 3, .filter_channels = 1, .stride_h = 2, .stride_w = 2, .padding = PCL_PADDING_SAME},
    {.what = "large", .batch = 1, .height = 31, .width = 33, .channels = 24, .filter_h = 3, .filter_w = 3,
     .filter_channels = 1, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME, .per_channel = true},
    {.what = "far sums", .batch = 1, .height = 11, .width = 13, .channels = 24, .filter_h = 3, .filter_w = 3,
     .filter_channels = 1, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME, .per_channel = true,
     .out_scale = FAR_SCALE},
    {.what = "far sums, multiplier 2, stride 2", .batch = 2, .height = 7, .width = 8, .channels = 5, .filter_h = 3,
     .filter_w = 3, .filter_channels = 2, .stride_h = 2, .stride_w = 2, .padding = PCL_PADDING_SAME,
     .out_scale = FAR_SCALE},
    {.what = "one row, VALID", .batch = 1, .height = 3, .width = 7, .channels = 5, .filter_h = 3, .filter_w = 3,
     .filter_channels = 1, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_VALID,
     .activation = PCL_ACTIVATION_RELU},
    {.what = "5x5", .batch = 1, .height = 8, .width = 7, .channels = 17, .filter_h = 5, .filter_w = 5,
     .filter_channels = 1, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME, .per_channel = true},
    {.what = "7x1 and stride 3x2", .batch = 1, .height = 16, .width = 7, .channels = 8, .filter_h = 7, .filter_w = 1,
     .filter_channels = 1, .stride_h = 3, .stride_w = 2, .padding = PCL_PADDING_SAME},
    {.what = "dilation 2x3", .batch = 1, .height = 12, .width = 11, .channels = 9, .filter_h = 3, .filter_w = 3,
     .filter_channels = 1, .stride_h = 1, .stride_w = 1, .dilation_h = 2, .dilation_w = 3,
     .padding = PCL_PADDING_SAME},
    {.what = "explicit pads, uneven", .batch = 1, .height = 7, .width = 6, .channels = 6, .filter_h = 3, .filter_w = 4,
     .filter_channels = 1, .stride_h = 2, .stride_w = 2, .padding = PCL_PADDING_EXPLICIT, .pads = {0, 3, 2, 1},
     .no_bias = true},
    {.what = "multiplier 2", .batch = 2, .height = 7, .width = 8, .channels = 5, .filter_h = 3, .filter_w = 3,
     .filter_channels = 2, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME, .per_channel = true},
    {.what = "multiplier 3, stride 2, dilation", .batch = 1, .height = 11, .width = 12, .channels = 4, .filter_h = 3,
     .filter_w = 2, .filter_channels = 3, .stride_h = 2, .stride_w = 2, .dilation_h = 2, .dilation_w = 1,
     .padding = PCL_PADDING_SAME},
    {.what = "one channel, multiplier 8", .batch = 2, .height = 11, .width = 12, .channels = 1, .filter_h = 3,
     .filter_w = 3, .filter_channels = 8, .stride_h = 2, .stride_w = 2, .padding = PCL_PADDING_SAME,
     .per_channel = true},
    {.what = "one channel", .batch = 1, .height = 6, .width = 5, .channels = 1, .filter_h = 3, .filter_w = 3,
     .filter_channels = 1, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME},
    {.what = "1x1", .batch = 1, .height = 5, .width = 5, .channels = 20, .filter_h = 1, .filter_w = 1,
     .filter_channels = 1, .stride_h = 1, .stride_w = 1, .padding = PCL_PADDING_SAME},
};

static void run_case(conv_case c, pcl_pool *pool) {
    c.depthwise = true;
    if (c.dilation_h == 0) c.dilation_h = c.dilation_w = 1;
    for (pcl_isa isa = PCL_ISA_SCALAR; isa <= PCL_ISA_RELAXED; isa++) {
        if (!pcl_isa_available(isa)) continue;
        op_harness harness;
        op_harness_open(&harness);
        harness.isa = isa;
        harness.pool = pool;
        random_state = 11;
        conv_tensors t = make_conv(&harness, &c);
        CHECK(op_run(&harness, &pcl_op_depthwise_conv_2d, &t.attributes, t.inputs, 3, &t.output, 1) == PCL_OK);
        if (t.output->data) {
            void *expected = conv_expected(&c, &t, conv_out_scale(&c), OUTPUT_ZERO);
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
        c.weight_dtype = PCL_UINT8; /* less its zero point 131 some weights exceed int8 */
        c.per_channel = false;
        run_case(c, pool);
        c.arithmetic = FLOATS;
        run_case(c, pool);
        c.arithmetic = HYBRID;
        run_case(c, pool);
        c.weight_dtype = PCL_INT8;
        c.per_channel = true;
        run_case(c, pool);
    }
}

static void test_refusals(void) {
    op_harness harness;
    op_harness_open(&harness);
    conv_case c = cases[0];
    c.depthwise = true;
    c.dilation_h = c.dilation_w = 1;
    conv_tensors t = make_conv(&harness, &c);
    t.attributes.conv.depth_multiplier = 2;
    CHECK(op_run(&harness, &pcl_op_depthwise_conv_2d, &t.attributes, t.inputs, 3, &t.output, 1) == PCL_ERROR_SHAPE);
    t = make_conv(&harness, &c);
    t.attributes.conv.reflect = true;
    CHECK(op_run(&harness, &pcl_op_depthwise_conv_2d, &t.attributes, t.inputs, 3, &t.output, 1) ==
          PCL_ERROR_UNSUPPORTED);
    t = make_conv(&harness, &c);
    t.inputs[1]->shape.dims[0] = 2;
    CHECK(op_run(&harness, &pcl_op_depthwise_conv_2d, &t.attributes, t.inputs, 3, &t.output, 1) == PCL_ERROR_SHAPE);
    t = make_conv(&harness, &c);
    t.inputs[1]->quantization.axis = 0;
    CHECK(op_run(&harness, &pcl_op_depthwise_conv_2d, &t.attributes, t.inputs, 3, &t.output, 1) == PCL_ERROR_TYPE);
    op_harness_close(&harness);
}

int main(void) {
    pcl_pool *pool = NULL;
    test_results(NULL);
    CHECK(pcl_pool_open(&pool, 3, NULL) == PCL_OK);
    test_results(pool);
    pcl_pool_close(&pool);
    test_refusals();
    return test_failures != 0;
}
