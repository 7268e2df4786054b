#include "model/tflite_read.h"

#include <math.h>
#include <string.h>

#include "model/tflite_ops.h"
#include "ops/op.h"

enum {
    FILE_VERSION = 3,
    MAX_NAME = 120,
    MAX_NODES = 1 << 12, /* keeps the passes and the planner, which are quadratic, within seconds */
    MAX_TENSORS = 1 << 16,
    CUSTOM_CODE = 32
};

typedef struct reader {
    pcl_flatbuffer buffer;
    pcl_graph *graph;
    pcl_error *error;
    pcl_vector buffers; /* the model's Buffer tables */
    pcl_vector op_codes;
    bool *written; /* [tensor_count]: has data when the current node runs */
    pcl_shape *signatures;
    int32_t signature_capacity;
} reader;

static pcl_status malformed(reader *in, const char *what) {
    return pcl_fail(in->error, PCL_ERROR_FORMAT, "malformed .tflite file: %s", what);
}

/* Called wherever values were read through in->buffer, before they are used. */
static pcl_status check_offsets(reader *in) {
    if (!in->buffer.bad) return PCL_OK;
    return pcl_fail(in->error, PCL_ERROR_FORMAT, "malformed .tflite file: the object at byte %zu leads outside the file",
                    in->buffer.bad);
}

/* A copy that ends in zero and is short enough to print. */
static const char *read_name(reader *in, pcl_table table, int slot) {
    pcl_vector text = pcl_table_vector(&in->buffer, table, slot, 1);
    size_t length = text.count < MAX_NAME ? text.count : MAX_NAME;
    char *name = pcl_graph_alloc(in->graph, length + 1, 1);
    if (name && length) memcpy(name, in->buffer.file.data + text.at, length);
    return name;
}

/* TensorType of schema.fbs; PCL_DTYPE_COUNT for those the engine lacks. */
static pcl_dtype dtype_from_file(uint8_t type) {
    static const uint8_t known[] = {PCL_FLOAT32,     PCL_FLOAT16, PCL_INT32,   PCL_UINT8,       PCL_INT64,  PCL_DTYPE_COUNT,
                                    PCL_BOOL,        PCL_INT16,   PCL_DTYPE_COUNT, PCL_INT8,    PCL_FLOAT64, PCL_DTYPE_COUNT,
                                    PCL_UINT64,      PCL_DTYPE_COUNT, PCL_DTYPE_COUNT, PCL_UINT32, PCL_UINT16};
    return type < sizeof known ? (pcl_dtype)known[type] : PCL_DTYPE_COUNT;
}

static pcl_status read_shape(reader *in, pcl_table table, int slot, pcl_shape *shape) {
    pcl_vector dims = pcl_table_vector(&in->buffer, table, slot, sizeof(int32_t));
    if (dims.count > PCL_MAX_RANK)
        return pcl_fail(in->error, PCL_ERROR_UNSUPPORTED, "a tensor of rank %u; at most %d is supported", dims.count,
                        PCL_MAX_RANK);
    shape->rank = (int32_t)dims.count;
    for (uint32_t i = 0; i < dims.count; i++) shape->dims[i] = pcl_vector_i32(&in->buffer, dims, i);
    return PCL_OK;
}

/* Apart: one network has tens of thousands of scales. */
PCL_APART pcl_status read_scales_apart(reader *in, pcl_vector scales, pcl_vector zero_points, const pcl_tensor *tensor) {
    const pcl_quantization *out = &tensor->quantization;
    for (uint32_t i = 0; i < scales.count; i++) {
        float scale = pcl_vector_f32(&in->buffer, scales, i);
        int64_t zero_point = zero_points.count ? pcl_vector_i64(&in->buffer, zero_points, i) : 0;
        if (!(scale > 0.0f) || !isfinite(scale))
            return pcl_fail(in->error, PCL_ERROR_FORMAT, "tensor '%s' has a scale that is not positive and finite",
                            tensor->name);
        if (zero_point < INT16_MIN || zero_point > INT16_MAX)
            return pcl_fail(in->error, PCL_ERROR_FORMAT, "tensor '%s' has a zero point out of range", tensor->name);
        out->scales[i] = scale;
        out->zero_points[i] = (int32_t)zero_point;
    }
    return PCL_OK;
}

