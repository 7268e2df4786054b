/* MEAN, SUM and REDUCE_*: one value from all those along some axes. */
#include <math.h>
#include <string.h>

#include "ops/elements.h"
#include "ops/table.h"
#include "requantize.h"

typedef void (*real_row)(const double *row, double *totals, size_t count);
typedef void (*integer_row)(const int64_t *row, int64_t *totals, size_t count);

static void sum_reals(const double *row, double *totals, size_t count) {
    for (size_t i = 0; i < count; i++) totals[i] += row[i];
}

static void multiply_reals(const double *row, double *totals, size_t count) {
    for (size_t i = 0; i < count; i++) totals[i] *= row[i];
}

static void greatest_reals(const double *row, double *totals, size_t count) {
    for (size_t i = 0; i < count; i++) totals[i] = row[i] > totals[i] ? row[i] : totals[i];
}

static void least_reals(const double *row, double *totals, size_t count) {
    for (size_t i = 0; i < count; i++) totals[i] = row[i] < totals[i] ? row[i] : totals[i];
}

/* Integers wrap around. */

static void sum_integers(const int64_t *row, int64_t *totals, size_t count) {
    for (size_t i = 0; i < count; i++) totals[i] = (int64_t)((uint64_t)totals[i] + (uint64_t)row[i]);
}

static void multiply_integers(const int64_t *row, int64_t *totals, size_t count) {
    for (size_t i = 0; i < count; i++) totals[i] = (int64_t)((uint64_t)totals[i] * (uint64_t)row[i]);
}

static void greatest_integers(const int64_t *row, int64_t *totals, size_t count) {
    for (size_t i = 0; i < count; i++) totals[i] = row[i] > totals[i] ? row[i] : totals[i];
}

static void least_integers(const int64_t *row, int64_t *totals, size_t count) {
    for (size_t i = 0; i < count; i++) totals[i] = row[i] < totals[i] ? row[i] : totals[i];
}

typedef enum reduce_start { START_ZERO, START_ONE, START_LOWEST, START_HIGHEST } reduce_start;

typedef struct reduce_rows {
    const pcl_op *op;
    real_row reals;
    integer_row integers;
    reduce_start start; /* what nothing reduces to */
    bool bools;         /* takes these and nothing else */
} reduce_rows;

static const reduce_rows all_rows[] = {
    {&pcl_op_mean, sum_reals, sum_integers, START_ZERO, false},
    {&pcl_op_sum, sum_reals, sum_integers, START_ZERO, false},
    {&pcl_op_reduce_prod, multiply_reals, multiply_integers, START_ONE, false},
    {&pcl_op_reduce_max, greatest_reals, greatest_integers, START_LOWEST, false},
    {&pcl_op_reduce_min, least_reals, least_integers, START_HIGHEST, false},
    {&pcl_op_reduce_any, NULL, greatest_integers, START_LOWEST, true},
    {&pcl_op_reduce_all, NULL, least_integers, START_HIGHEST, true},
};

static const reduce_rows *find_rows(const pcl_op *op) {
    const reduce_rows *rows = all_rows;
    while (rows->op != op) rows++;
    return rows;
}

enum { MAX_AXES = 4 * PCL_MAX_RANK }; /* the same axis may be named more than once */

