#include "model/flatbuffer.h"

static void mark_bad(pcl_flatbuffer *buffer, size_t at) {
    if (!buffer->bad) buffer->bad = at ? at : 1;
}

/* The table at `at`: an int32 back to its vtable, which starts with its own
 * size and the table's, then one uint16 per field. */
static pcl_table open_table(pcl_flatbuffer *buffer, size_t at) {
    pcl_table none = {0};
    uint32_t back;
    uint16_t vtable_size, table_size;
    if (!pcl_bytes_u32(buffer->file, at, &back)) goto bad;
    int64_t vtable = (int64_t)at - (int32_t)back;
    if (vtable < 0 || vtable > (int64_t)buffer->file.size) goto bad;
    if (!pcl_bytes_u16(buffer->file, (size_t)vtable, &vtable_size)) goto bad;
    if (!pcl_bytes_u16(buffer->file, (size_t)vtable + 2, &table_size)) goto bad;
    if (vtable_size < 4 || vtable_size % 2 || !pcl_bytes_has(buffer->file, (size_t)vtable, vtable_size)) goto bad;
    if (table_size < 4 || !pcl_bytes_has(buffer->file, at, table_size)) goto bad;
    return (pcl_table){at, (size_t)vtable + 4, (vtable_size - 4u) / 2u, table_size};
bad:
    mark_bad(buffer, at);
    return none;
}

pcl_table pcl_flatbuffer_root(pcl_flatbuffer *buffer) {
    uint32_t offset;
    if (pcl_bytes_u32(buffer->file, 0, &offset) && offset > 0) return open_table(buffer, offset);
    mark_bad(buffer, 0);
    return (pcl_table){0};
}

/* Where a field of `size` bytes lies, or 0. open_table checked that the vtable
 * and the table are inside the file. */
static size_t field(pcl_flatbuffer *buffer, pcl_table table, int slot, size_t size) {
    uint16_t offset;
    if (!table.at || (size_t)slot >= table.field_count) return 0;
    if (!pcl_bytes_u16(buffer->file, table.vtable + 2u * (size_t)slot, &offset) || offset == 0) return 0;
    if (offset < 4 || offset > table.size || size > table.size - offset) {
        mark_bad(buffer, table.at);
        return 0;
    }
    return table.at + offset;
}

int32_t pcl_table_i32(pcl_flatbuffer *buffer, pcl_table table, int slot, int32_t fallback) {
    uint32_t value;
    size_t at = field(buffer, table, slot, sizeof value);
    return at && pcl_bytes_u32(buffer->file, at, &value) ? (int32_t)value : fallback;
}

float pcl_table_f32(pcl_flatbuffer *buffer, pcl_table table, int slot, float fallback) {
    uint32_t bits;
    size_t at = field(buffer, table, slot, sizeof bits);
    if (!at || !pcl_bytes_u32(buffer->file, at, &bits)) return fallback;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint8_t pcl_table_u8(pcl_flatbuffer *buffer, pcl_table table, int slot, uint8_t fallback) {
    uint8_t value;
    size_t at = field(buffer, table, slot, sizeof value);
    return at && pcl_bytes_u8(buffer->file, at, &value) ? value : fallback;
}

uint64_t pcl_table_u64(pcl_flatbuffer *buffer, pcl_table table, int slot, uint64_t fallback) {
    uint64_t value;
    size_t at = field(buffer, table, slot, sizeof value);
    return at && pcl_bytes_u64(buffer->file, at, &value) ? value : fallback;
}

/* Follows the uint32 offset stored at `at`; 0 when it leads outside. */
static size_t follow(pcl_flatbuffer *buffer, size_t at) {
    uint32_t offset;
    size_t target;
    if (!pcl_bytes_u32(buffer->file, at, &offset)) goto bad;
    target = at + offset;
    if (offset == 0 || target < at || !pcl_bytes_has(buffer->file, target, 4)) goto bad;
    return target;
bad:
    mark_bad(buffer, at);
    return 0;
}

pcl_table pcl_table_table(pcl_flatbuffer *buffer, pcl_table table, int slot) {
    size_t at = field(buffer, table, slot, 4);
    size_t target = at ? follow(buffer, at) : 0;
    return target ? open_table(buffer, target) : (pcl_table){0};
}

pcl_vector pcl_table_vector(pcl_flatbuffer *buffer, pcl_table table, int slot, size_t element_size) {
    pcl_vector none = {0};
    uint32_t count;
    size_t at = field(buffer, table, slot, 4);
    size_t target = at ? follow(buffer, at) : 0;
    if (!target || !pcl_bytes_u32(buffer->file, target, &count)) return none;
    if ((uint64_t)count * element_size > buffer->file.size ||
        !pcl_bytes_has(buffer->file, target + 4, count * element_size)) {
        mark_bad(buffer, target);
        return none;
    }
    return (pcl_vector){target + 4, count};
}

pcl_table pcl_vector_table(pcl_flatbuffer *buffer, pcl_vector vector, uint32_t index) {
    size_t target = index < vector.count ? follow(buffer, vector.at + 4u * (size_t)index) : 0;
    return target ? open_table(buffer, target) : (pcl_table){0};
}