/* Scales and zero points of integer tensors; those of others mean nothing. */
static pcl_status read_quantization(reader *in, pcl_table table, pcl_tensor *tensor) {
    pcl_table parameters = pcl_table_table(&in->buffer, table, 4);
    pcl_vector scales = pcl_table_vector(&in->buffer, parameters, 2, sizeof(float));
    pcl_vector zero_points = pcl_table_vector(&in->buffer, parameters, 3, sizeof(int64_t));
    bool integer = tensor->dtype == PCL_INT8 || tensor->dtype == PCL_UINT8 || tensor->dtype == PCL_INT16;
    if (!integer || scales.count == 0) return PCL_OK;
    if (zero_points.count != 0 && zero_points.count != scales.count)
        return malformed(in, "scales and zero points differ in number");
    pcl_quantization *out = &tensor->quantization;
    out->count = (int32_t)scales.count;
    out->axis = pcl_table_i32(&in->buffer, parameters, 6, 0);
    if (out->count == 1) out->axis = 0;
    else if (out->axis < 0 || out->axis >= tensor->shape.rank || tensor->shape.dims[out->axis] != out->count)
        return pcl_fail(in->error, PCL_ERROR_FORMAT, "tensor '%s': %d scales do not match its shape", tensor->name,
                        out->count);
    out->scales = pcl_graph_alloc(in->graph, scales.count, sizeof(float));
    out->zero_points = pcl_graph_alloc(in->graph, scales.count, sizeof(int32_t));
    if (!out->scales || !out->zero_points) return PCL_ERROR_LIMIT;
    return read_scales_apart(in, scales, zero_points, tensor);
}

/* Constant data, in place where its alignment allows. */
static pcl_status read_data(reader *in, pcl_table table, pcl_tensor *tensor) {
    uint32_t index = (uint32_t)pcl_table_i32(&in->buffer, table, 2, 0);
    if (index >= in->buffers.count) return malformed(in, "a tensor names a buffer that does not exist");
    pcl_table holder = pcl_vector_table(&in->buffer, in->buffers, index);
    pcl_vector data = pcl_table_vector(&in->buffer, holder, 0, 1);
    uint64_t far_offset = pcl_table_u64(&in->buffer, holder, 1, 0); /* files over 2 GiB keep data at their end */
    if (far_offset > 1) return pcl_fail(in->error, PCL_ERROR_UNSUPPORTED, "data outside the flatbuffer");
    PCL_TRY_RETURN(check_offsets(in));
    if (data.count == 0) return PCL_OK;
    PCL_TRY_RETURN(pcl_tensor_set_shape(tensor, &tensor->shape, in->error));
    if (data.count != tensor->bytes)
        return pcl_fail(in->error, PCL_ERROR_FORMAT, "tensor '%s' holds %u bytes where its shape needs %zu", tensor->name,
                        data.count, tensor->bytes);
    const uint8_t *bytes = in->buffer.file.data + data.at;
    tensor->constant = true;
    tensor->data = (void *)bytes;
    /* Kernels may read up to 15 bytes past the end of a buffer. */
    bool padded = pcl_bytes_has(in->buffer.file, data.at, (size_t)data.count + 16);
    if (padded && (uintptr_t)bytes % pcl_dtype_size(tensor->dtype) == 0) return PCL_OK;
    tensor->data = pcl_graph_alloc(in->graph, tensor->bytes + 16, 1);
    if (!tensor->data) return PCL_ERROR_LIMIT;
    memcpy(tensor->data, bytes, tensor->bytes);
    return PCL_OK;
}

