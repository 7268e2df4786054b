/* ONNX's products and quantisation: values worked out by hand. */
#include "onnx_harness.h"

static void test_matmul(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *a = onnx_in(&h, PCL_FLOAT32, DIMS(2, 3), FLOATS(1, 2, 3, 4, 5, 6));
    pcl_tensor *b = onnx_in(&h, PCL_FLOAT32, DIMS(3, 2), FLOATS(1, 0, 0, 1, 1, 1));
    pcl_tensor *v = onnx_in(&h, PCL_FLOAT32, DIMS(3), FLOATS(1, 10, 100)),
               *u = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(1, -1));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_matmul, NULL, (pcl_tensor *[]){a, b}, 2), 4, 5, 10, 11));
    pcl_tensor *out = onnx_run(&h, &pcl_onnx_matmul, NULL, (pcl_tensor *[]){a, v}, 2);
    CHECK(NEAR(out, 321, 654) && op_shape_is(out, DIMS(2)));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_matmul, NULL, (pcl_tensor *[]){u, a}, 2), -3, -3, -3));
    out = onnx_run(&h, &pcl_onnx_matmul, NULL, (pcl_tensor *[]){v, v}, 2);
    CHECK(NEAR(out, 10101) && out->shape.rank == 0);
    CHECK(!onnx_run(&h, &pcl_onnx_matmul, NULL, (pcl_tensor *[]){a, a}, 2) && h.error.status == PCL_ERROR_SHAPE);
    /* [2,1,1,2] times [3,2,1]: batches of 2 by 3. */
    pcl_tensor *p = onnx_in(&h, PCL_INT32, DIMS(2, 1, 1, 2), (int32_t[]){1, 2, 3, 4});
    pcl_tensor *q = onnx_in(&h, PCL_INT32, DIMS(3, 2, 1), (int32_t[]){1, 1, 0, 1, INT32_MAX, 1});
    out = onnx_run(&h, &pcl_onnx_matmul, NULL, (pcl_tensor *[]){p, q}, 2);
    CHECK(IS(out, PCL_INT32, (int32_t[]){3, 2, INT32_MIN + 1, 7, 4, INT32_MIN + 1}));
    CHECK(out && op_shape_is(out, DIMS(2, 3, 1, 1)));
    op_harness_close(&h);
}

static void test_gemm(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_gemm_attributes plain = {1, 1, false, false}, both = {0.5f, 2, true, true};
    pcl_tensor *a = onnx_in(&h, PCL_FLOAT32, DIMS(2, 3), FLOATS(1, 2, 3, 4, 5, 6));
    pcl_tensor *b = onnx_in(&h, PCL_FLOAT32, DIMS(3, 1), FLOATS(1, 1, 1)),
               *row = onnx_in(&h, PCL_FLOAT32, DIMS(1, 2), FLOATS(2, 4));
    pcl_tensor *c = onnx_in(&h, PCL_FLOAT32, DIMS(3, 1), FLOATS(1, 2, 3)),
               *wide = onnx_in(&h, PCL_FLOAT32, DIMS(4), FLOATS(1, 2, 3, 4));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_gemm, &plain, (pcl_tensor *[]){a, b}, 2), 6, 15));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_gemm, &both, (pcl_tensor *[]){a, row, c}, 3), 11, 16, 21));
    CHECK(!onnx_run(&h, &pcl_onnx_gemm, &plain, (pcl_tensor *[]){a, b, wide}, 3) && h.error.status == PCL_ERROR_SHAPE);
    pcl_tensor *x = onnx_in(&h, PCL_INT32, DIMS(1, 2), (int32_t[]){3, -4}),
               *y = onnx_in(&h, PCL_INT32, DIMS(2, 1), (int32_t[]){5, 1});
    CHECK(IS(onnx_run(&h, &pcl_onnx_gemm, &plain, (pcl_tensor *[]){x, y}, 2), PCL_INT32, (int32_t[]){11}));
    op_harness_close(&h);
}

