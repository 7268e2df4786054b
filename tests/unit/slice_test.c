/* SLICE and STRIDED_SLICE against index formulas. */
#include "move_reference.h"

enum { TRIALS = 600 };

static op_harness harness;

/* --- SLICE ----------------------------------------------------------------- */

static bool shifted(const void *how, const int32_t *to, int32_t *from) {
    const int32_t *begins = how;
    for (int32_t d = 0; d < PCL_MAX_RANK; d++) from[d] = to[d] + begins[d];
    return true;
}

static void test_slice(void) {
    pcl_shape shape = shape_of_rank(random_integer(0, 6), 1, 6), out = shape;
    int32_t begins[PCL_MAX_RANK] = {0}, sizes[PCL_MAX_RANK];
    for (int32_t d = 0; d < shape.rank; d++) {
        begins[d] = random_integer(0, shape.dims[d]);
        sizes[d] = random_integer(-1, shape.dims[d] - begins[d]);
        out.dims[d] = sizes[d] == -1 ? shape.dims[d] - begins[d] : sizes[d];
    }
    pcl_dtype dtype = random_dtype();
    pcl_tensor *inputs[] = {random_tensor(&harness, dtype, &shape), integers(&harness, begins, shape.rank),
                            integers(&harness, sizes, shape.rank)};
    pcl_tensor *result = op_output(&harness, dtype, 0, 0);
    CHECK(op_run(&harness, &pcl_op_slice, NULL, inputs, 3, &result, 1) == PCL_OK);
    int32_t zeroed[PCL_MAX_RANK];
    memcpy(zeroed, begins, sizeof zeroed);
    check_moved(inputs[0], result, &out, shifted, zeroed, NULL);
}

/* --- STRIDED_SLICE ---------------------------------------------------------
 * The reference walks the brackets as numpy's documentation describes them:
 * it lists the positions of every axis of the input, one by one. */

enum { MAX_POSITIONS = 8 };

typedef struct axis_positions {
    int32_t count, at[MAX_POSITIONS];
    int32_t out_axis; /* -1: the axis is gone */
} axis_positions;

typedef struct brackets {
    int32_t count, begin[12], end[12], stride[12];
    pcl_attributes attributes;
    int32_t in_rank;
    axis_positions axes[PCL_MAX_RANK];
    pcl_shape out;
} brackets;

static bool bit(int32_t mask, int32_t i) { return (mask >> i) & 1; }

/* Positions begin, begin + stride, .. before end, as a reader would list them. */
static void list_positions(const brackets *b, int32_t entry, int32_t size, axis_positions *axis) {
    int32_t begin = b->begin[entry], end = b->end[entry], stride = b->stride[entry];
    if (begin < 0) begin += size;
    if (end < 0) end += size;
    if (bit(b->attributes.strided_slice.begin_mask, entry)) begin = stride > 0 ? -1000 : 1000;
    if (bit(b->attributes.strided_slice.end_mask, entry)) end = stride > 0 ? 1000 : -1000;
    /* outside the axis there is nothing, but the steps count from the first position inside */
    if (stride > 0 && begin < 0) begin = 0;
    if (stride < 0 && begin > size - 1) begin = size - 1;
    axis->count = 0;
    for (int32_t at = begin; stride > 0 ? at < end : at > end; at += stride)
        if (at >= 0 && at < size) axis->at[axis->count++] = at;
        else break;
}

static void add_out_axis(brackets *b, axis_positions *axis, int32_t size) {
    if (axis) axis->out_axis = b->out.rank;
    b->out.dims[b->out.rank++] = size;
}

static void take_all(brackets *b, const pcl_shape *in, int32_t axis) {
    axis_positions *positions = &b->axes[axis];
    positions->count = in->dims[axis];
    for (int32_t i = 0; i < positions->count; i++) positions->at[i] = i;
    add_out_axis(b, positions, positions->count);
}

/* Random brackets for an input: entries for some leading axes, perhaps an
 * ellipsis, then entries for some of the last axes, new axes in between. */
static brackets random_brackets(const pcl_shape *in) {
    brackets b = {.in_rank = in->rank};
    int32_t masks[5] = {0}, head = random_integer(0, in->rank), tail = random_integer(0, in->rank - head);
    bool with_ellipsis = random_integer(0, 1), ellipsis = with_ellipsis;
    if (!ellipsis) tail = 0;
    for (int32_t axis = 0; axis < in->rank || ellipsis;) {
        int32_t i = b.count;
        b.begin[i] = random_integer(-9, 9);
        b.end[i] = random_integer(-9, 9);
        do b.stride[i] = random_integer(-3, 3);
        while (b.stride[i] == 0);
        bool may_add = (with_ellipsis || axis <= head) && b.out.rank + in->rank - axis < PCL_MAX_RANK;
        if (may_add && random_integer(0, 7) == 0) {
            masks[3] |= 1 << i;
            add_out_axis(&b, NULL, 1);
            b.count++;
        } else if (ellipsis && axis == head) {
            masks[2] |= 1 << i;
            for (; axis < in->rank - tail; axis++) take_all(&b, in, axis);
            ellipsis = false;
            b.count++;
        } else if (axis >= head && axis < in->rank - tail) {
            take_all(&b, in, axis++); /* no entry: the axis is whole */
        } else if (random_integer(0, 4) == 0) {
            masks[4] |= 1 << i;
            b.stride[i] = 1;
            b.begin[i] = random_integer(-in->dims[axis], in->dims[axis] - 1);
            b.axes[axis] = (axis_positions){1, {(b.begin[i] + in->dims[axis]) % in->dims[axis]}, -1};
            axis++;
            b.count++;
        } else {
            masks[0] |= (random_integer(0, 3) == 0) << i;
            masks[1] |= (random_integer(0, 3) == 0) << i;
            b.attributes.strided_slice.begin_mask = masks[0];
            b.attributes.strided_slice.end_mask = masks[1];
            list_positions(&b, i, in->dims[axis], &b.axes[axis]);
            add_out_axis(&b, &b.axes[axis], b.axes[axis].count);
            axis++;
            b.count++;
        }
    }
    b.attributes.strided_slice.ellipsis_mask = masks[2];
    b.attributes.strided_slice.new_axis_mask = masks[3];
    b.attributes.strided_slice.shrink_axis_mask = masks[4];
    return b;
}

