/* TRANSPOSE, TILE, BROADCAST_TO and the operators between space, depth and
 * batch, against index formulas. */
#include "move_reference.h"

enum { TRIALS = 150 };

static op_harness harness;

typedef struct moved {
    pcl_tensor *in, *out;
    pcl_dtype dtype;
} moved;

static moved run_on(const pcl_op *op, pcl_attributes attributes, const pcl_shape *shape, pcl_tensor *second,
                    pcl_tensor *third) {
    moved result = {.dtype = random_dtype()};
    result.in = random_tensor(&harness, result.dtype, shape);
    result.out = op_output(&harness, result.dtype, 0, 0);
    pcl_tensor *inputs[] = {result.in, second, third};
    CHECK(op_run(&harness, op, &attributes, inputs, third ? 3 : second ? 2 : 1, &result.out, 1) == PCL_OK);
    return result;
}

/* --- TRANSPOSE ------------------------------------------------------------- */

typedef struct permutation {
    int32_t rank, axes[PCL_MAX_RANK];
} permutation;

static bool transposed(const void *how, const int32_t *to, int32_t *from) {
    const permutation *p = how;
    for (int32_t d = 0; d < p->rank; d++) from[p->axes[d]] = to[d];
    return true;
}

static void test_transpose(void) {
    pcl_shape shape = random_integer(0, 3) ? shape_of_rank(random_integer(0, 6), 1, 6)
                                           : shape_of_rank(random_integer(2, 3), 17, 40);
    if (random_integer(0, 20) == 0 && shape.rank) shape.dims[0] = 0;
    permutation p = {.rank = shape.rank};
    int32_t given[PCL_MAX_RANK];
    for (int32_t d = 0; d < p.rank; d++) p.axes[d] = d;
    for (int32_t d = p.rank - 1; d > 0; d--) {
        int32_t other = random_integer(0, d), axis = p.axes[d];
        p.axes[d] = p.axes[other];
        p.axes[other] = axis;
    }
    pcl_shape out = {.rank = shape.rank};
    for (int32_t d = 0; d < p.rank; d++) {
        out.dims[d] = shape.dims[p.axes[d]];
        given[d] = p.axes[d] - (random_integer(0, 3) == 0 ? p.rank : 0);
    }
    moved m = run_on(&pcl_op_transpose, no_attributes, &shape, integers(&harness, given, p.rank), NULL);
    check_moved(m.in, m.out, &out, transposed, &p, NULL);
}

/* --- TILE and BROADCAST_TO -------------------------------------------------- */

static bool tiled(const void *how, const int32_t *to, int32_t *from) {
    const pcl_shape *in = how;
    for (int32_t d = 0; d < in->rank; d++) from[d] = to[d] % in->dims[d];
    return true;
}

static void test_tile(void) {
    pcl_shape shape = shape_of_rank(random_integer(0, 5), 1, 4), out = shape;
    int32_t multiples[PCL_MAX_RANK];
    for (int32_t d = 0; d < shape.rank; d++) {
        multiples[d] = random_integer(random_integer(0, 9) ? 1 : 0, 3);
        out.dims[d] *= multiples[d];
    }
    moved m = run_on(&pcl_op_tile, no_attributes, &shape, integers(&harness, multiples, shape.rank), NULL);
    check_moved(m.in, m.out, &out, tiled, &shape, NULL);
}

typedef struct shape_pair {
    pcl_shape whole, part;
} shape_pair;

static bool broadcast(const void *how, const int32_t *to, int32_t *from) {
    const shape_pair *shapes = how;
    index_of(broadcast_index(element_at(to, &shapes->whole), &shapes->whole, &shapes->part), &shapes->part, from);
    return true;
}

static void test_broadcast_to(void) {
    shape_pair shapes = {.whole = shape_of_rank(random_integer(0, 6), 1, 5)};
    shapes.part = random_part(&shapes.whole);
    pcl_tensor *dims = integers(&harness, shapes.whole.dims, shapes.whole.rank);
    moved m = run_on(&pcl_op_broadcast_to, no_attributes, &shapes.part, dims, NULL);
    check_moved(m.in, m.out, &shapes.whole, broadcast, &shapes, NULL);
}