static pcl_status read_tensor(reader *in, pcl_table table, pcl_tensor *tensor) {
    tensor->name = read_name(in, table, 3);
    if (!tensor->name) return PCL_ERROR_LIMIT;
    uint8_t type = pcl_table_u8(&in->buffer, table, 1, 0);
    tensor->dtype = dtype_from_file(type);
    if (tensor->dtype == PCL_DTYPE_COUNT) {
        tensor->dtype = PCL_UINT8; /* so that printing it is safe */
        return pcl_fail(in->error, PCL_ERROR_UNSUPPORTED, "tensor '%s' has a data type that is not supported (%d)",
                        tensor->name, type);
    }
    if (pcl_table_table(&in->buffer, table, 6).at)
        return pcl_fail(in->error, PCL_ERROR_UNSUPPORTED, "tensor '%s' is sparse", tensor->name);
    if (pcl_table_u8(&in->buffer, table, 5, 0))
        return pcl_fail(in->error, PCL_ERROR_UNSUPPORTED, "tensor '%s' is a variable", tensor->name);
    PCL_TRY_RETURN(read_shape(in, table, 0, &tensor->shape));
    PCL_TRY_RETURN(read_quantization(in, table, tensor));
    PCL_TRY_RETURN(read_data(in, table, tensor));
    return check_offsets(in);
}

static pcl_status read_tensors(reader *in, pcl_table subgraph) {
    pcl_graph *graph = in->graph;
    pcl_vector tensors = pcl_table_vector(&in->buffer, subgraph, 0, 4);
    PCL_TRY_RETURN(check_offsets(in));
    if (tensors.count > MAX_TENSORS) return malformed(in, "too many tensors");
    graph->tensor_count = (int32_t)tensors.count;
    graph->tensors = pcl_graph_alloc(graph, tensors.count, sizeof *graph->tensors);
    in->written = pcl_graph_alloc(graph, tensors.count, sizeof *in->written);
    if (!graph->tensors || !in->written) return PCL_ERROR_LIMIT;
    for (uint32_t i = 0; i < tensors.count; i++) {
        pcl_table table = pcl_vector_table(&in->buffer, tensors, i);
        PCL_TRY_RETURN(check_offsets(in));
        pcl_tensor *tensor = graph->tensors[i] = pcl_graph_alloc(graph, 1, sizeof *tensor);
        if (!tensor) return PCL_ERROR_LIMIT;
        PCL_TRY_RETURN(read_tensor(in, table, tensor));
        in->written[i] = tensor->constant;
    }
    return PCL_OK;
}

/* Tensor numbers of a vector, as pointers. -1 becomes NULL where optional. */
static pcl_status resolve(reader *in, pcl_vector numbers, bool optional, pcl_tensor **out) {
    for (uint32_t i = 0; i < numbers.count; i++) {
        int32_t number = pcl_vector_i32(&in->buffer, numbers, i);
        if (number == -1 && optional) continue;
        if (number < 0 || number >= in->graph->tensor_count) return malformed(in, "a tensor number is out of range");
        out[i] = in->graph->tensors[number];
    }
    return PCL_OK;
}

/* An activation's shape is the file's word only for inputs; elsewhere infer
 * sets it before anybody reads it. */
