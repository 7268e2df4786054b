/* RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR against formulas in double precision. */
#include <math.h>

#include "move_reference.h"

enum { TRIALS = 200 };

static op_harness harness;

typedef struct resizing {
    pcl_shape in, out;
    bool align_corners, half_pixel_centers;
} resizing;

/* Where a position of the output lies in the input. */
static double place_of(const resizing *r, int32_t d, int32_t at) {
    double in = r->in.dims[d], out = r->out.dims[d];
    if (r->align_corners) return out > 1 ? at * (in - 1) / (out - 1) : 0;
    return r->half_pixel_centers ? (at + 0.5) * in / out - 0.5 : at * in / out;
}

static resizing random_resizing(void) {
    resizing r = {.in = shape_of_rank(4, 1, 7)};
    int32_t mode = random_integer(0, 2);
    r.align_corners = mode == 1;
    r.half_pixel_centers = mode == 2;
    r.in.dims[3] = random_integer(0, 4) ? random_integer(1, 20) : random_integer(0, 1);
    r.out = r.in;
    for (int32_t d = 1; d <= 2; d++) {
        if (random_integer(0, 2)) r.out.dims[d] = random_integer(1, 16);
        else r.out.dims[d] *= 2;
    }
    return r;
}

static pcl_attributes attributes_of(const resizing *r) {
    return (pcl_attributes){.resize = {r->align_corners, r->half_pixel_centers}};
}

/* --- Nearest --------------------------------------------------------------- */

/* Aligned corners round, others take the pixel that the centre falls into. */
static double nearest_of(const resizing *r, int32_t d, int32_t at) {
    double place = place_of(r, d, at);
    if (r->align_corners) return floor(place + 0.5);
    return floor(place + (r->half_pixel_centers ? 0.5 : 0));
}

static bool nearest_neighbour(const void *how, const int32_t *to, int32_t *from) {
    const resizing *r = how;
    memcpy(from, to, 4 * sizeof *to);
    for (int32_t d = 1; d <= 2; d++) from[d] = (int32_t)fmin(nearest_of(r, d, to[d]), r->in.dims[d] - 1);
    return true;
}

/* Makes in / out exact in a float, so that places on the border of two pixels are the same for both. */
static void make_exact(resizing *r) {
    for (int32_t d = 1; d <= 2; d++) {
        r->out.dims[d] = 1 << random_integer(0, 4);
        if (r->align_corners) r->out.dims[d]++;
    }
}

static void test_nearest(void) {
    resizing r = random_resizing();
    make_exact(&r);
    pcl_dtype dtype = random_dtype();
    pcl_tensor *inputs[] = {random_tensor(&harness, dtype, &r.in), integers(&harness, &r.out.dims[1], 2)};
    pcl_tensor *out = op_output(&harness, dtype, 0, 0);
    pcl_attributes attributes = attributes_of(&r);
    CHECK(op_run(&harness, &pcl_op_resize_nearest_neighbor, &attributes, inputs, 2, &out, 1) == PCL_OK);
    check_moved(inputs[0], out, &r.out, nearest_neighbour, &r, NULL);
}

/* --- Bilinear -------------------------------------------------------------- */

static double value_at(const pcl_tensor *tensor, const int32_t *index) {
    size_t at = element_at(index, &tensor->shape);
    return tensor->dtype == PCL_FLOAT32 ? (double)((const float *)tensor->data)[at] : ((const uint8_t *)tensor->data)[at];
}

static double interpolated(const resizing *r, const pcl_tensor *in, const int32_t *to) {
    double sum = 0.0;
    int32_t low[2];
    double high_weight[2];
    for (int32_t i = 0; i < 2; i++) {
        double place = fmin(fmax(place_of(r, i + 1, to[i + 1]), 0), r->in.dims[i + 1] - 1);
        low[i] = (int32_t)place;
        high_weight[i] = place - low[i];
    }
    for (int32_t corner = 0; corner < 4; corner++) {
        int32_t from[4] = {to[0], 0, 0, to[3]};
        double weight = 1.0;
        for (int32_t i = 0; i < 2; i++) {
            bool high = corner >> i & 1;
            from[i + 1] = low[i] + high < r->in.dims[i + 1] ? low[i] + high : low[i];
            weight *= high ? high_weight[i] : 1 - high_weight[i];
        }
        sum += weight * value_at(in, from);
    }
    return sum;
}

