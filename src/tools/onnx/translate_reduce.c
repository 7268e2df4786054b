/* Reductions, in the layout that their input has where the result allows it. */
#include "tools/onnx/translators.h"

typedef struct reduction {
    const char *type;
    const pcl_op *before, *fast, *after; /* of the engine, in this order; before and after may be NULL */
    const pcl_op *generic;
} reduction;

static const reduction reductions[] = {
    {"ReduceSum", NULL, &pcl_op_sum, NULL, &pcl_onnx_reduce_sum},
    {"ReduceMean", NULL, &pcl_op_mean, NULL, &pcl_onnx_reduce_mean},
    {"ReduceProd", NULL, &pcl_op_reduce_prod, NULL, &pcl_onnx_reduce_prod},
    {"ReduceMax", NULL, &pcl_op_reduce_max, NULL, &pcl_onnx_reduce_max},
    {"ReduceMin", NULL, &pcl_op_reduce_min, NULL, &pcl_onnx_reduce_min},
    {"ReduceL1", &pcl_op_abs, &pcl_op_sum, NULL, &pcl_onnx_reduce_l1},
    {"ReduceL2", &pcl_op_square, &pcl_op_sum, &pcl_op_sqrt, &pcl_onnx_reduce_l2},
    {"ReduceSumSquare", &pcl_op_square, &pcl_op_sum, NULL, &pcl_onnx_reduce_sum_square},
    {"ReduceLogSum", NULL, &pcl_op_sum, &pcl_op_log, &pcl_onnx_reduce_log_sum},
    {"ReduceLogSumExp", NULL, NULL, NULL, &pcl_onnx_reduce_log_sum_exp},
};

static const reduction *find_row(const pcl_onnx_node *node) {
    for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++)
        if (pcl_text_is(node->type, reductions[i].type)) return &reductions[i];
    return NULL;
}

/* Which axes go; all of them where none is named. False for noop_with_empty_axes. */
static bool read_axes(pcl_importer *in, const pcl_onnx_node *node, int32_t rank, bool *reduced) {
    int32_t axes[PCL_MAX_RANK], count = 0;
    pcl_tensor *list = pcl_input_or_integers(in, node, 1, "axes");
    if (list && !pcl_import_read(in, list, axes, PCL_MAX_RANK, &count)) return false;
    for (int32_t d = 0; d < rank; d++) reduced[d] = count == 0;
    for (int32_t i = 0; i < count && pcl_import_axis(in, &axes[i], rank); i++) reduced[axes[i]] = true;
    return in->status == PCL_OK && (count > 0 || !pcl_attribute_int(node, "noop_with_empty_axes", 0));
}

/* Without keepdims a result in which channels and picture are left would have
 * the wrong order. */
static bool order_survives(const bool *reduced, int32_t rank) {
    bool picture_left = false;
    for (int32_t d = 2; d < rank; d++) picture_left |= !reduced[d];
    return reduced[1] || !picture_left;
}

void pcl_translate_reduce(pcl_importer *in, const pcl_onnx_node *node) {
    const reduction *row = find_row(node);
    pcl_onnx_reduce_attributes *reduce = pcl_import_alloc(in, 1, sizeof *reduce);
    bool reduced[PCL_MAX_RANK] = {false};
    if (!reduce || !pcl_import_needs(in, node, 1)) return;
    reduce->keepdims = pcl_attribute_int(node, "keepdims", 1) != 0;
    reduce->noop_with_empty_axes = pcl_attribute_int(node, "noop_with_empty_axes", 0) != 0;
    int32_t rank = pcl_import_shape(node->inputs[0]).rank, axes[PCL_MAX_RANK], count = 0;
    bool fast = read_axes(in, node, rank, reduced) && row->fast && pcl_import_dtype(node->inputs[0]) == PCL_FLOAT32;
    if (in->status != PCL_OK) return;
    if (!fast) {
        pcl_tensor *list = pcl_input_or_integers(in, node, 1, "axes");
        pcl_import_generic_from(in, node, row->generic, reduce, 2,
                                (pcl_tensor *[]){pcl_import_plain(in, node->inputs[0]), list});
        return;
    }
    pcl_layout layout = pcl_import_layout(node, 1);
    if (!reduce->keepdims && !order_survives(reduced, rank)) layout = PCL_PLAIN;
    for (int32_t d = 0; d < rank; d++)
        if (reduced[d]) axes[count++] = pcl_import_moved_axis(d, rank, layout);
    pcl_attributes attributes = {.reduce = {.keep_dims = reduce->keepdims}};
    pcl_tensor *x = pcl_import_operand(in, node->inputs[0], rank, layout), *list = pcl_import_integers(in, axes, count);
    if (row->before) x = pcl_import_unary(in, row->before, x);
    x = pcl_import_emit(in, row->fast, PCL_FLOAT32, &attributes, 2, (pcl_tensor *[]){x, list});
    if (row->after) x = pcl_import_unary(in, row->after, x);
    pcl_import_set(in, node, 0, x, reduce->keepdims ? layout : PCL_PLAIN);
}

static bool has_arg_type(pcl_dtype dtype) {
    return dtype == PCL_FLOAT32 || dtype == PCL_UINT8 || dtype == PCL_INT8 || dtype == PCL_INT16 ||
           dtype == PCL_INT32 || dtype == PCL_INT64;
}

void pcl_translate_arg(pcl_importer *in, const pcl_onnx_node *node) {
    bool max = pcl_text_is(node->type, "ArgMax");
    pcl_onnx_arg_attributes *arg = pcl_import_alloc(in, 1, sizeof *arg);
    if (!arg || !pcl_import_needs(in, node, 1)) return;
    *arg = (pcl_onnx_arg_attributes){.axis = pcl_attribute_int(node, "axis", 0),
                                     .keepdims = pcl_attribute_int(node, "keepdims", 1) != 0,
                                     .select_last_index = pcl_attribute_int(node, "select_last_index", 0) != 0};
    pcl_shape shape = pcl_import_shape(node->inputs[0]);
    if (arg->select_last_index || !has_arg_type(pcl_import_dtype(node->inputs[0]))) {
        pcl_import_generic(in, node, max ? &pcl_onnx_arg_max : &pcl_onnx_arg_min, arg);
        return;
    }
    if (!pcl_import_axis(in, &arg->axis, shape.rank)) return;
    /* The engine drops the axis; of a picture that leaves the order right only for channels. */
    pcl_layout layout = shape.rank >= 3 && arg->axis == 1 ? pcl_import_layout(node, 1) : PCL_PLAIN;
    int32_t axis = pcl_import_moved_axis(arg->axis, shape.rank, layout);
    pcl_attributes attributes = {.cast = {.out_dtype = PCL_INT64}};
    pcl_tensor *inputs[] = {pcl_import_operand(in, node->inputs[0], shape.rank, layout),
                            pcl_import_integers(in, &axis, 1)};
    pcl_tensor *out = pcl_import_emit(in, max ? &pcl_op_arg_max : &pcl_op_arg_min, PCL_INT64, &attributes, 2, inputs);
    shape.dims[arg->axis] = 1;
    if (arg->keepdims) out = pcl_import_reshape(in, out, &shape);
    pcl_import_set(in, node, 0, out, PCL_PLAIN);
}