/* reduced[d]: is dimension d of the input one of the axes? */
static pcl_status read_axes(const pcl_infer_context *context, const pcl_node *node, bool reduced[PCL_MAX_RANK]) {
    int32_t axes[MAX_AXES], count, axis;
    memset(reduced, 0, PCL_MAX_RANK * sizeof *reduced);
    PCL_TRY_RETURN(pcl_read_integers(context, node, node->inputs[1], axes, MAX_AXES, &count));
    for (int32_t i = 0; i < count; i++) {
        PCL_TRY_RETURN(pcl_normalise_axis(context, node, axes[i], node->inputs[0]->shape.rank, &axis));
        reduced[axis] = true;
    }
    return PCL_OK;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    static const pcl_dtype numbers[] = {PCL_FLOAT32, PCL_UINT8, PCL_INT32, PCL_INT64, PCL_DTYPE_COUNT};
    static const pcl_dtype bools[] = {PCL_BOOL, PCL_DTYPE_COUNT};
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    bool reduced[PCL_MAX_RANK];
    pcl_shape shape = {0};
    PCL_TRY_RETURN(pcl_check_dtype(context, node, in, find_rows(node->op)->bools ? bools : numbers));
    PCL_TRY_RETURN(pcl_check_alike(context, node, in, in));
    PCL_TRY_RETURN(pcl_check_alike(context, node, in, out));
    PCL_TRY_RETURN(read_axes(context, node, reduced));
    for (int32_t d = 0; d < in->shape.rank; d++) {
        if (!reduced[d]) shape.dims[shape.rank++] = in->shape.dims[d];
        else if (node->attributes.reduce.keep_dims) shape.dims[shape.rank++] = 1;
    }
    return pcl_tensor_set_shape(out, &shape, context->error);
}

/* The input's dimensions in turns of kept and reduced ones, innermost first:
 * [..., kept[1], reduced[0], kept[0]]. Any of them may be 1. */
typedef struct reduction {
    const reduce_rows *rows;
    const pcl_tensor *in, *out;
    int32_t levels;
    size_t kept[PCL_MAX_RANK], reduced[PCL_MAX_RANK];
    size_t kept_stride[PCL_MAX_RANK], reduced_stride[PCL_MAX_RANK]; /* elements of the input */
    size_t outer_kept, outer_reduced; /* products over the levels from 1 up */
    size_t count;                     /* values that become one */
    bool as_reals;                    /* totals are reals, not integers */
} reduction;

typedef union totals {
    double reals[PCL_BLOCK];
    int64_t integers[PCL_BLOCK];
} totals;

static void split_levels(reduction *self, const bool reduced[PCL_MAX_RANK]) {
    const pcl_shape *shape = &self->in->shape;
    int32_t level = 0;
    for (int32_t i = 0; i < PCL_MAX_RANK; i++) self->kept[i] = self->reduced[i] = 1;
    for (int32_t d = shape->rank - 1; d >= 0; d--) {
        if (shape->dims[d] == 1) continue;
        if (!reduced[d] && self->reduced[level] != 1) level++;
        if (reduced[d]) self->reduced[level] *= (size_t)shape->dims[d];
        else self->kept[level] *= (size_t)shape->dims[d];
    }
    self->levels = level + 1;
    self->outer_kept = self->outer_reduced = 1;
    size_t stride = 1;
    for (int32_t i = 0; i < self->levels; i++) {
        self->kept_stride[i] = stride;
        self->reduced_stride[i] = stride * self->kept[i];
        stride *= self->kept[i] * self->reduced[i];
        if (i > 0) self->outer_kept *= self->kept[i];
        if (i > 0) self->outer_reduced *= self->reduced[i];
    }
    self->count = self->outer_reduced * self->reduced[0];
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    bool reduced[PCL_MAX_RANK];
    reduction *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(read_axes(&infer_context, step->node, reduced));
    *self = (reduction){.rows = find_rows(step->op), .in = step->node->inputs[0], .out = step->node->outputs[0]};
    /* A product of quantised values is one of reals; everything else commutes with quantisation. */
    self->as_reals =
        self->in->dtype == PCL_FLOAT32 || (self->in->dtype == PCL_UINT8 && step->op == &pcl_op_reduce_prod);
    split_levels(self, reduced);
    return PCL_OK;
}

static void start_totals(const reduction *self, totals *out, size_t count) {
    const reduce_start start = self->rows->start;
    int64_t low, high;
    pcl_integer_range(self->in->dtype, &low, &high);
    double real = start == START_ZERO ? 0.0 : start == START_ONE ? 1.0 : start == START_LOWEST ? -INFINITY : INFINITY;
    int64_t integer = start == START_ZERO ? 0 : start == START_ONE ? 1 : start == START_LOWEST ? low : high;
    for (size_t i = 0; i < count; i++) {
        if (self->as_reals) out->reals[i] = real;
        else out->integers[i] = integer;
    }
}