static bool listed(const void *how, const int32_t *to, int32_t *from) {
    const brackets *b = how;
    for (int32_t d = 0; d < b->in_rank; d++)
        from[d] = b->axes[d].at[b->axes[d].out_axis < 0 ? 0 : to[b->axes[d].out_axis]];
    return true;
}

static void test_strided_slice(void) {
    pcl_shape shape = shape_of_rank(random_integer(0, 5), 1, 6);
    brackets b = random_brackets(&shape);
    pcl_dtype dtype = random_dtype();
    pcl_tensor *inputs[] = {random_tensor(&harness, dtype, &shape), integers(&harness, b.begin, b.count),
                            integers(&harness, b.end, b.count), integers(&harness, b.stride, b.count)};
    pcl_tensor *result = op_output(&harness, dtype, 0, 0);
    CHECK(op_run(&harness, &pcl_op_strided_slice, &b.attributes, inputs, 4, &result, 1) == PCL_OK);
    check_moved(inputs[0], result, &b.out, listed, &b, NULL);
}

/* Ends that are relative to the beginnings. */
static void test_offset(void) {
    static const int32_t expected[] = {2, 4, 6};
    pcl_shape shape = {1, {9}};
    pcl_tensor *inputs[] = {random_tensor(&harness, PCL_INT16, &shape), INTEGERS(&harness, 2), INTEGERS(&harness, 5),
                            INTEGERS(&harness, 2)};
    pcl_tensor *result = op_output(&harness, PCL_INT16, 0, 0);
    pcl_attributes attributes = {.strided_slice.offset = true};
    CHECK(op_run(&harness, &pcl_op_strided_slice, &attributes, inputs, 4, &result, 1) == PCL_OK);
    CHECK(op_shape_is(result, DIMS(3)));
    for (int i = 0; i < 3; i++)
        CHECK(((int16_t *)result->data)[i] == ((int16_t *)inputs[0]->data)[expected[i]]);
}

/* --- What they refuse ------------------------------------------------------- */

static void test_errors(void) {
    pcl_shape shape = {2, {4, 5}};
    pcl_attributes none = no_attributes, shrink = {.strided_slice.shrink_axis_mask = 1},
                   ellipses = {.strided_slice.ellipsis_mask = 3};
    const pcl_op *slice = &pcl_op_slice, *strided = &pcl_op_strided_slice;
    pcl_tensor *in = random_tensor(&harness, PCL_FLOAT32, &shape), *ones = INTEGERS(&harness, 1, 1);
    pcl_tensor *open = op_tensor(&harness, PCL_INT32, DIMS(2), (int32_t[]){1, 0}, false);
    CHECK(STATUS(&harness, slice, none, in, INTEGERS(&harness, 0, 6), INTEGERS(&harness, 1, -1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, slice, none, in, INTEGERS(&harness, -1, 0), ones) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, slice, none, in, ones, INTEGERS(&harness, 4, 1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, slice, none, in, ones, INTEGERS(&harness, INT32_MAX, 1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, slice, none, in, ones, INTEGERS(&harness, -2, 1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, slice, none, in, ones, INTEGERS(&harness, 1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, slice, none, in, open, ones) == PCL_ERROR_UNSUPPORTED);
    CHECK(STATUS(&harness, strided, none, in, ones, ones, INTEGERS(&harness, 1, 0)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, strided, none, in, ones, ones, open) == PCL_ERROR_UNSUPPORTED);
    CHECK(STATUS(&harness, strided, none, in, ones, INTEGERS(&harness, 1), ones) == PCL_ERROR_SHAPE);
    pcl_tensor *three = INTEGERS(&harness, 1, 1, 1);
    CHECK(STATUS(&harness, strided, none, in, three, three, three) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, strided, ellipses, in, ones, ones, ones) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, strided, shrink, in, INTEGERS(&harness, 4, 0), ones, ones) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, strided, shrink, in, INTEGERS(&harness, -5, 0), ones, ones) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, strided, shrink, in, ones, ones, INTEGERS(&harness, -1, 1)) == PCL_ERROR_SHAPE);
    pcl_attributes new_axes = {.strided_slice.new_axis_mask = 0x7F};
    pcl_tensor *seven = INTEGERS(&harness, 1, 1, 1, 1, 1, 1, 1);
    CHECK(STATUS(&harness, strided, new_axes, in, seven, seven, seven) == PCL_ERROR_UNSUPPORTED);
    pcl_tensor *extremes = INTEGERS(&harness, INT32_MIN, INT32_MAX);
    CHECK(STATUS(&harness, strided, none, in, extremes, extremes, extremes) == PCL_OK);
}

int main(void) {
    for (int i = 0; i < TRIALS; i++) {
        op_harness_open(&harness);
        test_slice();
        test_strided_slice();
        op_harness_close(&harness);
    }
    op_harness_open(&harness);
    test_offset();
    test_errors();
    op_harness_close(&harness);
    return test_failures != 0;
}
