#include "core/arena.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024, LARGE_BYTES = 1024 };

/* The header keeps its size a multiple of the alignment, so what follows it
 * is aligned when the block is. */
typedef struct pcl_arena_block {
    struct pcl_arena_block *next;
    void *raw; /* what malloc gave */
    size_t capacity;
    size_t used;
} pcl_arena_block;

#define HEADER_BYTES PCL_ALIGNMENT
_Static_assert(sizeof(pcl_arena_block) <= HEADER_BYTES, "the header fits its place");

void pcl_arena_init(pcl_arena *arena, size_t limit) { *arena = (pcl_arena){.limit = limit}; }

static pcl_arena_block *add_block(pcl_arena *arena, size_t capacity) {
    size_t total;
    if (!pcl_size_add(capacity, HEADER_BYTES + PCL_ALIGNMENT, &total)) return NULL;
    if (total > arena->limit - arena->used) return NULL;
    uint8_t *raw = calloc(1, total);
    if (!raw) return NULL;
    pcl_arena_block *block = (pcl_arena_block *)pcl_round_up((uintptr_t)raw, PCL_ALIGNMENT);
    *block = (pcl_arena_block){.next = arena->blocks, .raw = raw, .capacity = capacity};
    arena->blocks = block;
    arena->used += total;
    return block;
}

void *pcl_arena_alloc(pcl_arena *arena, size_t bytes) {
    if (bytes > arena->limit) return NULL;
    size_t alignment = bytes >= LARGE_BYTES ? PCL_ALIGNMENT : 16;
    pcl_arena_block *block = arena->blocks;
    size_t at = block ? pcl_round_up(block->used, alignment) : 0;
    if (!block || at > block->capacity || bytes > block->capacity - at) {
        /* A large request gets a block of its own behind the current one, so
         * that the room left in the current one is not lost. */
        pcl_arena_block *current = block;
        block = add_block(arena, bytes > BLOCK_BYTES / 4 ? bytes : BLOCK_BYTES);
        if (!block) return NULL;
        at = 0;
        if (current && block->capacity == bytes) {
            arena->blocks = current;
            block->next = current->next;
            current->next = block;
        }
    }
    block->used = at + bytes;
    return (uint8_t *)block + HEADER_BYTES + at;
}

void *pcl_arena_alloc_array(pcl_arena *arena, size_t count, size_t size) {
    size_t bytes;
    return pcl_size_mul(count, size, &bytes) ? pcl_arena_alloc(arena, bytes) : NULL;
}

void pcl_arena_free(pcl_arena *arena) {
    for (pcl_arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block->raw);
    }
    *arena = (pcl_arena){.limit = arena->limit};
}
