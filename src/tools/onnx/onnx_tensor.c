/* TensorProto: constants in their several spellings. */
#include "tools/onnx/onnx_file.h"

enum {
    TENSOR_DIMS = 1,
    TENSOR_DATA_TYPE = 2,
    TENSOR_FLOAT_DATA = 4,
    TENSOR_INT32_DATA = 5, /* also of narrower integers, bool and the bits of float16 */
    TENSOR_INT64_DATA = 7,
    TENSOR_RAW_DATA = 9,
    TENSOR_DOUBLE_DATA = 10,
    TENSOR_UINT64_DATA = 11, /* also of uint32 */
    TENSOR_EXTERNAL_DATA = 13,
    TENSOR_DATA_LOCATION = 14,
    LOCATION_EXTERNAL = 1,
    TYPE_BFLOAT16 = 16
};

pcl_dtype pcl_onnx_dtype(uint64_t type) {
    static const uint8_t known[] = {PCL_DTYPE_COUNT, PCL_FLOAT32, PCL_UINT8,  PCL_INT8,        PCL_UINT16,
                                    PCL_INT16,       PCL_INT32,   PCL_INT64,  PCL_DTYPE_COUNT, PCL_BOOL,
                                    PCL_FLOAT16,     PCL_FLOAT64, PCL_UINT32, PCL_UINT64};
    return type < sizeof known ? (pcl_dtype)known[type] : PCL_DTYPE_COUNT;
}

/* A TensorProto taken apart. */
typedef struct parts {
    pcl_shape shape;
    uint64_t type;
    pcl_bytes raw;
    bool has_raw, external;
    pcl_text location;
    uint64_t offset, length;
    bool has_length;
} parts;

typedef struct reader {
    const pcl_onnx_file *file;
    const char *label;
    pcl_bytes body;
} reader;

static pcl_status malformed(const reader *in, const char *what) {
    return pcl_fail(in->file->graph->error, PCL_ERROR_FORMAT, "tensor '%s': %s", in->label, what);
}

static pcl_status read_dims(const reader *in, const pcl_field *field, pcl_shape *shape) {
    uint64_t *values;
    size_t count = 0, at = 0;
    if (!pcl_field_varints(field, NULL, &count)) return malformed(in, "its dimensions break off");
    if (count > (size_t)(PCL_MAX_RANK - shape->rank))
        return pcl_fail(in->file->graph->error, PCL_ERROR_UNSUPPORTED, "tensor '%s' has more than %d dimensions",
                        in->label, PCL_MAX_RANK);
    values = pcl_graph_alloc(in->file->graph, count, sizeof *values);
    if (!values) return PCL_ERROR_LIMIT;
    pcl_field_varints(field, values, &at);
    for (size_t i = 0; i < count; i++) {
        if (values[i] > INT32_MAX) return malformed(in, "a dimension is out of range");
        shape->dims[shape->rank++] = (int32_t)values[i];
    }
    return PCL_OK;
}

static bool read_number(pcl_text text, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || *out > UINT64_MAX / 16) return false;
        *out = *out * 10 + (uint64_t)(text.data[i] - '0');
    }
    return text.size > 0;
}

/* One pair of key and value: location, offset, length, checksum. */
static pcl_status read_external(const reader *in, pcl_bytes body, parts *out) {
    pcl_message entry = pcl_message_open(body);
    pcl_field field;
    pcl_text key = {NULL, 0}, value = {NULL, 0};
    bool sane = true;
    while (pcl_message_next(&entry, &field)) {
        if (field.wire != PCL_WIRE_BYTES) continue;
        if (field.number == 1) key = pcl_field_text(&field);
        if (field.number == 2) value = pcl_field_text(&field);
    }
    if (pcl_text_is(key, "location")) out->location = value;
    if (pcl_text_is(key, "offset")) sane = read_number(value, &out->offset);
    if (pcl_text_is(key, "length")) sane = out->has_length = read_number(value, &out->length);
    return entry.bad || !sane ? malformed(in, "where its data lies is not said properly") : PCL_OK;
}