/* The two sums that networks spend time on. Short sums are taken in the
 * narrow type, four to a vector, and these are added up in the wide one. */

static void sum_floats(const float *x, size_t rows, size_t stride, size_t columns, double *sums) {
    enum { SHORT_SUM = 32 };
    float part[PCL_BLOCK];
    for (size_t row = 0; row < rows;) {
        size_t end = rows - row < SHORT_SUM ? rows : row + SHORT_SUM;
        memset(part, 0, columns * sizeof *part);
        for (; row < end; row++)
            for (size_t c = 0; c < columns; c++) part[c] += x[row * stride + c];
        for (size_t c = 0; c < columns; c++) sums[c] += (double)part[c];
    }
}

static void sum_bytes(const uint8_t *x, size_t rows, size_t stride, size_t columns, int64_t *sums) {
    enum { SHORT_SUM = 1 << 24 }; /* 255 times as much fits 32 bits */
    uint32_t part[PCL_BLOCK];
    for (size_t row = 0; row < rows;) {
        size_t end = rows - row < SHORT_SUM ? rows : row + SHORT_SUM;
        memset(part, 0, columns * sizeof *part);
        for (; row < end; row++)
            for (size_t c = 0; c < columns; c++) part[c] += x[row * stride + c];
        for (size_t c = 0; c < columns; c++) sums[c] += part[c];
    }
}

static void add_rows_any(const reduction *self, const uint8_t *x, size_t rows, size_t stride, size_t columns,
                         totals *out) {
    totals row;
    double scale = pcl_tensor_scale(self->in);
    int32_t zero_point = pcl_tensor_zero_point(self->in);
    for (size_t r = 0; r < rows; r++, x += stride * pcl_dtype_size(self->in->dtype)) {
        if (self->as_reals) {
            pcl_load_reals(self->in->dtype, x, row.reals, columns);
            if (self->in->dtype == PCL_UINT8)
                for (size_t c = 0; c < columns; c++) row.reals[c] = (row.reals[c] - zero_point) * scale;
            self->rows->reals(row.reals, out->reals, columns);
        } else {
            pcl_load_integers(self->in->dtype, x, row.integers, columns);
            self->rows->integers(row.integers, out->integers, columns);
        }
    }
}

/* Adds x [rows][stride], `columns` used of each row, to the totals [columns]. */
static void add_rows(const reduction *self, const void *x, size_t rows, size_t stride, size_t columns, totals *out) {
    bool is_sum = self->rows->start == START_ZERO;
    if (is_sum && self->in->dtype == PCL_FLOAT32) sum_floats(x, rows, stride, columns, out->reals);
    else if (is_sum && self->in->dtype == PCL_UINT8) sum_bytes(x, rows, stride, columns, out->integers);
    else add_rows_any(self, x, rows, stride, columns, out);
}

/* Adds `count` adjacent values to one total: side by side in lanes first. */
static void add_run(const reduction *self, const uint8_t *x, size_t count, totals *out) {
    enum { LANES = 32 };
    totals lanes;
    size_t rows = count / LANES, done = rows * LANES;
    start_totals(self, &lanes, LANES);
    add_rows(self, x, rows, LANES, LANES, &lanes);
    for (size_t half = LANES / 2; half > 0; half /= 2) {
        if (self->as_reals) self->rows->reals(&lanes.reals[half], lanes.reals, half);
        else self->rows->integers(&lanes.integers[half], lanes.integers, half);
    }
    if (self->as_reals) self->rows->reals(lanes.reals, out->reals, 1);
    else self->rows->integers(lanes.integers, out->integers, 1);
    add_rows(self, x + done * pcl_dtype_size(self->in->dtype), count - done, 1, 1, out);
}

