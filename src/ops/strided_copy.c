#include "ops/strided_copy.h"

#include <string.h>

#include "ops/elements.h"

enum {
    /* A square of this many elements a side is transposed while its cache lines
     * are at hand; larger ones meet conflicts where strides are powers of two. */
    TILE = 16,
    /* Fewer elements side by side are sooner copied one by one than by memcpy, a call into the browser. */
    FEW = 6
};

void pcl_block_push(pcl_block *block, size_t size, ptrdiff_t in_stride, ptrdiff_t out_stride) {
    block->dims[block->rank++] = (pcl_block_dim){size, in_stride, out_stride};
}

void pcl_row_major(const pcl_shape *shape, ptrdiff_t strides[PCL_MAX_RANK]) {
    size_t found[PCL_MAX_RANK];
    pcl_broadcast_strides(shape, shape, found);
    for (int32_t d = 0; d < shape->rank; d++) strides[d] = (ptrdiff_t)found[d];
}

static size_t count_elements(const pcl_block *block) {
    size_t count = 1;
    for (int32_t d = 0; d < block->rank; d++) count *= block->dims[d].size;
    return count;
}

/* --- Simplification ------------------------------------------------------- */

/* True when stepping along `outer` continues where `inner` ends. */
static bool continues(const pcl_block_dim *outer, const pcl_block_dim *inner) {
    ptrdiff_t size = (ptrdiff_t)inner->size;
    return outer->in_stride == inner->in_stride * size && outer->out_stride == inner->out_stride * size;
}

/* Drops dimensions of 1 and merges those that continue each other. The result
 * has at least two, so that there is always a plane. */
static pcl_block merge_dims(const pcl_block *block) {
    pcl_block merged = *block;
    merged.rank = 0;
    for (int32_t d = 0; d < block->rank; d++) {
        pcl_block_dim dim = block->dims[d];
        if (dim.size == 1) continue;
        if (merged.rank > 0 && continues(&merged.dims[merged.rank - 1], &dim)) {
            dim.size *= merged.dims[merged.rank - 1].size;
            merged.rank--;
        }
        merged.dims[merged.rank++] = dim;
    }
    for (; merged.rank < 2; merged.rank++) {
        memmove(merged.dims + 1, merged.dims, (size_t)merged.rank * sizeof *merged.dims);
        merged.dims[0] = (pcl_block_dim){1, 0, 0};
    }
    return merged;
}

static size_t magnitude(ptrdiff_t stride) { return stride < 0 ? -(size_t)stride : (size_t)stride; }

/* Where the innermost elements of `in` do not lie side by side, the dimension
 * along which they do becomes the rows of the plane. */
static void choose_rows(pcl_block *block) {
    int32_t rows = block->rank - 2, best = rows;
    size_t step = magnitude(block->dims[block->rank - 1].in_stride);
    if (step <= 1) return;
    for (int32_t d = 0; d < rows; d++)
        if (magnitude(block->dims[d].in_stride) < magnitude(block->dims[best].in_stride)) best = d;
    pcl_block_dim dim = block->dims[best];
    memmove(block->dims + best, block->dims + best + 1, (size_t)(rows - best) * sizeof dim);
    block->dims[rows] = dim;
}

/* --- Planes: the two innermost dimensions --------------------------------- */

/* Strides in bytes. */
typedef struct plane {
    size_t rows, columns;
    ptrdiff_t in_row, in_column, out_row, out_column;
} plane;

/* `element` is a constant in every caller, so that copying one is an instruction. */
static inline __attribute__((always_inline)) void copy_tiles(const plane *plane, size_t element, const uint8_t *in,
                                                             uint8_t *out) {
    for (size_t row = 0; row < plane->rows; row += TILE) {
        size_t row_end = plane->rows - row < TILE ? plane->rows : row + TILE;
        for (size_t column = 0; column < plane->columns; column += TILE) {
            size_t column_end = plane->columns - column < TILE ? plane->columns : column + TILE;
            for (size_t r = row; r < row_end; r++) {
                const uint8_t *from = in + (ptrdiff_t)r * plane->in_row;
                uint8_t *to = out + (ptrdiff_t)r * plane->out_row;
                for (size_t c = column; c < column_end; c++)
                    memcpy(to + (ptrdiff_t)c * plane->out_column, from + (ptrdiff_t)c * plane->in_column, element);
            }
        }
    }
}

static inline __attribute__((always_inline)) void repeat_elements(const plane *plane, size_t element, const uint8_t *in,
                                                                  uint8_t *out) {
    uint8_t value[8];
    for (size_t r = 0; r < plane->rows; r++) {
        uint8_t *to = out + (ptrdiff_t)r * plane->out_row;
        memcpy(value, in + (ptrdiff_t)r * plane->in_row, element);
        for (size_t c = 0; c < plane->columns; c++) memcpy(to + c * element, value, element);
    }
}

