/* Comparisons, logic and SELECT against loops over indices. */
#include <math.h>
#include <string.h>

#include "op_harness.h"
#include "random_shapes.h"

enum { MAX_ELEMENTS = 20000 };

static bool equal(double a, double b) { return a == b; }
static bool not_equal(double a, double b) { return a != b; }
static bool less(double a, double b) { return a < b; }
static bool less_equal(double a, double b) { return a <= b; }
static bool greater(double a, double b) { return a > b; }
static bool greater_equal(double a, double b) { return a >= b; }
static bool both(double a, double b) { return a != 0 && b != 0; }
static bool either(double a, double b) { return a != 0 || b != 0; }

typedef struct compare_case {
    const pcl_op *op;
    bool (*holds)(double, double);
    bool ordered, bools;
} compare_case;

static const compare_case cases[] = {
    {&pcl_op_equal, equal, false, true},           {&pcl_op_not_equal, not_equal, false, true},
    {&pcl_op_less, less, true, false},             {&pcl_op_less_equal, less_equal, true, false},
    {&pcl_op_greater, greater, true, false},       {&pcl_op_greater_equal, greater_equal, true, false},
    {&pcl_op_logical_and, both, false, true},      {&pcl_op_logical_or, either, false, true},
};

static bool is_logic(const compare_case *test) {
    return test->op == &pcl_op_logical_and || test->op == &pcl_op_logical_or;
}

/* Small whole numbers, so that equality happens; a number in each type's own layout. */
static void fill(pcl_dtype dtype, void *out, double *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int32_t value = random_integer(dtype == PCL_UINT8 || dtype == PCL_BOOL ? 0 : -3, dtype == PCL_BOOL ? 1 : 3);
        values[i] = value;
        if (dtype == PCL_FLOAT32) ((float *)out)[i] = (float)(values[i] = random_integer(0, 20) ? value : (double)NAN);
        else if (dtype == PCL_INT64) ((int64_t *)out)[i] = value * ((int64_t)1 << 40);
        else if (dtype == PCL_INT32) ((int32_t *)out)[i] = value;
        else if (dtype == PCL_INT16) ((int16_t *)out)[i] = (int16_t)value;
        else ((uint8_t *)out)[i] = (uint8_t)value;
    }
}

static void random_pair(pcl_shape *a, pcl_shape *b, pcl_shape *out) {
    do {
        pcl_shape whole = random_shape(7);
        *a = random_part(&whole);
        *b = random_part(&whole);
        *out = broadcast_of(a, b);
    } while (shape_elements(a) > MAX_ELEMENTS || shape_elements(b) > MAX_ELEMENTS ||
             shape_elements(out) > MAX_ELEMENTS);
}

static void test_compare(const compare_case *test, pcl_dtype dtype, bool quantised) {
    static int64_t a[MAX_ELEMENTS], b[MAX_ELEMENTS];
    static double a_values[MAX_ELEMENTS], b_values[MAX_ELEMENTS];
    pcl_shape a_shape, b_shape, shape;
    op_harness harness;
    op_harness_open(&harness);
    random_pair(&a_shape, &b_shape, &shape);
    fill(dtype, a, a_values, MAX_ELEMENTS);
    fill(dtype, b, b_values, MAX_ELEMENTS);
    pcl_tensor *inputs[] = {op_tensor(&harness, dtype, a_shape.dims, a_shape.rank, a, false),
                            op_tensor(&harness, dtype, b_shape.dims, b_shape.rank, b, false)};
    if (quantised) { /* the second operand's integers stand for reals twice as large, less 2 */
        inputs[0] = op_quantised(&harness, dtype, a_shape.dims, a_shape.rank, a, false, 0.25f, 0);
        inputs[1] = op_quantised(&harness, dtype, b_shape.dims, b_shape.rank, b, false, 0.5f, 1);
        for (size_t i = 0; i < MAX_ELEMENTS; i++) b_values[i] = 2 * (b_values[i] - 1);
    }
    pcl_tensor *out = op_output(&harness, PCL_BOOL, 0, 0);
    CHECK(op_run(&harness, test->op, NULL, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, shape.dims, shape.rank));
    size_t wrong = 0, count = shape_elements(&shape);
    for (size_t i = 0; i < count; i++)
        wrong += ((uint8_t *)out->data)[i] != test->holds(a_values[broadcast_index(i, &shape, &a_shape)],
                                                          b_values[broadcast_index(i, &shape, &b_shape)]);
    CHECK(wrong == 0);
    op_harness_close(&harness);
}

