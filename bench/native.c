/* The native side of the comparison with WebAssembly: the same C, the 128-bit kernels, one thread.
 *
 *     native model.tflite output.bin input.bin…
 *
 * Runs once and writes the first output's bytes to output.bin; then, for each line of standard input, a number of
 * milliseconds, runs for so long and prints the median of a run in milliseconds. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pincel.h"

#define MOST_RUNS 100000

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    void *bytes = length > 0 && fseek(file, 0, SEEK_SET) == 0 ? malloc((size_t)length) : NULL;
    *size = bytes ? fread(bytes, 1, (size_t)length, file) : 0;
    fclose(file);
    return bytes;
}

/* False when the file does not hold exactly the tensor. */
static bool read_input(const char *path, const pcl_tensor_info *tensor) {
    FILE *file = tensor ? fopen(path, "rb") : NULL;
    if (!file) return false;
    bool whole = fread(tensor->data, 1, tensor->bytes, file) == tensor->bytes && fgetc(file) == EOF;
    fclose(file);
    return whole;
}

static bool write_output(const char *path, const pcl_tensor_info *tensor) {
    FILE *file = fopen(path, "wb");
    if (!file) return false;
    bool whole = fwrite(tensor->data, 1, tensor->bytes, file) == tensor->bytes;
    return fclose(file) == 0 && whole;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median milliseconds of a run, over about `milliseconds`; negative when a run fails. */
static double burst(pcl_model *model, double milliseconds) {
    static double times[MOST_RUNS];
    size_t count = 0;
    double end = now() + milliseconds;
    do {
        double start = now();
        if (pcl_model_run(model, NULL) != PCL_OK) return -1;
        times[count++] = now() - start;
    } while (now() < end && count < MOST_RUNS);
    qsort(times, count, sizeof *times, ascending);
    return (times[(count - 1) / 2] + times[count / 2]) / 2;
}

static int serve(pcl_model *model, char **argv) {
    pcl_error error = {0};
    if (pcl_model_prepare(model, &error) != PCL_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (uint32_t i = 0; i < pcl_model_input_count(model); i++) {
        if (argv[3 + i] && read_input(argv[3 + i], pcl_model_input(model, i))) continue;
        fprintf(stderr, "input %u cannot be read\n", (unsigned)i);
        return 1;
    }
    if (pcl_model_run(model, &error) != PCL_OK || !write_output(argv[2], pcl_model_output(model, 0))) {
        fprintf(stderr, "no output: %s\n", error.message);
        return 1;
    }
    puts("ready");
    fflush(stdout);
    for (double milliseconds; scanf("%lf", &milliseconds) == 1;) {
        printf("%.6f\n", burst(model, milliseconds));
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: native model.tflite output.bin input.bin...\n");
        return 1;
    }
    pcl_error error = {0};
    pcl_model *model = NULL;
    const pcl_options options = {.isa = PCL_ISA_SIMD128, .threads = 1};
    size_t size = 0;
    void *bytes = read_file(argv[1], &size);
    int failed = 1;
    if (bytes && pcl_model_open(&model, bytes, size, &options, &error) == PCL_OK) failed = serve(model, argv);
    else fprintf(stderr, "%s: %s\n", argv[1], bytes ? error.message : "cannot be read");
    pcl_model_close(&model);
    free(bytes);
    return failed;
}
