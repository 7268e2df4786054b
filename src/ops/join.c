/* CONCATENATION and PACK: tensors side by side along an axis. */
#include "ops/elements.h"
#include "ops/move.h"
#include "ops/table.h"

/* Places an input of [outer][in_run] elements into an output of
 * [outer][out_run], `offset` elements from the start of each row. */
static void place(pcl_pool *pool, const pcl_tensor *in, const pcl_tensor *out, size_t outer, size_t in_run,
                  size_t out_run, size_t offset) {
    pcl_block block = {.element = pcl_dtype_size(in->dtype), .out_first = (ptrdiff_t)offset};
    pcl_block_push(&block, outer, (ptrdiff_t)in_run, (ptrdiff_t)out_run);
    pcl_block_push(&block, in_run, 1, 1);
    pcl_block_copy(pool, &block, in->data, out->data);
}

static pcl_status check_present(const pcl_infer_context *context, const pcl_node *node) {
    for (int32_t i = 0; i < node->input_count; i++)
        if (!node->inputs[i])
            return pcl_node_fail(context->error, node, PCL_ERROR_FORMAT, "input %d is missing", i);
    return PCL_OK;
}

/* --- CONCATENATION --------------------------------------------------------- */

/* As TFLite, uint8 inputs may have another quantisation than the output. */
static pcl_status check_joined(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *in) {
    const pcl_tensor *out = node->outputs[0];
    if (in->dtype != PCL_UINT8 || !pcl_is_quantised(in) || !pcl_is_quantised(out))
        return pcl_check_moved(context, node, in, out);
    PCL_TRY_RETURN(pcl_check_dtype(context, node, out, (pcl_dtype[]){PCL_UINT8, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(pcl_check_quantised(context, node, in));
    return pcl_check_quantised(context, node, out);
}

static pcl_status infer_concatenation(const pcl_infer_context *context, pcl_node *node) {
    PCL_TRY_RETURN(check_present(context, node));
    pcl_shape shape = node->inputs[0]->shape;
    int32_t axis;
    int64_t size = 0;
    if (node->attributes.concat.activation != PCL_ACTIVATION_NONE)
        return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED, "it has a fused activation");
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, node->attributes.concat.axis, shape.rank, &axis));
    for (int32_t i = 0; i < node->input_count; i++) {
        pcl_shape other = node->inputs[i]->shape;
        size += other.rank > axis ? other.dims[axis] : 0;
        other.dims[axis] = shape.dims[axis];
        if (!pcl_shape_equal(&other, &shape))
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "input %d does not fit the first along axis %d",
                                 i, axis);
        PCL_TRY_RETURN(check_joined(context, node, node->inputs[i]));
    }
    if (size > INT32_MAX) return pcl_node_fail(context->error, node, PCL_ERROR_LIMIT, "its output is too long");
    shape.dims[axis] = (int32_t)size;
    node->attributes.concat.axis = axis;
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

/* Quantised values of one tensor as those of another; the formula of TFLite's
 * ConcatenationWithScaling. */
typedef struct requantise_table {
    bool needed;
    uint8_t values[256];
} requantise_table;

static void fill_table(requantise_table *table, const pcl_tensor *in, const pcl_tensor *out) {
    float scale = pcl_tensor_scale(in);
    table->needed = true;
    for (int32_t i = 0; i < 256; i++)
        table->values[i] = pcl_quantise_u8((float)(i - pcl_tensor_zero_point(in)) * scale, out);
}

/* prepared: [inputs] tables, or nothing when all inputs have the output's quantisation. */
static pcl_status prepare_concatenation(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    requantise_table *tables = NULL;
    for (int32_t i = 0; i < node->input_count; i++) {
        if (pcl_same_quantisation(node->inputs[i], node->outputs[0])) continue;
        size_t bytes;
        if (!tables) {
            if (!pcl_size_mul((size_t)node->input_count, sizeof *tables, &bytes)) bytes = SIZE_MAX;
            tables = pcl_new_prepared(context, step, bytes);
        }
        if (!tables) return PCL_ERROR_MEMORY;
        fill_table(&tables[i], node->inputs[i], node->outputs[0]);
    }
    return PCL_OK;
}

/* As `place`, through a table. */
static void place_requantised(const pcl_run_context *context, const requantise_table *table, const pcl_tensor *in,
                              const pcl_tensor *out, size_t outer, size_t in_run, size_t out_run, size_t offset) {
    const uint8_t *from = in->data;
    uint8_t *to = out->data;
    if (in_run == 0) return;
    for (size_t row = 0; row < outer; row++)
        context->kernels->lookup_u8(table->values, from + row * in_run, to + row * out_run + offset, in_run);
}

static pcl_status run_concatenation(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    const pcl_tensor *out = node->outputs[0];
    const requantise_table *tables = step->prepared;
    int32_t rank = out->shape.rank, axis = node->attributes.concat.axis;
    size_t outer = pcl_dims_product(&out->shape, 0, axis), out_run = pcl_dims_product(&out->shape, axis, rank);
    size_t offset = 0;
    for (int32_t i = 0; i < node->input_count; i++) {
        const pcl_tensor *in = node->inputs[i];
        size_t in_run = pcl_dims_product(&in->shape, axis, rank);
        if (tables && tables[i].needed)
            place_requantised(context, &tables[i], in, out, outer, in_run, out_run, offset);
        else
            place(context->pool, in, out, outer, in_run, out_run, offset);
        offset += in_run;
    }
    return PCL_OK;
}

const pcl_op pcl_op_concatenation = {
    "CONCATENATION", 1, -1, 1, 1, infer_concatenation, prepare_concatenation, run_concatenation, .in_place = false,
};

/* --- PACK ------------------------------------------------------------------ */

static pcl_status infer_pack(const pcl_infer_context *context, pcl_node *node) {
    PCL_TRY_RETURN(check_present(context, node));
    const pcl_shape *first = &node->inputs[0]->shape;
    pcl_shape shape = {0};
    int32_t axis;
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, node->attributes.concat.axis, first->rank + 1, &axis));
    for (int32_t i = 0; i < node->input_count; i++) {
        PCL_TRY_RETURN(pcl_check_moved(context, node, node->inputs[i], node->outputs[0]));
        if (!pcl_shape_equal(&node->inputs[i]->shape, first))
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "input %d differs in shape from the first", i);
    }
    for (int32_t d = 0; d <= first->rank; d++) {
        int32_t dim = d == axis ? node->input_count : first->dims[d < axis ? d : d - 1];
        PCL_TRY_RETURN(pcl_push_dim(context, node, &shape, dim));
    }
    node->attributes.concat.axis = axis;
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

static pcl_status run_pack(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    const pcl_shape *shape = &node->outputs[0]->shape;
    int32_t axis = node->attributes.concat.axis;
    size_t outer = pcl_dims_product(shape, 0, axis), run = pcl_dims_product(shape, axis + 1, shape->rank);
    for (int32_t i = 0; i < node->input_count; i++)
        place(context->pool, node->inputs[i], node->outputs[0], outer, run, run * (size_t)node->input_count,
              run * (size_t)i);
    return PCL_OK;
}

const pcl_op pcl_op_pack = {"PACK", 1, -1, 1, 1, infer_pack, NULL, run_pack, .in_place = false};
