#include "tools/onnx/onnx_file.h"

enum {
    MAX_LABEL = 120,
    MAX_NODES = 1 << 14,
    MAX_VALUES = 1 << 18,
    MAX_PROBES = 1 << 10,
    MAX_DEPTH = 8, /* of graphs inside of nodes */
    /* Fields of ModelProto, GraphProto, NodeProto, ... */
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    OPSET_DOMAIN = 1,
    OPSET_VERSION = 2,
    GRAPH_NODE = 1,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    GRAPH_SPARSE = 15,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_TYPE = 4,
    NODE_ATTRIBUTE = 5,
    NODE_DOMAIN = 7,
    ATTRIBUTE_GRAPH = 6,
    TENSOR_NAME = 8,
    PORT_NAME = 1,
    PORT_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_TYPE_ELEMENT = 1,
    TENSOR_TYPE_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1
};

bool pcl_onnx_recognise(pcl_bytes bytes) {
    pcl_message model = pcl_message_open(bytes);
    pcl_field field;
    bool has_graph = false;
    while (pcl_message_next(&model, &field)) has_graph |= field.number == MODEL_GRAPH && field.wire == PCL_WIRE_BYTES;
    return has_graph && !model.bad;
}

static pcl_status malformed(const pcl_onnx_file *file, const char *what) {
    return pcl_fail(file->graph->error, PCL_ERROR_FORMAT, "malformed .onnx file: %s", what);
}

const char *pcl_onnx_label(pcl_graph *graph, pcl_text text) {
    size_t length = text.size < MAX_LABEL ? text.size : MAX_LABEL;
    char *label = pcl_graph_alloc(graph, length + 1, 1);
    if (label && length) memcpy(label, text.data, length);
    return label;
}

/* --- Values by name --------------------------------------------------------- */

typedef struct pcl_value_table {
    pcl_value **places; /* [size] by hash of the name */
    size_t size;        /* a power of two, at least twice the count */
    size_t count;
} pcl_value_table;

/* FNV-1a */
static uint32_t hash(pcl_text text) {
    uint32_t value = 2166136261u;
    for (size_t i = 0; i < text.size; i++) value = (value ^ (uint8_t)text.data[i]) * 16777619u;
    return value;
}

/* Where the value is or would go; NULL when so many names were made to share
 * a place that finding them would take for ever. */
static pcl_value **place_of(const pcl_value_table *table, pcl_text name) {
    uint32_t first = hash(name);
    for (size_t i = 0; i < MAX_PROBES && i < table->size; i++) {
        pcl_value **place = &table->places[(first + i) & (table->size - 1)];
        if (!*place || pcl_text_equal((*place)->name, name)) return place;
    }
    return NULL;
}

static pcl_status too_alike(const pcl_graph *graph) {
    return pcl_fail(graph->error, PCL_ERROR_LIMIT, "the names of its values are too alike");
}

static pcl_status grow(pcl_graph *graph, pcl_value_table *table) {
    pcl_value_table wider = {.size = table->size ? table->size * 2 : 64, .count = table->count};
    if (table->count >= MAX_VALUES)
        return pcl_fail(graph->error, PCL_ERROR_LIMIT, "more than %d names are not supported", MAX_VALUES);
    wider.places = pcl_graph_alloc(graph, wider.size, sizeof *wider.places);
    if (!wider.places) return PCL_ERROR_LIMIT;
    for (size_t i = 0; i < table->size; i++) {
        if (!table->places[i]) continue;
        pcl_value **place = place_of(&wider, table->places[i]->name);
        if (!place) return too_alike(graph);
        *place = table->places[i];
    }
    *table = wider;
    return PCL_OK;
}

/* Finds or makes. */
static pcl_status find_value(pcl_onnx_file *file, pcl_text name, pcl_value **out) {
    pcl_value_table *table = file->table;
    if (2 * (table->count + 1) > table->size) PCL_TRY_RETURN(grow(file->graph, table));
    pcl_value **place = place_of(table, name);
    if (!place) return too_alike(file->graph);
    if (!*place) {
        pcl_value *value = *place = pcl_graph_alloc(file->graph, 1, sizeof *value);
        if (!value) return PCL_ERROR_LIMIT;
        table->count++;
        value->name = name;
        value->label = pcl_onnx_label(file->graph, name);
        if (!value->label) return PCL_ERROR_LIMIT;
    }
    *out = *place;
    return PCL_OK;
}

