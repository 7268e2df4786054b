#include "tools/onnx/importer.h"

#include <math.h>

/* --- Failing ------------------------------------------------------------------ */

static void take_status(pcl_importer *in, pcl_status status) {
    if (in->status == PCL_OK) in->status = status;
}

void pcl_import_fail(pcl_importer *in, pcl_status status, const char *format, ...) {
    char detail[512];
    va_list arguments;
    if (in->status != PCL_OK) return;
    va_start(arguments, format);
    pcl_format_list(detail, sizeof detail, format, arguments);
    va_end(arguments);
    in->status = pcl_node_fail(in->graph->error, &in->current, status, "%s", detail);
}

bool pcl_import_needs(pcl_importer *in, const pcl_onnx_node *node, int32_t inputs) {
    for (int32_t i = 0; i < inputs; i++)
        if (!pcl_import_input(node, i)) pcl_import_fail(in, PCL_ERROR_FORMAT, "input %d is missing", i);
    return in->status == PCL_OK;
}

void *pcl_import_alloc(pcl_importer *in, size_t count, size_t size) {
    void *memory = in->status == PCL_OK ? pcl_graph_alloc(in->graph, count, size) : NULL;
    if (!memory) take_status(in, PCL_ERROR_LIMIT);
    return memory;
}

/* --- Making nodes -------------------------------------------------------------- */

static pcl_tensor *new_output(pcl_importer *in, pcl_dtype dtype) {
    pcl_tensor *tensor = pcl_import_alloc(in, 1, sizeof *tensor);
    if (tensor) *tensor = (pcl_tensor){.name = in->current.name, .dtype = dtype};
    return tensor;
}

/* Infers the last node of the graph; one that was evaluated is taken away again. */
static bool finish_node(pcl_importer *in, pcl_node *node) {
    take_status(in, pcl_infer_node(in->graph, in->kernels, node, &in->work));
    if (in->status == PCL_OK && !node->op) in->graph->node_count--;
    for (int32_t i = 0; in->status == PCL_OK && node->op && i < node->output_count; i++)
        node->outputs[i]->producer = node;
    return in->status == PCL_OK;
}

bool pcl_import_emit_many(pcl_importer *in, const pcl_op *op, const pcl_attributes *attributes, int32_t input_count,
                          pcl_tensor *const *inputs, int32_t output_count, pcl_tensor **outputs) {
    if (in->status != PCL_OK) return false;
    pcl_graph *graph = in->graph;
    pcl_node *node = pcl_graph_insert_node(graph, graph->node_count, op, input_count, output_count);
    if (!node) {
        take_status(in, PCL_ERROR_LIMIT);
        return false;
    }
    node->op_name = op->name;
    node->name = in->current.name;
    node->version = 1;
    if (attributes) node->attributes = *attributes;
    for (int32_t i = 0; i < input_count; i++) node->inputs[i] = inputs[i];
    for (int32_t i = 0; i < output_count; i++) {
        if (!outputs[i]) outputs[i] = new_output(in, inputs[0] ? inputs[0]->dtype : PCL_FLOAT32);
        node->outputs[i] = outputs[i];
        if (!outputs[i]) return false;
    }
    return finish_node(in, node);
}

pcl_tensor *pcl_import_emit(pcl_importer *in, const pcl_op *op, pcl_dtype dtype, const pcl_attributes *attributes,
                            int32_t input_count, pcl_tensor *const *inputs) {
    pcl_tensor *out = new_output(in, dtype);
    return out && pcl_import_emit_many(in, op, attributes, input_count, inputs, 1, &out) ? out : NULL;
}

pcl_tensor *pcl_import_unary(pcl_importer *in, const pcl_op *op, pcl_tensor *x) {
    return x ? pcl_import_emit(in, op, x->dtype, NULL, 1, &x) : NULL;
}

pcl_tensor *pcl_import_binary(pcl_importer *in, const pcl_op *op, pcl_tensor *a, pcl_tensor *b) {
    return a && b ? pcl_import_emit(in, op, a->dtype, NULL, 2, (pcl_tensor *[]){a, b}) : NULL;
}

/* The shape is an attribute that the file's own -1 and 0 are gone from. */
pcl_tensor *pcl_import_reshape(pcl_importer *in, pcl_tensor *x, const pcl_shape *shape) {
    if (!x || pcl_shape_equal(&x->shape, shape)) return x;
    pcl_tensor *dims = pcl_import_integers(in, shape->dims, shape->rank);
    pcl_attributes attributes = {.reshape = {.rank = shape->rank}};
    memcpy(attributes.reshape.dims, shape->dims, sizeof attributes.reshape.dims);
    return pcl_import_emit(in, &pcl_op_reshape, x->dtype, &attributes, 2, (pcl_tensor *[]){x, dims});
}

