#include "functions.h"
#include "requantize.h"

/* The matrices of F(4x4, 3x3), with the points 0, 1, -1, 2, -2; A's columns times what src/ops/winograd_u8.c leaves out
 * of the weights. */
static const int B[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                            {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
static const int A[4][6] = {{1, 2, 2, 1, 1, 0}, {0, 2, -2, 2, -2, 0}, {0, 2, 2, 4, 4, 0}, {0, 2, -2, 8, -8, 3}};

/* out = m in m^T modulo 2^32, in: [6][6], out: [size][size] */
static void transform(const int m[][6], int size, const uint32_t in[36], uint32_t *out) {
    uint32_t half[6][6];
    for (int i = 0; i < size; i++)
        for (int x = 0; x < 6; x++) {
            half[i][x] = 0;
            for (int y = 0; y < 6; y++) half[i][x] += (uint32_t)m[i][y] * in[y * 6 + x];
        }
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            out[i * size + j] = 0;
            for (int x = 0; x < 6; x++) out[i * size + j] += half[i][x] * (uint32_t)m[j][x];
        }
}

void pcl_winograd_input_u8_scalar(const void *const taps[36], size_t steps, int16_t *out, size_t stride) {
    for (size_t c = 0; c < steps * 8; c++) {
        uint32_t in[36], transformed[36];
        for (int i = 0; i < 36; i++) in[i] = ((const uint8_t *)taps[i])[c];
        transform(B, 6, in, transformed);
        for (size_t i = 0; i < 36; i++)
            out[i * stride + c / 8 * PCL_GEMM_I16_ROWS * 8 + c % 8] = (int16_t)transformed[i];
    }
}

void pcl_winograd_output_u8_scalar(const pcl_winograd_output_u8 *task) {
    for (size_t x = 0; x < task->columns; x++)
        for (size_t c = 0; c < task->channels; c++) {
            const int32_t *products = task->products + x / 4 * task->tile_stride + c;
            uint32_t in[36], tile[16];
            for (size_t i = 0; i < 36; i++) in[i] = (uint32_t)products[i * task->stride];
            transform(A, 4, in, tile);
            for (size_t y = 0; y < task->rows; y++)
                task->out[y * task->row_stride + x * task->channels + c] =
                    pcl_requantize((int32_t)(tile[y * 4 + x % 4] * PCL_INVERSE_OF_9) >> 6, &task->requantization, c);
        }
}
