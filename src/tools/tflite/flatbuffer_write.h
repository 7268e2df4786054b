/* Writing flatbuffers front to back. A table or vector of offsets is written
 * with its offsets empty; they are linked when what they lead to is written,
 * which is always further on, as the format demands. Positions are offsets
 * into the file. Failure sticks: after the first one nothing is written any
 * more, and whoever takes the bytes asks once.
 * Format: https://flatbuffers.dev/internals/ */
#ifndef PCL_TOOLS_TFLITE_FLATBUFFER_WRITE_H
#define PCL_TOOLS_TFLITE_FLATBUFFER_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pcl_writer {
    uint8_t *data; /* malloc'd; the owner of the writer frees it */
    size_t size, capacity;
    bool failed; /* no memory, or 2 GiB reached */
} pcl_writer;

/* Root offset (linked by the caller, at position 0) and the four letters. */
void pcl_write_header(pcl_writer *out, const char identifier[4]);

/* Zeroes up to a multiple of `alignment`, then a copy of the bytes (zeroes
 * when NULL). Returns where they begin. */
size_t pcl_write_bytes(pcl_writer *out, const void *bytes, size_t size, size_t alignment);

/* `count` elements of `size` bytes, zeroes when `elements` is NULL; the first
 * lies at a multiple of `alignment` (4 or more). Returns the vector's position,
 * which is that of its count. */
size_t pcl_write_vector(pcl_writer *out, const void *elements, size_t count, size_t size, size_t alignment);
size_t pcl_write_string(pcl_writer *out, const char *text);

/* A table in the making: the fields that are set, each in its slot of the schema. */
enum { PCL_TABLE_SLOTS = 16 };
typedef struct pcl_table_fields {
    uint8_t sizes[PCL_TABLE_SLOTS]; /* 0: absent */
    uint32_t values[PCL_TABLE_SLOTS];
    size_t at[PCL_TABLE_SLOTS]; /* where each was written; for links */
} pcl_table_fields;

void pcl_set_u8(pcl_table_fields *fields, int slot, uint8_t value);
void pcl_set_i32(pcl_table_fields *fields, int slot, int32_t value);
void pcl_set_f32(pcl_table_fields *fields, int slot, float value);
void pcl_set_offset(pcl_table_fields *fields, int slot); /* to be linked */
/* Writes the table and fills fields->at. Returns its position. */
size_t pcl_write_table(pcl_writer *out, pcl_table_fields *fields);

/* Makes the offset at position `at` lead to `target`. */
void pcl_write_link(pcl_writer *out, size_t at, size_t target);
/* Position of element `index` of a vector of offsets. */
static inline size_t pcl_vector_element(size_t vector, size_t index) { return vector + 4 + 4 * index; }

#endif