static pcl_status read_inputs(reader *in, pcl_table subgraph) {
    pcl_graph *graph = in->graph;
    pcl_vector numbers = pcl_table_vector(&in->buffer, subgraph, 1, sizeof(int32_t));
    PCL_TRY_RETURN(check_offsets(in));
    graph->input_count = (int32_t)numbers.count;
    graph->inputs = pcl_graph_alloc(graph, numbers.count, sizeof *graph->inputs);
    if (!graph->inputs) return PCL_ERROR_LIMIT;
    PCL_TRY_RETURN(resolve(in, numbers, false, graph->inputs));
    pcl_vector tensors = pcl_table_vector(&in->buffer, subgraph, 0, 4);
    for (uint32_t i = 0; i < numbers.count; i++) {
        uint32_t number = (uint32_t)pcl_vector_i32(&in->buffer, numbers, i);
        pcl_tensor *tensor = graph->inputs[i];
        if (in->written[number]) return malformed(in, "an input is constant or listed twice");
        in->written[number] = true;
        /* A dimension left open may be stored as -1; one picture then. */
        for (int32_t d = 0; d < tensor->shape.rank; d++)
            if (tensor->shape.dims[d] == -1) tensor->shape.dims[d] = 1;
        PCL_TRY_RETURN(pcl_tensor_set_shape(tensor, &tensor->shape, in->error));
        if (!in->signatures || (int32_t)i >= in->signature_capacity) continue;
        pcl_shape *signature = &in->signatures[i];
        PCL_TRY_RETURN(read_shape(in, pcl_vector_table(&in->buffer, tensors, number), 7, signature));
        if (signature->rank != tensor->shape.rank) *signature = tensor->shape;
    }
    return check_offsets(in);
}

static pcl_status read_outputs(reader *in, pcl_table subgraph) {
    pcl_graph *graph = in->graph;
    pcl_vector numbers = pcl_table_vector(&in->buffer, subgraph, 2, sizeof(int32_t));
    PCL_TRY_RETURN(check_offsets(in));
    graph->output_count = (int32_t)numbers.count;
    graph->outputs = pcl_graph_alloc(graph, numbers.count, sizeof *graph->outputs);
    if (!graph->outputs) return PCL_ERROR_LIMIT;
    PCL_TRY_RETURN(resolve(in, numbers, false, graph->outputs));
    for (uint32_t i = 0; i < numbers.count; i++)
        if (!in->written[pcl_vector_i32(&in->buffer, numbers, i)])
            return pcl_fail(in->error, PCL_ERROR_FORMAT, "output '%s' is never computed", graph->outputs[i]->name);
    return PCL_OK;
}

/* Operator, name and version from the entry of operator_codes. */
static pcl_status read_op_code(reader *in, pcl_table table, pcl_node *node, const pcl_tflite_op **out) {
    uint32_t index = (uint32_t)pcl_table_i32(&in->buffer, table, 0, 0);
    if (index >= in->op_codes.count) return malformed(in, "an operator number is out of range");
    pcl_table code = pcl_vector_table(&in->buffer, in->op_codes, index);
    int32_t old_code = (int8_t)pcl_table_u8(&in->buffer, code, 0, 0);
    int32_t new_code = pcl_table_i32(&in->buffer, code, 3, 0);
    int32_t builtin = old_code > new_code ? old_code : new_code;
    node->version = pcl_table_i32(&in->buffer, code, 2, 1);
    *out = pcl_tflite_op_by_code(builtin);
    node->op_name = (*out)->name ? (*out)->name : "(unknown operator)";
    if (builtin == CUSTOM_CODE) node->op_name = read_name(in, code, 1);
    if (!node->op_name) return PCL_ERROR_LIMIT;
    if ((*out)->max_version > 0 && node->version <= (*out)->max_version) node->op = pcl_op_find((*out)->name);
    return check_offsets(in);
}