/* --- Nodes ------------------------------------------------------------------- */

/* After this, readers of attributes need not doubt their structure. */
static bool check_attribute(pcl_bytes body) {
    pcl_message attribute = pcl_message_open(body);
    pcl_field field;
    size_t unused = 0;
    while (pcl_message_next(&attribute, &field)) {
        if (field.number == 8 && !pcl_field_varints(&field, NULL, &unused)) return false;
        if (field.number == 7 && !pcl_field_fixed(&field, 4, NULL, &unused)) return false;
    }
    return !attribute.bad;
}

static pcl_status label_node(pcl_onnx_file *file, pcl_onnx_node *node) {
    bool standard = pcl_text_is(node->domain, "") || pcl_text_is(node->domain, "ai.onnx");
    const char *type = node->label = pcl_onnx_label(file->graph, node->type);
    if (!type || standard) return type ? PCL_OK : PCL_ERROR_LIMIT;
    const char *domain = pcl_onnx_label(file->graph, node->domain);
    char *label = pcl_graph_alloc(file->graph, 2 * MAX_LABEL + 2, 1);
    if (!domain || !label) return PCL_ERROR_LIMIT;
    pcl_format(label, 2 * MAX_LABEL + 2, "%s.%s", domain, type);
    node->label = label;
    return PCL_OK;
}

/* An empty name stands for an input or output that is left out. */
static pcl_status read_names(pcl_onnx_file *file, pcl_onnx_node *node) {
    pcl_message message = pcl_message_open(node->body);
    pcl_field field;
    int32_t inputs = 0, outputs = 0;
    while (pcl_message_next(&message, &field)) {
        bool input = field.number == NODE_INPUT, output = field.number == NODE_OUTPUT;
        if ((!input && !output) || field.wire != PCL_WIRE_BYTES) continue;
        pcl_value **place = input ? &node->inputs[inputs++] : &node->outputs[outputs++];
        if (field.bytes.size == 0) continue;
        PCL_TRY_RETURN(find_value(file, pcl_field_text(&field), place));
        if (input) (*place)->reads++;
    }
    while (node->output_count > 0 && !node->outputs[node->output_count - 1]) node->output_count--;
    return PCL_OK;
}

static pcl_status count_inner_reads(pcl_onnx_file *file, pcl_bytes body, int depth);

/* Values that are read inside of a node's graphs are read. */
static pcl_status count_captured(pcl_onnx_file *file, pcl_bytes attribute, int depth) {
    pcl_message message = pcl_message_open(attribute);
    pcl_field field;
    while (pcl_message_next(&message, &field))
        if (field.number == ATTRIBUTE_GRAPH && field.wire == PCL_WIRE_BYTES)
            PCL_TRY_RETURN(count_inner_reads(file, field.bytes, depth + 1));
    return PCL_OK;
}

static pcl_status count_read(pcl_onnx_file *file, pcl_text name) {
    pcl_value *value;
    PCL_TRY_RETURN(find_value(file, name, &value));
    value->reads++;
    return PCL_OK;
}

static pcl_status count_inner_reads(pcl_onnx_file *file, pcl_bytes body, int depth) {
    pcl_message graph = pcl_message_open(body);
    pcl_field field, part;
    if (depth > MAX_DEPTH) return pcl_fail(file->graph->error, PCL_ERROR_LIMIT, "graphs are nested too deeply");
    while (pcl_message_next(&graph, &field)) {
        if ((field.number != GRAPH_NODE && field.number != GRAPH_OUTPUT) || field.wire != PCL_WIRE_BYTES) continue;
        pcl_message message = pcl_message_open(field.bytes);
        while (pcl_message_next(&message, &part)) {
            if (part.wire != PCL_WIRE_BYTES) continue;
            uint32_t name = field.number == GRAPH_NODE ? NODE_INPUT : PORT_NAME;
            if (part.number == name && part.bytes.size) PCL_TRY_RETURN(count_read(file, pcl_field_text(&part)));
            if (field.number == GRAPH_NODE && part.number == NODE_ATTRIBUTE)
                PCL_TRY_RETURN(count_captured(file, part.bytes, depth));
        }
        if (message.bad) return malformed(file, "a graph inside of a node breaks off");
    }
    return graph.bad ? malformed(file, "a graph inside of a node breaks off") : PCL_OK;
}

