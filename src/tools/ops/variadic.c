/* Max, Min, Sum and Mean of any number of operands that broadcast together. */
#include <math.h>
#include <string.h>

#include "ops/broadcast.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"

/* NaN wins, whichever operand it is. */
static double greater(double a, double b) { return a > b || isnan(a) ? a : b; }
static double lesser(double a, double b) { return a < b || isnan(a) ? a : b; }
static double add(double a, double b) { return a + b; }

static int64_t greater_integer(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t lesser_integer(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t greater_unsigned(int64_t a, int64_t b) { return (uint64_t)a > (uint64_t)b ? a : b; }
static int64_t lesser_unsigned(int64_t a, int64_t b) { return (uint64_t)a < (uint64_t)b ? a : b; }
static int64_t add_integer(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }

typedef struct variadic_rows {
    const pcl_op *op;
    pcl_onnx_types types;
    double (*real)(double a, double b);
    int64_t (*integer)(int64_t a, int64_t b), (*unsigned_integer)(int64_t a, int64_t b);
} variadic_rows;

static const variadic_rows all_rows[] = {
    {&pcl_onnx_max, PCL_ONNX_NUMBERS, greater, greater_integer, greater_unsigned},
    {&pcl_onnx_min, PCL_ONNX_NUMBERS, lesser, lesser_integer, lesser_unsigned},
    {&pcl_onnx_sum, PCL_ONNX_NUMBERS, add, add_integer, add_integer},
    {&pcl_onnx_mean, PCL_ONNX_REALS, add, NULL, NULL},
};

static const variadic_rows *find_rows(const pcl_op *op) {
    const variadic_rows *rows = all_rows;
    while (rows->op != op) rows++;
    return rows;
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *first = node->inputs[0];
    pcl_shape shape = first->shape, next;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, first, find_rows(node->op)->types));
    for (int32_t i = 1; i < node->input_count; i++) {
        if (!node->inputs[i])
            return pcl_node_fail(context->error, node, PCL_ERROR_FORMAT, "input %d is missing", i);
        PCL_TRY_RETURN(pcl_onnx_check_type(context, node, node->inputs[i], first->dtype));
        PCL_TRY_RETURN(pcl_broadcast_shape(context, node, &shape, &node->inputs[i]->shape, &next));
        shape = next;
    }
    return pcl_onnx_output(context, node, 0, first->dtype, &shape);
}

typedef struct variadic {
    variadic_rows rows;
    pcl_dtype dtype;
    bool last;      /* of the operands */
    double divisor; /* 1 unless the result is a mean */
} variadic;

/* The result so far, and the next operand. */
static void work(const void *parameters, const void *const *operands, void *out, size_t count) {
    const variadic *self = parameters;
    double a[PCL_BLOCK], b[PCL_BLOCK];
    int64_t x[PCL_BLOCK], y[PCL_BLOCK];
    if (pcl_is_integer(self->dtype)) {
        pcl_load_integers(self->dtype, operands[0], x, count);
        pcl_load_integers(self->dtype, operands[1], y, count);
        for (size_t i = 0; i < count; i++) x[i] = self->rows.integer(x[i], y[i]);
        pcl_store_integers(self->dtype, x, out, count);
        return;
    }
    pcl_load_reals(self->dtype, operands[0], a, count);
    pcl_load_reals(self->dtype, operands[1], b, count);
    for (size_t i = 0; i < count; i++) a[i] = self->rows.real(a[i], b[i]);
    if (self->last)
        for (size_t i = 0; i < count; i++) a[i] /= self->divisor;
    pcl_store_reals(self->dtype, a, out, count);
}

/* The first operand becomes the result so far. */
static void start(const void *parameters, const void *const *operands, void *out, size_t count) {
    memcpy(out, operands[0], count * pcl_dtype_size(((const variadic *)parameters)->dtype));
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    const pcl_node *node = step->node;
    pcl_tensor *out = node->outputs[0];
    pcl_broadcast broadcast;
    variadic self = {.rows = *find_rows(step->op), .dtype = out->dtype, .divisor = 1.0};
    if (out->dtype == PCL_UINT64) self.rows.integer = self.rows.unsigned_integer;
    if (step->op == &pcl_onnx_mean) self.divisor = node->input_count;
    pcl_broadcast_tensors(&broadcast, out, 1, node->inputs);
    pcl_broadcast_run(&broadcast, context->pool, start, &self, false, (const void *[]){node->inputs[0]->data},
                      out->data);
    for (int32_t i = 1; i < node->input_count; i++) {
        self.last = i + 1 == node->input_count;
        pcl_broadcast_tensors(&broadcast, out, 2, (pcl_tensor *[]){out, node->inputs[i]});
        pcl_broadcast_run(&broadcast, context->pool, work, &self, false,
                          (const void *[]){out->data, node->inputs[i]->data}, out->data);
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_max = {"Max", 1, -1, 1, 1, infer, NULL, run, .in_place = false};
const pcl_op pcl_onnx_min = {"Min", 1, -1, 1, 1, infer, NULL, run, .in_place = false};
const pcl_op pcl_onnx_sum = {"Sum", 1, -1, 1, 1, infer, NULL, run, .in_place = false};
const pcl_op pcl_onnx_mean = {"Mean", 1, -1, 1, 1, infer, NULL, run, .in_place = false};
