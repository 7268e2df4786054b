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

/* The matrices of F(3x3, 3x3), with the points 0, 1, -1, 2. */
static const float segments_B[5][5] = {
    {2, -1, -2, 1, 0}, {0, -2, -1, 1, 0}, {0, 2, -3, 1, 0}, {0, -1, 0, 1, 0}, {0, 2, -1, -2, 1}};
static const float segments_A[3][5] = {{1, 1, 1, 1, 0}, {0, 1, -1, 2, 0}, {0, 1, 1, 4, 1}};

/* One of the 25, of 5x5 pixels or products: sum_yx column[y] row[x] in[y][x] */
static float weigh(const float column[5], const float row[5], const float in[25]) {
    float sum = 0;
    for (int y = 0; y < 5; y++) {
        float of_line = 0;
        for (int x = 0; x < 5; x++) of_line += row[x] * in[y * 5 + x];
        sum += column[y] * of_line;
    }
    return sum;
}

void pcl_winograd_segments_input_f32_scalar(const void *const rows[5], size_t tiles, size_t channels, float *out,
                                            size_t stride) {
    for (size_t at = 0; at < tiles * channels; at++) {
        float in[25];
        size_t from = at / channels * 3 * channels + at % channels;
        for (size_t i = 0; i < 25; i++) in[i] = ((const float *)rows[i / 5])[from + i % 5 * channels];
        for (size_t i = 0; i < 25; i++) out[i * stride + at] = weigh(segments_B[i / 5], segments_B[i % 5], in);
    }
}

void pcl_winograd_segments_output_f32_scalar(const pcl_winograd_segments_output *task) {
    size_t lanes = (task->channels + 3) / 4 * 4;
    for (size_t x = 0; x < task->width; x++)
        for (size_t c = 0; c < task->channels; c++) {
            float in[25];
            for (size_t i = 0; i < 25; i++) in[i] = task->products[i * task->stride + x / 3 * lanes + c];
            for (size_t y = 0; y < (size_t)task->rows; y++)
                task->out[(y * task->width + x) * task->channels + c] =
                    pcl_clamp_f32(weigh(segments_A[y], segments_A[x % 3], in), task->low, task->high);
        }
}
