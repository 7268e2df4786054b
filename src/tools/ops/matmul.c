/* MatMul and Gemm of any numbers. */
#include <string.h>

#include "ops/elements.h"
#include "ops/strided_copy.h"
#include "tools/ops/check.h"
#include "tools/ops/product.h"
#include "tools/ops/table.h"

static pcl_status infer_matmul(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *a = node->inputs[0], *b = node->inputs[1];
    pcl_onnx_product product;
    pcl_shape shape;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, a, PCL_ONNX_NUMBERS));
    PCL_TRY_RETURN(pcl_onnx_check_type(context, node, b, a->dtype));
    PCL_TRY_RETURN(pcl_onnx_describe_product(context, node, &a->shape, &b->shape, &product, &shape));
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 0, a->dtype, &shape));
    pcl_onnx_count_product(node, product.depth);
    return PCL_OK;
}

typedef struct matmul {
    pcl_onnx_product product;
    size_t row;  /* offset into the scratch, which starts with the sums */
    size_t a, b; /* Gemm: offsets of transposed copies */
} matmul;

static pcl_status want_sums(const pcl_prepare_context *context, pcl_step *step, matmul *self) {
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, self->product.columns, sizeof(double), NULL));
    return pcl_onnx_scratch(context, step, self->product.columns, sizeof(double), &self->row);
}

static pcl_status prepare_matmul(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    matmul *self = pcl_new_prepared(context, step, sizeof *self);
    pcl_shape shape;
    if (!self) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(pcl_onnx_describe_product(&infer_context, step->node, &step->node->inputs[0]->shape,
                                             &step->node->inputs[1]->shape, &self->product, &shape));
    return want_sums(context, step, self);
}

static pcl_status run_matmul(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const matmul *self = step->prepared;
    const pcl_onnx_product *product = &self->product;
    const pcl_tensor *a = step->node->inputs[0], *b = step->node->inputs[1];
    pcl_dtype dtype = a->dtype;
    size_t size = pcl_dtype_size(dtype), of_a, of_b;
    uint8_t *out = step->node->outputs[0]->data, *row = (uint8_t *)step->scratch + self->row;
    for (size_t i = 0; i < product->matrices * product->rows; i++) {
        pcl_onnx_product_pair(product, i / product->rows, &of_a, &of_b);
        size_t a_row = of_a * product->rows + i % product->rows;
        pcl_onnx_multiply_row(dtype, (const uint8_t *)a->data + a_row * product->depth * size,
                              (const uint8_t *)b->data + of_b * product->depth * product->columns * size,
                              product->depth, product->columns, step->scratch, row);
        if (pcl_is_integer(dtype))
            pcl_store_integers(dtype, step->scratch, out + i * product->columns * size, product->columns);
        else pcl_store_reals(dtype, step->scratch, out + i * product->columns * size, product->columns);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_matmul = {"MatMul", 2, 2, 1, 1, infer_matmul, prepare_matmul, run_matmul, .in_place = false};

/* --- Gemm: alpha * a * b + beta * c ------------------------------------------------------ */

static pcl_shape transposed(const pcl_shape *shape, bool transpose) {
    return transpose ? (pcl_shape){2, {shape->dims[1], shape->dims[0]}} : *shape;
}

static pcl_status describe_gemm(const pcl_infer_context *context, const pcl_node *node, pcl_onnx_product *product,
                                pcl_shape *shape) {
    const pcl_onnx_gemm_attributes *attributes = node->attributes.tools;
    pcl_shape a = transposed(&node->inputs[0]->shape, attributes->trans_a);
    pcl_shape b = transposed(&node->inputs[1]->shape, attributes->trans_b);
    return pcl_onnx_describe_product(context, node, &a, &b, product, shape);
}

static pcl_status infer_gemm(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *a = node->inputs[0], *b = node->inputs[1], *c = pcl_node_input(node, 2);
    pcl_onnx_product product;
    pcl_shape shape, joined;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, a, PCL_ONNX_NUMBERS));
    PCL_TRY_RETURN(pcl_onnx_check_type(context, node, b, a->dtype));
    PCL_TRY_RETURN(pcl_check_rank(context, node, a, 2, 2));
    PCL_TRY_RETURN(pcl_check_rank(context, node, b, 2, 2));
    PCL_TRY_RETURN(describe_gemm(context, node, &product, &shape));
    if (c) {
        PCL_TRY_RETURN(pcl_onnx_check_type(context, node, c, a->dtype));
        PCL_TRY_RETURN(pcl_broadcast_shape(context, node, &shape, &c->shape, &joined));
        if (!pcl_shape_equal(&shape, &joined))
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its third input does not broadcast to it");
    }
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 0, a->dtype, &shape));
    pcl_onnx_count_product(node, product.depth);
    return PCL_OK;
}

