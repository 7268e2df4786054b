/* ARG_MAX, ARG_MIN and TOPK_V2. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "op_harness.h"
#include "random_shapes.h"

enum { MAX_ELEMENTS = 20000 };

static double values[MAX_ELEMENTS];

/* Small whole numbers in the layout of the type, so that several are equal. */
static void fill(pcl_dtype dtype, void *out) {
    for (size_t i = 0; i < MAX_ELEMENTS; i++) {
        int32_t value = random_integer(dtype == PCL_UINT8 || dtype == PCL_BOOL ? 0 : -9, dtype == PCL_BOOL ? 1 : 9);
        values[i] = value;
        if (dtype == PCL_FLOAT32) ((float *)out)[i] = (float)value / 3;
        else if (dtype == PCL_INT64) ((int64_t *)out)[i] = value * ((int64_t)1 << 55);
        else if (dtype == PCL_INT32) ((int32_t *)out)[i] = value;
        else if (dtype == PCL_INT16) ((int16_t *)out)[i] = (int16_t)value;
        else ((uint8_t *)out)[i] = (uint8_t)value;
    }
}

static void test_arg(const pcl_op *op, pcl_dtype dtype, const pcl_shape *shape, int32_t axis, pcl_dtype out_dtype) {
    static int64_t data[MAX_ELEMENTS];
    op_harness harness;
    op_harness_open(&harness);
    fill(dtype, data);
    int32_t given = random_integer(0, 1) ? axis : axis - shape->rank;
    pcl_tensor *inputs[] = {op_tensor(&harness, dtype, shape->dims, shape->rank, data, false),
                            op_tensor(&harness, PCL_INT32, NULL, 0, &given, true)};
    pcl_tensor *out = op_output(&harness, out_dtype, 0, 0);
    pcl_attributes attributes = {.cast.out_dtype = out_dtype};
    CHECK(op_run(&harness, op, &attributes, inputs, 2, &out, 1) == PCL_OK);
    pcl_shape expected_shape = *shape;
    expected_shape.rank--;
    for (int32_t d = axis; d < expected_shape.rank; d++) expected_shape.dims[d] = shape->dims[d + 1];
    CHECK(op_shape_is(out, expected_shape.dims, expected_shape.rank));

    size_t inner = 1, length = (size_t)shape->dims[axis], wrong = 0;
    for (int32_t d = axis + 1; d < shape->rank; d++) inner *= (size_t)shape->dims[d];
    for (size_t i = 0; i < shape_elements(&expected_shape); i++) {
        size_t start = i / inner * inner * length + i % inner, best = 0;
        for (size_t j = 1; j < length; j++) {
            double value = values[start + j * inner], so_far = values[start + best * inner];
            if (op == &pcl_op_arg_max ? value > so_far : value < so_far) best = j;
        }
        int64_t got = out_dtype == PCL_INT32 ? ((int32_t *)out->data)[i] : ((int64_t *)out->data)[i];
        wrong += got != (int64_t)best;
    }
    CHECK(wrong == 0);
    op_harness_close(&harness);
}

static const pcl_dtype types[] = {PCL_FLOAT32, PCL_UINT8, PCL_INT8, PCL_INT16, PCL_INT32, PCL_INT64, PCL_BOOL};

static void test_args(void) {
    for (int round = 0; round < 150; round++) {
        pcl_shape shape;
        int32_t axis;
        do {
            shape = random_shape(9);
            axis = shape.rank ? random_integer(0, shape.rank - 1) : 0;
        } while (shape.rank == 0 || shape_elements(&shape) > MAX_ELEMENTS || shape.dims[axis] == 0);
        test_arg(round % 2 ? &pcl_op_arg_max : &pcl_op_arg_min, types[round % 7], &shape, axis,
                 round % 3 ? PCL_INT32 : PCL_INT64);
    }
}

static int by_value(const void *a, const void *b) {
    int32_t i = *(const int32_t *)a, j = *(const int32_t *)b;
    if (values[i] != values[j]) return values[i] > values[j] ? -1 : 1;
    return i < j ? -1 : 1;
}

static void test_top_k(pcl_dtype dtype, int32_t rows, int32_t depth, int32_t k) {
    static int64_t data[MAX_ELEMENTS];
    static int32_t sorted[MAX_ELEMENTS];
    op_harness harness;
    op_harness_open(&harness);
    fill(dtype, data);
    pcl_tensor *inputs[] = {op_tensor(&harness, dtype, DIMS(rows, depth), data, false),
                            op_tensor(&harness, PCL_INT32, NULL, 0, &k, true)};
    pcl_tensor *outputs[] = {op_output(&harness, dtype, 0, 0), op_output(&harness, PCL_INT32, 0, 0)};
    CHECK(op_run(&harness, &pcl_op_topk_v2, NULL, inputs, 2, outputs, 2) == PCL_OK);
    CHECK(op_shape_is(outputs[0], DIMS(rows, k)));
    CHECK(op_shape_is(outputs[1], DIMS(rows, k)));
    size_t wrong = 0, element = pcl_dtype_size(dtype);
    for (int32_t r = 0; r < rows; r++) {
        for (int32_t i = 0; i < depth; i++) sorted[i] = r * depth + i;
        qsort(sorted, (size_t)depth, sizeof *sorted, by_value);
        for (int32_t i = 0; i < k; i++) {
            size_t at = (size_t)(r * k + i);
            wrong += ((int32_t *)outputs[1]->data)[at] != sorted[i] - r * depth;
            wrong += memcmp((uint8_t *)outputs[0]->data + at * element,
                            (uint8_t *)inputs[0]->data + (size_t)sorted[i] * element, element) != 0;
        }
    }
    CHECK(wrong == 0);
    op_harness_close(&harness);
}

