/* BATCH_MATMUL against plain sums of products, all four transpositions. */
#include "conv_reference.h"

typedef struct matmul_case {
    int32_t x_batch[2], y_batch[2], out_batch[2];
    int32_t rows, depth, columns;
} matmul_case;

static const matmul_case cases[] = {
    {{1, 1}, {1, 1}, {1, 1}, 3, 5, 4},
    {{2, 3}, {2, 3}, {2, 3}, 7, 9, 70},
    {{2, 1}, {1, 3}, {2, 3}, 30, 6, 5},
    {{1, 4}, {2, 1}, {2, 4}, 1, 40, 130},
    {{1, 1}, {1, 1}, {1, 1}, 61, 50, 66},
};

static pcl_tensor *make_factor(op_harness *harness, bool quantised, const int32_t *batch, int32_t rows,
                               int32_t columns, bool turned, float scale, int32_t zero_point) {
    int32_t dims[4] = {batch[0], batch[1], turned ? columns : rows, turned ? rows : columns};
    return make_activation(harness, quantised ? QUANTISED : FLOATS, dims, scale, zero_point);
}

static double element(const pcl_tensor *tensor, const int32_t *batch, int32_t n, int32_t m, int32_t row,
                      int32_t column, bool turned) {
    const int32_t *dims = tensor->shape.dims;
    int32_t matrix = (batch[0] == 1 ? 0 : n) * batch[1] + (batch[1] == 1 ? 0 : m);
    int32_t at = turned ? column * dims[3] + row : row * dims[3] + column;
    return value_at(tensor, (size_t)(matrix * dims[2] * dims[3] + at));
}

static void check_product(const matmul_case *c, const pcl_tensor *x, const pcl_tensor *y, const pcl_tensor *out,
                          bool turn_x, bool turn_y) {
    size_t at = 0, wrong = 0;
    for (int32_t n = 0; n < c->out_batch[0]; n++)
        for (int32_t m = 0; m < c->out_batch[1]; m++)
            for (int32_t row = 0; row < c->rows; row++)
                for (int32_t column = 0; column < c->columns; column++, at++) {
                    double sum = 0;
                    for (int32_t k = 0; k < c->depth; k++)
                        sum += element(x, c->x_batch, n, m, row, k, turn_x) *
                               element(y, c->y_batch, n, m, k, column, turn_y);
                    if (out->dtype == PCL_FLOAT32) {
                        if (!(fabs(((const float *)out->data)[at] - sum) < 1e-4)) wrong++;
                        continue;
                    }
                    float scale = INPUT_SCALE * WEIGHT_SCALE / OUTPUT_SCALE;
                    if (((const uint8_t *)out->data)[at] != requantise(sum, scale, OUTPUT_SCALE, OUTPUT_ZERO, 0))
                        wrong++;
                }
    CHECK(wrong == 0);
}

static void run_case(const matmul_case *c, bool quantised, bool turn_x, bool turn_y, pcl_pool *pool, pcl_isa isa) {
    op_harness harness;
    op_harness_open(&harness);
    harness.isa = isa;
    harness.pool = pool;
    random_state = 9;
    pcl_tensor *inputs[2] = {
        make_factor(&harness, quantised, c->x_batch, c->rows, c->depth, turn_x, INPUT_SCALE, INPUT_ZERO),
        make_factor(&harness, quantised, c->y_batch, c->depth, c->columns, turn_y, WEIGHT_SCALE, WEIGHT_ZERO)};
    pcl_tensor *output = quantised ? op_output(&harness, PCL_UINT8, OUTPUT_SCALE, OUTPUT_ZERO)
                                   : op_output(&harness, PCL_FLOAT32, 0, 0);
    pcl_attributes attributes = {.batch_matmul = {turn_x, turn_y}};
    CHECK(op_run(&harness, &pcl_op_batch_matmul, &attributes, inputs, 2, &output, 1) == PCL_OK);
    CHECK(op_shape_is(output, DIMS(c->out_batch[0], c->out_batch[1], c->rows, c->columns)));
    if (output->data) check_product(c, inputs[0], inputs[1], output, turn_x, turn_y);
    op_harness_close(&harness);
}

static void test_results(pcl_pool *pool) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (pcl_isa isa = PCL_ISA_SCALAR; isa <= PCL_ISA_RELAXED; isa++)
            for (int form = 0; form < 8 && pcl_isa_available(isa); form++)
                run_case(&cases[i], form & 1, form & 2, form & 4, pool, isa);
}

static void test_refusals(void) {
    op_harness harness;
    op_harness_open(&harness);
    float zeros[24] = {0};
    pcl_attributes attributes = {.batch_matmul = {false, false}};
    pcl_tensor *output = op_output(&harness, PCL_FLOAT32, 0, 0);
    pcl_tensor *of_2x3x4 = op_tensor(&harness, PCL_FLOAT32, DIMS(2, 3, 4), zeros, false);
    pcl_tensor *of_3x4x2 = op_tensor(&harness, PCL_FLOAT32, DIMS(3, 4, 2), zeros, false);
    pcl_tensor *of_2x2 = op_tensor(&harness, PCL_FLOAT32, DIMS(2, 2), zeros, false);
    pcl_tensor *of_4 = op_tensor(&harness, PCL_FLOAT32, DIMS(4), zeros, false);
    pcl_tensor *integers = op_tensor(&harness, PCL_INT32, DIMS(4, 2), zeros, false);
    pcl_tensor *unfit[] = {of_3x4x2, of_2x2, of_4};
    for (int i = 0; i < 3; i++)
        CHECK(op_run(&harness, &pcl_op_batch_matmul, &attributes, (pcl_tensor *[]){of_2x3x4, unfit[i]}, 2, &output,
                     1) == PCL_ERROR_SHAPE);
    CHECK(op_run(&harness, &pcl_op_batch_matmul, &attributes, (pcl_tensor *[]){of_2x3x4, integers}, 2, &output, 1) ==
          PCL_ERROR_TYPE);
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
