/* CONCATENATION, PACK, SPLIT, SPLIT_V and UNPACK: parts of a tensor along an
 * axis, joined and taken apart. */
#include <math.h>

#include "move_reference.h"

enum { TRIALS = 300, MOST = 6 };

static op_harness harness;

/* A part of a whole: `begin` positions along `axis` lie before it. When the
 * axis is `gone`, the part is a single position and has a rank less. */
typedef struct part_of {
    const pcl_shape *part;
    int32_t axis, begin;
    bool gone;
} part_of;

/* The element of the whole at `to` of the part. */
static bool in_whole(const void *how, const int32_t *to, int32_t *from) {
    const part_of *p = how;
    for (int32_t d = 0, at = 0; d < p->part->rank + (p->gone ? 1 : 0); d++)
        from[d] = p->gone && d == p->axis ? p->begin : to[at++] + (d == p->axis ? p->begin : 0);
    return true;
}

/* A whole and its parts. */
typedef struct family {
    pcl_shape whole;
    int32_t axis, given_axis, count, sizes[MOST];
    bool gone;
    pcl_dtype dtype;
    pcl_shape parts[MOST];
} family;

static family random_family(bool gone, bool equal) {
    family f = {.gone = gone, .count = random_integer(1, MOST), .dtype = random_dtype()};
    f.whole = shape_of_rank(random_integer(1, 5), 1, 5);
    f.axis = random_integer(0, f.whole.rank - 1);
    f.given_axis = f.axis - (random_integer(0, 1) ? f.whole.rank : 0);
    int32_t size = random_integer(0, 4), total = 0;
    for (int32_t i = 0; i < f.count; i++) {
        pcl_shape part = f.whole;
        f.sizes[i] = part.dims[f.axis] = gone ? 1 : equal ? size : random_integer(0, 4);
        total += f.sizes[i];
        if (gone) {
            part.rank--;
            for (int32_t d = f.axis; d < part.rank; d++) part.dims[d] = f.whole.dims[d + 1];
        }
        f.parts[i] = part;
    }
    f.whole.dims[f.axis] = total;
    return f;
}

/* Every part holds what the whole has in its place. */
static void check_family(const family *f, const pcl_tensor *whole, pcl_tensor *const *parts) {
    int32_t begin = 0;
    CHECK(op_shape_is(whole, f->whole.dims, f->whole.rank));
    if (!op_shape_is(whole, f->whole.dims, f->whole.rank)) return;
    for (int32_t i = 0; i < f->count; i++) {
        part_of part = {&f->parts[i], f->axis, begin, f->gone};
        check_moved(whole, parts[i], &f->parts[i], in_whole, &part, NULL);
        begin += f->sizes[i];
    }
}

static void test_join(const pcl_op *op, bool gone) {
    family f = random_family(gone, false);
    pcl_tensor *parts[MOST], *whole = op_output(&harness, f.dtype, 0, 0);
    for (int32_t i = 0; i < f.count; i++) parts[i] = random_tensor(&harness, f.dtype, &f.parts[i]);
    pcl_attributes attributes = {.concat.axis = f.given_axis};
    CHECK(op_run(&harness, op, &attributes, parts, f.count, &whole, 1) == PCL_OK);
    check_family(&f, whole, parts);
}

static void test_split(void) {
    family f = random_family(false, true);
    pcl_tensor *parts[MOST], *whole = random_tensor(&harness, f.dtype, &f.whole);
    pcl_tensor *inputs[] = {INTEGERS(&harness, f.given_axis), whole};
    for (int32_t i = 0; i < f.count; i++) parts[i] = op_output(&harness, f.dtype, 0, 0);
    CHECK(op_run(&harness, &pcl_op_split, NULL, inputs, 2, parts, f.count) == PCL_OK);
    check_family(&f, whole, parts);
}

