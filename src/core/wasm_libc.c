/* The few libc functions that Emscripten's libc would ask its JavaScript for:
 * with these the modules import nothing (threaded ones: only their memory).
 * Compiled for wasm only; the linker prefers them to the archive's. */
#include <stddef.h>

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
