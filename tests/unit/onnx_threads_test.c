/* ONNX operators that share their work among threads give the same bytes with
 * one thread and with three. */
#include "onnx_harness.h"
#include "random_shapes.h"

enum { SIDE = 130, COUNT_X = 8 * SIDE * SIDE };

static float data[COUNT_X];
static pcl_pool *pool;

static void check(const pcl_op *op, const void *tools, pcl_dtype dtype, const int32_t *dims, int32_t rank,
                  const void *second) {
    op_harness h;
    op_harness_open(&h);
    pcl_tensor *inputs[] = {onnx_in(&h, PCL_FLOAT32, DIMS(1, 8, SIDE, SIDE), data),
                            second ? onnx_in(&h, dtype, dims, rank, second) : NULL};
    pcl_tensor *one = onnx_run(&h, op, tools, inputs, second ? 2 : 1);
    h.pool = pool;
    pcl_tensor *three = onnx_run(&h, op, tools, inputs, second ? 2 : 1);
    CHECK(one && three && onnx_is(three, one->dtype, one->data, one->bytes));
    op_harness_close(&h);
}

int main(void) {
    pcl_error error;
    CHECK(pcl_pool_open(&pool, 3, &error) == PCL_OK);
    for (int i = 0; i < COUNT_X; i++) data[i] = random_real(-3, 3);
    const pcl_onnx_conv_attributes conv = {.group = 2, .window.strides = {2, {1, 2}}};
    const pcl_onnx_reduce_attributes reduce = {.keepdims = true};
    const pcl_onnx_depth_space_attributes blocks = {.blocksize = 2};
    const pcl_onnx_pad_attributes reflect = {PCL_ONNX_PAD_REFLECT};
    check(&pcl_onnx_conv, &conv, PCL_FLOAT32, DIMS(6, 4, 3, 3), data);
    check(&pcl_onnx_conv_transpose, &conv, PCL_FLOAT32, DIMS(8, 3, 3, 3), data);
    check(&pcl_onnx_sigmoid, NULL, PCL_FLOAT32, NULL, 0, NULL);
    check(&pcl_onnx_add, NULL, PCL_FLOAT32, DIMS(8, 1, SIDE), data);
    check(&pcl_onnx_max, NULL, PCL_FLOAT32, DIMS(8, 1, 1), data);
    check(&pcl_onnx_greater, NULL, PCL_FLOAT32, DIMS(SIDE, 1), data);
    check(&pcl_onnx_clip, NULL, PCL_FLOAT32, DIMS(1), data);
    check(&pcl_onnx_pad, &reflect, PCL_INT64, DIMS(8), INTS(0, 1, 2, 3, 0, 1, 5, 4));
    check(&pcl_onnx_reduce_sum, &reduce, PCL_INT64, DIMS(2), INTS(1, 3));
    check(&pcl_onnx_depth_to_space, &blocks, PCL_FLOAT32, NULL, 0, NULL);
    pcl_pool_close(&pool);
    return test_failures != 0;
}