static void test_case(const compare_case *test) {
    for (int round = 0; round < 20; round++) {
        if (test->bools) test_compare(test, PCL_BOOL, false);
        if (is_logic(test)) continue;
        test_compare(test, PCL_FLOAT32, false);
        test_compare(test, PCL_INT64, false);
        test_compare(test, PCL_INT32, false);
        test_compare(test, PCL_INT16, false);
        test_compare(test, PCL_UINT8, false);
        test_compare(test, PCL_UINT8, true);
    }
}

static void test_not(void) {
    op_harness harness;
    op_harness_open(&harness);
    pcl_tensor *in = op_tensor(&harness, PCL_BOOL, DIMS(2, 2), (uint8_t[]){1, 0, 0, 7}, false);
    pcl_tensor *out = op_output(&harness, PCL_BOOL, 0, 0);
    CHECK(op_run(&harness, &pcl_op_logical_not, NULL, &in, 1, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, DIMS(2, 2)));
    CHECK(memcmp(out->data, (uint8_t[]){0, 1, 1, 0}, 4) == 0);
    in = op_tensor(&harness, PCL_UINT8, DIMS(1), (uint8_t[]){1}, false);
    CHECK(op_run(&harness, &pcl_op_logical_not, NULL, &in, 1, &out, 1) == PCL_ERROR_TYPE);
    op_harness_close(&harness);
}

static void test_select_v2(pcl_dtype dtype) {
    static uint8_t condition[MAX_ELEMENTS], a[MAX_ELEMENTS * 8], b[MAX_ELEMENTS * 8];
    pcl_shape whole, condition_shape, a_shape, b_shape, shape;
    op_harness harness;
    op_harness_open(&harness);
    do {
        whole = random_shape(7);
        condition_shape = random_part(&whole);
        a_shape = random_part(&whole);
        b_shape = random_part(&whole);
        shape = broadcast_of(&a_shape, &b_shape);
        shape = broadcast_of(&shape, &condition_shape);
    } while (shape_elements(&condition_shape) > MAX_ELEMENTS || shape_elements(&a_shape) > MAX_ELEMENTS ||
             shape_elements(&b_shape) > MAX_ELEMENTS || shape_elements(&shape) > MAX_ELEMENTS);
    for (size_t i = 0; i < MAX_ELEMENTS; i++) condition[i] = (uint8_t)random_integer(0, 1);
    for (size_t i = 0; i < sizeof a; i++) a[i] = (uint8_t)random_bits(), b[i] = (uint8_t)random_bits();
    pcl_tensor *inputs[] = {op_tensor(&harness, PCL_BOOL, condition_shape.dims, condition_shape.rank, condition, false),
                            op_tensor(&harness, dtype, a_shape.dims, a_shape.rank, a, false),
                            op_tensor(&harness, dtype, b_shape.dims, b_shape.rank, b, false)};
    pcl_tensor *out = op_output(&harness, dtype, 0, 0);
    CHECK(op_run(&harness, &pcl_op_select_v2, NULL, inputs, 3, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, shape.dims, shape.rank));
    size_t wrong = 0, count = shape_elements(&shape), element = pcl_dtype_size(dtype);
    for (size_t i = 0; i < count; i++) {
        bool first = condition[broadcast_index(i, &shape, &condition_shape)];
        const uint8_t *expected = first ? a + element * broadcast_index(i, &shape, &a_shape)
                                        : b + element * broadcast_index(i, &shape, &b_shape);
        wrong += memcmp((uint8_t *)out->data + i * element, expected, element) != 0;
    }
    CHECK(wrong == 0);
    op_harness_close(&harness);
}

