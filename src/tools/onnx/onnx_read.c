#include "tools/onnx/onnx_read.h"

#include "tools/onnx/fuse_norm.h"
#include "tools/onnx/fuse_product.h"
#include "tools/onnx/fuse_quantized.h"
#include "tools/onnx/fuse_upsample.h"
#include "tools/onnx/importer.h"
#include "tools/onnx/remedies.h"

enum { MAX_ENGINE_NODES = 1 << 12, OLDEST_OPSET = 1, NEWEST_OPSET = 25 };

/* --- Describing ------------------------------------------------------------------ */

/* Stands for "supported" where nothing is translated. */
static const pcl_op described = {.name = "ONNX"};

static pcl_shape closed_shape(const pcl_onnx_port *port) {
    pcl_shape shape = port->shape;
    for (int32_t d = 0; d < shape.rank; d++)
        if (shape.dims[d] < 0) shape.dims[d] = 1; /* one picture */
    return shape;
}

static pcl_status check_port(const pcl_graph *graph, const pcl_onnx_port *port, const char *kind) {
    if (port->dtype != PCL_DTYPE_COUNT) return PCL_OK;
    return pcl_fail(graph->error, PCL_ERROR_UNSUPPORTED, "%s '%s' is not a tensor of a supported type", kind,
                    port->value->label);
}

static pcl_status describe_ports(pcl_graph *graph, pcl_onnx_port *ports, int32_t count, const char *kind,
                                 pcl_tensor ***out) {
    pcl_tensor **tensors = *out = pcl_graph_alloc(graph, (size_t)count, sizeof *tensors);
    if (!tensors) return PCL_ERROR_LIMIT;
    for (int32_t i = 0; i < count; i++) {
        pcl_shape shape = closed_shape(&ports[i]);
        PCL_TRY_RETURN(check_port(graph, &ports[i], kind));
        tensors[i] = pcl_graph_alloc(graph, 1, sizeof *tensors[i]);
        if (!tensors[i]) return PCL_ERROR_LIMIT;
        *tensors[i] = (pcl_tensor){.name = ports[i].value->label, .dtype = ports[i].dtype};
        PCL_TRY_RETURN(pcl_tensor_set_shape(tensors[i], &shape, graph->error));
    }
    return PCL_OK;
}

static pcl_status describe_node(pcl_graph *graph, const pcl_onnx_node *from) {
    pcl_node *node = pcl_graph_insert_node(graph, graph->node_count, NULL, 0, 1);
    pcl_tensor *output = pcl_graph_alloc(graph, 1, sizeof *output);
    if (!node || !output) return PCL_ERROR_LIMIT;
    node->op = pcl_onnx_translator(from) ? &described : NULL;
    node->op_name = from->label;
    node->name = output->name = from->outputs[0] ? from->outputs[0]->label : "";
    node->version = 1;
    node->outputs[0] = output;
    return PCL_OK;
}

pcl_status pcl_onnx_describe(pcl_bytes bytes, pcl_graph *graph, pcl_shape *signatures, int32_t capacity) {
    pcl_onnx_file file;
    PCL_TRY_RETURN(pcl_onnx_file_read(&file, graph, bytes));
    graph->input_count = file.input_count;
    graph->output_count = file.output_count;
    PCL_TRY_RETURN(describe_ports(graph, file.inputs, file.input_count, "input", &graph->inputs));
    PCL_TRY_RETURN(describe_ports(graph, file.outputs, file.output_count, "output", &graph->outputs));
    for (int32_t i = 0; i < file.input_count && i < capacity; i++) signatures[i] = file.inputs[i].shape;
    for (int32_t i = 0; i < file.node_count; i++) PCL_TRY_RETURN(describe_node(graph, &file.nodes[i]));
    return PCL_OK;
}

/* --- Importing --------------------------------------------------------------------- */

static pcl_status check_opset(const pcl_importer *in) {
    if (in->file.opset >= OLDEST_OPSET && in->file.opset <= NEWEST_OPSET) return PCL_OK;
    return pcl_fail(in->graph->error, PCL_ERROR_UNSUPPORTED, "operator set %d; those from %d to %d are supported",
                    in->file.opset, OLDEST_OPSET, NEWEST_OPSET);
}

static void begin(pcl_importer *in, const char *op_name, const char *name) {
    in->current = (pcl_node){.op_name = op_name, .name = name};
}

static bool differs(const pcl_onnx_port *port, const pcl_shape *shape) {
    for (int32_t d = 0; d < port->shape.rank && d < shape->rank; d++)
        if (port->shape.dims[d] >= 0 && port->shape.dims[d] != shape->dims[d]) return true;
    return false;
}

/* Reals of 16 bits are computed with as float32; the model's own stay what they are. */
static pcl_status bind_inputs(pcl_importer *in, const pcl_shape *shapes) {
    pcl_graph *graph = in->graph;
    PCL_TRY_RETURN(describe_ports(graph, in->file.inputs, in->file.input_count, "input", &graph->inputs));
    graph->input_count = in->file.input_count;
    for (int32_t i = 0; i < graph->input_count; i++) {
        pcl_value *value = in->file.inputs[i].value;
        if (value->plain) return pcl_fail(graph->error, PCL_ERROR_FORMAT, "input '%s' is listed twice", value->label);
        PCL_TRY_RETURN(pcl_tensor_set_shape(graph->inputs[i], &shapes[i], graph->error));
        in->rebound |= differs(&in->file.inputs[i], &shapes[i]);
        begin(in, "input", value->label);
        value->half = graph->inputs[i]->dtype == PCL_FLOAT16;
        value->plain = value->half ? pcl_import_cast(in, graph->inputs[i], PCL_FLOAT32) : graph->inputs[i];
        PCL_TRY_RETURN(in->status);
    }
    return PCL_OK;
}