static void test_split_v(void) {
    family f = random_family(false, false);
    pcl_tensor *parts[MOST], *whole = random_tensor(&harness, f.dtype, &f.whole);
    int32_t sizes[MOST];
    memcpy(sizes, f.sizes, sizeof sizes);
    if (random_integer(0, 1)) sizes[random_integer(0, f.count - 1)] = -1;
    pcl_tensor *inputs[] = {whole, integers(&harness, sizes, f.count), INTEGERS(&harness, f.given_axis)};
    for (int32_t i = 0; i < f.count; i++) parts[i] = op_output(&harness, f.dtype, 0, 0);
    CHECK(op_run(&harness, &pcl_op_split_v, NULL, inputs, 3, parts, f.count) == PCL_OK);
    check_family(&f, whole, parts);
}

static void test_unpack(void) {
    family f = random_family(true, false);
    pcl_tensor *parts[MOST], *whole = random_tensor(&harness, f.dtype, &f.whole);
    for (int32_t i = 0; i < f.count; i++) parts[i] = op_output(&harness, f.dtype, 0, 0);
    pcl_attributes attributes = {.unpack = {f.given_axis, f.count}};
    CHECK(op_run(&harness, &pcl_op_unpack, &attributes, &whole, 1, parts, f.count) == PCL_OK);
    check_family(&f, whole, parts);
}

/* Inputs of other scales are rounded to the output's. */
static void test_requantised(void) {
    enum { ROWS = 3, LEFT = 100, RIGHT = 37 };
    uint8_t left[ROWS * LEFT], right[ROWS * RIGHT];
    for (int i = 0; i < ROWS * LEFT; i++) left[i] = (uint8_t)random_bits();
    for (int i = 0; i < ROWS * RIGHT; i++) right[i] = (uint8_t)random_bits();
    pcl_tensor *inputs[] = {op_quantised(&harness, PCL_UINT8, DIMS(ROWS, LEFT), left, false, 0.031f, 77),
                            op_quantised(&harness, PCL_UINT8, DIMS(ROWS, RIGHT), right, false, 0.02f, 128)};
    pcl_tensor *out = op_output(&harness, PCL_UINT8, 0.02f, 128);
    pcl_attributes attributes = {.concat.axis = 1};
    CHECK(op_run(&harness, &pcl_op_concatenation, &attributes, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, DIMS(ROWS, LEFT + RIGHT)));
    const uint8_t *result = out->data;
    for (int row = 0; row < ROWS; row++) {
        for (int i = 0; i < LEFT; i++) {
            double real = (left[row * LEFT + i] - 77) * 0.031 / 0.02 + 128;
            CHECK(fabs(result[row * (LEFT + RIGHT) + i] - fmin(fmax(real, 0), 255)) < 0.5001);
        }
        CHECK(memcmp(result + row * (LEFT + RIGHT) + LEFT, right + row * RIGHT, RIGHT) == 0);
    }
}

/* --- What they refuse ------------------------------------------------------- */

static pcl_attributes on_axis(int32_t axis) { return (pcl_attributes){.concat.axis = axis}; }

static void test_join_errors(void) {
    pcl_shape shape = {2, {4, 5}}, other = {2, {3, 5}}, scalar = {0};
    const pcl_op *concatenation = &pcl_op_concatenation, *pack = &pcl_op_pack;
    pcl_tensor *a = random_tensor(&harness, PCL_FLOAT32, &shape), *b = random_tensor(&harness, PCL_FLOAT32, &other);
    pcl_tensor *c = random_tensor(&harness, PCL_INT32, &shape), *s = random_tensor(&harness, PCL_FLOAT32, &scalar);
    CHECK(STATUS(&harness, concatenation, on_axis(0), a, b) == PCL_OK);
    CHECK(STATUS(&harness, concatenation, on_axis(1), a, b) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, concatenation, on_axis(2), a, a) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, concatenation, on_axis(0), s, s) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, concatenation, on_axis(0), a, s) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, concatenation, on_axis(0), a, c) == PCL_ERROR_TYPE);
    CHECK(STATUS(&harness, concatenation, on_axis(0), a, NULL) == PCL_ERROR_FORMAT);
    pcl_attributes relu = {.concat = {0, PCL_ACTIVATION_RELU}};
    CHECK(STATUS(&harness, concatenation, relu, a, a) == PCL_ERROR_UNSUPPORTED);
    CHECK(STATUS(&harness, pack, on_axis(-3), a, a) == PCL_OK);
    CHECK(STATUS(&harness, pack, on_axis(3), a, a) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, pack, on_axis(0), a, b) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, pack, on_axis(0), a, c) == PCL_ERROR_TYPE);
    CHECK(STATUS(&harness, pack, on_axis(0), s, s) == PCL_OK);
    pcl_shape widest = {8, {1, 1, 1, 1, 1, 1, 1, 1}};
    CHECK(STATUS(&harness, pack, on_axis(0), random_tensor(&harness, PCL_FLOAT32, &widest)) == PCL_ERROR_UNSUPPORTED);
}

