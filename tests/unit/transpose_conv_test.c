/* TRANSPOSE_CONV against its definition: every input adds its filter, times
 * itself, to the outputs from input position * stride - pad on. */
#include "conv_reference.h"

typedef struct transpose_case {
    const char *what;
    int32_t batch, in_h, in_w, in_channels, filter_h, filter_w, out_channels, stride_h, stride_w, out_h, out_w;
    pcl_padding padding;
    bool bias;
    pcl_activation activation;
} transpose_case;

static const transpose_case cases[] = {
    {"2x2, stride 2", 1, 5, 6, 8, 2, 2, 12, 2, 2, 10, 12, PCL_PADDING_SAME, true, PCL_ACTIVATION_RELU},
    {"3x3, stride 2, SAME, batch 2", 2, 5, 4, 7, 3, 3, 5, 2, 2, 10, 8, PCL_PADDING_SAME, true, 0},
    {"3x3, stride 2, SAME, odd", 1, 5, 4, 7, 3, 3, 5, 2, 2, 9, 7, PCL_PADDING_SAME, false, 0},
    {"4x4, stride 2, VALID", 1, 3, 5, 16, 4, 4, 9, 2, 2, 8, 12, PCL_PADDING_VALID, true, 0},
    {"3x3, stride 1", 1, 7, 6, 3, 3, 3, 4, 1, 1, 7, 6, PCL_PADDING_SAME, true, PCL_ACTIVATION_RELU6},
    {"filter smaller than the stride", 1, 4, 3, 5, 2, 1, 3, 3, 2, 12, 6, PCL_PADDING_SAME, true, 0},
    {"VALID, output larger than its inputs reach", 1, 2, 2, 2, 2, 2, 2, 2, 2, 5, 5, PCL_PADDING_VALID, true, 0},
    {"7x5, stride 3x2, one row", 1, 1, 9, 4, 7, 5, 6, 3, 2, 3, 18, PCL_PADDING_SAME, true, 0},
    {"several chunks", 1, 12, 90, 40, 3, 3, 8, 2, 2, 24, 180, PCL_PADDING_SAME, true, 0},
};

/* Sums: [batch][out_h][out_w][out_channels]. */
static double *scatter(const transpose_case *c, const conv_tensors *t) {
    double *sums = calloc((size_t)(c->batch * c->out_h * c->out_w * c->out_channels), sizeof *sums);
    bool same = c->padding == PCL_PADDING_SAME;
    int32_t unused, top = same ? same_pad(c->out_h, c->filter_h, c->stride_h, 1, &unused) : 0;
    int32_t left = same ? same_pad(c->out_w, c->filter_w, c->stride_w, 1, &unused) : 0;
    for (int32_t p = 0; p < c->batch * c->in_h * c->in_w; p++)
        for (int32_t oc = 0; oc < c->out_channels; oc++)
            for (int32_t tap = 0; tap < c->filter_h * c->filter_w; tap++) {
                int32_t n = p / (c->in_h * c->in_w), iy = p / c->in_w % c->in_h, ix = p % c->in_w;
                int32_t y = iy * c->stride_h - top + tap / c->filter_w;
                int32_t x = ix * c->stride_w - left + tap % c->filter_w;
                if (y < 0 || y >= c->out_h || x < 0 || x >= c->out_w) continue;
                double *sum = &sums[((n * c->out_h + y) * c->out_w + x) * c->out_channels + oc];
                for (int32_t k = 0; k < c->in_channels; k++)
                    *sum += value_at(t->inputs[0], (size_t)(p * c->in_channels + k)) *
                            value_at(t->inputs[1],
                                     (size_t)((oc * c->filter_h * c->filter_w + tap) * c->in_channels + k));
            }
    return sums;
}

/* Sums become outputs as a convolution's do. */
static void *finish(const transpose_case *c, const conv_tensors *t, arithmetic kind, const double *sums) {
    size_t count = (size_t)(c->batch * c->out_h * c->out_w * c->out_channels);
    void *expected = malloc(count * sizeof(float));
    for (size_t i = 0; i < count; i++) {
        int32_t oc = (int32_t)(i % (size_t)c->out_channels);
        const void *bias = t->inputs[2] ? t->inputs[2]->data : NULL;
        if (kind == QUANTISED) {
            double sum = sums[i] + (bias ? ((const int32_t *)bias)[oc] : 0);
            ((uint8_t *)expected)[i] = requantise(sum, INPUT_SCALE * weight_scale(t, oc) / OUTPUT_SCALE, OUTPUT_SCALE,
                                                  OUTPUT_ZERO, c->activation);
        } else {
            double sum = sums[i] * weight_scale(t, oc) + (bias ? ((const float *)bias)[oc] : 0);
            ((float *)expected)[i] = (float)clamp_real(sum, c->activation);
        }
    }
    return expected;
}