static pcl_status take_apart(const reader *in, parts *out) {
    pcl_message message = pcl_message_open(in->body);
    pcl_field field;
    while (pcl_message_next(&message, &field)) {
        bool bytes = field.wire == PCL_WIRE_BYTES;
        if (field.number == TENSOR_DIMS) PCL_TRY_RETURN(read_dims(in, &field, &out->shape));
        else if (field.number == TENSOR_DATA_TYPE) out->type = field.value;
        else if (field.number == TENSOR_RAW_DATA && bytes) out->raw = field.bytes, out->has_raw = true;
        else if (field.number == TENSOR_EXTERNAL_DATA && bytes) PCL_TRY_RETURN(read_external(in, field.bytes, out));
        else if (field.number == TENSOR_DATA_LOCATION) out->external = field.value == LOCATION_EXTERNAL;
    }
    return message.bad ? malformed(in, "it breaks off") : PCL_OK;
}

/* Exporters write "weights.bin" as well as "./weights.bin". */
static pcl_text without_dot(pcl_text name) {
    if (name.size > 2 && name.data[0] == '.' && name.data[1] == '/') return (pcl_text){name.data + 2, name.size - 2};
    return name;
}

static pcl_status find_external(const reader *in, parts *out) {
    const pcl_onnx_file *file = in->file;
    pcl_error *error = file->graph->error;
    pcl_text location = without_dot(out->location);
    for (int32_t i = 0; i < file->attachment_count; i++) {
        const pcl_onnx_attachment *other = &file->attachments[i];
        if (!pcl_text_equal(without_dot(other->name), location)) continue;
        uint64_t size = other->contents.size;
        if (out->offset > size || (out->has_length && out->length > size - out->offset))
            return malformed(in, "its data lies outside its file");
        out->raw = (pcl_bytes){other->contents.data + (size_t)out->offset,
                               (size_t)(out->has_length ? out->length : size - out->offset)};
        out->has_raw = true;
        return PCL_OK;
    }
    const char *name = pcl_onnx_label(file->graph, location);
    if (!name) return PCL_ERROR_LIMIT;
    pcl_fail(error, PCL_ERROR_ARGUMENT, "the weights of '%s' are in another file, '%s', which was not given", in->label,
             name);
    if (error) pcl_format(error->expected, sizeof error->expected, "%s", name);
    return PCL_ERROR_ARGUMENT;
}

/* --- Data in fields of its own type ------------------------------------------ */

static uint32_t field_of(pcl_dtype dtype) {
    if (dtype == PCL_FLOAT32) return TENSOR_FLOAT_DATA;
    if (dtype == PCL_FLOAT64) return TENSOR_DOUBLE_DATA;
    if (dtype == PCL_INT64) return TENSOR_INT64_DATA;
    if (dtype == PCL_UINT64 || dtype == PCL_UINT32) return TENSOR_UINT64_DATA;
    return TENSOR_INT32_DATA;
}

static bool is_fixed(pcl_dtype dtype) { return dtype == PCL_FLOAT32 || dtype == PCL_FLOAT64; }

/* Counts the elements of `dtype`; copies them where `out` is given. */
static bool read_typed(const reader *in, pcl_dtype dtype, uint8_t *out, uint64_t *wide, size_t *count) {
    pcl_message message = pcl_message_open(in->body);
    pcl_field field;
    size_t size = pcl_dtype_size(dtype);
    *count = 0;
    while (pcl_message_next(&message, &field)) {
        if (field.number != field_of(dtype)) continue;
        if (is_fixed(dtype) ? !pcl_field_fixed(&field, size, out, count) : !pcl_field_varints(&field, wide, count))
            return false;
    }
    for (size_t i = 0; wide && out && i < *count; i++) memcpy(out + i * size, &wide[i], size); /* the low bytes */
    return true;
}