/* --- Space and depth -------------------------------------------------------- */

typedef struct squares {
    int32_t block, depth;
} squares;

static bool from_depth(const void *how, const int32_t *to, int32_t *from) {
    const squares *s = how;
    from[0] = to[0];
    from[1] = to[1] / s->block;
    from[2] = to[2] / s->block;
    from[3] = (to[1] % s->block * s->block + to[2] % s->block) * s->depth + to[3];
    return true;
}

static bool from_space(const void *how, const int32_t *to, int32_t *from) {
    const squares *s = how;
    int32_t square = to[3] / s->depth;
    from[0] = to[0];
    from[1] = to[1] * s->block + square / s->block;
    from[2] = to[2] * s->block + square % s->block;
    from[3] = to[3] % s->depth;
    return true;
}

static void test_depth_space(void) {
    squares s = {random_integer(1, 4), random_integer(1, 5)};
    pcl_shape deep = shape_of_rank(4, 1, 6), wide = deep;
    deep.dims[3] = s.depth * s.block * s.block;
    wide.dims[1] *= s.block;
    wide.dims[2] *= s.block;
    wide.dims[3] = s.depth;
    pcl_attributes attributes = {.depth_space.block_size = s.block};
    moved m = run_on(&pcl_op_depth_to_space, attributes, &deep, NULL, NULL);
    check_moved(m.in, m.out, &wide, from_depth, &s, NULL);
    m = run_on(&pcl_op_space_to_depth, attributes, &wide, NULL, NULL);
    check_moved(m.in, m.out, &deep, from_space, &s, NULL);
}

/* --- Space and batch -------------------------------------------------------- */

typedef struct blocks {
    pcl_shape picture, batched;
    int32_t rank, sizes[PCL_MAX_RANK], edges[PCL_MAX_RANK][2];
} blocks;

/* The batched tensor's element at `to` in the picture. */
static bool from_picture(const void *how, const int32_t *to, int32_t *from) {
    const blocks *b = how;
    int32_t offset = to[0] / b->picture.dims[0];
    memcpy(from, to, (size_t)b->picture.rank * sizeof *to);
    from[0] = to[0] % b->picture.dims[0];
    for (int32_t d = b->rank; d >= 1; d--) {
        from[d] = to[d] * b->sizes[d - 1] + offset % b->sizes[d - 1] - b->edges[d - 1][0];
        offset /= b->sizes[d - 1];
        if (from[d] < 0 || from[d] >= b->picture.dims[d]) return false;
    }
    return true;
}

static bool from_batched(const void *how, const int32_t *to, int32_t *from) {
    const blocks *b = how;
    int32_t offset = 0;
    memcpy(from, to, (size_t)b->picture.rank * sizeof *to);
    for (int32_t d = 1; d <= b->rank; d++) {
        int32_t at = to[d] + b->edges[d - 1][0];
        offset = offset * b->sizes[d - 1] + at % b->sizes[d - 1];
        from[d] = at / b->sizes[d - 1];
    }
    from[0] = offset * b->picture.dims[0] + to[0];
    return true;
}

static blocks random_blocks(void) {
    blocks b = {.rank = random_integer(1, 3)};
    b.picture = shape_of_rank(b.rank + random_integer(1, 2), 1, 5);
    b.batched = b.picture;
    for (int32_t d = 1; d <= b.rank; d++) {
        int32_t size = b.sizes[d - 1] = random_integer(1, 4), *edges = b.edges[d - 1];
        edges[0] = random_integer(0, 5);
        edges[1] = random_integer(0, 2) * size + (2 * size - (b.picture.dims[d] + edges[0]) % size) % size;
        b.batched.dims[0] *= size;
        b.batched.dims[d] = (b.picture.dims[d] + edges[0] + edges[1]) / size;
    }
    return b;
}