static void test_integer_products(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *a = onnx_in(&h, PCL_UINT8, DIMS(2, 2), (uint8_t[]){10, 20, 255, 0});
    pcl_tensor *b = onnx_in(&h, PCL_INT8, DIMS(2, 2), (int8_t[]){1, -128, 2, 127});
    pcl_tensor *a_zero = onnx_in(&h, PCL_UINT8, NULL, 0, (uint8_t[]){10}),
               *a_zeros = onnx_in(&h, PCL_UINT8, DIMS(2), (uint8_t[]){10, 0});
    pcl_tensor *b_zeros = onnx_in(&h, PCL_INT8, DIMS(2), (int8_t[]){1, -1});
    CHECK(IS(onnx_run(&h, &pcl_onnx_matmul_integer, NULL, (pcl_tensor *[]){a, b}, 2), PCL_INT32,
             (int32_t[]){50, 1260, 255, -32640}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_matmul_integer, NULL, (pcl_tensor *[]){a, b, a_zero, b_zeros}, 4), PCL_INT32,
             (int32_t[]){10, 1280, -10, 245 * -127 - 10 * 128}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_matmul_integer, NULL, (pcl_tensor *[]){a, b, a_zeros, NULL}, 4), PCL_INT32,
             (int32_t[]){20, 1270, 255, -32640}));
    /* Halves go to even: (10, 1280) / 4 = 2.5, 320; (-10, -32395) / 4 far below. */
    pcl_tensor *one = onnx_in(&h, PCL_FLOAT32, NULL, 0, FLOATS(1)),
               *four = onnx_in(&h, PCL_FLOAT32, NULL, 0, FLOATS(4));
    pcl_tensor *y_zero = onnx_in(&h, PCL_UINT8, NULL, 0, (uint8_t[]){3});
    pcl_tensor *inputs[] = {a, one, a_zero, b, one, b_zeros, four, y_zero};
    CHECK(IS(onnx_run(&h, &pcl_onnx_qlinear_matmul, NULL, inputs, 8), PCL_UINT8, (uint8_t[]){5, 255, 1, 0}));
    inputs[2] = onnx_in(&h, PCL_INT8, NULL, 0, (int8_t[]){10});
    CHECK(!onnx_run(&h, &pcl_onnx_qlinear_matmul, NULL, inputs, 8) && h.error.status == PCL_ERROR_TYPE);
    op_harness_close(&h);
}

/* The greatest numbers there are, over more depth than one float sum holds, and more rows than one tile. */
static void test_deep_product(void) {
    enum { ROWS = 50, DEPTH = 700, COLUMNS = 3 };
    static uint8_t a[ROWS * DEPTH], b[DEPTH * COLUMNS];
    static int32_t expected[ROWS * COLUMNS];
    op_harness h;
    op_harness_open(&h);
    for (int i = 0; i < ROWS * DEPTH; i++) a[i] = i % DEPTH < 600 || i % 3 ? 255 : 0;
    for (int i = 0; i < DEPTH * COLUMNS; i++) b[i] = i % COLUMNS == 1 ? (uint8_t)(i % 251) : 255;
    for (int i = 0; i < ROWS * COLUMNS; i++)
        for (int k = 0; k < DEPTH; k++) expected[i] += a[i / COLUMNS * DEPTH + k] * b[k * COLUMNS + i % COLUMNS];
    pcl_tensor *inputs[] = {onnx_in(&h, PCL_UINT8, DIMS(ROWS, DEPTH), a),
                            onnx_in(&h, PCL_UINT8, DIMS(DEPTH, COLUMNS), b)};
    CHECK(IS(onnx_run(&h, &pcl_onnx_matmul_integer, NULL, inputs, 2), PCL_INT32, expected));
    /* Without depth all sums are 0. */
    pcl_tensor *empty[] = {onnx_in(&h, PCL_UINT8, DIMS(2, 0), NULL), onnx_in(&h, PCL_UINT8, DIMS(0, 2), NULL)};
    CHECK(IS(onnx_run(&h, &pcl_onnx_matmul_integer, NULL, empty, 2), PCL_INT32, (int32_t[4]){0}));
    op_harness_close(&h);
}

