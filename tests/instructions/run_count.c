/* Runs a model once on made-up input: what callgrind counts instructions of.
 *
 *     run_count model.tflite [pairs]
 *
 * Everything is fixed: the kernels (simd128, through SIMDe; with `pairs` the
 * relaxed ones of a machine that adds products in pairs), one thread, the
 * input. Exits with 1, saying why, when the model does not run. */
#include <stdio.h>
#include <stdlib.h>

#include "pincel.h"
#include "relaxed/dot.h"

static unsigned char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    unsigned char *bytes = NULL;
    long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (length > 0 && fseek(file, 0, SEEK_SET) == 0) bytes = malloc((size_t)length);
    *size = bytes ? fread(bytes, 1, (size_t)length, file) : 0;
    fclose(file);
    return bytes;
}

/* Noise in every byte; floats from 0 to 1. */
static void fill(const pcl_tensor_info *tensor) {
    uint32_t state = 12345;
    if (tensor->dtype == PCL_FLOAT32) {
        float *values = tensor->data;
        for (size_t i = 0; i < tensor->bytes / sizeof(float); i++) {
            state = state * 1664525u + 1013904223u;
            values[i] = (float)(state >> 8) / 16777216.0f;
        }
        return;
    }
    unsigned char *bytes = tensor->data;
    for (size_t i = 0; i < tensor->bytes; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (unsigned char)(state >> 24);
    }
}

int main(int argc, char **argv) {
    pcl_error error = {0};
    pcl_model *model = NULL;
    size_t size = 0;
    unsigned char *bytes = argc == 2 || argc == 3 ? read_file(argv[1], &size) : NULL;
    pcl_native_dot = PCL_DOT_SATURATING;
    const pcl_options options = {.isa = argc == 3 ? PCL_ISA_RELAXED : PCL_ISA_SIMD128, .threads = 1};
    if (!bytes) {
        fprintf(stderr, "usage: run_count model.tflite [pairs]\n");
        return 1;
    }
    pcl_status status = pcl_model_open(&model, bytes, size, &options, &error);
    if (status == PCL_OK) status = pcl_model_prepare(model, &error);
    for (uint32_t i = 0; status == PCL_OK && i < pcl_model_input_count(model); i++) fill(pcl_model_input(model, i));
    if (status == PCL_OK) status = pcl_model_run(model, &error);
    if (status != PCL_OK) fprintf(stderr, "%s: %s\n", argv[1], error.message);
    pcl_model_close(&model);
    free(bytes);
    return status == PCL_OK ? 0 : 1;
}