static void test_select_rows(void) {
    op_harness harness;
    op_harness_open(&harness);
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {-1, -2, -3, -4, -5, -6};
    pcl_tensor *inputs[] = {op_tensor(&harness, PCL_BOOL, DIMS(3), (uint8_t[]){1, 0, 1}, false),
                            op_tensor(&harness, PCL_FLOAT32, DIMS(3, 2), a, false),
                            op_tensor(&harness, PCL_FLOAT32, DIMS(3, 2), b, false)};
    pcl_tensor *out = op_output(&harness, PCL_FLOAT32, 0, 0);
    CHECK(op_run(&harness, &pcl_op_select, NULL, inputs, 3, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){1, 2, -3, -4, 5, 6}) == 0);
    inputs[0] = op_tensor(&harness, PCL_BOOL, DIMS(3, 2), (uint8_t[]){1, 0, 0, 0, 0, 1}, false);
    CHECK(op_run(&harness, &pcl_op_select, NULL, inputs, 3, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, (float[]){1, -2, -3, -4, -5, 6}) == 0);
    inputs[0] = op_tensor(&harness, PCL_BOOL, NULL, 0, (uint8_t[]){0}, false);
    CHECK(op_run(&harness, &pcl_op_select, NULL, inputs, 3, &out, 1) == PCL_OK);
    CHECK(op_float_error(out, b) == 0);
    inputs[0] = op_tensor(&harness, PCL_BOOL, DIMS(2), (uint8_t[]){0, 1}, false);
    CHECK(op_run(&harness, &pcl_op_select, NULL, inputs, 3, &out, 1) == PCL_ERROR_SHAPE);
    inputs[1] = op_tensor(&harness, PCL_FLOAT32, DIMS(1, 2), a, false);
    CHECK(op_run(&harness, &pcl_op_select, NULL, inputs, 3, &out, 1) == PCL_ERROR_SHAPE);
    op_harness_close(&harness);
}

static void test_errors(void) {
    op_harness harness;
    op_harness_open(&harness);
    const int32_t zeros[2] = {0};
    pcl_tensor *real = op_tensor(&harness, PCL_FLOAT32, DIMS(2), zeros, false);
    pcl_tensor *integer = op_tensor(&harness, PCL_INT32, DIMS(2), zeros, false);
    pcl_tensor *boolean = op_tensor(&harness, PCL_BOOL, DIMS(2), zeros, false);
    pcl_tensor *plain = op_tensor(&harness, PCL_UINT8, DIMS(2), zeros, false);
    pcl_tensor *quantised = op_quantised(&harness, PCL_UINT8, DIMS(2), zeros, false, 0.5f, 3);
    pcl_tensor *out = op_output(&harness, PCL_BOOL, 0, 0), *u8_out = op_output(&harness, PCL_UINT8, 0.25f, 3);
    const struct {
        const pcl_op *op;
        pcl_tensor *a, *b, *out;
    } wrong[] = {
        {&pcl_op_equal, real, integer, out},     {&pcl_op_less, boolean, boolean, out},
        {&pcl_op_less, plain, quantised, out},   {&pcl_op_logical_and, integer, integer, out},
        {&pcl_op_greater, real, real, u8_out},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        pcl_tensor *inputs[] = {wrong[i].a, wrong[i].b}, *result = wrong[i].out;
        CHECK(op_run(&harness, wrong[i].op, NULL, inputs, 2, &result, 1) == PCL_ERROR_TYPE);
    }
    pcl_tensor *chosen[] = {boolean, quantised, quantised};
    CHECK(op_run(&harness, &pcl_op_select_v2, NULL, chosen, 3, &u8_out, 1) == PCL_ERROR_TYPE);
    chosen[0] = integer;
    CHECK(op_run(&harness, &pcl_op_select_v2, NULL, chosen, 3, &quantised, 1) == PCL_ERROR_TYPE);
    op_harness_close(&harness);
}

int main(void) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) test_case(&cases[i]);
    test_not();
    for (int round = 0; round < 20; round++) {
        test_select_v2(PCL_UINT8);
        test_select_v2(PCL_FLOAT16);
        test_select_v2(PCL_FLOAT32);
        test_select_v2(PCL_INT64);
    }
    test_select_rows();
    test_errors();
    return test_failures != 0;
}