static pcl_tensor *run_einsum(op_harness *h, const char *equation, pcl_tensor **inputs, int count) {
    const pcl_onnx_einsum_attributes attributes = {equation};
    return onnx_run(h, &pcl_onnx_einsum, &attributes, inputs, count);
}

static void test_einsum(void) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *a = onnx_in(&h, PCL_FLOAT32, DIMS(2, 2), FLOATS(1, 2, 3, 4));
    pcl_tensor *b = onnx_in(&h, PCL_FLOAT32, DIMS(2, 2), FLOATS(1, 10, 100, 1000));
    pcl_tensor *stack = onnx_in(&h, PCL_FLOAT32, DIMS(2, 1, 2), FLOATS(1, 2, 3, 4)), *pair[] = {a, b};
    CHECK(NEAR(run_einsum(&h, "ij->ji", &a, 1), 1, 3, 2, 4));
    CHECK(NEAR(run_einsum(&h, "ii->i", &a, 1), 1, 4));
    CHECK(NEAR(run_einsum(&h, "ii", &a, 1), 5));
    CHECK(NEAR(run_einsum(&h, "ba", &a, 1), 1, 3, 2, 4)); /* implied: ab */
    CHECK(NEAR(run_einsum(&h, "ij,jk->ik", pair, 2), 201, 2010, 403, 4030));
    CHECK(NEAR(run_einsum(&h, "ij, jk", pair, 2), 201, 2010, 403, 4030));
    CHECK(NEAR(run_einsum(&h, "ij,ij->", pair, 2), 4321));
    pcl_tensor *batched[] = {stack, a};
    pcl_tensor *out = run_einsum(&h, "...ij,jk->...ik", batched, 2);
    CHECK(NEAR(out, 7, 10, 15, 22) && op_shape_is(out, DIMS(2, 1, 2)));
    CHECK(NEAR(run_einsum(&h, "...i->...", &stack, 1), 3, 7));
    const char *wrong[] = {"ij,jk->iz", "ijk->i", "ij->ii",     "i->i",  "ij,jk,kl->il",
                           "ij",        "->",     "i.j,jk->ik", "ij;jk", ""};
    for (int i = 0; i < COUNT(wrong); i++)
        CHECK(!run_einsum(&h, wrong[i], pair, 2) && h.error.status == PCL_ERROR_SHAPE);
    op_harness_close(&h);
}