/* The status of a split of `in` into two. */
static pcl_status split_in_two(const pcl_op *op, pcl_attributes attributes, pcl_tensor **inputs, int count) {
    pcl_tensor *outs[] = {op_output(&harness, PCL_FLOAT32, 0, 0), op_output(&harness, PCL_FLOAT32, 0, 0)};
    return op_run(&harness, op, &attributes, inputs, count, outs, 2);
}
#define SPLIT(op, attributes, ...) \
    split_in_two(op, attributes, (pcl_tensor *[]){__VA_ARGS__}, (int)(sizeof((pcl_tensor *[]){__VA_ARGS__}) / sizeof(void *)))

static void test_split_errors(void) {
    pcl_shape shape = {2, {4, 5}};
    pcl_tensor *in = random_tensor(&harness, PCL_FLOAT32, &shape), *zero = INTEGERS(&harness, 0);
    pcl_tensor *open = op_tensor(&harness, PCL_INT32, DIMS(1), (int32_t[]){0}, false);
    pcl_attributes none = no_attributes;
    CHECK(SPLIT(&pcl_op_split, none, zero, in) == PCL_OK);
    CHECK(SPLIT(&pcl_op_split, none, INTEGERS(&harness, 1), in) == PCL_ERROR_SHAPE);
    CHECK(SPLIT(&pcl_op_split, none, INTEGERS(&harness, 2), in) == PCL_ERROR_SHAPE);
    CHECK(SPLIT(&pcl_op_split, none, INTEGERS(&harness, 0, 0), in) == PCL_ERROR_SHAPE);
    CHECK(SPLIT(&pcl_op_split, none, open, in) == PCL_ERROR_UNSUPPORTED);
    CHECK(SPLIT(&pcl_op_split_v, none, in, INTEGERS(&harness, 1, 2), zero) == PCL_ERROR_SHAPE);
    CHECK(SPLIT(&pcl_op_split_v, none, in, INTEGERS(&harness, 5, -1), zero) == PCL_ERROR_SHAPE);
    CHECK(SPLIT(&pcl_op_split_v, none, in, INTEGERS(&harness, -1, -1), zero) == PCL_ERROR_SHAPE);
    CHECK(SPLIT(&pcl_op_split_v, none, in, INTEGERS(&harness, -2, 6), zero) == PCL_ERROR_SHAPE);
    CHECK(SPLIT(&pcl_op_split_v, none, in, INTEGERS(&harness, INT32_MAX, INT32_MAX), zero) == PCL_ERROR_SHAPE);
    CHECK(SPLIT(&pcl_op_split_v, none, in, INTEGERS(&harness, 4), zero) == PCL_ERROR_SHAPE);
    CHECK(SPLIT(&pcl_op_unpack, none, in) == PCL_ERROR_SHAPE);
}

int main(void) {
    for (int i = 0; i < TRIALS; i++) {
        op_harness_open(&harness);
        test_join(&pcl_op_concatenation, false);
        test_join(&pcl_op_pack, true);
        test_split();
        test_split_v();
        test_unpack();
        op_harness_close(&harness);
    }
    op_harness_open(&harness);
    test_requantised();
    test_join_errors();
    test_split_errors();
    op_harness_close(&harness);
    return test_failures != 0;
}
