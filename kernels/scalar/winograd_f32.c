#include "functions.h"
#include "requantize.h"

/* The matrices of F(4x4, 3x3), with the points 0, 1, -1, 2, -2. */
static const float B[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                              {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
static const float A[4][6] = {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};

/* out = m in m^T, in: [6][6], out: [size][size] */
static void transform(const float m[][6], int size, const float in[36], float *out) {
    float half[6][6];
    for (int i = 0; i < size; i++)
        for (int x = 0; x < 6; x++) {
            half[i][x] = 0;
            for (int y = 0; y < 6; y++) half[i][x] += m[i][y] * in[y * 6 + x];
        }
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            out[i * size + j] = 0;
            for (int x = 0; x < 6; x++) out[i * size + j] += half[i][x] * m[j][x];
        }
}

void pcl_winograd_input_f32_scalar(const void *const taps[36], size_t channels, float *out, size_t stride) {
    for (size_t c = 0; c < channels; c++) {
        float in[36], transformed[36];
        for (int i = 0; i < 36; i++) in[i] = ((const float *)taps[i])[c];
        transform(B, 6, in, transformed);
        for (size_t i = 0; i < 36; i++) out[i * stride + c] = transformed[i];
    }
}

void pcl_winograd_output_f32_scalar(const pcl_winograd_output *task) {
    for (size_t c = 0; c < task->channels; c++) {
        float in[36], tile[16];
        for (size_t i = 0; i < 36; i++) in[i] = task->products[i * task->stride + c];
        transform(A, 4, in, tile);
        for (int y = 0; y < task->rows; y++)
            for (int x = 0; x < task->columns; x++)
                task->out[(size_t)y * task->row_stride + (size_t)x * task->channels + c] =
                    pcl_clamp_f32(tile[y * 4 + x] + task->bias[c], task->low, task->high);
    }
}

void pcl_winograd_rows_input_f32_scalar(const void *const rows[6], size_t count, float *out, size_t stride) {
    for (size_t x = 0; x < count; x++)
        for (size_t i = 0; i < 6; i++) {
            out[i * stride + x] = 0;
            for (size_t j = 0; j < 6; j++) out[i * stride + x] += B[i][j] * ((const float *)rows[j])[x];
        }
}

void pcl_winograd_rows_output_f32_scalar(const pcl_winograd_rows_output *task) {
    for (size_t x = 0; x < task->count; x++)
        for (size_t i = 0; i < (size_t)task->rows; i++) {
            float sum = 0;
            for (size_t j = 0; j < 6; j++) sum += A[i][j] * task->products[j * task->count + x];
            task->out[i * task->count + x] = pcl_clamp_f32(sum, task->low, task->high);
        }
}
