#include "tools/tflite/flatbuffer_write.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

static bool reserve(pcl_writer *out, size_t more) {
    size_t wanted;
    if (out->failed) return false;
    out->failed = !pcl_size_add(out->size, more, &wanted) || wanted > INT32_MAX;
    if (out->failed || wanted <= out->capacity) return !out->failed;
    size_t capacity = out->capacity < 4096 ? 4096 : out->capacity;
    while (capacity < wanted) capacity += capacity / 2;
    uint8_t *data = realloc(out->data, capacity);
    out->failed = !data;
    if (out->failed) return false;
    out->data = data;
    out->capacity = capacity;
    return true;
}

/* size > 0 */
static size_t append(pcl_writer *out, const void *bytes, size_t size) {
    size_t at = out->size;
    if (!reserve(out, size)) return 0;
    if (bytes) memcpy(out->data + at, bytes, size);
    else memset(out->data + at, 0, size);
    out->size += size;
    return at;
}

static void align(pcl_writer *out, size_t alignment) {
    size_t gap = pcl_round_up(out->size, alignment) - out->size;
    if (gap) append(out, NULL, gap);
}

void pcl_write_header(pcl_writer *out, const char identifier[4]) {
    append(out, NULL, 4);
    append(out, identifier, 4);
}

size_t pcl_write_bytes(pcl_writer *out, const void *bytes, size_t size, size_t alignment) {
    align(out, alignment);
    return size ? append(out, bytes, size) : out->size;
}

size_t pcl_write_vector(pcl_writer *out, const void *elements, size_t count, size_t size, size_t alignment) {
    uint32_t length = (uint32_t)count;
    size_t bytes;
    if (!pcl_size_mul(count, size, &bytes) || bytes > INT32_MAX) {
        out->failed = true;
        return 0;
    }
    size_t first = pcl_round_up(out->size + 4, alignment), gap = first - 4 - out->size;
    if (gap) append(out, NULL, gap);
    size_t at = append(out, &length, 4);
    if (bytes) append(out, elements, bytes);
    return at;
}

size_t pcl_write_string(pcl_writer *out, const char *text) {
    size_t at = pcl_write_vector(out, text, strlen(text), 1, 4);
    append(out, NULL, 1);
    return at;
}

static void set(pcl_table_fields *fields, int slot, uint8_t size, uint32_t value) {
    fields->sizes[slot] = size;
    fields->values[slot] = value;
}

void pcl_set_u8(pcl_table_fields *fields, int slot, uint8_t value) { set(fields, slot, 1, value); }
void pcl_set_i32(pcl_table_fields *fields, int slot, int32_t value) { set(fields, slot, 4, (uint32_t)value); }
void pcl_set_offset(pcl_table_fields *fields, int slot) { set(fields, slot, 4, 0); }

void pcl_set_f32(pcl_table_fields *fields, int slot, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    set(fields, slot, 4, bits);
}

/* The vtable lies before its table, whose first word leads back to it; then
 * the fields, those of four bytes first, so that none needs padding. */
size_t pcl_write_table(pcl_writer *out, pcl_table_fields *fields) {
    uint16_t vtable[2 + PCL_TABLE_SLOTS] = {0};
    int slots = 0;
    uint16_t size = 4;
    for (int pass = 4; pass >= 1; pass -= 3)
        for (int slot = 0; slot < PCL_TABLE_SLOTS; slot++) {
            if (fields->sizes[slot] != pass) continue;
            vtable[2 + slot] = size;
            size = (uint16_t)(size + pass);
            if (slots <= slot) slots = slot + 1;
        }
    vtable[0] = (uint16_t)(2 * (2 + slots));
    vtable[1] = size;
    size_t vtable_at = pcl_write_bytes(out, vtable, vtable[0], 2);
    align(out, 4);
    int32_t back = (int32_t)(out->size - vtable_at);
    size_t at = append(out, &back, 4);
    append(out, NULL, (size_t)size - 4 ? (size_t)size - 4 : 4); /* an empty table gets a word that nobody reads */
    for (int slot = 0; slot < slots && !out->failed; slot++) {
        fields->at[slot] = at + vtable[2 + slot];
        if (fields->sizes[slot]) memcpy(out->data + fields->at[slot], &fields->values[slot], fields->sizes[slot]);
    }
    return at;
}

void pcl_write_link(pcl_writer *out, size_t at, size_t target) {
    uint32_t offset = (uint32_t)(target - at);
    if (!out->failed) memcpy(out->data + at, &offset, sizeof offset);
}
