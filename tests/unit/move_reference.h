/* Operators that move elements, against a formula: for every element of the
 * output the test says where in the input it comes from. */
#ifndef PCL_TESTS_MOVE_REFERENCE_H
#define PCL_TESTS_MOVE_REFERENCE_H

#include <string.h>

#include "op_harness.h"
#include "random_shapes.h"

/* Types of every element size; those of 1 byte also stand for quantised ones. */
static const pcl_dtype move_dtypes[] = {PCL_BOOL, PCL_INT16, PCL_FLOAT32, PCL_INT64, PCL_UINT8};

static inline pcl_dtype random_dtype(void) { return move_dtypes[random_bits() % 5]; }

/* A shape of the rank with dimensions low .. high. */
static inline pcl_shape shape_of_rank(int32_t rank, int32_t low, int32_t high) {
    pcl_shape shape = {.rank = rank};
    for (int32_t d = 0; d < rank; d++) shape.dims[d] = random_integer(low, high);
    return shape;
}

/* A tensor of random bytes; no constant. */
static inline pcl_tensor *random_tensor(op_harness *harness, pcl_dtype dtype, const pcl_shape *shape) {
    static uint64_t bytes[1 << 17];
    size_t size = shape_elements(shape) * pcl_dtype_size(dtype);
    for (size_t i = 0; i * 4 < size; i++) ((uint32_t *)bytes)[i] = random_bits();
    return op_tensor(harness, dtype, shape->dims, shape->rank, bytes, false);
}

/* A constant list of integers, as int32 or as int64. */
static inline pcl_tensor *integers(op_harness *harness, const int32_t *values, int32_t count) {
    int64_t wide[64];
    if (random_integer(0, 1)) return op_tensor(harness, PCL_INT32, &count, 1, values, true);
    for (int32_t i = 0; i < count; i++) wide[i] = values[i];
    return op_tensor(harness, PCL_INT64, &count, 1, wide, true);
}
#define INTEGERS(harness, ...) \
    integers(harness, (int32_t[]){__VA_ARGS__}, (int32_t)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)))

static inline void index_of(size_t element, const pcl_shape *shape, int32_t *index) {
    for (int32_t d = shape->rank - 1; d >= 0; d--) {
        index[d] = (int32_t)(element % (size_t)shape->dims[d]);
        element /= (size_t)shape->dims[d];
    }
}

static inline size_t element_at(const int32_t *index, const pcl_shape *shape) {
    size_t element = 0;
    for (int32_t d = 0; d < shape->rank; d++) element = element * (size_t)shape->dims[d] + (size_t)index[d];
    return element;
}

/* Where the element of the output at `to` comes from; false: from outside, so it is `fill`. */
typedef bool (*move_source)(const void *how, const int32_t *to, int32_t *from);

/* Counts the elements of `out` that are not those of `in`, and a wrong shape. */
static inline void check_moved(const pcl_tensor *in, const pcl_tensor *out, const pcl_shape *shape, move_source source,
                               const void *how, const void *fill) {
    size_t size = pcl_dtype_size(in->dtype), wrong = 0;
    CHECK(op_shape_is(out, shape->dims, shape->rank));
    if (!op_shape_is(out, shape->dims, shape->rank)) return;
    for (size_t i = 0; i < shape_elements(shape); i++) {
        int32_t to[PCL_MAX_RANK], from[PCL_MAX_RANK];
        index_of(i, shape, to);
        const void *expected = fill;
        if (source(how, to, from)) expected = (const uint8_t *)in->data + element_at(from, &in->shape) * size;
        wrong += memcmp((const uint8_t *)out->data + i * size, expected, size) != 0;
    }
    CHECK(wrong == 0);
}

/* The status of an operator with one output like its first input. */
static inline pcl_status status_of(op_harness *harness, const pcl_op *op, pcl_attributes attributes,
                                   pcl_tensor **inputs, int input_count) {
    pcl_tensor *out = op_output(harness, inputs[0]->dtype, 0, 0);
    return op_run(harness, op, &attributes, inputs, input_count, &out, 1);
}
#define STATUS(harness, op, attributes, ...)                                                          \
    status_of(harness, op, attributes, (pcl_tensor *[]){__VA_ARGS__},                                 \
              (int)(sizeof((pcl_tensor *[]){__VA_ARGS__}) / sizeof(pcl_tensor *)))

static const pcl_attributes no_attributes;

#endif
