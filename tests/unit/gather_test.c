/* GATHER and GATHER_ND against index formulas. */
#include "move_reference.h"

enum { TRIALS = 300 };

static op_harness harness;

typedef struct lookup {
    pcl_shape params, indices, out;
    int32_t axis, batch_dims, depth;
    const int64_t *values;
} lookup;

/* Indices below `limit(k)`, where k is the place in an index of `depth` numbers. */
static pcl_tensor *random_indices(lookup *l, const int32_t *limits, int64_t *values) {
    int32_t narrow[8192];
    size_t count = shape_elements(&l->indices);
    for (size_t i = 0; i < count; i++) values[i] = random_integer(0, limits[i % (size_t)l->depth] - 1);
    for (size_t i = 0; i < count; i++) narrow[i] = (int32_t)values[i];
    l->values = values;
    if (random_integer(0, 1)) return op_tensor(&harness, PCL_INT32, l->indices.dims, l->indices.rank, narrow, false);
    return op_tensor(&harness, PCL_INT64, l->indices.dims, l->indices.rank, values, false);
}

/* --- GATHER ---------------------------------------------------------------- */

static bool gathered(const void *how, const int32_t *to, int32_t *from) {
    const lookup *l = how;
    int32_t index[PCL_MAX_RANK], chosen = l->indices.rank - l->batch_dims; /* dimensions that replace the axis */
    for (int32_t d = 0; d < l->indices.rank; d++)
        index[d] = d < l->batch_dims ? to[d] : to[l->axis + d - l->batch_dims];
    for (int32_t d = 0; d < l->params.rank; d++) from[d] = d < l->axis ? to[d] : d > l->axis ? to[d - 1 + chosen] : 0;
    from[l->axis] = (int32_t)l->values[element_at(index, &l->indices)];
    return true;
}

static void test_gather(void) {
    int64_t values[8192];
    lookup l = {.params = shape_of_rank(random_integer(1, 4), 1, 5), .depth = 1};
    l.axis = random_integer(0, l.params.rank - 1);
    l.batch_dims = random_integer(0, l.axis);
    l.indices = shape_of_rank(l.batch_dims + random_integer(0, 2), random_integer(0, 9) ? 1 : 0, 4);
    for (int32_t d = 0; d < l.batch_dims; d++) l.indices.dims[d] = l.params.dims[d];
    for (int32_t d = 0; d < l.axis; d++) l.out.dims[l.out.rank++] = l.params.dims[d];
    for (int32_t d = l.batch_dims; d < l.indices.rank; d++) l.out.dims[l.out.rank++] = l.indices.dims[d];
    for (int32_t d = l.axis + 1; d < l.params.rank; d++) l.out.dims[l.out.rank++] = l.params.dims[d];
    pcl_dtype dtype = random_dtype();
    pcl_tensor *inputs[] = {random_tensor(&harness, dtype, &l.params),
                            random_indices(&l, &l.params.dims[l.axis], values)};
    pcl_tensor *out = op_output(&harness, dtype, 0, 0);
    pcl_attributes attributes = {.gather = {l.axis, l.batch_dims}};
    if (random_integer(0, 1)) attributes.gather.axis -= l.params.rank;
    if (random_integer(0, 1) && l.indices.rank > l.batch_dims) attributes.gather.batch_dims -= l.indices.rank;
    CHECK(op_run(&harness, &pcl_op_gather, &attributes, inputs, 2, &out, 1) == PCL_OK);
    check_moved(inputs[0], out, &l.out, gathered, &l, NULL);
}

/* --- GATHER_ND ------------------------------------------------------------- */

static bool gathered_nd(const void *how, const int32_t *to, int32_t *from) {
    const lookup *l = how;
    int32_t rows = l->indices.rank - 1;
    pcl_shape leading = l->indices;
    leading.rank = rows;
    for (int32_t d = 0; d < l->params.rank; d++)
        from[d] = d < l->depth ? (int32_t)l->values[element_at(to, &leading) * (size_t)l->depth + (size_t)d]
                               : to[rows + d - l->depth];
    return true;
}

