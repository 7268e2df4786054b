/* malloc for WebAssembly: free chunks in a list by address, first fit, merged
 * with their neighbours when they are given back. A model makes few, large
 * allocations (its arenas, a file, pictures), so the list stays short, and
 * these lines are a tenth of a general allocator's bytes.
 *
 * Without locks: only the thread that owns the model allocates. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 65536, ALIGNMENT = 16 };

/* In front of every allocation, and of every free chunk. */
typedef struct chunk {
    size_t size;        /* with this header; a multiple of ALIGNMENT */
    struct chunk *next; /* of a free chunk: the next one, at a higher address */
} chunk;

_Static_assert(sizeof(chunk) <= ALIGNMENT, "an allocation follows its header's place, aligned");

extern unsigned char __heap_base; /* from the linker: first byte after stack and data */

static chunk *first_free;
static uintptr_t heap_end; /* 0: not yet used */
static uintptr_t untouched; /* from here on all is as the browser gave it: zero */

static uintptr_t end_of(const chunk *at) { return (uintptr_t)at + at->size; }

static void give_back(chunk *given) {
    chunk **link = &first_free, *before = NULL;
    while (*link && *link < given) {
        before = *link;
        link = &before->next;
    }
    given->next = *link;
    *link = given;
    if (given->next && end_of(given) == (uintptr_t)given->next) {
        given->size += given->next->size;
        given->next = given->next->next;
    }
    if (before && end_of(before) == (uintptr_t)given) {
        before->size += given->size;
        before->next = given->next;
    }
}

/* Adds what is missing to the free memory at the end of the heap for an
 * allocation of `size`; false when the machine has no more. */
static int grow(size_t size) {
    const uintptr_t limit = (uintptr_t)0 - PAGE; /* addresses and sizes stay clear of wrapping around */
    if (!heap_end) heap_end = ((uintptr_t)&__heap_base + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    uintptr_t start = heap_end, memory_end = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    chunk *last = first_free;
    while (last && last->next) last = last->next;
    size_t at_end = last && end_of(last) == heap_end ? last->size : 0, missing = size - at_end;
    if (missing > limit - start) return 0;
    if (start + missing > memory_end) {
        /* Each growth makes the browser's views of the memory anew: rather fewer and larger ones. */
        size_t pages = (start + missing - memory_end + PAGE - 1) / PAGE, ahead = memory_end / PAGE / 4;
        if (pages < ahead && __builtin_wasm_memory_grow(0, ahead) != SIZE_MAX) pages = ahead;
        else if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) return 0;
        memory_end += pages * PAGE;
    }
    heap_end = memory_end;
    if (at_end) {
        last->size += memory_end - start; /* nothing is written: what is untouched stays so */
        return 1;
    }
    chunk *fresh = (chunk *)start;
    fresh->size = memory_end - start;
    give_back(fresh);
    return 1;
}

void *malloc(size_t bytes) {
    if (bytes > SIZE_MAX - 2 * ALIGNMENT) return NULL;
    size_t size = (bytes + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    for (;;) {
        chunk **link = &first_free;
        while (*link && (*link)->size < size) link = &(*link)->next;
        chunk *found = *link;
        if (found) {
            *link = found->next;
            if (found->size - size > ALIGNMENT) {
                chunk *rest = (chunk *)((uintptr_t)found + size);
                rest->size = found->size - size;
                rest->next = found->next;
                *link = rest;
                found->size = size;
            }
            uintptr_t after = end_of(found) + ALIGNMENT;
            if (untouched < after) untouched = after;
            return (unsigned char *)found + ALIGNMENT;
        }
        if (!grow(size)) return NULL;
    }
}

void free(void *allocation) {
    if (allocation) give_back((chunk *)((uintptr_t)allocation - ALIGNMENT));
}

void *calloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    uintptr_t zero_from = untouched;
    unsigned char *made = malloc(bytes);
    if (made && (uintptr_t)made < zero_from) {
        size_t used = zero_from - (uintptr_t)made;
        memset(made, 0, used < bytes ? used : bytes);
    }
    return made;
}

void *realloc(void *allocation, size_t bytes) {
    void *made = malloc(bytes);
    if (!made || !allocation) return made;
    size_t old = ((chunk *)((uintptr_t)allocation - ALIGNMENT))->size - ALIGNMENT;
    memcpy(made, allocation, old < bytes ? old : bytes);
    free(allocation);
    return made;
}