static void run_case(const transpose_case *c, conv_case shape, pcl_pool *pool, pcl_isa isa) {
    op_harness harness;
    op_harness_open(&harness);
    harness.isa = isa;
    harness.pool = pool;
    random_state = 5;
    conv_tensors t = make_conv(&harness, &shape);
    t.out_h = c->out_h;
    t.out_w = c->out_w;
    int32_t dims[4] = {c->batch, c->out_h, c->out_w, c->out_channels};
    pcl_tensor *inputs[4] = {op_tensor(&harness, PCL_INT32, DIMS(4), dims, true), t.inputs[1], t.inputs[0],
                             t.inputs[2]};
    pcl_attributes attributes = {.conv = {.padding = c->padding, .stride_h = c->stride_h, .stride_w = c->stride_w,
                                          .dilation_h = 1, .dilation_w = 1, .activation = c->activation}};
    CHECK(op_run(&harness, &pcl_op_transpose_conv, &attributes, inputs, 4, &t.output, 1) == PCL_OK);
    if (t.output->data) {
        double *sums = scatter(c, &t);
        void *expected = finish(c, &t, shape.arithmetic, sums);
        check_output(&shape, &t, expected, isa, pcl_pool_threads(pool));
        free(expected);
        free(sums);
    }
    op_harness_close(&harness);
}

/* The tensors of a convolution with the same input and filter. */
static conv_case as_conv(const transpose_case *c) {
    return (conv_case){.what = c->what, .batch = c->batch, .height = c->in_h, .width = c->in_w,
                       .channels = c->in_channels, .filter_h = c->filter_h, .filter_w = c->filter_w,
                       .filter_channels = c->in_channels, .out_channels = c->out_channels, .stride_h = 1,
                       .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .padding = PCL_PADDING_SAME,
                       .no_bias = !c->bias};
}

static void test_results(pcl_pool *pool) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (pcl_isa isa = PCL_ISA_SCALAR; isa <= PCL_ISA_RELAXED; isa++) {
            if (!pcl_isa_available(isa)) continue;
            conv_case shape = as_conv(&cases[i]);
            shape.per_channel = true;
            run_case(&cases[i], shape, pool, isa);
            shape.arithmetic = HYBRID;
            run_case(&cases[i], shape, pool, isa);
            shape.arithmetic = FLOATS;
            shape.per_channel = false;
            run_case(&cases[i], shape, pool, isa);
            shape.arithmetic = QUANTISED;
            shape.weight_dtype = PCL_UINT8;
            run_case(&cases[i], shape, pool, isa);
        }
}

static pcl_status status_of(op_harness *harness, const int32_t *dims, const pcl_attributes *attributes) {
    conv_case shape = as_conv(&cases[0]);
    conv_tensors t = make_conv(harness, &shape);
    pcl_tensor *inputs[3] = {op_tensor(harness, PCL_INT32, DIMS(4), dims, true), t.inputs[1], t.inputs[0]};
    return op_run(harness, &pcl_op_transpose_conv, attributes, inputs, 3, &t.output, 1);
}

static void test_refusals(void) {
    op_harness harness;
    op_harness_open(&harness);
    pcl_attributes attributes = {.conv = {.padding = PCL_PADDING_SAME, .stride_h = 2, .stride_w = 2,
                                          .dilation_h = 1, .dilation_w = 1}};
    CHECK(status_of(&harness, (int32_t[]){1, 10, 12, 12}, &attributes) == PCL_OK);
    CHECK(status_of(&harness, (int32_t[]){2, 10, 12, 12}, &attributes) == PCL_ERROR_SHAPE);
    CHECK(status_of(&harness, (int32_t[]){1, 10, 12, 11}, &attributes) == PCL_ERROR_SHAPE);
    CHECK(status_of(&harness, (int32_t[]){1, 0, 12, 12}, &attributes) == PCL_ERROR_SHAPE);
    CHECK(status_of(&harness, (int32_t[]){1, 1 << 27, 1 << 27, 12}, &attributes) == PCL_ERROR_LIMIT);
    attributes.conv.stride_h = 0;
    CHECK(status_of(&harness, (int32_t[]){1, 10, 12, 12}, &attributes) == PCL_ERROR_SHAPE);
    attributes.conv.stride_h = 1000;
    CHECK(status_of(&harness, (int32_t[]){1, 10, 12, 12}, &attributes) == PCL_ERROR_LIMIT);
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
