/* BATCH_MATMUL: [..., M, K] times [..., K, N], either of them perhaps
 * transposed, their batches broadcast. The second factor is rarely constant:
 * it is packed anew on each run, a block of columns at a time. */
#include <math.h>

#include "ops/elements.h"
#include "ops/table.h"
#include "ops/weights.h"

enum {
    BLOCK_COLUMNS = 64,
    BLOCK_ROWS = 24 /* of a transposed first factor, put in order at a time */
};

/* Sizes of the matrices behind the last two dimensions of x and y. */
typedef struct product_sizes {
    int32_t rows, depth, y_depth, columns;
} product_sizes;

static product_sizes sizes_of(const pcl_node *node) {
    const pcl_shape *x = &node->inputs[0]->shape, *y = &node->inputs[1]->shape;
    const int32_t *of_x = x->dims + x->rank - 2, *of_y = y->dims + y->rank - 2;
    bool turn_x = node->attributes.batch_matmul.adjoint_x, turn_y = node->attributes.batch_matmul.adjoint_y;
    return (product_sizes){of_x[turn_x], of_x[!turn_x], of_y[turn_y], of_y[!turn_y]};
}

static pcl_shape batch_of(const pcl_tensor *tensor) {
    pcl_shape batch = tensor->shape;
    batch.rank -= 2;
    return batch;
}

static float requantization_scale(const pcl_node *node) {
    return pcl_tensor_scale(node->inputs[0]) * pcl_tensor_scale(node->inputs[1]) / pcl_tensor_scale(node->outputs[0]);
}