static void test_quantize(void) {
    op_harness h;
    op_harness_open(&h);
    const pcl_onnx_quantize_attributes plain = {.axis = 1, .out_dtype = PCL_UINT8};
    pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(2, 3), FLOATS(-1, 0.5f, 1.5f, 1000, NAN, -INFINITY));
    pcl_tensor *one = onnx_in(&h, PCL_FLOAT32, NULL, 0, FLOATS(1)),
               *three = onnx_in(&h, PCL_INT8, NULL, 0, (int8_t[]){3});
    CHECK(IS(onnx_run(&h, &pcl_onnx_quantize_linear, &plain, (pcl_tensor *[]){x, one}, 2), PCL_UINT8,
             (uint8_t[]){0, 0, 2, 255, 0, 0}));
    CHECK(IS(onnx_run(&h, &pcl_onnx_quantize_linear, &plain, (pcl_tensor *[]){x, one, three}, 3), PCL_INT8,
             (int8_t[]){2, 3, 5, 127, 3, -128}));
    pcl_tensor *scales = onnx_in(&h, PCL_FLOAT32, DIMS(3), FLOATS(0.5f, 0.25f, 1)),
               *zeros = onnx_in(&h, PCL_INT16, DIMS(3), (int16_t[]){1, 2, 3});
    CHECK(IS(onnx_run(&h, &pcl_onnx_quantize_linear, &plain, (pcl_tensor *[]){x, scales, zeros}, 3), PCL_INT16,
             (int16_t[]){-1, 4, 5, 2001, 2, -32768}));
    pcl_tensor *two = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(1, 1));
    CHECK(!onnx_run(&h, &pcl_onnx_quantize_linear, &plain, (pcl_tensor *[]){x, two}, 2) &&
          h.error.status == PCL_ERROR_SHAPE);

    const pcl_onnx_quantize_attributes rows = {.axis = 0}, blocks = {.axis = 1, .block_size = 2};
    pcl_tensor *q = onnx_in(&h, PCL_UINT8, DIMS(2, 3), (uint8_t[]){0, 10, 255, 1, 2, 3});
    pcl_tensor *row_zeros = onnx_in(&h, PCL_UINT8, DIMS(2), (uint8_t[]){10, 1});
    pcl_tensor *row_scales = onnx_in(&h, PCL_FLOAT32, DIMS(2), FLOATS(0.5f, 2));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_dequantize_linear, &rows, (pcl_tensor *[]){q, row_scales, row_zeros}, 3), -5, 0,
               122.5f, 0, 2, 4));
    pcl_tensor *block_scales = onnx_in(&h, PCL_FLOAT32, DIMS(2, 2), FLOATS(1, 2, 3, 4));
    CHECK(NEAR(onnx_run(&h, &pcl_onnx_dequantize_linear, &blocks, (pcl_tensor *[]){q, block_scales}, 2), 0, 10, 510, 3,
               6, 12));
    CHECK(!onnx_run(&h, &pcl_onnx_dequantize_linear, &blocks, (pcl_tensor *[]){q, row_scales}, 2));
    pcl_tensor *wide = onnx_in(&h, PCL_INT32, DIMS(1), (int32_t[]){-7}),
               *half = onnx_in(&h, PCL_FLOAT16, NULL, 0, (uint16_t[]){0x3800});
    CHECK(IS(onnx_run(&h, &pcl_onnx_dequantize_linear, &rows, (pcl_tensor *[]){wide, half}, 2), PCL_FLOAT16,
             (uint16_t[]){0xC300}));
    op_harness_close(&h);
}

static void test_dynamic_quantize(void) {
    op_harness h;
    op_harness_open(&h);
    const struct {
        float in[3], scale;
        uint8_t out[3], zero_point;
    } cases[] = {
        {{0, 2, -3}, 5.0f / 255, {153, 255, 0}, 153},
        {{1, 2, 4}, 4.0f / 255, {64, 127, 255}, 0}, /* 4 / 255 is a little more as a float: 127.49999 */
        {{-1, -2, -4}, 4.0f / 255, {191, 128, 0}, 255},
        {{0, 0, 0}, 1, {0, 0, 0}, 0},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        pcl_tensor *x = onnx_in(&h, PCL_FLOAT32, DIMS(3), cases[i].in), *outputs[3];
        for (int o = 0; o < 3; o++) outputs[o] = op_output(&h, PCL_INT64, 0, 0);
        CHECK(op_run(&h, &pcl_onnx_dynamic_quantize_linear, NULL, &x, 1, outputs, 3) == PCL_OK);
        CHECK(onnx_is(outputs[0], PCL_UINT8, cases[i].out, 3) && NEAR(outputs[1], cases[i].scale));
        CHECK(onnx_is(outputs[2], PCL_UINT8, &cases[i].zero_point, 1) && outputs[2]->shape.rank == 0);
    }
    op_harness_close(&h);
}

int main(void) {
    test_matmul();
    test_gemm();
    test_integer_products();
    test_deep_product();
    test_einsum();
    test_quantize();
    test_dynamic_quantize();
    return test_failures != 0;
}
