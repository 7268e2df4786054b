/* MatMulInteger and QLinearMatMul: products of bytes with 32-bit sums. */
#include "ops/elements.h"
#include "tools/ops/check.h"
#include "tools/ops/product.h"
#include "tools/ops/requantize.h"
#include "tools/ops/table.h"

typedef struct matmul_integer {
    pcl_onnx_product product;
    const pcl_tensor *a, *b, *a_zero, *b_zero;
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
    return pcl_onnx_scratch(context, step, self->product.columns, sizeof(uint32_t), NULL);
}

static int32_t byte_at(const pcl_tensor *tensor, size_t i) {
    return tensor->dtype == PCL_INT8 ? ((const int8_t *)tensor->data)[i] : ((const uint8_t *)tensor->data)[i];
}

/* Sums of row `row` of matrix `of_a`, which wrap around. */
static void multiply_row(const matmul_integer *self, size_t of_a, size_t of_b, size_t row, uint32_t *sums) {
    const pcl_onnx_product *product = &self->product;
    int32_t a_zero = pcl_onnx_zero_point(self->a_zero, row);
    size_t first_a = (of_a * product->rows + row) * product->depth, first_b = of_b * product->depth * product->columns;
    for (size_t c = 0; c < product->columns; c++) sums[c] = 0;
    for (size_t k = 0; k < product->depth; k++) {
        int32_t factor = byte_at(self->a, first_a + k) - a_zero;
        for (size_t c = 0; c < product->columns; c++) {
            int32_t b = byte_at(self->b, first_b + k * product->columns + c) - pcl_onnx_zero_point(self->b_zero, c);
            sums[c] += (uint32_t)(factor * b);
        }
    }
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const matmul_integer *self = step->prepared;
    const pcl_onnx_product *product = &self->product;
    uint32_t *sums = step->scratch;
    size_t of_a, of_b;
    for (size_t i = 0; i < product->matrices * product->rows; i++) {
        pcl_onnx_product_pair(product, i / product->rows, &of_a, &of_b);
        multiply_row(self, of_a, of_b, i % product->rows, sums);
        for (size_t c = 0; c < product->columns; c++) {
            size_t at = i * product->columns + c;
            if (step->op == &pcl_onnx_matmul_integer) ((uint32_t *)step->node->outputs[0]->data)[at] = sums[c];
            else pcl_onnx_store_product(step->node, c, (int32_t)sums[c], (uint8_t *)step->node->outputs[0]->data + at);
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_matmul_integer = {"MatMulInteger", 2, 4, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_onnx_qlinear_matmul = {"QLinearMatMul", 8, 8, 1, 1, infer, prepare, run, .in_place = false};
