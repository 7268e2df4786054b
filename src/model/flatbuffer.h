/* Reading flatbuffers in place: tables, vectors, strings. Positions are
 * offsets into the file; 0 means absent, since no object lies at 0. Anything
 * that would lead outside the file reads as absent and marks the reader, so
 * that callers check once, at the end of what they read.
 * Format: https://flatbuffers.dev/internals/ */
#ifndef PCL_MODEL_FLATBUFFER_H
#define PCL_MODEL_FLATBUFFER_H

#include "core/bytes.h"

typedef struct pcl_flatbuffer {
    pcl_bytes file;
    size_t bad;       /* first offset that pointed outside, 0 while all is well */
    bool unsupported; /* set by readers of tables that meet a value beyond them */
} pcl_flatbuffer;

typedef struct pcl_table {
    size_t at;          /* 0: absent; every field then has its default */
    size_t vtable;      /* where the field offsets lie */
    size_t field_count; /* entries of the vtable */
    size_t size;        /* bytes of the table's own part */
} pcl_table;

typedef struct pcl_vector {
    size_t at; /* of the first element */
    uint32_t count;
} pcl_vector;

pcl_table pcl_flatbuffer_root(pcl_flatbuffer *buffer);

/* Scalars, or `fallback` when the field is absent. */
int32_t pcl_table_i32(pcl_flatbuffer *buffer, pcl_table table, int slot, int32_t fallback);
float pcl_table_f32(pcl_flatbuffer *buffer, pcl_table table, int slot, float fallback);
uint8_t pcl_table_u8(pcl_flatbuffer *buffer, pcl_table table, int slot, uint8_t fallback);
uint64_t pcl_table_u64(pcl_flatbuffer *buffer, pcl_table table, int slot, uint64_t fallback);

pcl_table pcl_table_table(pcl_flatbuffer *buffer, pcl_table table, int slot);
/* A vector whose elements of `element_size` bytes all lie inside; strings
 * are vectors of bytes. */
pcl_vector pcl_table_vector(pcl_flatbuffer *buffer, pcl_table table, int slot, size_t element_size);
/* Element `index` of a vector of tables. */
pcl_table pcl_vector_table(pcl_flatbuffer *buffer, pcl_vector vector, uint32_t index);

/* Element `index` < count of a vector that pcl_table_vector returned. */
static inline int32_t pcl_vector_i32(const pcl_flatbuffer *buffer, pcl_vector vector, uint32_t index) {
    int32_t value;
    memcpy(&value, buffer->file.data + vector.at + (size_t)index * sizeof value, sizeof value);
    return value;
}
static inline int64_t pcl_vector_i64(const pcl_flatbuffer *buffer, pcl_vector vector, uint32_t index) {
    int64_t value;
    memcpy(&value, buffer->file.data + vector.at + (size_t)index * sizeof value, sizeof value);
    return value;
}
static inline float pcl_vector_f32(const pcl_flatbuffer *buffer, pcl_vector vector, uint32_t index) {
    float value;
    memcpy(&value, buffer->file.data + vector.at + (size_t)index * sizeof value, sizeof value);
    return value;
}

#endif