static void test_batch_space(void) {
    static const uint64_t zero;
    blocks b = random_blocks();
    pcl_tensor *sizes = integers(&harness, b.sizes, b.rank), *edges = integers(&harness, b.edges[0], 2 * b.rank);
    moved m = run_on(&pcl_op_space_to_batch_nd, no_attributes, &b.picture, sizes, edges);
    check_moved(m.in, m.out, &b.batched, from_picture, &b, &zero);
    m = run_on(&pcl_op_batch_to_space_nd, no_attributes, &b.batched, sizes, edges);
    check_moved(m.in, m.out, &b.picture, from_batched, &b, NULL);
}

/* --- What they refuse ------------------------------------------------------- */

static pcl_attributes block_of(int32_t size) { return (pcl_attributes){.depth_space.block_size = size}; }

static void test_errors(void) {
    pcl_shape shape = {4, {4, 4, 6, 8}}, flat = {2, {4, 3}};
    pcl_tensor *in = random_tensor(&harness, PCL_FLOAT32, &shape), *low = random_tensor(&harness, PCL_FLOAT32, &flat);
    pcl_tensor *open = op_tensor(&harness, PCL_INT32, DIMS(2), (int32_t[]){1, 0}, false);
    pcl_attributes none = no_attributes;
    CHECK(STATUS(&harness, &pcl_op_transpose, none, low, INTEGERS(&harness, 0, 0)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_transpose, none, low, INTEGERS(&harness, 0, 2)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_transpose, none, low, INTEGERS(&harness, 0)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_transpose, none, low, open) == PCL_ERROR_UNSUPPORTED);
    CHECK(STATUS(&harness, &pcl_op_tile, none, low, INTEGERS(&harness, 1, -1)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_tile, none, low, INTEGERS(&harness, INT32_MAX, 1)) == PCL_ERROR_LIMIT);
    CHECK(STATUS(&harness, &pcl_op_tile, none, low, INTEGERS(&harness, 1 << 28, 1 << 28)) == PCL_ERROR_LIMIT);
    CHECK(STATUS(&harness, &pcl_op_broadcast_to, none, low, INTEGERS(&harness, 4, 4)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_broadcast_to, none, low, INTEGERS(&harness, 3)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_broadcast_to, none, low, INTEGERS(&harness, -1, 4, 3)) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_broadcast_to, none, low, INTEGERS(&harness, 1 << 30, 1 << 30, 4, 3)) ==
          PCL_ERROR_LIMIT);
    CHECK(STATUS(&harness, &pcl_op_depth_to_space, block_of(3), in) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_depth_to_space, block_of(0), in) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_depth_to_space, block_of(2), low) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_space_to_depth, block_of(INT32_MAX), in) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_space_to_depth, block_of(4), in) == PCL_ERROR_SHAPE);
    pcl_tensor *none_cut = INTEGERS(&harness, 0, 0, 0, 0), *twos = INTEGERS(&harness, 2, 2);
    CHECK(STATUS(&harness, &pcl_op_space_to_batch_nd, none, in, INTEGERS(&harness, 2, 4), none_cut) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_space_to_batch_nd, none, in, INTEGERS(&harness, 2, 0), none_cut) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_space_to_batch_nd, none, in, INTEGERS(&harness, 1 << 20, 1 << 20), none_cut) ==
          PCL_ERROR_LIMIT);
    CHECK(STATUS(&harness, &pcl_op_space_to_batch_nd, none, in, twos, INTEGERS(&harness, 0, 0, -1, 1)) ==
          PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_batch_to_space_nd, none, in, twos, INTEGERS(&harness, 9, 0, 0, 0)) ==
          PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_batch_to_space_nd, none, in, INTEGERS(&harness, 3, 1), none_cut) == PCL_ERROR_SHAPE);
    CHECK(STATUS(&harness, &pcl_op_batch_to_space_nd, none, in, twos, INTEGERS(&harness, 0, 0)) == PCL_ERROR_SHAPE);
}

int main(void) {
    void (*const tests[])(void) = {test_transpose, test_tile, test_broadcast_to, test_depth_space, test_batch_space};
    for (int i = 0; i < TRIALS; i++) {
        for (size_t t = 0; t < sizeof tests / sizeof *tests; t++) {
            op_harness_open(&harness);
            tests[t]();
            op_harness_close(&harness);
        }
    }
    op_harness_open(&harness);
    test_errors();
    op_harness_close(&harness);
    return test_failures != 0;
}
