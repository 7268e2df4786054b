/* The few libc functions that Emscripten's libc would ask its JavaScript for:
 * with these the modules import nothing (threaded ones: only their memory).
 * Compiled for wasm only; the linker prefers them to the archive's. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

enum { PAGE = 65536 };

extern unsigned char __heap_base; /* from the linker: first byte after stack and data */

static uintptr_t heap_end; /* 0: not yet used */

/* malloc's source of memory; it calls this under its lock. */
void *sbrk(intptr_t increment) {
    uintptr_t old = heap_end ? heap_end : (uintptr_t)&__heap_base;
    int64_t end = (int64_t)old + increment;
    int64_t size = (int64_t)__builtin_wasm_memory_size(0) * PAGE;
    if (end > size && __builtin_wasm_memory_grow(0, (size_t)((end - size + PAGE - 1) / PAGE)) == SIZE_MAX) {
        errno = ENOMEM;
        return (void *)-1; /* sbrk's contract */
    }
    heap_end = (uintptr_t)end;
    return (void *)old;
}

/* One for all threads: only the thread that owns the model allocates, and
 * nothing here reads errno across calls. */
int *__errno_location(void) {
    static int value;
    return &value;
}

/* Each builtin becomes one bulk-memory instruction, not a call to itself. */
void *memcpy(void *restrict to, const void *restrict from, size_t size) { return __builtin_memcpy(to, from, size); }
void *memmove(void *to, const void *from, size_t size) { return __builtin_memmove(to, from, size); }
void *memset(void *to, int value, size_t size) { return __builtin_memset(to, value, size); }
