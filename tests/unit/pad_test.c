/* PAD, PADV2 and MIRROR_PAD against index formulas. */
#include "move_reference.h"

enum { TRIALS = 300 };

static op_harness harness;

typedef struct padding {
    pcl_shape in, out;
    int32_t pads[PCL_MAX_RANK][2];
    int32_t edge; /* MIRROR_PAD: 1 when the edge is not repeated */
} padding;

static bool inside(const void *how, const int32_t *to, int32_t *from) {
    const padding *p = how;
    for (int32_t d = 0; d < p->in.rank; d++) {
        from[d] = to[d] - p->pads[d][0];
        if (from[d] < 0 || from[d] >= p->in.dims[d]) return false;
    }
    return true;
}

static bool mirrored(const void *how, const int32_t *to, int32_t *from) {
    const padding *p = how;
    for (int32_t d = 0; d < p->in.rank; d++) {
        from[d] = to[d] - p->pads[d][0];
        if (from[d] < 0) from[d] = -from[d] - 1 + p->edge;
        if (from[d] >= p->in.dims[d]) from[d] = 2 * p->in.dims[d] - 1 - p->edge - from[d];
    }
    return true;
}

static padding random_padding(bool mirror) {
    padding p = {.in = shape_of_rank(random_integer(0, 5), mirror ? 1 : random_integer(0, 6) ? 1 : 0, 5)};
    p.edge = random_integer(0, 1);
    p.out = p.in;
    for (int32_t d = 0; d < p.in.rank; d++) {
        for (int i = 0; i < 2; i++) p.pads[d][i] = random_integer(0, mirror ? p.in.dims[d] - p.edge : 3);
        p.out.dims[d] += p.pads[d][0] + p.pads[d][1];
    }
    return p;
}

static void test_pad(void) {
    static const uint64_t zero;
    padding p = random_padding(false);
    pcl_dtype dtype = random_dtype();
    pcl_tensor *inputs[] = {random_tensor(&harness, dtype, &p.in), integers(&harness, p.pads[0], 2 * p.in.rank),
                            random_tensor(&harness, dtype, &(pcl_shape){0})};
    pcl_tensor *out = op_output(&harness, dtype, 0, 0);
    CHECK(op_run(&harness, &pcl_op_pad, NULL, inputs, 2, &out, 1) == PCL_OK);
    check_moved(inputs[0], out, &p.out, inside, &p, &zero);
    CHECK(op_run(&harness, &pcl_op_padv2, NULL, inputs, 3, &out, 1) == PCL_OK);
    check_moved(inputs[0], out, &p.out, inside, &p, inputs[2]->data);
}

static void test_mirror(void) {
    padding p = random_padding(true);
    pcl_dtype dtype = random_dtype();
    pcl_tensor *inputs[] = {random_tensor(&harness, dtype, &p.in), integers(&harness, p.pads[0], 2 * p.in.rank)};
    pcl_tensor *out = op_output(&harness, dtype, 0, 0);
    pcl_attributes attributes = {.mirror_pad.symmetric = p.edge == 0};
    CHECK(op_run(&harness, &pcl_op_mirror_pad, &attributes, inputs, 2, &out, 1) == PCL_OK);
    check_moved(inputs[0], out, &p.out, mirrored, &p, NULL);
}

/* The value that stands for zero. */
static void test_quantised(void) {
    static const uint8_t expected[] = {7, 1, 2, 7, 7};
    pcl_tensor *inputs[] = {op_quantised(&harness, PCL_UINT8, DIMS(2), (uint8_t[]){1, 2}, false, 0.5f, 7),
                            op_tensor(&harness, PCL_INT32, DIMS(1, 2), (int32_t[]){1, 2}, true)};
    pcl_tensor *out = op_output(&harness, PCL_UINT8, 0.5f, 7);
    CHECK(op_run(&harness, &pcl_op_pad, NULL, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, DIMS(5)) && memcmp(out->data, expected, 5) == 0);
    out = op_output(&harness, PCL_UINT8, 0.5f, 8);
    CHECK(op_run(&harness, &pcl_op_pad, NULL, inputs, 2, &out, 1) == PCL_ERROR_TYPE);
}

static void test_errors(void) {
    pcl_shape shape = {2, {4, 5}}, pair = {1, {2}}, empty = {2, {0, 5}};
    pcl_attributes reflect = no_attributes, symmetric = {.mirror_pad.symmetric = true};
    const pcl_op *pad = &pcl_op_pad, *mirror = &pcl_op_mirror_pad;
    pcl_tensor *in = random_tensor(&harness, PCL_FLOAT32, &shape), *none = random_tensor(&harness, PCL_FLOAT32, &empty);
    pcl_tensor *open = op_tensor(&harness, PCL_INT32, DIMS(2, 2), (int32_t[]){1, 0, 0, 1}, false);
    pcl_tensor *fit = INTEGERS(&harness, 1, 1, 1, 1);
    CHECK(STATUS(&harness, pad, reflect, in, fit) == PCL_OK);
    CHECK(STATUS(&harness, pad, reflect, in, INTEGERS(&harness, 1, 1, -1, 1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, pad, reflect, in, INTEGERS(&harness, 1, 1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, pad, reflect, in, INTEGERS(&harness, 0, 0, INT32_MAX, INT32_MAX)) == PCL_ERROR_LIMIT);
    CHECK(STATUS(&harness, pad, reflect, in, INTEGERS(&harness, 1 << 30, 0, 1 << 30, 0)) == PCL_ERROR_LIMIT);
    CHECK(STATUS(&harness, pad, reflect, in, open) == PCL_ERROR_UNSUPPORTED);
    CHECK(STATUS(&harness, pad, reflect, in, in) == PCL_ERROR_TYPE);
    CHECK(STATUS(&harness, &pcl_op_padv2, reflect, in, fit, random_tensor(&harness, PCL_FLOAT32, &pair)) ==
          PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_padv2, reflect, in, fit, fit) == PCL_ERROR_TYPE);
    CHECK(STATUS(&harness, mirror, symmetric, in, INTEGERS(&harness, 4, 0, 0, 5)) == PCL_OK);
    CHECK(STATUS(&harness, mirror, reflect, in, INTEGERS(&harness, 4, 0, 0, 0)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, mirror, symmetric, in, INTEGERS(&harness, 0, 0, 0, 6)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, mirror, reflect, in, INTEGERS(&harness, 0, 0, -1, 0)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, mirror, reflect, none, INTEGERS(&harness, 1, 0, 0, 0)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, mirror, reflect, none, INTEGERS(&harness, 0, 0, 1, 1)) == PCL_OK);
}

int main(void) {
    for (int i = 0; i < TRIALS; i++) {
        op_harness_open(&harness);
        test_pad();
        test_mirror();
        op_harness_close(&harness);
    }
    op_harness_open(&harness);
    test_quantised();
    test_errors();
    op_harness_close(&harness);
    return test_failures != 0;
}
