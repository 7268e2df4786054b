/* Operators that share their work among threads give the same bytes with one
 * thread and with three, and in builds without threads with a pool at all. */
#include <stdlib.h>
#include <string.h>

#include "op_harness.h"
#include "random_shapes.h"

typedef struct threads_case {
    const pcl_op *op;
    pcl_tensor *inputs[3];
    int32_t input_count;
    pcl_tensor *out;
    pcl_attributes attributes;
} threads_case;

static op_harness harness;
static pcl_pool *pool;
static const pcl_attributes none;

static void run_with(const threads_case *test, pcl_pool *threads, void *result) {
    pcl_tensor *out = test->out, *inputs[3];
    memcpy(inputs, test->inputs, sizeof inputs);
    const pcl_kernels *kernels = pcl_kernels_for(PCL_ISA_SCALAR);
    pcl_node node = {.op = test->op, .op_name = test->op->name, .name = "node", .input_count = test->input_count,
                     .output_count = 1, .inputs = inputs, .outputs = &out, .attributes = test->attributes};
    pcl_step step = {.op = test->op, .node = &node};
    pcl_infer_context infer = {&harness.error, &harness.arena};
    pcl_prepare_context prepare = {&harness.error, &harness.arena, kernels, pcl_pool_threads(threads)};
    CHECK(test->op->infer(&infer, &node) == PCL_OK);
    CHECK(!test->op->prepare || test->op->prepare(&prepare, &step) == PCL_OK);
    out->data = result;
    CHECK(step.op->run(&(pcl_run_context){&harness.error, kernels, threads, false}, &step) == PCL_OK);
}

static void check(threads_case test) {
    enum { ROOM = 2000000 };
    uint8_t *one = calloc(1, ROOM), *three = calloc(1, ROOM);
    run_with(&test, NULL, one);
    CHECK(test.out->bytes + 16 < ROOM);
    run_with(&test, pool, three);
    CHECK(memcmp(one, three, ROOM) == 0);
    free(one);
    free(three);
}

int main(void) {
    enum { COUNT = 1 * 101 * 103 * 33 };
    static float a[COUNT];
    static uint8_t bytes[COUNT];
    op_harness_open(&harness);
    CHECK(pcl_pool_open(&pool, 3, &harness.error) == PCL_OK);
    for (int i = 0; i < COUNT; i++) a[i] = random_real(-3, 3), bytes[i] = (uint8_t)random_bits();
    pcl_tensor *x = op_tensor(&harness, PCL_FLOAT32, DIMS(1, 101, 103, 33), a, false);
    pcl_tensor *channels = op_tensor(&harness, PCL_FLOAT32, DIMS(33), a, false);
    pcl_tensor *mask = op_tensor(&harness, PCL_BOOL, DIMS(1, 101, 103, 1), bytes, false);
    pcl_tensor *u8 = op_quantised(&harness, PCL_UINT8, DIMS(1, 101, 103, 33), bytes, false, 0.1f, 100);
    pcl_tensor *axes = op_tensor(&harness, PCL_INT32, DIMS(2), (int32_t[]){1, 2}, true);
    pcl_tensor *last = op_tensor(&harness, PCL_INT32, DIMS(1), (int32_t[]){-1}, true);
    pcl_tensor *real_out = op_output(&harness, PCL_FLOAT32, 0, 0), *u8_out = op_output(&harness, PCL_UINT8, 0.3f, 90);
    pcl_tensor *index_out = op_output(&harness, PCL_INT32, 0, 0), *bool_out = op_output(&harness, PCL_BOOL, 0, 0);

    check((threads_case){&pcl_op_add, {x, x}, 2, real_out, none});
    check((threads_case){&pcl_op_mul, {x, channels}, 2, real_out, none});
    check((threads_case){&pcl_op_add, {u8, u8}, 2, u8_out, none});
    check((threads_case){&pcl_op_add_n, {x, x, x}, 3, real_out, none});
    check((threads_case){&pcl_op_less, {x, channels}, 2, bool_out, none});
    check((threads_case){&pcl_op_select_v2, {mask, x, channels}, 3, real_out, none});
    check((threads_case){&pcl_op_tanh, {x}, 1, real_out, none});
    check((threads_case){&pcl_op_logistic, {u8}, 1, u8_out, none});
    check((threads_case){&pcl_op_quantize, {x}, 1, u8_out, none});
    check((threads_case){&pcl_op_dequantize, {u8}, 1, real_out, none});
    check((threads_case){&pcl_op_cast, {x}, 1, index_out, {.cast.out_dtype = PCL_INT32}});
    check((threads_case){&pcl_op_mean, {x, axes}, 2, real_out, none});
    check((threads_case){&pcl_op_mean, {u8, axes}, 2, u8_out, none});
    check((threads_case){&pcl_op_reduce_max, {x, last}, 2, real_out, none});
    check((threads_case){&pcl_op_softmax, {x}, 1, real_out, {.softmax.beta = 1}});
    check((threads_case){&pcl_op_l2_normalization, {x}, 1, real_out, none});
    check((threads_case){&pcl_op_arg_max, {x, last}, 2, index_out, {.cast.out_dtype = PCL_INT32}});

    pcl_pool_close(&pool);
    op_harness_close(&harness);
    return test_failures != 0;
}
