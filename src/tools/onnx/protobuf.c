#include "tools/onnx/protobuf.h"

static bool read_varint(pcl_bytes bytes, size_t *at, uint64_t *out) {
    *out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t byte;
        if (!pcl_bytes_u8(bytes, *at, &byte)) return false;
        *out |= (uint64_t)(byte & 0x7F) << shift;
        ++*at;
        if (byte < 0x80) return true;
    }
    return false;
}

static bool read_bytes(pcl_message *message, pcl_bytes *out) {
    uint64_t size;
    if (!read_varint(message->bytes, &message->at, &size)) return false;
    if (size > SIZE_MAX || !pcl_bytes_has(message->bytes, message->at, (size_t)size)) return false;
    *out = (pcl_bytes){message->bytes.data + message->at, (size_t)size};
    message->at += (size_t)size;
    return true;
}

static bool read_value(pcl_message *message, pcl_field *field) {
    uint32_t narrow;
    switch (field->wire) {
    case PCL_WIRE_VARINT:
        return read_varint(message->bytes, &message->at, &field->value);
    case PCL_WIRE_BYTES:
        return read_bytes(message, &field->bytes);
    case PCL_WIRE_32:
        if (!pcl_bytes_u32(message->bytes, message->at, &narrow)) return false;
        field->value = narrow;
        message->at += 4;
        return true;
    case PCL_WIRE_64:
        if (!pcl_bytes_u64(message->bytes, message->at, &field->value)) return false;
        message->at += 8;
        return true;
    }
    return false; /* groups, which nobody writes any more */
}

bool pcl_message_next(pcl_message *message, pcl_field *field) {
    uint64_t tag;
    *field = (pcl_field){0};
    if (message->bad || message->at >= message->bytes.size) return false;
    message->bad = !read_varint(message->bytes, &message->at, &tag) || tag > UINT32_MAX || tag >> 3 == 0;
    if (message->bad) return false;
    field->number = (uint32_t)(tag >> 3);
    field->wire = (pcl_wire)(tag & 7);
    message->bad = !read_value(message, field);
    return !message->bad;
}

bool pcl_field_varints(const pcl_field *field, uint64_t *out, size_t *count) {
    if (field->wire == PCL_WIRE_VARINT) {
        if (out) out[*count] = field->value;
        ++*count;
        return true;
    }
    if (field->wire != PCL_WIRE_BYTES) return false;
    for (size_t at = 0; at < field->bytes.size; ++*count) {
        uint64_t value;
        if (!read_varint(field->bytes, &at, &value)) return false;
        if (out) out[*count] = value;
    }
    return true;
}

bool pcl_field_fixed(const pcl_field *field, size_t size, void *out, size_t *count) {
    if (field->wire == (size == 4 ? PCL_WIRE_32 : PCL_WIRE_64)) {
        if (out) memcpy((uint8_t *)out + *count * size, &field->value, size); /* little-endian: the low bytes */
        ++*count;
        return true;
    }
    if (field->wire != PCL_WIRE_BYTES || field->bytes.size % size != 0) return false;
    if (out && field->bytes.size) memcpy((uint8_t *)out + *count * size, field->bytes.data, field->bytes.size);
    *count += field->bytes.size / size;
    return true;
}