static pcl_status read_node(pcl_onnx_file *file, pcl_bytes body, pcl_onnx_node *node) {
    pcl_message message = pcl_message_open(body);
    pcl_field field;
    node->body = body;
    while (pcl_message_next(&message, &field)) {
        if (field.wire != PCL_WIRE_BYTES) continue;
        if (field.number == NODE_INPUT) node->input_count++;
        else if (field.number == NODE_OUTPUT) node->output_count++;
        else if (field.number == NODE_TYPE) node->type = pcl_field_text(&field);
        else if (field.number == NODE_DOMAIN) node->domain = pcl_field_text(&field);
        else if (field.number == NODE_ATTRIBUTE) {
            if (!check_attribute(field.bytes)) return malformed(file, "an attribute breaks off");
            PCL_TRY_RETURN(count_captured(file, field.bytes, 0));
        }
    }
    if (message.bad) return malformed(file, "a node breaks off");
    node->inputs = pcl_graph_alloc(file->graph, (size_t)node->input_count, sizeof *node->inputs);
    node->outputs = pcl_graph_alloc(file->graph, (size_t)node->output_count, sizeof *node->outputs);
    if (!node->inputs || !node->outputs) return PCL_ERROR_LIMIT;
    PCL_TRY_RETURN(label_node(file, node));
    PCL_TRY_RETURN(read_names(file, node));
    if (node->output_count == 0) return malformed(file, "a node without outputs");
    return PCL_OK;
}

/* --- Inputs, outputs, initialisers -------------------------------------------- */

static pcl_status read_shape(const pcl_onnx_file *file, pcl_bytes body, pcl_onnx_port *port) {
    pcl_message shape = pcl_message_open(body);
    pcl_field dim, field;
    port->has_shape = true;
    while (pcl_message_next(&shape, &dim)) {
        if (dim.number != SHAPE_DIM || dim.wire != PCL_WIRE_BYTES) continue;
        if (port->shape.rank == PCL_MAX_RANK)
            return pcl_fail(file->graph->error, PCL_ERROR_UNSUPPORTED, "'%s' has more than %d dimensions",
                            port->value->label, PCL_MAX_RANK);
        int32_t *size = &port->shape.dims[port->shape.rank++];
        pcl_message message = pcl_message_open(dim.bytes);
        *size = -1;
        while (pcl_message_next(&message, &field))
            if (field.number == DIM_VALUE && field.wire == PCL_WIRE_VARINT && field.value <= INT32_MAX)
                *size = (int32_t)field.value;
        if (message.bad) return malformed(file, "a shape breaks off");
    }
    return shape.bad ? malformed(file, "a shape breaks off") : PCL_OK;
}

static pcl_status read_type(const pcl_onnx_file *file, pcl_bytes body, pcl_onnx_port *port) {
    pcl_message type = pcl_message_open(body);
    pcl_field tensor, field;
    while (pcl_message_next(&type, &tensor)) {
        if (tensor.number != TYPE_TENSOR || tensor.wire != PCL_WIRE_BYTES) continue;
        pcl_message message = pcl_message_open(tensor.bytes);
        while (pcl_message_next(&message, &field)) {
            if (field.number == TENSOR_TYPE_ELEMENT) port->dtype = pcl_onnx_dtype(field.value);
            if (field.number == TENSOR_TYPE_SHAPE && field.wire == PCL_WIRE_BYTES)
                PCL_TRY_RETURN(read_shape(file, field.bytes, port));
        }
        if (message.bad) return malformed(file, "a type breaks off");
    }
    return type.bad ? malformed(file, "a type breaks off") : PCL_OK;
}