static pcl_status read_node(reader *in, pcl_table table) {
    pcl_graph *graph = in->graph;
    pcl_vector inputs = pcl_table_vector(&in->buffer, table, 1, sizeof(int32_t));
    pcl_vector outputs = pcl_table_vector(&in->buffer, table, 2, sizeof(int32_t));
    PCL_TRY_RETURN(check_offsets(in));
    if (outputs.count == 0) return malformed(in, "an operator without outputs");
    pcl_node *node =
        pcl_graph_insert_node(graph, graph->node_count, NULL, (int32_t)inputs.count, (int32_t)outputs.count);
    const pcl_tflite_op *code = NULL;
    if (!node) return PCL_ERROR_LIMIT;
    PCL_TRY_RETURN(resolve(in, inputs, true, node->inputs));
    PCL_TRY_RETURN(resolve(in, outputs, false, node->outputs));
    node->name = node->outputs[0]->name;
    PCL_TRY_RETURN(read_op_code(in, table, node, &code));
    for (uint32_t i = 0; i < inputs.count; i++) {
        int32_t number = pcl_vector_i32(&in->buffer, inputs, i);
        if (number >= 0 && !in->written[number])
            return pcl_node_fail(in->error, node, PCL_ERROR_FORMAT, "reads '%s' before it is computed",
                                 node->inputs[i]->name);
    }
    for (uint32_t i = 0; i < outputs.count; i++) {
        int32_t number = pcl_vector_i32(&in->buffer, outputs, i);
        if (in->written[number])
            return pcl_node_fail(in->error, node, PCL_ERROR_FORMAT, "writes '%s', which has data already",
                                 node->outputs[i]->name);
        in->written[number] = true;
    }
    if (code->read_options)
        code->read_options(&in->buffer, pcl_table_table(&in->buffer, table, 4), &node->attributes);
    else /* CAST, SHAPE, ARG_MAX, ARG_MIN name their type twice; the tensor's is the one that counts */
        node->attributes.cast.out_dtype = node->outputs[0]->dtype;
    if (in->buffer.unsupported)
        return pcl_node_fail(in->error, node, PCL_ERROR_UNSUPPORTED, "a fused activation that is not supported");
    return check_offsets(in);
}

static pcl_status read_nodes(reader *in, pcl_table subgraph) {
    pcl_vector operators = pcl_table_vector(&in->buffer, subgraph, 3, 4);
    PCL_TRY_RETURN(check_offsets(in));
    if (operators.count > MAX_NODES) return malformed(in, "too many operators");
    for (uint32_t i = 0; i < operators.count; i++) {
        pcl_table table = pcl_vector_table(&in->buffer, operators, i);
        PCL_TRY_RETURN(check_offsets(in));
        PCL_TRY_RETURN(read_node(in, table));
    }
    return PCL_OK;
}

pcl_status pcl_tflite_read(pcl_bytes file, pcl_graph *graph, pcl_shape *signatures, int32_t signature_capacity) {
    reader in = {.buffer = {.file = file},
                 .graph = graph,
                 .error = graph->error,
                 .signatures = signatures,
                 .signature_capacity = signature_capacity};
    if (file.size < 16 || memcmp(file.data + 4, "TFL3", 4) != 0) {
        pcl_fail(in.error, PCL_ERROR_FORMAT, "not a .tflite file: the identifier TFL3 is missing");
        if (in.error) pcl_format(in.error->expected, sizeof in.error->expected, "TFL3 at byte 4");
        return PCL_ERROR_FORMAT;
    }
    pcl_table model = pcl_flatbuffer_root(&in.buffer);
    int32_t version = pcl_table_i32(&in.buffer, model, 0, 0);
    in.op_codes = pcl_table_vector(&in.buffer, model, 1, 4);
    in.buffers = pcl_table_vector(&in.buffer, model, 4, 4);
    pcl_vector subgraphs = pcl_table_vector(&in.buffer, model, 2, 4);
    PCL_TRY_RETURN(check_offsets(&in));
    if (version != FILE_VERSION)
        return pcl_fail(in.error, PCL_ERROR_UNSUPPORTED, "schema version %d; only %d is supported", version, FILE_VERSION);
    if (subgraphs.count == 0) return malformed(&in, "no subgraph");
    pcl_table subgraph = pcl_vector_table(&in.buffer, subgraphs, 0);
    PCL_TRY_RETURN(check_offsets(&in));
    PCL_TRY_RETURN(read_tensors(&in, subgraph));
    PCL_TRY_RETURN(read_inputs(&in, subgraph));
    PCL_TRY_RETURN(read_nodes(&in, subgraph));
    PCL_TRY_RETURN(read_outputs(&in, subgraph));
    pcl_graph_link(graph);
    return PCL_OK;
}
