/* SELECT and SELECT_V2: out = condition ? a : b, element by element. */
#include "ops/broadcast.h"
#include "ops/table.h"

static pcl_status check_types(const pcl_infer_context *context, const pcl_node *node) {
    const pcl_tensor *a = node->inputs[1], *b = node->inputs[2], *out = node->outputs[0];
    PCL_TRY_RETURN(pcl_check_dtype(context, node, node->inputs[0], (pcl_dtype[]){PCL_BOOL, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(pcl_check_dtype(context, node, b, (pcl_dtype[]){a->dtype, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(pcl_check_dtype(context, node, out, (pcl_dtype[]){a->dtype, PCL_DTYPE_COUNT}));
    if (pcl_same_quantisation(a, b) && pcl_same_quantisation(a, out)) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_TYPE, "its values are quantised differently");
}

/* SELECT has no broadcasting: the condition has the shape of the values, is
 * one for all, or one for each row (along the first dimension), which is a
 * shape that broadcasts once ones are put behind it. */
static pcl_shape condition_shape(const pcl_node *node) {
    pcl_shape shape = node->inputs[0]->shape;
    const pcl_shape *values = &node->inputs[1]->shape;
    bool by_row = node->op == &pcl_op_select && shape.rank == 1 && values->rank > 1 && shape.dims[0] != 1;
    if (by_row)
        for (; shape.rank < values->rank; shape.rank++) shape.dims[shape.rank] = 1;
    return shape;
}

static pcl_status infer_v2(const pcl_infer_context *context, pcl_node *node) {
    pcl_shape condition = condition_shape(node), values, shape;
    PCL_TRY_RETURN(check_types(context, node));
    PCL_TRY_RETURN(pcl_broadcast_shape(context, node, &node->inputs[1]->shape, &node->inputs[2]->shape, &values));
    PCL_TRY_RETURN(pcl_broadcast_shape(context, node, &condition, &values, &shape));
    return pcl_tensor_set_shape(node->outputs[0], &shape, context->error);
}

static pcl_status infer_v1(const pcl_infer_context *context, pcl_node *node) {
    PCL_TRY_RETURN(infer_v2(context, node));
    const pcl_shape *values = &node->inputs[1]->shape;
    if (pcl_shape_equal(values, &node->inputs[2]->shape) && pcl_shape_equal(values, &node->outputs[0]->shape))
        return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its inputs differ in shape");
}

static void select_bytes(const uint8_t *condition, const uint8_t *a, const uint8_t *b, uint8_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = condition[i] ? a[i] : b[i];
}

static void select_2(const uint8_t *condition, const uint16_t *a, const uint16_t *b, uint16_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = condition[i] ? a[i] : b[i];
}

static void select_4(const uint8_t *condition, const uint32_t *a, const uint32_t *b, uint32_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = condition[i] ? a[i] : b[i];
}

static void select_8(const uint8_t *condition, const uint64_t *a, const uint64_t *b, uint64_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = condition[i] ? a[i] : b[i];
}

static void work(const void *parameters, const void *const *operands, void *out, size_t count) {
    const pcl_broadcast *self = parameters;
    if (self->element == 1) select_bytes(operands[0], operands[1], operands[2], out, count);
    else if (self->element == 2) select_2(operands[0], operands[1], operands[2], out, count);
    else if (self->element == 4) select_4(operands[0], operands[1], operands[2], out, count);
    else select_8(operands[0], operands[1], operands[2], out, count);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    pcl_broadcast *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    const pcl_tensor *out = node->outputs[0];
    pcl_shape condition = condition_shape(node);
    size_t element = pcl_dtype_size(out->dtype);
    pcl_broadcast_open(self, &out->shape, element, 3,
                       (const pcl_shape *[]){&condition, &node->inputs[1]->shape, &node->inputs[2]->shape},
                       (size_t[]){1, element, element});
    return PCL_OK;
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    pcl_broadcast_run(step->prepared, context->pool, work, step->prepared, true,
                      (const void *[]){node->inputs[0]->data, node->inputs[1]->data, node->inputs[2]->data},
                      node->outputs[0]->data);
    return PCL_OK;
}

/* In place: a condition with as many bytes as the result has as many elements, for it cannot have more. */
const pcl_op pcl_op_select = {"SELECT", 3, 3, 1, 1, infer_v1, prepare, run, .in_place = true};
const pcl_op pcl_op_select_v2 = {"SELECT_V2", 3, 3, 1, 1, infer_v2, prepare, run, .in_place = true};
