/* Compress and NonZero. Their shapes depend on data, which therefore must be constant. */
#include <string.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

/* --- Compress: x [outer][size][inner], kept where condition [<= size] is true -------- */

typedef struct compression {
    size_t outer, size, inner; /* inner in bytes */
    size_t kept;
} compression;

static pcl_status describe(const pcl_infer_context *context, const pcl_node *node, int32_t *axis, compression *out) {
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *condition = node->inputs[1];
    const uint8_t *keep = condition->data;
    *axis = 0;
    if (attributes->has_axis) PCL_TRY_RETURN(pcl_normalise_axis(context, node, attributes->axis, x->shape.rank, axis));
    int32_t begin = attributes->has_axis ? *axis : 0, end = attributes->has_axis ? *axis + 1 : x->shape.rank;
    *out = (compression){pcl_dims_product(&x->shape, 0, begin), pcl_dims_product(&x->shape, begin, end),
                         pcl_dims_product(&x->shape, end, x->shape.rank) * pcl_dtype_size(x->dtype), 0};
    for (size_t i = 0; i < pcl_tensor_count(condition) && i < out->size; i++) out->kept += keep[i] != 0;
    return PCL_OK;
}

static pcl_status infer_compress(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_index_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0], *condition = node->inputs[1];
    compression self;
    int32_t axis;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, condition, PCL_ONNX_BOOLS));
    PCL_TRY_RETURN(pcl_check_rank(context, node, condition, 1, 1));
    PCL_TRY_RETURN(pcl_onnx_check_constant(context, node, condition));
    PCL_TRY_RETURN(describe(context, node, &axis, &self));
    pcl_shape shape = {1, {(int32_t)self.kept}};
    if (attributes->has_axis) {
        shape = x->shape;
        shape.dims[axis] = (int32_t)self.kept;
    }
    return pcl_onnx_output(context, node, 0, x->dtype, &shape);
}

static pcl_status run_compress(const pcl_run_context *context, const pcl_step *step) {
    pcl_infer_context infer_context = {context->error, NULL};
    const pcl_tensor *condition = step->node->inputs[1];
    const uint8_t *in = step->node->inputs[0]->data, *keep = condition->data;
    uint8_t *out = step->node->outputs[0]->data;
    size_t conditions = pcl_tensor_count(condition);
    compression self;
    int32_t axis;
    PCL_TRY_RETURN(describe(&infer_context, step->node, &axis, &self));
    if (self.inner == 0) return PCL_OK;
    for (size_t o = 0; o < self.outer; o++) {
        for (size_t i = 0; i < self.size; i++, in += self.inner) {
            if (i >= conditions || !keep[i]) continue;
            memcpy(out, in, self.inner);
            out += self.inner;
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_compress = {"Compress", 2, 2, 1, 1, infer_compress, NULL, run_compress, .in_place = false};

/* --- NonZero: out [rank][found], the positions of what is not 0 ----------------------- */

static bool is_zero(const pcl_tensor *x, size_t at) {
    double value;
    pcl_load_reals(x->dtype, (const uint8_t *)x->data + at * pcl_dtype_size(x->dtype), &value, 1);
    return value == 0.0;
}

static pcl_status infer_nonzero(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0];
    size_t found = 0;
    PCL_TRY_RETURN(pcl_onnx_check_constant(context, node, x));
    for (size_t i = 0; i < pcl_tensor_count(x); i++) found += !is_zero(x, i);
    pcl_shape shape = {2, {x->shape.rank, (int32_t)found}};
    return pcl_onnx_output(context, node, 0, PCL_INT64, &shape);
}

static pcl_status run_nonzero(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_tensor *x = step->node->inputs[0], *out = step->node->outputs[0];
    int32_t position[PCL_MAX_RANK] = {0};
    size_t found = (size_t)out->shape.dims[1], column = 0;
    int64_t *to = out->data;
    for (size_t i = 0; i < pcl_tensor_count(x); i++) {
        if (!is_zero(x, i)) {
            for (int32_t d = 0; d < x->shape.rank; d++) to[(size_t)d * found + column] = position[d];
            column++;
        }
        pcl_next_index(x->shape.dims, x->shape.rank, position);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_nonzero = {"NonZero", 1, 1, 1, 1, infer_nonzero, NULL, run_nonzero, .in_place = false};
