/* Operators that move elements, resize and pool give the same bytes with one
 * thread and with three. */
#include "move_reference.h"

static op_harness harness;
static pcl_pool *pool;

/* Runs with one thread, then with three. */
static void check(const pcl_op *op, pcl_attributes attributes, pcl_tensor **inputs, int count) {
    pcl_tensor *outs[] = {op_output(&harness, inputs[0]->dtype, 0, 0), op_output(&harness, inputs[0]->dtype, 0, 0)};
    for (int i = 0; i < 2; i++) {
        harness.pool = i ? pool : NULL;
        CHECK(op_run(&harness, op, &attributes, inputs, count, &outs[i], 1) == PCL_OK);
    }
    CHECK(pcl_tensor_count(outs[0]) > 3 * 32768); /* enough for three */
    CHECK(outs[0]->bytes == outs[1]->bytes && memcmp(outs[0]->data, outs[1]->data, outs[0]->bytes) == 0);
}
#define THREADS(op, attributes, ...) \
    check(op, attributes, (pcl_tensor *[]){__VA_ARGS__}, (int)(sizeof((pcl_tensor *[]){__VA_ARGS__}) / sizeof(void *)))

int main(void) {
    op_harness_open(&harness);
    CHECK(pcl_pool_open(&pool, 3, &harness.error) == PCL_OK);
    pcl_shape shape = {4, {2, 61, 47, 19}};
    pcl_tensor *x = random_tensor(&harness, PCL_FLOAT32, &shape);
    for (size_t i = 0; i < pcl_tensor_count(x); i++) ((float *)x->data)[i] = random_real(-9, 9);
    pcl_attributes none = no_attributes;
    pcl_attributes window = {.pool = {.padding = PCL_PADDING_SAME, .stride_h = 1, .stride_w = 1, .filter_h = 3, .filter_w = 2}};
    pcl_tensor *pads = INTEGERS(&harness, 0, 0, 1, 2, 3, 4, 0, 0);
    pcl_tensor *wide = op_tensor(&harness, PCL_INT32, DIMS(2), (int32_t[]){90, 95}, true);
    THREADS(&pcl_op_transpose, none, x, INTEGERS(&harness, 0, 3, 1, 2));
    THREADS(&pcl_op_transpose, none, x, INTEGERS(&harness, 2, 0, 1, 3));
    THREADS(&pcl_op_tile, none, x, INTEGERS(&harness, 1, 2, 1, 1));
    THREADS(&pcl_op_slice, none, x, INTEGERS(&harness, 0, 1, 0, 0), INTEGERS(&harness, -1, -1, -1, 18));
    THREADS(&pcl_op_concatenation, ((pcl_attributes){.concat.axis = 3}), x, x);
    THREADS(&pcl_op_pad, none, x, pads);
    THREADS(&pcl_op_mirror_pad, none, x, pads);
    THREADS(&pcl_op_resize_bilinear, none, x, wide);
    THREADS(&pcl_op_resize_nearest_neighbor, none, x, wide);
    THREADS(&pcl_op_average_pool_2d, window, x);
    THREADS(&pcl_op_max_pool_2d, window, x);
    THREADS(&pcl_op_l2_pool_2d, window, x);
    pcl_pool_close(&pool);
    op_harness_close(&harness);
    return test_failures != 0;
}
