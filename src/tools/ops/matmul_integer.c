/* MatMulInteger and QLinearMatMul: products of bytes with 32-bit sums. */
#include <string.h>

#include "ops/elements.h"
#include "tools/ops/byte_product.h"
#include "tools/ops/check.h"
#include "tools/ops/product.h"
#include "tools/ops/requantize.h"
#include "tools/ops/table.h"

typedef struct matmul_integer {
    pcl_onnx_product product;
    const pcl_tensor *a, *b, *a_zero, *b_zero;
    pcl_onnx_byte_product bytes;
    size_t sums; /* offset into the scratch: uint32 [TILE_ROWS][columns] */
} matmul_integer;

static pcl_status describe(const pcl_infer_context *context, const pcl_node *node, matmul_integer *out,
                           pcl_shape *shape) {
    bool qlinear = node->op == &pcl_onnx_qlinear_matmul;
    out->a = node->inputs[0];
    out->b = node->inputs[qlinear ? PCL_ONNX_W : 1];
    out->a_zero = pcl_node_input(node, 2);
    out->b_zero = pcl_node_input(node, qlinear ? PCL_ONNX_W_ZERO : 3);
    PCL_TRY_RETURN(pcl_onnx_check(context, node, out->a, PCL_ONNX_BYTES));
    PCL_TRY_RETURN(pcl_onnx_check(context, node, out->b, PCL_ONNX_BYTES));
    return pcl_onnx_describe_product(context, node, &out->a->shape, &out->b->shape, &out->product, shape);
}

static pcl_status check_zero_point(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *zero,
                                   pcl_dtype dtype, size_t lines) {
    if (!zero) return PCL_OK;
    PCL_TRY_RETURN(pcl_onnx_check_type(context, node, zero, dtype));
    return pcl_tensor_count(zero) == 1 ? PCL_OK : pcl_onnx_check_vector(context, node, zero, (int32_t)lines);
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    matmul_integer self;
    pcl_shape shape;
    pcl_dtype dtype = PCL_INT32;
    PCL_TRY_RETURN(describe(context, node, &self, &shape));
    if (node->op == &pcl_onnx_qlinear_matmul) {
        PCL_TRY_RETURN(pcl_onnx_check_qlinear(context, node, (int32_t)self.product.columns));
        dtype = node->inputs[PCL_ONNX_Y_ZERO]->dtype;
    }
    PCL_TRY_RETURN(check_zero_point(context, node, self.a_zero, self.a->dtype, self.product.rows));
    PCL_TRY_RETURN(check_zero_point(context, node, self.b_zero, self.b->dtype, self.product.columns));
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 0, dtype, &shape));
    pcl_onnx_count_product(node, self.product.depth);
    return PCL_OK;
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    matmul_integer *self = pcl_new_prepared(context, step, sizeof *self);
    pcl_shape shape;
    if (!self) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(describe(&infer_context, step->node, self, &shape));
    const pcl_onnx_product *product = &self->product;
    if (product->depth == 0 || product->columns == 0) /* nothing to multiply: run stores zeros, or nothing */
        return pcl_onnx_scratch(context, step, product->columns, PCL_ONNX_TILE_ROWS * sizeof(uint32_t), &self->sums);
    PCL_TRY_RETURN(pcl_onnx_want_byte_product(context, step, product->depth, product->columns, PCL_ONNX_EXACT_DEPTH,
                                              &self->bytes));
    return pcl_onnx_scratch(context, step, product->columns, PCL_ONNX_TILE_ROWS * sizeof(uint32_t), &self->sums);
}

typedef struct row_task {
    const matmul_integer *self;
    const uint8_t *a; /* the first row of the tile */
    size_t row;       /* its number in the matrix */
} row_task;

static void fill_row(const void *argument, size_t row, size_t first, size_t count, float *out) {
    const row_task *task = argument;
    const uint8_t *a = task->a + row * task->self->product.depth + first;
    int32_t zero_point = pcl_onnx_zero_point(task->self->a_zero, task->row + row);
    bool is_signed = task->self->a->dtype == PCL_INT8;
    for (size_t i = 0; i < count; i++) out[i] = (float)((is_signed ? (int8_t)a[i] : a[i]) - zero_point);
}

static void store_rows(const pcl_step *step, const uint32_t *sums, size_t columns, size_t first, size_t rows) {
    uint8_t *out = step->node->outputs[0]->data;
    if (step->op == &pcl_onnx_matmul_integer)
        memcpy(out + first * columns * sizeof *sums, sums, rows * columns * sizeof *sums);
    for (size_t r = 0; step->op == &pcl_onnx_qlinear_matmul && r < rows; r++)
        pcl_onnx_store_products(step->node, 0, 1, sums + r * columns, columns, out + (first + r) * columns);
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const matmul_integer *self = step->prepared;
    const pcl_onnx_product *product = &self->product;
    uint8_t *scratch = step->scratch;
    uint32_t *sums = (uint32_t *)(scratch + self->sums);
    size_t of_a, of_b, packed = SIZE_MAX, rows; /* packed: which matrix of b is */
    if (product->columns == 0) return PCL_OK;
    for (size_t matrix = 0; matrix < product->matrices; matrix++) {
        pcl_onnx_product_pair(product, matrix, &of_a, &of_b);
        const uint8_t *a = (const uint8_t *)self->a->data + of_a * product->rows * product->depth;
        const uint8_t *b = (const uint8_t *)self->b->data + of_b * product->depth * product->columns;
        if (of_b != packed && product->depth)
            pcl_onnx_pack_b(&self->bytes, scratch, self->b->dtype, b, product->columns, 1, self->b_zero, 0);
        packed = of_b;
        for (size_t row = 0; row < product->rows; row += rows) {
            rows = product->rows - row < PCL_ONNX_TILE_ROWS ? product->rows - row : PCL_ONNX_TILE_ROWS;
            row_task task = {self, a + row * product->depth, row};
            memset(sums, 0, rows * product->columns * sizeof *sums);
            if (product->depth)
                pcl_onnx_multiply_tile(&self->bytes, context->kernels, scratch, fill_row, &task, rows, sums);
            store_rows(step, sums, product->columns, matrix * product->rows + row, rows);
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_matmul_integer = {"MatMulInteger", 2, 4, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_qlinear_matmul = {"QLinearMatMul", 8, 8, 1, 1, infer, prepare, run, .in_place = false};
