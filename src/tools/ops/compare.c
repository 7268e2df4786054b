/* Comparisons and logic of two operands with broadcasting. */
#include "ops/broadcast.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

static bool equal_reals(double a, double b) { return a == b; }
static bool less_reals(double a, double b) { return a < b; }
static bool less_or_equal_reals(double a, double b) { return a <= b; }

static bool equal_integers(int64_t a, int64_t b) { return a == b; }
static bool less_integers(int64_t a, int64_t b) { return a < b; }
static bool less_or_equal_integers(int64_t a, int64_t b) { return a <= b; }
static bool and_bools(int64_t a, int64_t b) { return a && b; }
static bool or_bools(int64_t a, int64_t b) { return a || b; }
static bool xor_bools(int64_t a, int64_t b) { return a != b; }

typedef struct compare_rows {
    const pcl_op *op;
    pcl_onnx_types types;
    bool (*real)(double a, double b);
    bool (*integer)(int64_t a, int64_t b);
    bool swap; /* a > b is b < a */
} compare_rows;

static const compare_rows all_rows[] = {
    {&pcl_onnx_equal, PCL_ONNX_ANY, equal_reals, equal_integers, false},
    {&pcl_onnx_less, PCL_ONNX_NUMBERS, less_reals, less_integers, false},
    {&pcl_onnx_less_or_equal, PCL_ONNX_NUMBERS, less_or_equal_reals, less_or_equal_integers, false},
    {&pcl_onnx_greater, PCL_ONNX_NUMBERS, less_reals, less_integers, true},
    {&pcl_onnx_greater_or_equal, PCL_ONNX_NUMBERS, less_or_equal_reals, less_or_equal_integers, true},
    {&pcl_onnx_and, PCL_ONNX_BOOLS, NULL, and_bools, false},
    {&pcl_onnx_or, PCL_ONNX_BOOLS, NULL, or_bools, false},
    {&pcl_onnx_xor, PCL_ONNX_BOOLS, NULL, xor_bools, false},
};

static const compare_rows *find_rows(const pcl_op *op) {
    const compare_rows *rows = all_rows;
    while (rows->op != op) rows++;
    return rows;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *a = node->inputs[0], *b = node->inputs[1];
    pcl_shape shape;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, a, find_rows(node->op)->types));
    PCL_TRY_RETURN(pcl_onnx_check_type(context, node, b, a->dtype));
    PCL_TRY_RETURN(pcl_broadcast_shape(context, node, &a->shape, &b->shape, &shape));
    return pcl_onnx_output(context, node, 0, PCL_BOOL, &shape);
}

typedef struct comparison {
    compare_rows rows;
    pcl_dtype dtype;
} comparison;

static void compare_integers(const comparison *self, const void *const *operands, uint8_t *out, size_t count) {
    /* uint64 orders as int64 does when both are shifted by half the range. */
    uint64_t shift = self->dtype == PCL_UINT64 ? (uint64_t)1 << 63 : 0;
    int64_t a[PCL_BLOCK], b[PCL_BLOCK];
    pcl_load_integers(self->dtype, operands[0], a, count);
    pcl_load_integers(self->dtype, operands[1], b, count);
    for (size_t i = 0; i < count; i++)
        out[i] = self->rows.integer((int64_t)((uint64_t)a[i] + shift), (int64_t)((uint64_t)b[i] + shift));
}

static void work(const void *parameters, const void *const *operands, void *out, size_t count) {
    const comparison *self = parameters;
    uint8_t *truth = out;
    double a[PCL_BLOCK], b[PCL_BLOCK];
    if (pcl_is_integer(self->dtype)) {
        compare_integers(self, operands, out, count);
        return;
    }
    pcl_load_reals(self->dtype, operands[0], a, count);
    pcl_load_reals(self->dtype, operands[1], b, count);
    for (size_t i = 0; i < count; i++) truth[i] = self->rows.real(a[i], b[i]);
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    comparison self = {*find_rows(step->op), node->inputs[0]->dtype};
    pcl_tensor *operands[] = {node->inputs[self.rows.swap ? 1 : 0], node->inputs[self.rows.swap ? 0 : 1]};
    pcl_broadcast broadcast;
    pcl_broadcast_tensors(&broadcast, node->outputs[0], 2, operands);
    pcl_broadcast_run(&broadcast, context->pool, work, &self, false,
                      (const void *[]){operands[0]->data, operands[1]->data}, node->outputs[0]->data);
    return PCL_OK;
}

/* Not in place: a broadcast operand of wider elements may have as many bytes as the result. */
const pcl_op pcl_onnx_equal = {"Equal", 2, 2, 1, 1, infer, NULL, run, .in_place = false};
const pcl_op pcl_onnx_less = {"Less", 2, 2, 1, 1, infer, NULL, run, .in_place = false};
const pcl_op pcl_onnx_less_or_equal = {"LessOrEqual", 2, 2, 1, 1, infer, NULL, run, .in_place = false};
const pcl_op pcl_onnx_greater = {"Greater", 2, 2, 1, 1, infer, NULL, run, .in_place = false};
const pcl_op pcl_onnx_greater_or_equal = {"GreaterOrEqual", 2, 2, 1, 1, infer, NULL, run, .in_place = false};
const pcl_op pcl_onnx_and = {"And", 2, 2, 1, 1, infer, NULL, run, .in_place = false};
const pcl_op pcl_onnx_or = {"Or", 2, 2, 1, 1, infer, NULL, run, .in_place = false};
const pcl_op pcl_onnx_xor = {"Xor", 2, 2, 1, 1, infer, NULL, run, .in_place = false};