/* The columns lie side by side on both sides. */
static void copy_rows(const plane *plane, const uint8_t *in, uint8_t *out) {
    size_t bytes = plane->columns * (size_t)plane->out_column;
    for (size_t r = 0; r < plane->rows; r++, in += plane->in_row, out += plane->out_row) memcpy(out, in, bytes);
}

static inline __attribute__((always_inline)) void copy_plane(const plane *plane, size_t element, const uint8_t *in,
                                                             uint8_t *out) {
    if (plane->out_column == (ptrdiff_t)element && plane->in_column == 0) repeat_elements(plane, element, in, out);
    else copy_tiles(plane, element, in, out);
}

/* With rows and columns exchanged: loops along the columns are short where these are few. */
static plane turned(const plane *from) {
    return (plane){from->columns, from->rows, from->in_column, from->in_row, from->out_column, from->out_row};
}

static void copy_plane_1(const plane *plane, const uint8_t *in, uint8_t *out) { copy_plane(plane, 1, in, out); }
static void copy_plane_2(const plane *plane, const uint8_t *in, uint8_t *out) { copy_plane(plane, 2, in, out); }
static void copy_plane_4(const plane *plane, const uint8_t *in, uint8_t *out) { copy_plane(plane, 4, in, out); }
static void copy_plane_8(const plane *plane, const uint8_t *in, uint8_t *out) { copy_plane(plane, 8, in, out); }

typedef void (*plane_copier)(const plane *plane, const uint8_t *in, uint8_t *out);

static plane_copier copier_for(size_t element) {
    return element == 1 ? copy_plane_1 : element == 2 ? copy_plane_2 : element == 4 ? copy_plane_4 : copy_plane_8;
}

/* Walks the dimensions outside the plane. */
static void copy_planes(const pcl_block *block, const uint8_t *in, uint8_t *out) {
    ptrdiff_t element = (ptrdiff_t)block->element;
    const pcl_block_dim *rows = &block->dims[block->rank - 2], *columns = &block->dims[block->rank - 1];
    plane plane = {rows->size,
                   columns->size,
                   rows->in_stride * element,
                   columns->in_stride * element,
                   rows->out_stride * element,
                   columns->out_stride * element};
    plane_copier copy = copier_for(block->element);
    bool is_dense = plane.out_column == element, is_repeated = is_dense && plane.in_column == 0;
    size_t least = is_dense && plane.in_column == element ? FEW : TILE;
    if (!is_repeated && plane.columns < least && plane.columns < plane.rows) plane = turned(&plane);
    else if (least == FEW) copy = copy_rows;
    size_t position[PCL_MAX_BLOCK_RANK] = {0};
    ptrdiff_t from = block->in_first, to = block->out_first; /* in elements */
    for (;;) {
        copy(&plane, in + from * element, out + to * element);
        int32_t d = block->rank - 3;
        for (; d >= 0; d--) {
            const pcl_block_dim *dim = &block->dims[d];
            from += dim->in_stride;
            to += dim->out_stride;
            if (++position[d] < dim->size) break;
            from -= dim->in_stride * (ptrdiff_t)dim->size;
            to -= dim->out_stride * (ptrdiff_t)dim->size;
            position[d] = 0;
        }
        if (d < 0) return;
    }
}

/* --- The whole ------------------------------------------------------------- */

typedef struct block_task {
    pcl_block block;
    int32_t shared; /* the dimension that the threads divide */
    const uint8_t *in;
    uint8_t *out;
} block_task;

static void copy_part(void *argument, const pcl_part *part) {
    const block_task *task = argument;
    pcl_block own = task->block;
    pcl_block_dim *dim = &own.dims[task->shared];
    size_t begin, end;
    pcl_partition(dim->size, 1, part, &begin, &end);
    if (begin == end) return;
    own.in_first += (ptrdiff_t)begin * dim->in_stride;
    own.out_first += (ptrdiff_t)begin * dim->out_stride;
    dim->size = end - begin;
    copy_planes(&own, task->in, task->out);
}

void pcl_block_copy(pcl_pool *pool, const pcl_block *block, const void *in, void *out) {
    size_t count = count_elements(block);
    if (count == 0) return;
    block_task task = {.block = merge_dims(block), .in = in, .out = out};
    choose_rows(&task.block);
    for (int32_t d = 1; d < task.block.rank; d++)
        if (task.block.dims[d].size > task.block.dims[task.shared].size) task.shared = d;
    pcl_pool_run(pool, copy_part, &task, pcl_parts_for(count));
}

void pcl_fill(pcl_pool *pool, const void *value, size_t element, void *out, size_t count) {
    pcl_block block = {.element = element};
    pcl_block_push(&block, count, 0, 1);
    pcl_block_copy(pool, &block, value, out);
}
