/* Attributes of a node, read from the file when they are asked for. Their
 * structure was checked when the node was read. */
#include "tools/onnx/importer.h"

enum {
    NODE_ATTRIBUTE = 5,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_FLOAT = 2,
    ATTRIBUTE_INT = 3,
    ATTRIBUTE_TEXT = 4,
    ATTRIBUTE_TENSOR = 5,
    ATTRIBUTE_GRAPH = 6,
    ATTRIBUTE_FLOATS = 7,
    ATTRIBUTE_INTS = 8
};

static bool has_name(pcl_bytes attribute, const char *name) {
    pcl_message message = pcl_message_open(attribute);
    pcl_field field;
    while (pcl_message_next(&message, &field))
        if (field.number == ATTRIBUTE_NAME && field.wire == PCL_WIRE_BYTES)
            return pcl_text_is(pcl_field_text(&field), name);
    return false;
}

static bool find(const pcl_onnx_node *node, const char *name, pcl_bytes *out) {
    pcl_message message = pcl_message_open(node->body);
    pcl_field field;
    while (pcl_message_next(&message, &field)) {
        if (field.number != NODE_ATTRIBUTE || field.wire != PCL_WIRE_BYTES || !has_name(field.bytes, name)) continue;
        *out = field.bytes;
        return true;
    }
    return false;
}

/* The last field of this number of the attribute `name`. */
static bool find_field(const pcl_onnx_node *node, const char *name, uint32_t number, pcl_wire wire, pcl_field *out) {
    pcl_bytes body;
    pcl_field field;
    bool found = false;
    if (!find(node, name, &body)) return false;
    pcl_message message = pcl_message_open(body);
    while (pcl_message_next(&message, &field)) {
        if (field.number != number || field.wire != wire) continue;
        *out = field;
        found = true;
    }
    return found;
}

bool pcl_attribute_exists(const pcl_onnx_node *node, const char *name) {
    pcl_bytes unused;
    return find(node, name, &unused);
}

static int32_t clamp(int64_t value) {
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

int32_t pcl_attribute_int(const pcl_onnx_node *node, const char *name, int32_t fallback) {
    pcl_field field;
    return find_field(node, name, ATTRIBUTE_INT, PCL_WIRE_VARINT, &field) ? clamp((int64_t)field.value) : fallback;
}

float pcl_attribute_float(const pcl_onnx_node *node, const char *name, float fallback) {
    pcl_field field;
    float value;
    if (!find_field(node, name, ATTRIBUTE_FLOAT, PCL_WIRE_32, &field)) return fallback;
    memcpy(&value, &field.value, sizeof value);
    return value;
}

pcl_text pcl_attribute_text(const pcl_onnx_node *node, const char *name, const char *fallback) {
    pcl_field field;
    if (find_field(node, name, ATTRIBUTE_TEXT, PCL_WIRE_BYTES, &field)) return pcl_field_text(&field);
    return (pcl_text){fallback, strlen(fallback)};
}

int32_t pcl_attribute_word(pcl_importer *in, const pcl_onnx_node *node, const char *name, const char *const *words,
                           int32_t fallback) {
    pcl_text text = pcl_attribute_text(node, name, words[fallback]);
    for (int32_t i = 0; words[i]; i++)
        if (pcl_text_is(text, words[i])) return i;
    const char *label = in->status == PCL_OK ? pcl_onnx_label(in->graph, text) : NULL;
    pcl_import_fail(in, label ? PCL_ERROR_UNSUPPORTED : PCL_ERROR_LIMIT, "%s '%s' is not supported", name,
                    label ? label : "");
    return fallback;
}

pcl_bytes pcl_attribute_tensor(const pcl_onnx_node *node, const char *name) {
    pcl_field field;
    return find_field(node, name, ATTRIBUTE_TENSOR, PCL_WIRE_BYTES, &field) ? field.bytes : (pcl_bytes){NULL, 0};
}

pcl_bytes pcl_attribute_graph(const pcl_onnx_node *node, const char *name) {
    pcl_field field;
    return find_field(node, name, ATTRIBUTE_GRAPH, PCL_WIRE_BYTES, &field) ? field.bytes : (pcl_bytes){NULL, 0};
}

/* All integers of the attribute; out NULL: counts them. */
static size_t read_ints(pcl_bytes body, uint64_t *out) {
    pcl_message message = pcl_message_open(body);
    pcl_field field;
    size_t count = 0;
    while (pcl_message_next(&message, &field))
        if (field.number == ATTRIBUTE_INTS) pcl_field_varints(&field, out, &count);
    return count;
}

pcl_tensor *pcl_attribute_integers(pcl_importer *in, const pcl_onnx_node *node, const char *name) {
    pcl_bytes body;
    if (!find(node, name, &body)) return NULL;
    size_t count = read_ints(body, NULL);
    uint64_t *values = pcl_import_alloc(in, count, sizeof *values);
    if (!values) return NULL;
    read_ints(body, values);
    return pcl_import_constant(in, PCL_INT64, &(pcl_shape){.rank = 1, .dims = {(int32_t)count}}, values);
}

pcl_onnx_list pcl_attribute_list(pcl_importer *in, const pcl_onnx_node *node, const char *name) {
    pcl_onnx_list list = {0};
    pcl_tensor *values = pcl_attribute_integers(in, node, name);
    if (!values) return list;
    size_t count = pcl_tensor_count(values);
    if (count > sizeof list.values / sizeof *list.values) {
        pcl_import_fail(in, PCL_ERROR_SHAPE, "%s has %zu elements, expected at most %d", name, count,
                        (int)(sizeof list.values / sizeof *list.values));
        return list;
    }
    list.count = (int32_t)count;
    for (size_t i = 0; i < count; i++) list.values[i] = clamp(((const int64_t *)values->data)[i]);
    return list;
}

pcl_tensor *pcl_attribute_floats(pcl_importer *in, const pcl_onnx_node *node, const char *name) {
    pcl_bytes body;
    pcl_field field;
    size_t count = 0, at = 0;
    if (!find(node, name, &body)) return NULL;
    pcl_message message = pcl_message_open(body);
    while (pcl_message_next(&message, &field))
        if (field.number == ATTRIBUTE_FLOATS) pcl_field_fixed(&field, sizeof(float), NULL, &count);
    float *values = pcl_import_alloc(in, count, sizeof *values);
    if (!values) return NULL;
    message = pcl_message_open(body);
    while (pcl_message_next(&message, &field))
        if (field.number == ATTRIBUTE_FLOATS) pcl_field_fixed(&field, sizeof(float), values, &at);
    return pcl_import_constant(in, PCL_FLOAT32, &(pcl_shape){.rank = 1, .dims = {(int32_t)count}}, values);
}