static pcl_status read_port(pcl_onnx_file *file, pcl_bytes body, pcl_onnx_port *port) {
    pcl_message message = pcl_message_open(body);
    pcl_field field;
    port->dtype = PCL_DTYPE_COUNT;
    for (int want = PORT_NAME; want <= PORT_TYPE; want++) { /* the name first, for messages about the type */
        message = pcl_message_open(body);
        while (pcl_message_next(&message, &field)) {
            if (field.number != (uint32_t)want || field.wire != PCL_WIRE_BYTES) continue;
            if (want == PORT_NAME) PCL_TRY_RETURN(find_value(file, pcl_field_text(&field), &port->value));
            else PCL_TRY_RETURN(read_type(file, field.bytes, port));
        }
        if (message.bad || !port->value) return malformed(file, "an input or output breaks off");
    }
    return PCL_OK;
}

static pcl_status read_initializer(pcl_onnx_file *file, pcl_bytes body, pcl_onnx_initializer *out) {
    pcl_message message = pcl_message_open(body);
    pcl_field field;
    out->body = body;
    while (pcl_message_next(&message, &field))
        if (field.number == TENSOR_NAME && field.wire == PCL_WIRE_BYTES)
            PCL_TRY_RETURN(find_value(file, pcl_field_text(&field), &out->value));
    if (message.bad) return malformed(file, "a tensor breaks off");
    return out->value ? PCL_OK : malformed(file, "an initialiser has no name");
}

/* --- The whole ------------------------------------------------------------------ */

static pcl_status read_opset(pcl_onnx_file *file, pcl_bytes body) {
    pcl_message message = pcl_message_open(body);
    pcl_field field;
    pcl_text domain = {NULL, 0};
    uint64_t version = 1;
    while (pcl_message_next(&message, &field)) {
        if (field.number == OPSET_DOMAIN && field.wire == PCL_WIRE_BYTES) domain = pcl_field_text(&field);
        if (field.number == OPSET_VERSION) version = field.value;
    }
    if (message.bad) return malformed(file, "an operator set breaks off");
    if (pcl_text_is(domain, "") || pcl_text_is(domain, "ai.onnx"))
        file->opset = version > 1000 ? 1000 : (int32_t)version;
    return PCL_OK;
}

static pcl_status read_attachment(pcl_onnx_file *file, pcl_bytes body) {
    pcl_onnx_attachment *out = &file->attachments[file->attachment_count++];
    pcl_message message = pcl_message_open(body);
    pcl_field field;
    while (pcl_message_next(&message, &field)) {
        if (field.wire != PCL_WIRE_BYTES) continue;
        if (field.number == 1) out->name = pcl_field_text(&field);
        if (field.number == 2) out->contents = field.bytes;
    }
    return message.bad ? malformed(file, "an attached file breaks off") : PCL_OK;
}

/* How many there are of everything, so that arrays can be made. */
typedef struct census {
    size_t nodes, initializers, inputs, outputs, attachments;
} census;

static pcl_status count_graph(const pcl_onnx_file *file, pcl_bytes body, census *count) {
    pcl_message graph = pcl_message_open(body);
    pcl_field field;
    while (pcl_message_next(&graph, &field)) {
        if (field.wire != PCL_WIRE_BYTES) continue;
        if (field.number == GRAPH_SPARSE)
            return pcl_fail(file->graph->error, PCL_ERROR_UNSUPPORTED, "sparse initialisers are not supported");
        count->initializers += field.number == GRAPH_INITIALIZER;
        count->inputs += field.number == GRAPH_INPUT;
        count->outputs += field.number == GRAPH_OUTPUT;
        count->nodes += field.number == GRAPH_NODE;
    }
    return graph.bad ? malformed(file, "the graph breaks off") : PCL_OK;
}