static pcl_status check_types(const pcl_infer_context *context, const pcl_node *node) {
    pcl_tensor *x = node->inputs[0], *y = node->inputs[1], *out = node->outputs[0];
    PCL_TRY_RETURN(pcl_check_dtype(context, node, x, (pcl_dtype[]){PCL_FLOAT32, PCL_UINT8, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(pcl_check_alike(context, node, x, x));
    PCL_TRY_RETURN(pcl_check_alike(context, node, x, y));
    PCL_TRY_RETURN(pcl_check_alike(context, node, x, out));
    float scale = requantization_scale(node);
    if (x->dtype == PCL_FLOAT32 || (scale > 0.0f && scale < INFINITY)) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_TYPE, "the scales of its tensors leave float32's range");
}

static pcl_status infer_batch_matmul(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *x = node->inputs[0], *y = node->inputs[1];
    pcl_shape out, of_x, of_y;
    PCL_TRY_RETURN(pcl_check_rank(context, node, x, 2, PCL_MAX_RANK));
    PCL_TRY_RETURN(pcl_check_rank(context, node, y, 2, PCL_MAX_RANK));
    PCL_TRY_RETURN(check_types(context, node));
    product_sizes sizes = sizes_of(node);
    if (pcl_tensor_count(x) == 0 || pcl_tensor_count(y) == 0 || sizes.depth != sizes.y_depth)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "matrices of %dx%d and %dx%d have no product",
                             sizes.rows, sizes.depth, sizes.y_depth, sizes.columns);
    of_x = batch_of(x);
    of_y = batch_of(y);
    PCL_TRY_RETURN(pcl_broadcast_shape(context, node, &of_x, &of_y, &out));
    out.dims[out.rank++] = sizes.rows;
    out.dims[out.rank++] = sizes.columns;
    PCL_TRY_RETURN(pcl_tensor_set_shape(node->outputs[0], &out, context->error));
    node->macs = (uint64_t)pcl_tensor_count(node->outputs[0]) * (uint64_t)sizes.depth;
    return PCL_OK;
}

/* --- Preparation ---------------------------------------------------------- */

typedef struct batch_matmul {
    size_t rows, depth, columns, batch, blocks; /* blocks of columns */
    size_t element;
    bool adjoint_x, adjoint_y;
    pcl_shape batch_shape;
    size_t x_strides[PCL_MAX_RANK], y_strides[PCL_MAX_RANK]; /* matrices, along batch_shape */
    float scale[BLOCK_COLUMNS];                              /* the same for every column */
    bool saturates;                                          /* see pcl_requantization */
    /* A thread's scratch, in bytes: packed block, its columns in order, rows of x in order. */
    size_t packed_bytes, block_bytes, rows_bytes, thread_scratch;
    int32_t parts, threads;
} batch_matmul;

static bool plan_scratch(batch_matmul *self, size_t *scratch_bytes) {
    size_t packed = self->element == 1 ? pcl_gemm_u8_packed_bytes(BLOCK_COLUMNS, self->depth)
                                       : pcl_gemm_f32_packed_bytes(BLOCK_COLUMNS, self->depth);
    size_t per_depth = (BLOCK_COLUMNS + BLOCK_ROWS) * self->element, others;
    if (packed > SIZE_MAX / 4 || !pcl_size_mul(self->depth, per_depth, &others) || others > SIZE_MAX / 4) return false;
    self->packed_bytes = pcl_round_up(packed, PCL_ALIGNMENT);
    self->block_bytes = pcl_round_up(BLOCK_COLUMNS * self->depth * self->element, PCL_ALIGNMENT);
    self->rows_bytes = pcl_round_up(BLOCK_ROWS * self->depth * self->element + 16, PCL_ALIGNMENT);
    self->thread_scratch = self->packed_bytes + self->block_bytes + self->rows_bytes;
    return pcl_size_mul(self->thread_scratch, (size_t)self->threads, scratch_bytes);
}

static pcl_status prepare_batch_matmul(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    product_sizes sizes = sizes_of(node);
    batch_matmul *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    self->rows = (size_t)sizes.rows;
    self->depth = (size_t)sizes.depth;
    self->columns = (size_t)sizes.columns;
    self->element = pcl_dtype_size(node->inputs[0]->dtype);
    self->adjoint_x = node->attributes.batch_matmul.adjoint_x;
    self->adjoint_y = node->attributes.batch_matmul.adjoint_y;
    self->batch_shape = batch_of(node->outputs[0]);
    self->batch = pcl_tensor_count(node->outputs[0]) / (self->rows * self->columns);
    self->blocks = (self->columns + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS;
    self->parts = pcl_useful_parts(node->macs, PCL_MACS_PER_MICROSECOND);
    self->threads = pcl_employed(context->threads, self->parts);
    pcl_shape of_x = batch_of(node->inputs[0]), of_y = batch_of(node->inputs[1]);
    pcl_broadcast_strides(&of_x, &self->batch_shape, self->x_strides);
    pcl_broadcast_strides(&of_y, &self->batch_shape, self->y_strides);
    for (size_t i = 0; i < BLOCK_COLUMNS; i++) self->scale[i] = requantization_scale(node);
    self->saturates = pcl_stays_near(0, self->depth, self->scale[0]);
    if (!plan_scratch(self, &step->scratch_bytes))
        return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its matrices are too large");
    return PCL_OK;
}

/* --- Running -------------------------------------------------------------- */

typedef struct matmul_run {
    const pcl_kernels *kernels;
    const batch_matmul *self;
    const pcl_node *node;
    uint8_t *scratch;
} matmul_run;

/* A block of columns of one product. */
typedef struct block {
    const uint8_t *x, *y;
    uint8_t *out;
    size_t first, columns;
    uint8_t *packed, *ordered, *rows; /* scratch */
    int32_t bias[BLOCK_COLUMNS];
} block;

static size_t matrix_index(const pcl_shape *batch, const size_t *strides, size_t index) {
    size_t at = 0;
    for (int32_t i = batch->rank - 1; i >= 0; i--) {
        at += index % (size_t)batch->dims[i] * strides[i];
        index /= (size_t)batch->dims[i];
    }
    return at;
}

/* The block's columns of y one after another, as int8, and their biases: y is
 * uint8, so 128 less here and in the zero point. */
static void pack_u8(const matmul_run *run, block *b) {
    const batch_matmul *self = run->self;
    size_t depth = self->depth;
    size_t column_stride = self->adjoint_y ? depth : 1, depth_stride = self->adjoint_y ? 1 : self->columns;
    const pcl_tensor *x = run->node->inputs[0], *y = run->node->inputs[1];
    int8_t *ordered = (int8_t *)b->ordered;
    for (size_t c = 0; c < b->columns; c++) {
        const uint8_t *column = b->y + (b->first + c) * column_stride;
        uint32_t sum = 0;
        for (size_t k = 0; k < depth; k++) {
            int32_t value = column[k * depth_stride];
            sum += (uint32_t)(value - pcl_tensor_zero_point(y));
            ordered[c * depth + k] = (int8_t)(value - 128);
        }
        b->bias[c] = pcl_fold_bias(0, pcl_tensor_zero_point(x), run->kernels->dot_offset, sum);
    }
    pcl_pack_gemm_u8((int8_t *)b->packed, ordered, b->columns, depth);
}

static void pack_f32(const matmul_run *run, block *b) {
    const batch_matmul *self = run->self;
    size_t column_stride = self->adjoint_y ? self->depth : 1, depth_stride = self->adjoint_y ? 1 : self->columns;
    const float *y = (const float *)(const void *)b->y;
    pcl_pack_gemm_f32((float *)(void *)b->packed, y + b->first * column_stride, b->columns, self->depth, column_stride,
                      depth_stride);
}

/* x is [depth][rows]: its rows first..first + count - 1, one after another. */
static void order_rows_u8(const batch_matmul *self, const uint8_t *x, size_t first, size_t count, uint8_t *out) {
    for (size_t k = 0; k < self->depth; k++)
        for (size_t i = 0; i < count; i++) out[i * self->depth + k] = x[k * self->rows + first + i];
}

static void order_rows_f32(const batch_matmul *self, const float *x, size_t first, size_t count, float *out) {
    for (size_t k = 0; k < self->depth; k++)
        for (size_t i = 0; i < count; i++) out[i * self->depth + k] = x[k * self->rows + first + i];
}

static void multiply_u8(const matmul_run *run, const block *b, const uint8_t *a, size_t first, size_t rows) {
    const pcl_tensor *y = run->node->inputs[1], *out = run->node->outputs[0];
    pcl_gemm_u8 task = {.rows = rows,
                        .columns = b->columns,
                        .depth = run->self->depth,
                        .a = a,
                        .a_stride = run->self->depth,
                        .packed = (const int8_t *)b->packed,
                        .bias = b->bias,
                        .weight_zero_point = pcl_tensor_zero_point(y) - 128,
                        .requantization = {run->self->scale, pcl_tensor_zero_point(out), 0, 255, run->self->saturates},
                        .out = b->out + first * run->self->columns + b->first,
                        .out_stride = run->self->columns};
    run->kernels->gemm_u8(&task);
}

static void multiply_f32(const matmul_run *run, const block *b, const float *a, size_t first, size_t rows) {
    static const float no_bias[BLOCK_COLUMNS];
    pcl_gemm_f32 task = {.rows = rows,
                         .columns = b->columns,
                         .depth = run->self->depth,
                         .a = a,
                         .a_stride = run->self->depth,
                         .packed = (const float *)(const void *)b->packed,
                         .bias = no_bias,
                         .low = -INFINITY,
                         .high = INFINITY,
                         .out = (float *)(void *)b->out + first * run->self->columns + b->first,
                         .out_stride = run->self->columns};
    run->kernels->gemm_f32(&task);
}

/* Rows first..first + rows - 1 of the product. */
static void multiply(const matmul_run *run, const block *b, size_t first, size_t rows) {
    const batch_matmul *self = run->self;
    const uint8_t *a = b->x + first * self->depth * self->element;
    if (self->adjoint_x) {
        a = b->rows;
        if (self->element == 1) order_rows_u8(self, b->x, first, rows, b->rows);
        else order_rows_f32(self, (const float *)(const void *)b->x, first, rows, (float *)(void *)b->rows);
    }
    if (self->element == 1) multiply_u8(run, b, a, first, rows);
    else multiply_f32(run, b, (const float *)(const void *)a, first, rows);
}

static void run_block(const matmul_run *run, size_t index, uint8_t *scratch) {
    const batch_matmul *self = run->self;
    size_t batch = index / self->blocks, first = index % self->blocks * BLOCK_COLUMNS;
    size_t x_at = matrix_index(&self->batch_shape, self->x_strides, batch);
    size_t y_at = matrix_index(&self->batch_shape, self->y_strides, batch);
    block b = {.x = (const uint8_t *)run->node->inputs[0]->data + x_at * self->rows * self->depth * self->element,
               .y = (const uint8_t *)run->node->inputs[1]->data + y_at * self->depth * self->columns * self->element,
               .out = (uint8_t *)run->node->outputs[0]->data + batch * self->rows * self->columns * self->element,
               .first = first,
               .columns = self->columns - first < BLOCK_COLUMNS ? self->columns - first : BLOCK_COLUMNS,
               .packed = scratch,
               .ordered = scratch + self->packed_bytes,
               .rows = scratch + self->packed_bytes + self->block_bytes};
    if (self->element == 1) pack_u8(run, &b);
    else pack_f32(run, &b);
    size_t chunk = self->adjoint_x ? BLOCK_ROWS : self->rows;
    for (size_t row = 0; row < self->rows; row += chunk)
        multiply(run, &b, row, self->rows - row < chunk ? self->rows - row : chunk);
}

static void run_part(void *argument, const pcl_part *part) {
    const matmul_run *run = argument;
    size_t first, end;
    pcl_partition(run->self->batch * run->self->blocks, 1, part, &first, &end);
    for (size_t i = first; i < end; i++)
        run_block(run, i, run->scratch + (size_t)part->thread * run->self->thread_scratch);
}

static pcl_status run_batch_matmul(const pcl_run_context *context, const pcl_step *step) {
    const batch_matmul *self = step->prepared;
    matmul_run run = {context->kernels, self, step->node, step->scratch};
    pcl_pool_run(context->pool, run_part, &run, self->parts);
    return PCL_OK;
}

const pcl_op pcl_op_batch_matmul = {.name = "BATCH_MATMUL",
                                    .min_inputs = 2,
                                    .max_inputs = 2,
                                    .min_outputs = 1,
                                    .max_outputs = 1,
                                    .infer = infer_batch_matmul,
                                    .prepare = prepare_batch_matmul,
                                    .run = run_batch_matmul};
