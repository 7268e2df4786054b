#include "checkkernel.h"

#include <math.h>
#include <stdarg.h>
#include <time.h>

#if defined(PCL_HAVE_RELAXED)
#include "relaxed/dot.h"
#endif

#define GUARD 64
#define GUARD_BYTE 0xA5

typedef struct buffer {
    struct buffer *next;
    uint8_t *memory;
    uint8_t *data;
    size_t bytes;
} buffer;

static buffer *buffers;
static uint32_t random_state = 12345;
static long checks, failures;

bool check_select(int index, check_target *target) {
    static const check_target none = {0};
    *target = none;
    if (index == 0) *target = (check_target){"scalar", pcl_kernels_for(PCL_ISA_SCALAR)};
#if defined(PCL_HAVE_SIMD128)
    if (index == 1) *target = (check_target){"simd128", pcl_kernels_for(PCL_ISA_SIMD128)};
#endif
#if defined(PCL_HAVE_RELAXED) && !defined(__wasm__)
    static const char *const machines[] = {"relaxed, unsigned dot", "relaxed, signed dot", "relaxed, saturating dot",
                                           "relaxed, other dot"};
    if (index >= 2 && index <= 5) {
        pcl_native_dot = (pcl_dot)(PCL_DOT_UNSIGNED + (index - 2));
        *target = (check_target){machines[index - 2], pcl_kernels_for(PCL_ISA_RELAXED)};
    }
#endif
    return target->kernels != NULL;
}

uint32_t check_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

size_t check_random_size(size_t low, size_t high) { return low + check_random() % (high - low + 1); }

float check_random_float(float low, float high) {
    return low + (high - low) * ((float)(check_random() >> 8) / 16777215.0f);
}

void check_fill(uint8_t *bytes, size_t count, int kind) {
    static const uint8_t extremes[] = {0, 255, 128};
    for (size_t i = 0; i < count; i++) bytes[i] = kind < 2 ? (uint8_t)(check_random() >> 11) : extremes[kind - 2];
}

void check_fill_floats(float *values, size_t count, float low, float high) {
    for (size_t i = 0; i < count; i++) values[i] = check_random_float(low, high);
}

void check_saturate(pcl_requantization *to, float *scale, const int32_t *bias, size_t channels, size_t depth) {
    to->low = 0;
    to->high = 255;
    to->saturates = true;
    for (size_t c = 0; c < channels; c++)
        scale[c] = fminf(scale[c], 0x1.fp22f / (fabsf((float)bias[c]) + 65025.0f * (float)depth));
}

static void *new_buffer(size_t bytes, size_t before, size_t after, size_t misalignment) {
    buffer *made = malloc(sizeof *made);
    /* malloc aligns to 16: the allocation ends where the buffer may no longer be read, so that sanitizers see it */
    uint8_t *memory = malloc(before + misalignment + bytes + after);
    if (!made || !memory) abort();
    memset(memory, GUARD_BYTE, before + misalignment + bytes + after);
    *made = (buffer){buffers, memory, memory + before + misalignment, bytes};
    buffers = made;
    return made->data;
}

void *check_input(size_t bytes, size_t misalignment) {
    uint8_t *data = new_buffer(bytes, 0, 15, misalignment);
    for (size_t i = 0; i < 15; i++) data[bytes + i] = (uint8_t)check_random();
    return data;
}

void *check_output(size_t bytes, size_t misalignment) { return new_buffer(bytes, GUARD, GUARD, misalignment); }

static buffer *find(const void *data) {
    buffer *found = buffers;
    while (found && found->data != data) found = found->next;
    if (!found) abort();
    return found;
}

bool check_output_intact(const void *output) {
    const buffer *found = find(output);
    for (size_t i = 0; i < GUARD; i++) {
        if (found->data[-1 - (ptrdiff_t)i] != GUARD_BYTE || found->data[found->bytes + i] != GUARD_BYTE) return false;
    }
    return true;
}

void check_output_reset(void *output) { memset(output, GUARD_BYTE, find(output)->bytes); }

void check_release(void) {
    while (buffers) {
        buffer *next = buffers->next;
        free(buffers->memory);
        free(buffers);
        buffers = next;
    }
}

bool check_that(bool holds, const char *format, ...) {
    checks++;
    if (holds) return true;
    if (++failures <= 20) {
        va_list arguments;
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
    }
    return false;
}

bool check_bytes(const void *expected, const void *got, size_t count, const char *what) {
    const uint8_t *a = expected, *b = got;
    size_t i = 0;
    while (i < count && a[i] == b[i]) i++;
    if (i == count) return check_that(true, "%s", what);
    return check_that(false, "%s: byte %zu of %zu is %d, expected %d", what, i, count, b[i], a[i]);
}

bool check_floats(const float *expected, const float *got, size_t count, float tolerance, const char *what) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&expected[i], &got[i], sizeof(float)) == 0) continue;
        if (isnan(expected[i]) && isnan(got[i])) continue;
        float allowed = tolerance * fmaxf(1.0f, fabsf(expected[i]));
        if (tolerance > 0 && fabsf(expected[i] - got[i]) <= allowed) continue;
        return check_that(false, "%s: element %zu of %zu is %.9g, expected %.9g", what, i, count, (double)got[i],
                          (double)expected[i]);
    }
    return check_that(true, "%s", what);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

double check_time(void (*run)(void *argument), void *argument) {
    double least = HUGE_VAL;
    size_t calls = 1;
    for (int round = 0; round < 30;) {
        double start = now();
        for (size_t i = 0; i < calls; i++) run(argument);
        double took = now() - start;
        if (took < 1e6 && calls < 1u << 20) {
            calls *= 2;
            continue;
        }
        if (took / (double)calls < least) least = took / (double)calls;
        round++;
    }
    return least;
}

int check_main(int argc, char **argv, void (*test)(void), void (*bench)(void)) {
    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        bench();
        check_release();
        return 0;
    }
    test();
    check_release();
    printf("%ld checks, %ld failures\n", checks, failures);
    return failures == 0 && checks > 0 ? 0 : 1;
}
