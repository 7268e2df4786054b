/* Shorthand for tests of the ONNX operators: constants in, one output. */
#ifndef PCL_TESTS_ONNX_HARNESS_H
#define PCL_TESTS_ONNX_HARNESS_H

#include <math.h>
#include <string.h>

#include "op_harness.h"
#include "tools/ops/table.h"

#define COUNT(values) ((int32_t)(sizeof(values) / sizeof *(values)))
#define FLOATS(...) ((float[]){__VA_ARGS__})
#define INTS(...) ((int64_t[]){__VA_ARGS__})

/* A constant tensor. */
static inline pcl_tensor *onnx_in(op_harness *harness, pcl_dtype dtype, const int32_t *dims, int32_t rank,
                                  const void *data) {
    return op_tensor(harness, dtype, dims, rank, data, true);
}

/* A constant int64 list. */
static inline pcl_tensor *onnx_list_in(op_harness *harness, const int64_t *values, int32_t count) {
    return op_tensor(harness, PCL_INT64, &count, 1, values, true);
}

/* Runs an operator with `count` inputs and the attributes given; its first
 * output, or NULL (with harness->error filled) when it fails. Whatever type
 * the output starts with, infer has to set the right one. */
static inline pcl_tensor *onnx_run(op_harness *harness, const pcl_op *op, const void *tools, pcl_tensor **inputs,
                                   int count) {
    pcl_attributes attributes = {.tools = tools};
    pcl_tensor *out = op_output(harness, PCL_FLOAT64, 0, 0);
    return op_run(harness, op, &attributes, inputs, count, &out, 1) == PCL_OK ? out : NULL;
}

/* Exactly these bytes, of this type? */
static inline bool onnx_is(const pcl_tensor *out, pcl_dtype dtype, const void *expected, size_t bytes) {
    return out && out->dtype == dtype && out->bytes == bytes && (bytes == 0 || memcmp(out->data, expected, bytes) == 0);
}

/* These floats to within 1e-6 of their magnitude or of 1? */
static inline bool onnx_near(const pcl_tensor *out, const float *expected, size_t count) {
    if (!out || out->dtype != PCL_FLOAT32 || pcl_tensor_count(out) != count) return false;
    return op_float_error(out, expected) < 1e-6f;
}

#define IS(out, dtype, ...) onnx_is(out, dtype, __VA_ARGS__, sizeof(__VA_ARGS__))
#define NEAR(out, ...) onnx_near(out, (float[]){__VA_ARGS__}, sizeof((float[]){__VA_ARGS__}) / sizeof(float))

#endif
