/* RESHAPE, SQUEEZE, EXPAND_DIMS: shapes, and what they refuse. */
#include "move_reference.h"

static op_harness harness;

static pcl_tensor *input(const int32_t *dims, int32_t rank) {
    pcl_shape shape = {.rank = rank};
    for (int32_t d = 0; d < rank; d++) shape.dims[d] = dims[d];
    return random_tensor(&harness, PCL_FLOAT32, &shape);
}

static pcl_attributes reshape_to(const int32_t *dims, int32_t rank) {
    pcl_attributes attributes = {.reshape.rank = rank};
    for (int32_t d = 0; d < rank; d++) attributes.reshape.dims[d] = dims[d];
    return attributes;
}

static pcl_attributes squeeze(const int32_t *axes, int32_t count) {
    pcl_attributes attributes = {.squeeze.count = count};
    for (int32_t i = 0; i < count; i++) attributes.squeeze.axes[i] = axes[i];
    return attributes;
}

/* Runs with one or two inputs and compares the shape. */
static void expect(const pcl_op *op, pcl_attributes attributes, pcl_tensor *in, pcl_tensor *second, const int32_t *dims,
                   int32_t rank) {
    pcl_tensor *out = op_output(&harness, in->dtype, 0, 0), *inputs[] = {in, second};
    CHECK(op_run(&harness, op, &attributes, inputs, second ? 2 : 1, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, dims, rank));
}

static void test_reshape(void) {
    const pcl_op *op = &pcl_op_reshape;
    pcl_tensor *in = input(DIMS(2, 3, 4)), *empty = input(DIMS(2, 0, 4)), *one = input(DIMS(1, 1));
    pcl_attributes unset = {.reshape.rank = -1};
    expect(op, unset, in, INTEGERS(&harness, 6, -1), DIMS(6, 4));
    expect(op, unset, in, INTEGERS(&harness, 24), DIMS(24));
    expect(op, unset, in, INTEGERS(&harness, 1, 2, 1, 3, 1, 4, 1, -1), DIMS(1, 2, 1, 3, 1, 4, 1, 1));
    expect(op, reshape_to(DIMS(4, 6)), in, NULL, DIMS(4, 6));
    expect(op, reshape_to(DIMS(5, 5)), in, INTEGERS(&harness, 12, 2), DIMS(12, 2)); /* the tensor rules */
    expect(op, reshape_to(DIMS(0)), one, NULL, NULL, 0);
    expect(op, unset, empty, INTEGERS(&harness, 0, 7), DIMS(0, 7));
    expect(op, unset, empty, INTEGERS(&harness, -1, 7), DIMS(0, 7));
    CHECK(STATUS(&harness, op, unset, in) == PCL_ERROR_FORMAT);
    CHECK(STATUS(&harness, op, unset, in, INTEGERS(&harness, 5, -1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, unset, in, INTEGERS(&harness, -1, -1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, unset, in, INTEGERS(&harness, -2, -12)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, unset, in, INTEGERS(&harness, 2, 2)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, unset, in, INTEGERS(&harness, 0, -1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, unset, empty, INTEGERS(&harness, 0, -1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, unset, in, INTEGERS(&harness, 1 << 30, 1 << 30, 1 << 30)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, unset, in, INTEGERS(&harness, 1, 1, 1, 1, 1, 1, 1, 1, 24)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, unset, in, input(DIMS(2))) == PCL_ERROR_TYPE);
    pcl_tensor *open = op_tensor(&harness, PCL_INT32, DIMS(2), (int32_t[]){6, 4}, false);
    CHECK(STATUS(&harness, op, unset, in, open) == PCL_ERROR_UNSUPPORTED);
}

static void test_squeeze(void) {
    const pcl_op *op = &pcl_op_squeeze;
    pcl_tensor *in = input(DIMS(1, 3, 1, 5));
    expect(op, no_attributes, in, NULL, DIMS(3, 5));
    expect(op, squeeze(DIMS(-2, 2)), in, NULL, DIMS(1, 3, 5));
    expect(op, squeeze(DIMS(0)), in, NULL, DIMS(3, 1, 5));
    expect(op, no_attributes, input(DIMS(1, 1)), NULL, NULL, 0);
    CHECK(STATUS(&harness, op, squeeze(DIMS(1)), in) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, squeeze(DIMS(4)), in) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, squeeze(DIMS(INT32_MIN)), in) == PCL_ERROR_SHAPE);
}

static void test_expand_dims(void) {
    const pcl_op *op = &pcl_op_expand_dims;
    pcl_tensor *in = input(DIMS(2, 5)), *full = input(DIMS(1, 1, 1, 1, 1, 1, 1, 1));
    expect(op, no_attributes, in, INTEGERS(&harness, 0), DIMS(1, 2, 5));
    expect(op, no_attributes, in, INTEGERS(&harness, 1), DIMS(2, 1, 5));
    expect(op, no_attributes, in, INTEGERS(&harness, -1), DIMS(2, 5, 1));
    expect(op, no_attributes, input(NULL, 0), INTEGERS(&harness, 0), DIMS(1));
    CHECK(STATUS(&harness, op, no_attributes, in, INTEGERS(&harness, 3)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, no_attributes, in, INTEGERS(&harness, -4)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, no_attributes, in, INTEGERS(&harness, 0, 1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, op, no_attributes, full, INTEGERS(&harness, 0)) == PCL_ERROR_UNSUPPORTED);
}

/* Movers keep type and quantisation. */
static void test_types(void) {
    pcl_tensor *in = op_quantised(&harness, PCL_UINT8, DIMS(2), (uint8_t[]){1, 2}, false, 0.5f, 3);
    pcl_tensor *outs[] = {op_output(&harness, PCL_UINT8, 0.5f, 3), op_output(&harness, PCL_UINT8, 0.5f, 4),
                          op_output(&harness, PCL_UINT8, 0, 0), op_output(&harness, PCL_FLOAT32, 0, 0)};
    CHECK(op_run(&harness, &pcl_op_squeeze, NULL, &in, 1, &outs[0], 1) == PCL_OK);
    for (int i = 1; i < 4; i++)
        CHECK(op_run(&harness, &pcl_op_squeeze, NULL, &in, 1, &outs[i], 1) == PCL_ERROR_TYPE);
}

/* Every step has blocks of its own. */
static void apart(void (*test)(void)) {
    op_harness_open(&harness);
    test();
    op_harness_close(&harness);
}

int main(void) {
    apart(test_reshape);
    apart(test_squeeze);
    apart(test_expand_dims);
    apart(test_types);
    return test_failures != 0;
}
