/* The one place where bytes of a stranger's file are read: little-endian,
 * every access checked against the end. */
#ifndef PCL_CORE_BYTES_H
#define PCL_CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct pcl_bytes {
    const uint8_t *data;
    size_t size;
} pcl_bytes;

/* True when [offset, offset + length) lies inside. */
static inline bool pcl_bytes_has(pcl_bytes bytes, size_t offset, size_t length) {
    return offset <= bytes.size && length <= bytes.size - offset;
}

static inline bool pcl_bytes_u8(pcl_bytes bytes, size_t offset, uint8_t *out) {
    if (!pcl_bytes_has(bytes, offset, 1)) return false;
    *out = bytes.data[offset];
    return true;
}

static inline bool pcl_bytes_u16(pcl_bytes bytes, size_t offset, uint16_t *out) {
    if (!pcl_bytes_has(bytes, offset, sizeof *out)) return false;
    memcpy(out, bytes.data + offset, sizeof *out);
    return true;
}

static inline bool pcl_bytes_u32(pcl_bytes bytes, size_t offset, uint32_t *out) {
    if (!pcl_bytes_has(bytes, offset, sizeof *out)) return false;
    memcpy(out, bytes.data + offset, sizeof *out);
    return true;
}

static inline bool pcl_bytes_u64(pcl_bytes bytes, size_t offset, uint64_t *out) {
    if (!pcl_bytes_has(bytes, offset, sizeof *out)) return false;
    memcpy(out, bytes.data + offset, sizeof *out);
    return true;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files and wasm are little-endian; so must the host be");

#endif
