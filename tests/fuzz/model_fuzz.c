/* Mutated model files: whatever the bytes, opening, preparing and running, or
 * converting and quantising, end in a typed error or a result, within the
 * limits given.
 *
 *     model_fuzz COUNT SEED FILE...     mutate each file COUNT times
 *
 * Built with the sanitizers, a bad access ends the process. Every case can be
 * repeated alone from the seed that is printed when something goes wrong. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pincel.h"
#include "tools/tools.h"

enum { MAX_SECONDS = 5 };

static uint64_t state;

static uint32_t random_u32(void) { /* xorshift64* (Vigna 2016) */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 2685821657736338717ull) >> 32);
}

static uint32_t random_below(uint32_t bound) { return (uint32_t)(((uint64_t)random_u32() * bound) >> 32); }

/* Values that sit at the edges of what sizes and offsets may be. */
static uint32_t interesting(void) {
    static const uint32_t values[] = {0, 1, 2, 3, 4, 7, 8, 16, 64, 127, 128, 255, 256, 1024, 4096, 32767, 32768,
                                      65535, 65536, 1u << 20, 1u << 24, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE};
    return values[random_below(sizeof values / sizeof *values)];
}

/* Most of a model is weights, where flips do little; its structure lies at
 * either end, so half of the mutations go there. */
static size_t random_place(size_t size) {
    size_t end = size < 40000 ? size : 40000;
    if (random_below(2)) return random_below((uint32_t)size);
    return random_below(2) ? random_below((uint32_t)end) : size - 1 - random_below((uint32_t)end);
}

static size_t mutate(uint8_t *bytes, size_t size) {
    uint32_t count = 1 + random_below(size < 4096 ? 2 : 8); /* small files are all structure */
    for (uint32_t i = 0; i < count; i++) {
        size_t at = random_place(size);
        uint32_t value = interesting();
        switch (random_below(4)) {
        case 0: bytes[at] ^= (uint8_t)(1u << random_below(8)); break;
        case 1: bytes[at] = (uint8_t)random_u32(); break;
        case 2:
            at &= ~(size_t)3;
            if (at + 4 <= size) memcpy(bytes + at, &value, 4);
            break;
        default:
            at &= ~(size_t)3;
            if (at + 4 <= size) {
                memcpy(&value, bytes + at, 4);
                value += random_below(9) - 4;
                memcpy(bytes + at, &value, 4);
            }
        }
    }
    return random_below(20) == 0 ? random_below((uint32_t)size + 1) : size;
}

static void fill(const pcl_tensor_info *tensor) {
    for (size_t b = 0; b < tensor->bytes; b++) ((uint8_t *)tensor->data)[b] = (uint8_t)random_u32();
}

static pcl_status run_model(const uint8_t *bytes, size_t size, const pcl_options *options, pcl_error *error) {
    pcl_model *model = NULL;
    pcl_status status = pcl_model_open(&model, bytes, size, options, error);
    if (status == PCL_OK) status = pcl_model_prepare(model, error);
    if (status == PCL_OK) {
        for (uint32_t i = 0; i < pcl_model_input_count(model); i++) fill(pcl_model_input(model, i));
        status = pcl_model_run(model, error);
    }
    pcl_model_close(&model);
    return status;
}

static pcl_status observe(pcl_converter *converter, pcl_error *error) {
    for (uint32_t i = 0; i < pcl_converter_input_count(converter); i++) fill(pcl_converter_input(converter, i));
    return pcl_converter_observe(converter, error);
}

static pcl_status convert_model(const uint8_t *bytes, size_t size, const pcl_options *options, pcl_error *error) {
    pcl_converter *converter = NULL;
    pcl_write_options how = {.mode = random_below(4), .range = random_below(4)};
    uint8_t *file = NULL;
    size_t file_size;
    pcl_status status = pcl_converter_open(&converter, bytes, size, options, error);
    if (status == PCL_OK && (how.mode != PCL_MODE_AS_IS || random_below(2))) status = pcl_converter_prepare(converter, error);
    if (status == PCL_OK && how.mode == PCL_MODE_INT8) status = observe(converter, error);
    if (status == PCL_OK) status = pcl_converter_write(converter, &how, &file, &file_size, error);
    free(file);
    pcl_converter_close(&converter);
    return status;
}

static const char *outcome(const uint8_t *bytes, size_t size) {
    pcl_options options = {.isa = random_below(2) ? PCL_ISA_AUTO : PCL_ISA_SCALAR, .max_mebibytes = 256, .max_giga_macs = 4};
    pcl_error error = {0};
    bool converts = random_below(3) == 0;
    pcl_status status = (converts ? convert_model : run_model)(bytes, size, &options, &error);
    if (status != PCL_OK && (error.status != (int32_t)status || !error.message[0])) {
        fprintf(stderr, "status %d came without a message\n", status);
        abort();
    }
    return pcl_status_name(status);
}

static uint8_t *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size ? *size : 1);
    if (fread(bytes, 1, *size, file) != *size) *size = 0;
    fclose(file);
    return bytes;
}

/* Of the processor: other work on the machine must not make a case slow. */
static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int fuzz_file(const char *path, uint32_t count, uint64_t seed) {
    size_t size;
    int slow = 0, ok = 0;
    uint8_t *original = read_file(path, &size);
    if (!original || size < 64) {
        fprintf(stderr, "cannot read %s\n", path);
        return 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        state = (seed + i) * 0x9E3779B97F4A7C15ull + 1;
        /* A block of its own size lets the sanitizer see reads past the end. */
        uint8_t *work = malloc(size);
        memcpy(work, original, size);
        size_t length = mutate(work, size);
        uint8_t *exact = malloc(length ? length : 1);
        memcpy(exact, work, length);
        double start = seconds();
        const char *result = outcome(exact, length);
        double took = seconds() - start;
        if (strcmp(result, "ok") == 0) ok++;
        if (took > MAX_SECONDS) {
            printf("%s seed %llu: %.1f s (%s)\n", path, (unsigned long long)(seed + i), took, result);
            slow++;
        }
        free(exact);
        free(work);
    }
    printf("%s: %u mutations, %d still ran, %d over %d s\n", path, count, ok, slow, MAX_SECONDS);
    free(original);
    return slow > 0;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: %s COUNT SEED FILE...\n", argv[0]);
        return 2;
    }
    int failed = 0;
    for (int i = 3; i < argc; i++)
        failed |= fuzz_file(argv[i], (uint32_t)strtoul(argv[1], NULL, 10), strtoull(argv[2], NULL, 10));
    return failed;
}