static pcl_status prepare_gemm(const pcl_prepare_context *context, pcl_step *step) {
    pcl_infer_context infer_context = {context->error, context->arena};
    const pcl_onnx_gemm_attributes *attributes = step->node->attributes.tools;
    matmul *self = pcl_new_prepared(context, step, sizeof *self);
    pcl_shape shape;
    if (!self) return PCL_ERROR_MEMORY;
    PCL_TRY_RETURN(describe_gemm(&infer_context, step->node, &self->product, &shape));
    PCL_TRY_RETURN(want_sums(context, step, self));
    if (attributes->trans_a)
        PCL_TRY_RETURN(pcl_onnx_scratch(context, step, step->node->inputs[0]->bytes, 1, &self->a));
    if (attributes->trans_b)
        PCL_TRY_RETURN(pcl_onnx_scratch(context, step, step->node->inputs[1]->bytes, 1, &self->b));
    return PCL_OK;
}

static const void *transpose(const pcl_run_context *context, const pcl_tensor *matrix, void *out) {
    size_t rows = (size_t)matrix->shape.dims[0], columns = (size_t)matrix->shape.dims[1];
    pcl_block block = {.element = pcl_dtype_size(matrix->dtype)};
    pcl_block_push(&block, rows, (ptrdiff_t)columns, 1);
    pcl_block_push(&block, columns, 1, (ptrdiff_t)rows);
    pcl_block_copy(context->pool, &block, matrix->data, out);
    return out;
}

/* sums = alpha * sums + beta * c, for row `row` of the result. */
static void add_c(const pcl_node *node, size_t row, double *sums, size_t columns) {
    const pcl_onnx_gemm_attributes *attributes = node->attributes.tools;
    const pcl_tensor *c = pcl_node_input(node, 2);
    size_t strides[2], size = c ? pcl_dtype_size(c->dtype) : 0;
    if (c) pcl_broadcast_strides(&c->shape, &node->outputs[0]->shape, strides);
    for (size_t i = 0; i < columns; i++) {
        double addend = 0.0;
        if (c)
            pcl_load_reals(c->dtype, (const uint8_t *)c->data + (row * strides[0] + i * strides[1]) * size, &addend, 1);
        sums[i] = (double)attributes->alpha * sums[i] + (double)attributes->beta * addend;
    }
}

/* Integers are scaled and added as reals, which holds them to 53 bits. */
static void widen(int64_t *sums, size_t columns) {
    for (size_t i = 0; i < columns; i++) {
        double real = (double)sums[i];
        memcpy(&sums[i], &real, sizeof real);
    }
}

static pcl_status run_gemm(const pcl_run_context *context, const pcl_step *step) {
    const matmul *self = step->prepared;
    const pcl_onnx_gemm_attributes *attributes = step->node->attributes.tools;
    const pcl_tensor *a = step->node->inputs[0], *b = step->node->inputs[1], *out = step->node->outputs[0];
    size_t size = pcl_dtype_size(a->dtype), columns = self->product.columns, depth = self->product.depth;
    uint8_t *scratch = step->scratch;
    const uint8_t *left = attributes->trans_a ? transpose(context, a, scratch + self->a) : a->data;
    const uint8_t *right = attributes->trans_b ? transpose(context, b, scratch + self->b) : b->data;
    for (size_t row = 0; row < self->product.rows; row++) {
        pcl_onnx_multiply_row(a->dtype, left + row * depth * size, right, depth, columns, scratch,
                              scratch + self->row);
        if (pcl_is_integer(a->dtype)) widen(step->scratch, columns);
        add_c(step->node, row, step->scratch, columns);
        pcl_store_reals(out->dtype, step->scratch, (uint8_t *)out->data + row * columns * size, columns);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_gemm = {"Gemm", 2, 3, 1, 1, infer_gemm, prepare_gemm, run_gemm, .in_place = false};