static pcl_status copy_typed(const reader *in, pcl_tensor *tensor, uint8_t *out) {
    size_t count, expected = pcl_tensor_count(tensor);
    uint64_t *wide = NULL;
    if (!read_typed(in, tensor->dtype, NULL, NULL, &count)) return malformed(in, "its data breaks off");
    if (count != expected)
        return pcl_fail(in->file->graph->error, PCL_ERROR_FORMAT,
                        "tensor '%s' holds %zu elements where its shape needs %zu", in->label, count, expected);
    if (!is_fixed(tensor->dtype)) {
        wide = pcl_graph_alloc(in->file->graph, count, sizeof *wide);
        if (!wide) return PCL_ERROR_LIMIT;
    }
    read_typed(in, tensor->dtype, out, wide, &count);
    return PCL_OK;
}

/* --- Whole tensors ------------------------------------------------------------ */

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* 16-bit reals, which are computed with as float32. bfloat16 is float32's upper half. */
static pcl_status widen(const reader *in, pcl_tensor *tensor, bool brain) {
    const uint8_t *from = tensor->data;
    tensor->dtype = PCL_FLOAT32;
    PCL_TRY_RETURN(pcl_tensor_set_shape(tensor, &tensor->shape, in->file->graph->error));
    float *out = tensor->data = pcl_graph_alloc(in->file->graph, tensor->bytes + 16, 1);
    if (!out) return PCL_ERROR_LIMIT;
    for (size_t i = 0, count = pcl_tensor_count(tensor); i < count; i++) {
        uint16_t bits;
        memcpy(&bits, from + i * sizeof bits, sizeof bits);
        out[i] = brain ? from_bits((uint32_t)bits << 16) : pcl_half_to_float(bits);
    }
    return PCL_OK;
}

static pcl_status take_data(const reader *in, const parts *found, pcl_tensor *tensor) {
    tensor->constant = true;
    if (found->has_raw && found->raw.size != tensor->bytes)
        return pcl_fail(in->file->graph->error, PCL_ERROR_FORMAT,
                        "tensor '%s' holds %zu bytes where its shape needs %zu", in->label, found->raw.size,
                        tensor->bytes);
    /* Kernels may read up to 15 bytes past the end of a buffer, so data is not used where it lies. */
    uint8_t *out = tensor->data = pcl_graph_alloc(in->file->graph, tensor->bytes + 16, 1);
    if (!out) return PCL_ERROR_LIMIT;
    if (!found->has_raw) return copy_typed(in, tensor, out);
    if (tensor->bytes) memcpy(out, found->raw.data, tensor->bytes);
    return PCL_OK;
}

pcl_status pcl_onnx_read_tensor(const pcl_onnx_file *file, pcl_bytes body, const char *label, pcl_tensor **out,
                                bool *half) {
    reader in = {file, label, body};
    parts found = {0};
    PCL_TRY_RETURN(take_apart(&in, &found));
    bool brain = found.type == TYPE_BFLOAT16;
    pcl_dtype dtype = brain ? PCL_UINT16 : pcl_onnx_dtype(found.type);
    if (dtype == PCL_DTYPE_COUNT)
        return pcl_fail(file->graph->error, PCL_ERROR_UNSUPPORTED,
                        "tensor '%s' has a data type that is not supported (%d)", label,
                        (int)(found.type > 1000 ? 1000 : found.type));
    if (found.external) PCL_TRY_RETURN(find_external(&in, &found));
    pcl_tensor *tensor = *out = pcl_graph_new_tensor(file->graph, label, dtype, &found.shape);
    if (!tensor) return file->graph->error ? (pcl_status)file->graph->error->status : PCL_ERROR_LIMIT;
    PCL_TRY_RETURN(take_data(&in, &found, tensor));
    *half = dtype == PCL_FLOAT16;
    if (*half || brain) PCL_TRY_RETURN(widen(&in, tensor, brain));
    return PCL_OK;
}
