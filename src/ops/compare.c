/* Comparisons and logic. Quantised values compare as the reals they stand for. */
#include "ops/broadcast.h"
#include "ops/table.h"

typedef void (*real_row)(const float *a, const float *b, uint8_t *restrict out, size_t count);
typedef void (*integer_row)(const int64_t *a, const int64_t *b, uint8_t *restrict out, size_t count);

static void equal_reals(const float *a, const float *b, uint8_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] == b[i];
}

static void not_equal_reals(const float *a, const float *b, uint8_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] != b[i];
}

static void less_reals(const float *a, const float *b, uint8_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] < b[i];
}

static void less_equal_reals(const float *a, const float *b, uint8_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] <= b[i];
}

static void equal_integers(const int64_t *a, const int64_t *b, uint8_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] == b[i];
}

static void not_equal_integers(const int64_t *a, const int64_t *b, uint8_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] != b[i];
}

static void less_integers(const int64_t *a, const int64_t *b, uint8_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] < b[i];
}

static void less_equal_integers(const int64_t *a, const int64_t *b, uint8_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] <= b[i];
}

static void and_integers(const int64_t *a, const int64_t *b, uint8_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = (uint8_t)(a[i] & b[i]);
}

static void or_integers(const int64_t *a, const int64_t *b, uint8_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = (uint8_t)(a[i] | b[i]);
}

typedef enum operand_types { ANY_TYPE, ORDERED_TYPE, BOOL_TYPE } operand_types;

typedef struct compare_rows {
    const pcl_op *op;
    real_row reals;
    integer_row integers;
    bool swap; /* a > b is b < a */
    operand_types types;
} compare_rows;

static const compare_rows all_rows[] = {
    {&pcl_op_equal, equal_reals, equal_integers, false, ANY_TYPE},
    {&pcl_op_not_equal, not_equal_reals, not_equal_integers, false, ANY_TYPE},
    {&pcl_op_less, less_reals, less_integers, false, ORDERED_TYPE},
    {&pcl_op_less_equal, less_equal_reals, less_equal_integers, false, ORDERED_TYPE},
    {&pcl_op_greater, less_reals, less_integers, true, ORDERED_TYPE},
    {&pcl_op_greater_equal, less_equal_reals, less_equal_integers, true, ORDERED_TYPE},
    {&pcl_op_logical_and, NULL, and_integers, false, BOOL_TYPE},
    {&pcl_op_logical_or, NULL, or_integers, false, BOOL_TYPE},
};

static const compare_rows *find_rows(const pcl_op *op) {
    const compare_rows *rows = all_rows;
    while (rows->op != op) rows++;
    return rows;
}

static const pcl_dtype bools[] = {PCL_BOOL, PCL_DTYPE_COUNT};
static const pcl_dtype any[] = {PCL_FLOAT32, PCL_UINT8,  PCL_INT8,   PCL_INT16, PCL_UINT16,
                                PCL_INT32,   PCL_UINT32, PCL_INT64,  PCL_BOOL,  PCL_DTYPE_COUNT};
static const pcl_dtype ordered[] = {PCL_FLOAT32, PCL_UINT8,  PCL_INT8,  PCL_INT16,      PCL_UINT16,
                                    PCL_INT32,   PCL_UINT32, PCL_INT64, PCL_DTYPE_COUNT};