/* Where only dimensions of one element change places the bytes stay as they are. */
static bool keeps_order(const pcl_shape *shape, const int32_t *axes) {
    int32_t last = -1;
    for (int32_t d = 0; d < shape->rank; d++) {
        if (shape->dims[axes[d]] == 1) continue;
        if (axes[d] < last) return false;
        last = axes[d];
    }
    return true;
}

pcl_tensor *pcl_import_transpose(pcl_importer *in, pcl_tensor *x, const int32_t *axes) {
    if (!x) return NULL;
    pcl_shape shape = {.rank = x->shape.rank};
    for (int32_t d = 0; d < shape.rank; d++) shape.dims[d] = x->shape.dims[axes[d]];
    if (keeps_order(&x->shape, axes)) return pcl_import_reshape(in, x, &shape);
    pcl_tensor *permutation = pcl_import_integers(in, axes, shape.rank);
    return pcl_import_emit(in, &pcl_op_transpose, x->dtype, NULL, 2, (pcl_tensor *[]){x, permutation});
}

pcl_tensor *pcl_import_cast(pcl_importer *in, pcl_tensor *x, pcl_dtype dtype) {
    if (!x || x->dtype == dtype) return x;
    pcl_attributes attributes = {.cast = {.out_dtype = dtype}};
    return pcl_import_emit(in, &pcl_op_cast, dtype, &attributes, 1, &x);
}

pcl_tensor *pcl_import_constant(pcl_importer *in, pcl_dtype dtype, const pcl_shape *shape, const void *data) {
    pcl_tensor *tensor = new_output(in, dtype);
    if (!tensor) return NULL;
    take_status(in, pcl_tensor_set_shape(tensor, shape, in->graph->error));
    if (in->status != PCL_OK) return NULL;
    tensor->constant = true;
    tensor->data = pcl_import_alloc(in, tensor->bytes + 16, 1);
    if (!tensor->data) return NULL;
    if (tensor->bytes) memcpy(tensor->data, data, tensor->bytes);
    return tensor;
}

pcl_tensor *pcl_import_integers(pcl_importer *in, const int32_t *values, int32_t count) {
    return pcl_import_constant(in, PCL_INT32, &(pcl_shape){.rank = 1, .dims = {count}}, values);
}

pcl_tensor *pcl_import_scalar(pcl_importer *in, float value) {
    return pcl_import_constant(in, PCL_FLOAT32, &(pcl_shape){.rank = 0}, &value);
}

bool pcl_import_read(pcl_importer *in, pcl_tensor *tensor, int32_t *out, int32_t capacity, int32_t *count) {
    pcl_infer_context context = {in->graph->error, in->graph->arena};
    *count = 0;
    if (!tensor || in->status != PCL_OK) return false;
    take_status(in, pcl_read_integers(&context, &in->current, tensor, out, capacity, count));
    return in->status == PCL_OK;
}

bool pcl_import_axis(pcl_importer *in, int32_t *axis, int32_t rank) {
    pcl_infer_context context = {in->graph->error, in->graph->arena};
    if (in->status != PCL_OK) return false;
    take_status(in, pcl_normalise_axis(&context, &in->current, *axis, rank, axis));
    return in->status == PCL_OK;
}

/* --- ONNX's own operators -------------------------------------------------------- */

void pcl_import_generic_from(pcl_importer *in, const pcl_onnx_node *node, const pcl_op *op, const void *attributes,
                             int32_t input_count, pcl_tensor *const *inputs) {
    pcl_attributes all = {.tools = attributes};
    pcl_tensor **outputs = pcl_import_alloc(in, (size_t)node->output_count, sizeof *outputs);
    if (!outputs) return;
    while (input_count > 0 && !inputs[input_count - 1]) input_count--;
    pcl_import_emit_many(in, op, &all, input_count, inputs, node->output_count, outputs);
    for (int32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i]) pcl_import_set(in, node, i, outputs[i], PCL_PLAIN);
}

void pcl_import_generic(pcl_importer *in, const pcl_onnx_node *node, const pcl_op *op, const void *attributes) {
    pcl_tensor **inputs = pcl_import_alloc(in, (size_t)node->input_count, sizeof *inputs);
    for (int32_t i = 0; inputs && i < node->input_count; i++) inputs[i] = pcl_import_plain_input(in, node, i);
    if (inputs) pcl_import_generic_from(in, node, op, attributes, node->input_count, inputs);
}
