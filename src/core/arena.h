/* Load-time memory: allocated piece by piece, released all at once, never
 * beyond a limit. Everything a model makes comes from one of these, so that
 * no path has anything else to free. */
#ifndef PCL_CORE_ARENA_H
#define PCL_CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCL_ALIGNMENT 64 /* of large blocks and of every planned buffer */

typedef struct pcl_arena {
    struct pcl_arena_block *blocks; /* newest first */
    size_t used;                    /* bytes handed out by the system */
    size_t limit;
} pcl_arena;

/* The arena owns nothing until the first allocation. */
void pcl_arena_init(pcl_arena *arena, size_t limit);

/* Zeroed memory, 16-byte aligned (64 from 1 KiB up); NULL when the limit or the
 * system's memory is exhausted. Zero bytes give a valid pointer. */
void *pcl_arena_alloc(pcl_arena *arena, size_t bytes);

/* count * size with an overflow check. */
void *pcl_arena_alloc_array(pcl_arena *arena, size_t count, size_t size);

void pcl_arena_free(pcl_arena *arena);

/* *out = a * b (or a + b); false on overflow, leaving *out alone. */
static inline bool pcl_size_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool pcl_size_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }

static inline size_t pcl_round_up(size_t value, size_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

/* How many of `left` items come next where `most` may at a time: as many each time, so that no few remain at the end,
 * which would take as long as many. A multiple of `grain`, as `most` is, but for the last. */
static inline size_t pcl_even_chunk(size_t left, size_t most, size_t grain) {
    size_t chunks = (left + most - 1) / most;
    return chunks == 1 ? left : pcl_round_up((left + chunks - 1) / chunks, grain);
}

#endif