/* From total - offset to the output, as XNNPACK's mean does it. */
static void store_quantised(const reduction *self, const int64_t *integers, uint8_t *out, size_t count) {
    bool is_sum = self->rows->start == START_ZERO;
    int32_t zero_point = pcl_tensor_zero_point(self->out);
    int64_t offset = pcl_tensor_zero_point(self->in) * (is_sum ? (int64_t)self->count : 1);
    float divisor = self->rows->op == &pcl_op_mean ? (float)self->count : 1.0f;
    float scale = divisor > 0.0f ? pcl_tensor_scale(self->in) / (pcl_tensor_scale(self->out) * divisor) : 0.0f;
    for (size_t i = 0; i < count; i++) {
        float value = (float)(integers[i] - offset) * scale;
        value = pcl_clamp_f32(value, (float)-zero_point, (float)(255 - zero_point));
        out[i] = (uint8_t)(pcl_round_half_even(value) + zero_point);
    }
}

static void store_totals(const reduction *self, totals *values, size_t at, size_t count) {
    uint8_t *out = (uint8_t *)self->out->data + at * pcl_dtype_size(self->out->dtype);
    bool is_mean = self->rows->op == &pcl_op_mean;
    if (self->as_reals) {
        for (size_t i = 0; i < count && is_mean; i++) values->reals[i] /= (double)self->count;
        if (self->out->dtype == PCL_FLOAT32) pcl_store_reals(PCL_FLOAT32, values->reals, out, count);
        else
            for (size_t i = 0; i < count; i++) out[i] = pcl_quantise_u8((float)values->reals[i], self->out);
    } else if (self->out->dtype == PCL_UINT8) {
        store_quantised(self, values->integers, out, count);
    } else {
        for (size_t i = 0; i < count && is_mean && self->count; i++) values->integers[i] /= (int64_t)self->count;
        pcl_store_integers(self->out->dtype, values->integers, out, count);
    }
}

/* Offset in the input of the index-th combination of outer positions. */
static size_t outer_offset(const reduction *self, const size_t *sizes, const size_t *strides, size_t index) {
    size_t offset = 0;
    for (int32_t i = 1; i < self->levels; i++) {
        offset += index % sizes[i] * strides[i];
        index /= sizes[i];
    }
    return offset;
}

/* Columns first .. first + columns - 1 of the outer-th group of outputs. */
static void reduce_columns(const reduction *self, size_t outer, size_t first, size_t columns) {
    const uint8_t *in = self->in->data;
    size_t base = outer_offset(self, self->kept, self->kept_stride, outer) + first;
    totals values;
    start_totals(self, &values, columns);
    for (size_t r = 0; r < self->outer_reduced; r++) {
        size_t at = base + outer_offset(self, self->reduced, self->reduced_stride, r);
        const uint8_t *x = in + at * pcl_dtype_size(self->in->dtype);
        if (self->kept[0] == 1) add_run(self, x, self->reduced[0], &values);
        else add_rows(self, x, self->reduced[0], self->kept[0], columns, &values);
    }
    store_totals(self, &values, outer * self->kept[0] + first, columns);
}

/* Threads share the outputs in groups of columns; the order of additions
 * within an output does not depend on who does it. */
static void reduce_part(void *argument, const pcl_part *part) {
    enum { GROUP = 16 };
    const reduction *self = argument;
    size_t groups = (self->kept[0] + GROUP - 1) / GROUP, begin, end;
    pcl_partition(self->outer_kept * groups, 1, part, &begin, &end);
    for (size_t at = begin, taken; at < end; at += taken) {
        size_t outer = at / groups, first = at % groups * GROUP;
        taken = groups - at % groups < end - at ? groups - at % groups : end - at;
        if (taken > PCL_BLOCK / GROUP) taken = PCL_BLOCK / GROUP;
        size_t columns = taken * GROUP < self->kept[0] - first ? taken * GROUP : self->kept[0] - first;
        reduce_columns(self, outer, first, columns);
    }
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    pcl_pool_run(context->pool, reduce_part, step->prepared, pcl_parts_for(pcl_tensor_count(step->node->inputs[0])));
    return PCL_OK;
}

const pcl_op pcl_op_mean = {"MEAN", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_sum = {"SUM", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_reduce_prod = {"REDUCE_PROD", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_reduce_max = {"REDUCE_MAX", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_reduce_min = {"REDUCE_MIN", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_reduce_any = {"REDUCE_ANY", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_reduce_all = {"REDUCE_ALL", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