static pcl_status make_room(pcl_onnx_file *file, const census *count) {
    pcl_graph *graph = file->graph;
    if (count->nodes > MAX_NODES)
        return pcl_fail(graph->error, PCL_ERROR_LIMIT, "%zu nodes; at most %d are supported", count->nodes, MAX_NODES);
    file->nodes = pcl_graph_alloc(graph, count->nodes, sizeof *file->nodes);
    file->initializers = pcl_graph_alloc(graph, count->initializers, sizeof *file->initializers);
    file->inputs = pcl_graph_alloc(graph, count->inputs, sizeof *file->inputs);
    file->outputs = pcl_graph_alloc(graph, count->outputs, sizeof *file->outputs);
    file->attachments = pcl_graph_alloc(graph, count->attachments, sizeof *file->attachments);
    bool complete = file->nodes && file->initializers && file->inputs && file->outputs && file->attachments;
    return complete ? PCL_OK : PCL_ERROR_LIMIT;
}

static pcl_status read_graph(pcl_onnx_file *file, pcl_bytes body) {
    pcl_message graph = pcl_message_open(body);
    pcl_field field;
    while (pcl_message_next(&graph, &field)) {
        if (field.wire != PCL_WIRE_BYTES) continue;
        if (field.number == GRAPH_NODE)
            PCL_TRY_RETURN(read_node(file, field.bytes, &file->nodes[file->node_count++]));
        else if (field.number == GRAPH_INITIALIZER)
            PCL_TRY_RETURN(read_initializer(file, field.bytes, &file->initializers[file->initializer_count++]));
        else if (field.number == GRAPH_INPUT)
            PCL_TRY_RETURN(read_port(file, field.bytes, &file->inputs[file->input_count++]));
        else if (field.number == GRAPH_OUTPUT)
            PCL_TRY_RETURN(read_port(file, field.bytes, &file->outputs[file->output_count++]));
    }
    return PCL_OK;
}

/* Older files list every initialiser among the inputs as well. */
static void drop_initialized_inputs(pcl_onnx_file *file) {
    int32_t kept = 0;
    for (int32_t i = 0; i < file->initializer_count; i++)
        file->initializers[i].value->half = true; /* a mark, for now */
    for (int32_t i = 0; i < file->input_count; i++)
        if (!file->inputs[i].value->half) file->inputs[kept++] = file->inputs[i];
    for (int32_t i = 0; i < file->initializer_count; i++) file->initializers[i].value->half = false;
    file->input_count = kept;
}

/* Fields of the same message may come in several parts, which count as one. */
pcl_status pcl_onnx_file_read(pcl_onnx_file *file, pcl_graph *graph, pcl_bytes bytes) {
    *file = (pcl_onnx_file){.graph = graph, .opset = 1};
    file->table = pcl_graph_alloc(graph, 1, sizeof *file->table);
    if (!file->table) return PCL_ERROR_LIMIT;
    pcl_message model = pcl_message_open(bytes);
    pcl_field field;
    census count = {0};
    while (pcl_message_next(&model, &field)) {
        if (field.wire != PCL_WIRE_BYTES) continue;
        if (field.number == MODEL_OPSET) PCL_TRY_RETURN(read_opset(file, field.bytes));
        if (field.number == MODEL_GRAPH) PCL_TRY_RETURN(count_graph(file, field.bytes, &count));
        count.attachments += field.number == PCL_ONNX_ATTACHMENT;
    }
    if (model.bad) return malformed(file, "it breaks off");
    PCL_TRY_RETURN(make_room(file, &count));
    model = pcl_message_open(bytes);
    while (pcl_message_next(&model, &field)) {
        if (field.wire != PCL_WIRE_BYTES) continue;
        if (field.number == MODEL_GRAPH) PCL_TRY_RETURN(read_graph(file, field.bytes));
        if (field.number == PCL_ONNX_ATTACHMENT) PCL_TRY_RETURN(read_attachment(file, field.bytes));
    }
    for (int32_t i = 0; i < file->output_count; i++) file->outputs[i].value->reads++;
    drop_initialized_inputs(file);
    return PCL_OK;
}

pcl_status pcl_onnx_subgraph_read(pcl_onnx_file *file, const pcl_onnx_file *outer, pcl_bytes body) {
    *file = *outer;
    file->node_count = file->initializer_count = file->input_count = file->output_count = 0;
    census count = {0};
    PCL_TRY_RETURN(count_graph(file, body, &count));
    PCL_TRY_RETURN(make_room(file, &count));
    file->attachments = outer->attachments;
    return read_graph(file, body);
}
