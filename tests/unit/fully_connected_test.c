/* FULLY_CONNECTED against plain sums of products. */
#include "conv_reference.h"

typedef struct dense_case {
    int32_t rows, depth, columns;
    bool keep_dims, per_channel, no_bias;
    pcl_dtype weight_dtype;
    arithmetic arithmetic;
    pcl_activation activation;
} dense_case;

/* A 1x1 convolution of one picture of `rows` pixels has the same tensors. */
static conv_case as_conv(const dense_case *d) {
    return (conv_case){.what = "fully connected", .arithmetic = d->arithmetic, .weight_dtype = d->weight_dtype,
                       .per_channel = d->per_channel, .batch = 1, .height = 1, .width = d->rows, .channels = d->depth,
                       .filter_h = 1, .filter_w = 1, .filter_channels = d->depth, .out_channels = d->columns,
                       .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .padding = PCL_PADDING_VALID,
                       .no_bias = d->no_bias, .activation = d->activation};
}

static void reshape(pcl_tensor *tensor, int32_t rank, int32_t a, int32_t b, int32_t c) {
    tensor->shape = (pcl_shape){.rank = rank, .dims = {a, b, c}};
}

static void run_case(const dense_case *d, pcl_pool *pool, pcl_isa isa) {
    op_harness harness;
    op_harness_open(&harness);
    harness.isa = isa;
    harness.pool = pool;
    random_state = 3;
    conv_case c = as_conv(d);
    conv_tensors t = make_conv(&harness, &c);
    reshape(t.inputs[1], 2, d->columns, d->depth, 0);
    if (d->keep_dims) reshape(t.inputs[0], 3, 1, d->rows, d->depth);
    else reshape(t.inputs[0], 3, d->rows * d->depth, 1, 1);
    pcl_attributes attributes = {.fully_connected = {d->activation, d->keep_dims}};
    CHECK(op_run(&harness, &pcl_op_fully_connected, &attributes, t.inputs, 3, &t.output, 1) == PCL_OK);
    if (t.output->data) {
        if (d->keep_dims) CHECK(op_shape_is(t.output, DIMS(1, d->rows, d->columns)));
        else CHECK(op_shape_is(t.output, DIMS(d->rows, d->columns)));
        t.output->shape = (pcl_shape){.rank = 4, .dims = {1, 1, d->rows, d->columns}};
        void *expected = conv_expected(&c, &t, OUTPUT_SCALE, OUTPUT_ZERO);
        check_output(&c, &t, expected, isa, pcl_pool_threads(pool));
        free(expected);
    }
    op_harness_close(&harness);
}

static void test_results(pcl_pool *pool) {
    static const dense_case cases[] = {
        {.rows = 1, .depth = 320, .columns = 1001, .per_channel = true},
        {.rows = 1, .depth = 320, .columns = 1001, .weight_dtype = PCL_UINT8, .activation = PCL_ACTIVATION_RELU},
        {.rows = 5, .depth = 33, .columns = 10, .keep_dims = true, .no_bias = true},
        {.rows = 70, .depth = 50, .columns = 90, .arithmetic = FLOATS, .keep_dims = true},
        {.rows = 2, .depth = 7, .columns = 3, .arithmetic = FLOATS, .activation = PCL_ACTIVATION_RELU6},
        {.rows = 3, .depth = 40, .columns = 17, .arithmetic = HYBRID, .per_channel = true},
        {.rows = 3, .depth = 40, .columns = 17, .arithmetic = HYBRID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (pcl_isa isa = PCL_ISA_SCALAR; isa <= PCL_ISA_RELAXED; isa++)
            if (pcl_isa_available(isa)) run_case(&cases[i], pool, isa);
}

static void test_refusals(void) {
    op_harness harness;
    op_harness_open(&harness);
    dense_case d = {.rows = 2, .depth = 12, .columns = 5};
    conv_case c = as_conv(&d);
    conv_tensors t = make_conv(&harness, &c);
    pcl_attributes attributes = {.fully_connected = {PCL_ACTIVATION_NONE, false}};
    CHECK(op_run(&harness, &pcl_op_fully_connected, &attributes, t.inputs, 3, &t.output, 1) == PCL_ERROR_SHAPE);
    reshape(t.inputs[1], 2, 5, 12, 0);
    reshape(t.inputs[0], 3, 1, 6, 4);
    CHECK(op_run(&harness, &pcl_op_fully_connected, &attributes, t.inputs, 3, &t.output, 1) == PCL_OK);
    attributes.fully_connected.keep_num_dims = true;
    CHECK(op_run(&harness, &pcl_op_fully_connected, &attributes, t.inputs, 3, &t.output, 1) == PCL_ERROR_SHAPE);
    reshape(t.inputs[1], 2, 5, 0, 0);
    CHECK(op_run(&harness, &pcl_op_fully_connected, &attributes, t.inputs, 3, &t.output, 1) == PCL_ERROR_SHAPE);
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
