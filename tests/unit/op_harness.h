/* Runs one operator outside any model: infer, prepare, run, as the engine
 * would. Outputs lie in memory of exactly their size (plus the slack that
 * every planned buffer has), so that the address sanitizer sees a write past
 * the end. */
#ifndef PCL_TESTS_OP_HARNESS_H
#define PCL_TESTS_OP_HARNESS_H

#include <stdio.h>

#include "ops/table.h"

typedef struct op_harness {
    pcl_arena arena;
    pcl_error error;
    pcl_isa isa; /* PCL_ISA_SCALAR unless changed */
    pcl_pool *pool; /* of the caller; NULL unless changed: one thread */
    void *blocks[64];
    int block_count;
} op_harness;

void op_harness_open(op_harness *harness);
void op_harness_close(op_harness *harness);

#define DIMS(...) ((int32_t[]){__VA_ARGS__}), (int32_t)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

/* A tensor with a copy of `data`, which holds its elements. A constant is
 * known to infer and prepare; otherwise its data appears only for run. */
pcl_tensor *op_tensor(op_harness *harness, pcl_dtype dtype, const int32_t *dims, int32_t rank, const void *data,
                      bool constant);
pcl_tensor *op_quantised(op_harness *harness, pcl_dtype dtype, const int32_t *dims, int32_t rank, const void *data,
                         bool constant, float scale, int32_t zero_point);
/* An output of unknown shape; its dtype (and quantisation) come from the file
 * in a real model, so they are given here. */
pcl_tensor *op_output(op_harness *harness, pcl_dtype dtype, float scale, int32_t zero_point); /* scale 0: none */

/* The status of the first stage that fails, or PCL_OK. Inputs may be NULL. */
pcl_status op_run(op_harness *harness, const pcl_op *op, const pcl_attributes *attributes, pcl_tensor **inputs,
                  int input_count, pcl_tensor **outputs, int output_count);

/* --- Checks: count failures and go on ------------------------------------- */
extern int test_failures;
#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            test_failures++;                                                          \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);   \
        }                                                                             \
    } while (0)

bool op_shape_is(const pcl_tensor *tensor, const int32_t *dims, int32_t rank);
/* Largest |a - b| / max(1, |b|) over the floats of a tensor; infinity when NaNs differ. */
float op_float_error(const pcl_tensor *tensor, const float *expected);

#endif