/* Quantised values are interpolated with weights of eleven bits. */
static void test_bilinear(pcl_dtype dtype) {
    static float reals[7 * 7 * 7 * 20];
    static uint8_t bytes[7 * 7 * 7 * 20];
    resizing r = random_resizing();
    size_t count = shape_elements(&r.in);
    for (size_t i = 0; i < count; i++) reals[i] = random_real(-10, 10), bytes[i] = (uint8_t)random_bits();
    const void *data = dtype == PCL_FLOAT32 ? (void *)reals : (void *)bytes;
    pcl_tensor *in = dtype == PCL_FLOAT32 ? op_tensor(&harness, dtype, r.in.dims, 4, data, false)
                                          : op_quantised(&harness, dtype, r.in.dims, 4, data, false, 0.1f, 9);
    pcl_tensor *inputs[] = {in, integers(&harness, &r.out.dims[1], 2)};
    pcl_tensor *out = op_output(&harness, dtype, dtype == PCL_FLOAT32 ? 0.0f : 0.1f, 9);
    pcl_attributes attributes = attributes_of(&r);
    CHECK(op_run(&harness, &pcl_op_resize_bilinear, &attributes, inputs, 2, &out, 1) == PCL_OK);
    CHECK(op_shape_is(out, r.out.dims, 4));
    double worst = 0.0;
    for (size_t i = 0; i < shape_elements(&r.out); i++) {
        int32_t to[4];
        index_of(i, &r.out, to);
        worst = fmax(worst, fabs(value_at(out, to) - interpolated(&r, in, to)));
    }
    CHECK(worst < (dtype == PCL_FLOAT32 ? 1e-4 : 0.5 + 2 * 255.0 / 4096 + 0.001));
}

/* --- What they refuse ------------------------------------------------------- */

static void test_errors(void) {
    pcl_shape shape = {4, {1, 4, 5, 2}}, flat = {3, {4, 5, 2}}, empty = {4, {1, 0, 5, 2}};
    pcl_attributes none = no_attributes, both = {.resize = {true, true}};
    pcl_tensor *in = random_tensor(&harness, PCL_FLOAT32, &shape), *size = INTEGERS(&harness, 8, 9);
    pcl_tensor *open = op_tensor(&harness, PCL_INT32, DIMS(2), (int32_t[]){8, 9}, false);
    const pcl_op *ops[] = {&pcl_op_resize_bilinear, &pcl_op_resize_nearest_neighbor};
    for (int i = 0; i < 2; i++) {
        CHECK(STATUS(&harness, ops[i], none, in, size) == PCL_OK);
        CHECK(STATUS(&harness, ops[i], both, in, size) == PCL_ERROR_UNSUPPORTED);
        CHECK(STATUS(&harness, ops[i], none, in, open) == PCL_ERROR_UNSUPPORTED);
        CHECK(STATUS(&harness, ops[i], none, in, INTEGERS(&harness, 8)) == PCL_ERROR_SHAPE);
        CHECK(STATUS(&harness, ops[i], none, in, INTEGERS(&harness, 8, 0)) == PCL_ERROR_SHAPE);
        CHECK(STATUS(&harness, ops[i], none, in, INTEGERS(&harness, -8, 9)) == PCL_ERROR_SHAPE);
        CHECK(STATUS(&harness, ops[i], none, in, INTEGERS(&harness, INT32_MAX, 1)) == PCL_ERROR_LIMIT);
        CHECK(STATUS(&harness, ops[i], none, in, INTEGERS(&harness, 1 << 24, 1 << 24)) == PCL_ERROR_LIMIT);
        CHECK(STATUS(&harness, ops[i], none, random_tensor(&harness, PCL_FLOAT32, &flat), size) == PCL_ERROR_SHAPE);
        CHECK(STATUS(&harness, ops[i], none, random_tensor(&harness, PCL_FLOAT32, &empty), size) == PCL_ERROR_SHAPE);
    }
    CHECK(STATUS(&harness, ops[0], none, random_tensor(&harness, PCL_INT32, &shape), size) == PCL_ERROR_TYPE);
}

int main(void) {
    for (int i = 0; i < TRIALS; i++) {
        op_harness_open(&harness);
        test_nearest();
        test_bilinear(PCL_FLOAT32);
        test_bilinear(PCL_UINT8);
        op_harness_close(&harness);
    }
    op_harness_open(&harness);
    test_errors();
    op_harness_close(&harness);
    return test_failures != 0;
}
