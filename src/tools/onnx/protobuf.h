/* Reading protocol buffers in place, field by field. A message that breaks
 * off, or says something it cannot mean, ends early and is marked bad.
 * Format: https://protobuf.dev/programming-guides/encoding/ */
#ifndef PCL_TOOLS_ONNX_PROTOBUF_H
#define PCL_TOOLS_ONNX_PROTOBUF_H

#include "core/bytes.h"

typedef struct pcl_message {
    pcl_bytes bytes;
    size_t at; /* where the next field begins */
    bool bad;
} pcl_message;

typedef enum pcl_wire { PCL_WIRE_VARINT = 0, PCL_WIRE_64 = 1, PCL_WIRE_BYTES = 2, PCL_WIRE_32 = 5 } pcl_wire;

typedef struct pcl_field {
    uint32_t number;
    pcl_wire wire;
    uint64_t value;  /* PCL_WIRE_VARINT, _32 and _64: the bits */
    pcl_bytes bytes; /* PCL_WIRE_BYTES: a string, a message or packed numbers */
} pcl_field;

static inline pcl_message pcl_message_open(pcl_bytes bytes) { return (pcl_message){.bytes = bytes}; }

/* False at the end of the message, and where it is bad. */
bool pcl_message_next(pcl_message *message, pcl_field *field);

/* The numbers of a repeated scalar field, which is packed (many numbers in one
 * field) or not (one field for each). Called for every such field of the
 * message; calls with `out` NULL only count. */
bool pcl_field_varints(const pcl_field *field, uint64_t *out, size_t *count);
/* The same for float (size 4) and double, fixed64 (size 8), copied as they are. */
bool pcl_field_fixed(const pcl_field *field, size_t size, void *out, size_t *count);

/* Text in the file, not ended by a zero byte. */
typedef struct pcl_text {
    const char *data;
    size_t size;
} pcl_text;

static inline pcl_text pcl_field_text(const pcl_field *field) {
    return (pcl_text){(const char *)field->bytes.data, field->bytes.size};
}

static inline bool pcl_text_is(pcl_text text, const char *word) {
    return text.size == strlen(word) && (text.size == 0 || memcmp(text.data, word, text.size) == 0);
}

static inline bool pcl_text_equal(pcl_text a, pcl_text b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