/* Both plain numbers of one type, or both quantised. */
static pcl_status check_second(const pcl_infer_context *context, const pcl_node *node) {
    const pcl_tensor *a = node->inputs[0], *b = node->inputs[1];
    PCL_TRY_RETURN(pcl_check_dtype(context, node, b, (pcl_dtype[]){a->dtype, PCL_DTYPE_COUNT}));
    if (!pcl_is_quantised(a) && !pcl_is_quantised(b)) return PCL_OK;
    PCL_TRY_RETURN(pcl_check_dtype(context, node, a, (pcl_dtype[]){PCL_UINT8, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(pcl_check_quantised(context, node, a));
    return pcl_check_quantised(context, node, b);
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    static const pcl_dtype *const types[] = {[ANY_TYPE] = any, [ORDERED_TYPE] = ordered, [BOOL_TYPE] = bools};
    pcl_tensor *out = node->outputs[0];
    pcl_shape shape;
    PCL_TRY_RETURN(pcl_check_dtype(context, node, node->inputs[0], types[find_rows(node->op)->types]));
    PCL_TRY_RETURN(check_second(context, node));
    PCL_TRY_RETURN(pcl_check_dtype(context, node, out, bools));
    PCL_TRY_RETURN(pcl_broadcast_shape(context, node, &node->inputs[0]->shape, &node->inputs[1]->shape, &shape));
    return pcl_tensor_set_shape(out, &shape, context->error);
}

typedef struct comparison {
    const compare_rows *rows;
    const pcl_tensor *a, *b;
    const pcl_kernels *kernels;
    pcl_broadcast broadcast;
    pcl_broadcast_work work;
} comparison;

static void work_reals(const void *parameters, const void *const *operands, void *out, size_t count) {
    const comparison *self = parameters;
    self->rows->reals(operands[0], operands[1], out, count);
}

static void work_integers(const void *parameters, const void *const *operands, void *out, size_t count) {
    const comparison *self = parameters;
    int64_t a[PCL_BLOCK], b[PCL_BLOCK];
    pcl_load_integers(self->a->dtype, operands[0], a, count);
    pcl_load_integers(self->b->dtype, operands[1], b, count);
    self->rows->integers(a, b, out, count);
}

static void work_quantised(const void *parameters, const void *const *operands, void *out, size_t count) {
    const comparison *self = parameters;
    float a[PCL_BLOCK], b[PCL_BLOCK];
    self->kernels->dequantize_u8(pcl_tensor_scale(self->a), pcl_tensor_zero_point(self->a), operands[0], a, count);
    self->kernels->dequantize_u8(pcl_tensor_scale(self->b), pcl_tensor_zero_point(self->b), operands[1], b, count);
    self->rows->reals(a, b, out, count);
}

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_node *node = step->node;
    comparison *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    self->rows = find_rows(step->op);
    self->a = node->inputs[self->rows->swap ? 1 : 0];
    self->b = node->inputs[self->rows->swap ? 0 : 1];
    self->kernels = context->kernels;
    self->work = pcl_is_quantised(self->a) ? work_quantised
                 : pcl_is_integer(self->a->dtype) ? work_integers
                                                  : work_reals;
    pcl_broadcast_tensors(&self->broadcast, node->outputs[0], 2,
                          (pcl_tensor *[]){(pcl_tensor *)self->a, (pcl_tensor *)self->b});
    return PCL_OK;
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const comparison *self = step->prepared;
    pcl_broadcast_run(&self->broadcast, context->pool, self->work, self, self->work == work_reals,
                      (const void *[]){self->a->data, self->b->data}, step->node->outputs[0]->data);
    return PCL_OK;
}

/* Not in place: a broadcast operand of wider elements may have as many bytes as the result. */
const pcl_op pcl_op_equal = {"EQUAL", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_not_equal = {"NOT_EQUAL", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_less = {"LESS", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_less_equal = {"LESS_EQUAL", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_greater = {"GREATER", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_greater_equal = {"GREATER_EQUAL", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_logical_and = {"LOGICAL_AND", 2, 2, 1, 1, infer, prepare, run, .in_place = false};
const pcl_op pcl_op_logical_or = {"LOGICAL_OR", 2, 2, 1, 1, infer, prepare, run, .in_place = false};

static pcl_status infer_not(const pcl_infer_context *context, pcl_node *node) {
    PCL_TRY_RETURN(pcl_check_dtype(context, node, node->inputs[0], bools));
    PCL_TRY_RETURN(pcl_check_dtype(context, node, node->outputs[0], bools));
    return pcl_tensor_set_shape(node->outputs[0], &node->inputs[0]->shape, context->error);
}

static pcl_status run_not(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const uint8_t *in = step->node->inputs[0]->data;
    uint8_t *out = step->node->outputs[0]->data;
    size_t count = pcl_tensor_count(step->node->outputs[0]);
    for (size_t i = 0; i < count; i++) out[i] = in[i] == 0;
    return PCL_OK;
}

const pcl_op pcl_op_logical_not = {"LOGICAL_NOT", 1, 1, 1, 1, infer_not, NULL, run_not, .in_place = true};