static void test_gather_nd(void) {
    int64_t values[8192];
    lookup l = {.params = shape_of_rank(random_integer(1, 5), 1, 5), .indices = shape_of_rank(random_integer(1, 3), 1, 4)};
    l.depth = random_integer(1, l.params.rank);
    l.indices.dims[l.indices.rank - 1] = l.depth;
    for (int32_t d = 0; d + 1 < l.indices.rank; d++) l.out.dims[l.out.rank++] = l.indices.dims[d];
    for (int32_t d = l.depth; d < l.params.rank; d++) l.out.dims[l.out.rank++] = l.params.dims[d];
    pcl_dtype dtype = random_dtype();
    pcl_tensor *inputs[] = {random_tensor(&harness, dtype, &l.params), random_indices(&l, l.params.dims, values)};
    pcl_tensor *out = op_output(&harness, dtype, 0, 0);
    CHECK(op_run(&harness, &pcl_op_gather_nd, NULL, inputs, 2, &out, 1) == PCL_OK);
    check_moved(inputs[0], out, &l.out, gathered_nd, &l, NULL);
}

/* --- What they refuse ------------------------------------------------------- */

static pcl_attributes gather_on(int32_t axis, int32_t batch_dims) {
    return (pcl_attributes){.gather = {axis, batch_dims}};
}

static void test_errors(void) {
    pcl_shape shape = {3, {4, 5, 2}}, other = {2, {3, 2}}, empty = {2, {0, 3}};
    const pcl_op *gather = &pcl_op_gather, *gather_nd = &pcl_op_gather_nd;
    pcl_tensor *in = random_tensor(&harness, PCL_FLOAT32, &shape), *none = random_tensor(&harness, PCL_FLOAT32, &empty);
    pcl_tensor *pairs = op_tensor(&harness, PCL_INT32, other.dims, 2, (int32_t[]){3, 4, 0, 0, 1, 1}, false);
    pcl_tensor *outside = op_tensor(&harness, PCL_INT32, other.dims, 2, (int32_t[]){3, 4, 4, 0, 1, 1}, false);
    pcl_tensor *below = op_tensor(&harness, PCL_INT64, DIMS(1, 2), (int64_t[]){0, -1}, false);
    pcl_tensor *far = op_tensor(&harness, PCL_INT64, DIMS(1), (int64_t[]){INT64_C(1) << 32}, false);
    CHECK(STATUS(&harness, gather, gather_on(1, 0), in, pairs) == PCL_OK);
    CHECK(STATUS(&harness, gather, gather_on(0, 0), in, pairs) == PCL_ERROR_VALUE);
    CHECK(STATUS(&harness, gather, gather_on(1, 0), in, below) == PCL_ERROR_VALUE);
    CHECK(STATUS(&harness, gather, gather_on(1, 0), in, far) == PCL_ERROR_VALUE);
    CHECK(STATUS(&harness, gather, gather_on(0, 0), none, far) == PCL_ERROR_VALUE);
    CHECK(STATUS(&harness, gather, gather_on(3, 0), in, pairs) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, gather, gather_on(1, 1), in, pairs) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, gather, gather_on(0, 1), in, pairs) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, gather, gather_on(1, -3), in, pairs) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, gather, gather_on(0, 0), in, in) == PCL_ERROR_TYPE);
    CHECK(STATUS(&harness, gather_nd, no_attributes, in, pairs) == PCL_OK);
    CHECK(STATUS(&harness, gather_nd, no_attributes, in, outside) == PCL_ERROR_VALUE);
    CHECK(STATUS(&harness, gather_nd, no_attributes, in, below) == PCL_ERROR_VALUE);
    pcl_tensor *deep = op_tensor(&harness, PCL_INT32, DIMS(1, 4), (int32_t[4]){0}, false);
    CHECK(STATUS(&harness, gather_nd, no_attributes, in, deep) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, gather_nd, no_attributes, in, in) == PCL_ERROR_TYPE);
    CHECK(STATUS(&harness, gather_nd, no_attributes, in, op_tensor(&harness, PCL_INT32, NULL, 0, &shape, false)) ==
          PCL_ERROR_SHAPE);
}

int main(void) {
    for (int i = 0; i < TRIALS; i++) {
        op_harness_open(&harness);
        test_gather();
        test_gather_nd();
        op_harness_close(&harness);
    }
    op_harness_open(&harness);
    test_errors();
    op_harness_close(&harness);
    return test_failures != 0;
}