static void test_errors(void) {
    op_harness harness;
    op_harness_open(&harness);
    const int32_t zero = 0, two = 2, minus_one = -1, pair[] = {0, 1}, data[6] = {0};
    pcl_attributes attributes = {.cast.out_dtype = PCL_INT32};
    pcl_tensor *in = op_tensor(&harness, PCL_FLOAT32, DIMS(2, 1), data, false);
    pcl_tensor *empty = op_tensor(&harness, PCL_FLOAT32, DIMS(0, 2), data, false);
    pcl_tensor *scalar = op_tensor(&harness, PCL_FLOAT32, NULL, 0, data, false);
    pcl_tensor *half = op_tensor(&harness, PCL_FLOAT16, DIMS(2, 1), data, false);
    pcl_tensor *out = op_output(&harness, PCL_INT32, 0, 0), *wide = op_output(&harness, PCL_INT64, 0, 0);
    pcl_tensor *real = op_output(&harness, PCL_FLOAT32, 0, 0);
    pcl_tensor *at_zero = op_tensor(&harness, PCL_INT32, NULL, 0, &zero, true);
    pcl_tensor *at_two = op_tensor(&harness, PCL_INT32, NULL, 0, &two, true);
    pcl_tensor *below = op_tensor(&harness, PCL_INT32, NULL, 0, &minus_one, true);
    pcl_tensor *several = op_tensor(&harness, PCL_INT32, DIMS(2), pair, true);
    pcl_tensor *unknown = op_tensor(&harness, PCL_INT32, NULL, 0, &zero, false);
    const struct {
        pcl_tensor *in, *axis, *out;
        pcl_status status;
    } wrong[] = {
        {in, at_two, out, PCL_ERROR_SHAPE},      {in, several, out, PCL_ERROR_SHAPE},
        {in, unknown, out, PCL_ERROR_UNSUPPORTED}, {in, at_zero, wide, PCL_ERROR_TYPE},
        {in, at_zero, real, PCL_ERROR_TYPE},     {empty, at_zero, out, PCL_ERROR_SHAPE},
        {scalar, at_zero, out, PCL_ERROR_SHAPE}, {half, at_zero, out, PCL_ERROR_TYPE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        pcl_tensor *inputs[] = {wrong[i].in, wrong[i].axis}, *result = wrong[i].out;
        CHECK(op_run(&harness, &pcl_op_arg_max, &attributes, inputs, 2, &result, 1) == wrong[i].status);
    }
    const struct {
        pcl_tensor *in, *k, *values, *indices;
        pcl_status status;
    } wrong_k[] = {
        {in, at_two, real, out, PCL_ERROR_SHAPE},    {in, below, real, out, PCL_ERROR_SHAPE},
        {in, unknown, real, out, PCL_ERROR_UNSUPPORTED}, {in, at_zero, out, out, PCL_ERROR_TYPE},
        {in, at_zero, real, wide, PCL_ERROR_TYPE},   {scalar, at_zero, real, out, PCL_ERROR_SHAPE},
    };
    for (size_t i = 0; i < sizeof wrong_k / sizeof *wrong_k; i++) {
        pcl_tensor *inputs[] = {wrong_k[i].in, wrong_k[i].k}, *outputs[] = {wrong_k[i].values, wrong_k[i].indices};
        CHECK(op_run(&harness, &pcl_op_topk_v2, NULL, inputs, 2, outputs, 2) == wrong_k[i].status);
    }
    op_harness_close(&harness);
}

int main(void) {
    test_args();
    const pcl_dtype sortable[] = {PCL_FLOAT32, PCL_UINT8, PCL_INT8, PCL_INT32, PCL_INT64};
    for (size_t i = 0; i < sizeof sortable / sizeof *sortable; i++) {
        test_top_k(sortable[i], 1, 1001, 5);
        test_top_k(sortable[i], 7, 30, 30);
        test_top_k(sortable[i], 3, 1, 1);
        test_top_k(sortable[i], 3, 17, 0);
        test_top_k(sortable[i], 0, 17, 2);
        test_top_k(sortable[i], 2, 9, 2);
    }
    test_errors();
    return test_failures != 0;
}