static pcl_status read_initializers(pcl_importer *in, const pcl_onnx_file *file) {
    for (int32_t i = 0; i < file->initializer_count; i++) {
        pcl_value *value = file->initializers[i].value;
        if (value->plain)
            return pcl_fail(in->graph->error, PCL_ERROR_FORMAT, "'%s' is initialised twice", value->label);
        PCL_TRY_RETURN(
            pcl_onnx_read_tensor(file, file->initializers[i].body, value->label, &value->plain, &value->half));
    }
    return PCL_OK;
}

static bool is_read(const pcl_onnx_node *node) {
    for (int32_t i = 0; i < node->output_count; i++)
        if (pcl_import_wants(node, i)) return true;
    return false;
}

static pcl_status translate_nodes(pcl_importer *in, const pcl_onnx_file *file) {
    for (int32_t i = 0; i < file->node_count; i++) {
        const pcl_onnx_node *node = &file->nodes[i];
        if (!is_read(node)) continue;
        const pcl_value *named = NULL;
        for (int32_t o = 0; o < node->output_count && !named; o++) named = node->outputs[o];
        begin(in, node->label, named->label);
        for (int32_t k = 0; k < node->input_count; k++)
            if (node->inputs[k] && !node->inputs[k]->plain && !node->inputs[k]->channels_last)
                pcl_import_fail(in, PCL_ERROR_FORMAT, "reads '%s' before it is computed", node->inputs[k]->label);
        pcl_translate translate = pcl_onnx_translator(node);
        if (!translate) pcl_import_fail(in, PCL_ERROR_UNSUPPORTED, "this operator is not supported");
        if (in->status == PCL_OK) translate(in, node);
        PCL_TRY_RETURN(in->status);
        if (in->graph->node_count > MAX_ENGINE_NODES)
            return pcl_fail(in->graph->error, PCL_ERROR_LIMIT, "more than %d operators", MAX_ENGINE_NODES);
    }
    return PCL_OK;
}

void pcl_import_subgraph(pcl_importer *in, const pcl_onnx_file *graph) {
    if (in->status == PCL_OK) in->status = read_initializers(in, graph);
    if (in->status == PCL_OK) in->status = translate_nodes(in, graph);
}

static pcl_status bind_outputs(pcl_importer *in) {
    pcl_graph *graph = in->graph;
    graph->outputs = pcl_graph_alloc(graph, (size_t)in->file.output_count, sizeof *graph->outputs);
    if (!graph->outputs) return PCL_ERROR_LIMIT;
    for (int32_t i = 0; i < in->file.output_count; i++) {
        const pcl_onnx_port *port = &in->file.outputs[i];
        PCL_TRY_RETURN(check_port(graph, port, "output"));
        begin(in, "output", port->value->label);
        pcl_tensor *tensor = pcl_import_plain(in, port->value);
        if (port->dtype == PCL_FLOAT16) tensor = pcl_import_cast(in, tensor, PCL_FLOAT16);
        graph->outputs[i] = tensor;
        PCL_TRY_RETURN(in->status);
    }
    graph->output_count = in->file.output_count;
    return PCL_OK;
}

static pcl_status import(pcl_importer *in, pcl_bytes bytes, const pcl_shape *shapes) {
    PCL_TRY_RETURN(pcl_onnx_file_read(&in->file, in->graph, bytes));
    PCL_TRY_RETURN(check_opset(in));
    PCL_TRY_RETURN(pcl_onnx_check_supported(&in->file));
    PCL_TRY_RETURN(read_initializers(in, &in->file));
    PCL_TRY_RETURN(bind_inputs(in, shapes));
    PCL_TRY_RETURN(translate_nodes(in, &in->file));
    return bind_outputs(in);
}

/* Open dimensions are 1 where nobody says otherwise, which few pictures fit. */
static void mention_open_shapes(const pcl_importer *in) {
    pcl_error *error = in->graph->error;
    for (int32_t i = 0; error && i < in->file.input_count; i++) {
        const pcl_onnx_port *port = &in->file.inputs[i];
        for (int32_t d = 1; d < port->shape.rank; d++) {
            if (port->shape.dims[d] >= 0) continue;
            size_t used = strlen(error->message);
            pcl_format(error->message + used, sizeof error->message - used, " (the file leaves the shape of '%s' open)",
                       port->value->label);
            return;
        }
    }
}

pcl_status pcl_onnx_read(pcl_bytes bytes, pcl_graph *graph, const pcl_shape *shapes, const pcl_kernels *kernels,
                         double max_work) {
    pcl_importer in = {.graph = graph, .kernels = kernels, .work = {.most = max_work}};
    pcl_status status = import(&in, bytes, shapes);
    if (status == PCL_ERROR_SHAPE) mention_open_shapes(&in);
    PCL_TRY_RETURN(status);
    pcl_graph_sweep(graph);
    PCL_TRY_RETURN(pcl_onnx_fuse_products(graph));
    PCL_TRY_RETURN(pcl_onnx_fuse_upsamples(graph));
    PCL_TRY_RETURN(pcl_onnx_fuse_norms(graph));
    return pcl_onnx_fuse_quantized(graph);
}
