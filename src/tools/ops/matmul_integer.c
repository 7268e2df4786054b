/* MatMulInteger and QLinearMatMul: products of bytes with 32-bit sums. */
#include <string.h>

#include "ops/elements.h"
#include "tools/ops/check.h"
#include "tools/ops/product.h"
#include "tools/ops/requantize.h"
#include "tools/ops/table.h"

typedef struct matmul_integer {
    pcl_onnx_product product;
    const pcl_tensor *a, *b, *a_zero, *b_zero;
    size_t centred; /* offset into the scratch: a matrix of b less its zero points, int16 [depth][columns] */
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
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, self->product.columns, sizeof(uint32_t), NULL));
    size_t matrix = self->product.depth * self->product.columns;
    return pcl_onnx_scratch(context, step, matrix, sizeof(int16_t), &self->centred);
}

static void centre_b(const matmul_integer *self, size_t matrix, int16_t *out) {
    const pcl_onnx_product *product = &self->product;
    const uint8_t *b = (const uint8_t *)self->b->data + matrix * product->depth * product->columns;
    bool per_column = self->b_zero && pcl_tensor_count(self->b_zero) != 1;
    int32_t zero_point = per_column ? 0 : pcl_onnx_zero_point(self->b_zero, 0);
    pcl_onnx_centre(self->b->dtype, b, product->depth * product->columns, zero_point, out);
    for (size_t i = 0; per_column && i < product->depth * product->columns; i++)
        out[i] = (int16_t)(out[i] - pcl_onnx_zero_point(self->b_zero, i % product->columns));
}

/* Sums of one row of a [depth] times b, which wrap around. */
static void multiply_row(const matmul_integer *self, const uint8_t *a, int32_t a_zero, const int16_t *b,
                         uint32_t *restrict sums) {
    size_t columns = self->product.columns;
    bool is_signed = self->a->dtype == PCL_INT8;
    memset(sums, 0, columns * sizeof *sums);
    for (size_t k = 0; k < self->product.depth; k++, b += columns) {
        int32_t factor = (is_signed ? (int8_t)a[k] : a[k]) - a_zero;
        for (size_t c = 0; c < columns; c++) sums[c] += (uint32_t)(factor * b[c]);
    }
}

static void store_row(const pcl_step *step, const uint32_t *sums, size_t columns, size_t row) {
    uint8_t *out = step->node->outputs[0]->data;
    if (columns == 0) return;
    if (step->op == &pcl_onnx_qlinear_matmul)
        pcl_onnx_store_products(step->node, 0, 1, sums, columns, out + row * columns);
    else memcpy(out + row * columns * sizeof *sums, sums, columns * sizeof *sums);
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const matmul_integer *self = step->prepared;
    const pcl_onnx_product *product = &self->product;
    int16_t *b = (int16_t *)((uint8_t *)step->scratch + self->centred);
    size_t of_a, of_b, centred = SIZE_MAX; /* which matrix of b is in the scratch */
    for (size_t matrix = 0; matrix < product->matrices; matrix++) {
        pcl_onnx_product_pair(product, matrix, &of_a, &of_b);
        if (of_b != centred) centre_b(self, of_b, b);
        centred = of_b;
        for (size_t row = 0; row < product->rows; row++) {
            const uint8_t *a = (const uint8_t *)self->a->data + (of_a * product->rows + row) * product->depth;
            multiply_row(self, a, pcl_onnx_zero_point(self->a_zero, row), b, step->scratch);
            store_row(step, step->scratch, product->columns, matrix * product->rows + row);
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_matmul_integer = {"MatMulInteger", 2, 4, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_qlinear_matmul = {"QLinearMatMul", 8, 8, 1, 1, infer, prepare, run, .in_place = false};
