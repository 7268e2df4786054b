#include "functions.h"
#include "requantize.h"

/* The matrices of F(2x2, 3x3), with the points 0, 1, -1. */
static const int B[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}};
static const int A[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}};

/* out = m in m^T modulo 2^32, in: [4][4], out: [size][size] */
static void transform(const int m[][4], int size, const uint32_t in[16], uint32_t *out) {
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            out[i * size + j] = 0;
            for (int y = 0; y < 4; y++)
                for (int x = 0; x < 4; x++) out[i * size + j] += (uint32_t)(m[i][y] * m[j][x]) * in[y * 4 + x];
        }
}

void pcl_winograd_input_u8_scalar(const void *const taps[16], size_t steps, int16_t *out, size_t stride) {
    for (size_t c = 0; c < steps * 8; c++) {
        uint32_t in[16], transformed[16];
        for (int i = 0; i < 16; i++) in[i] = ((const uint8_t *)taps[i])[c];
        transform(B, 4, in, transformed);
        for (size_t i = 0; i < 16; i++)
            out[i * stride + c / 8 * PCL_GEMM_I16_ROWS * 8 + c % 8] = (int16_t)transformed[i];
    }
}

void pcl_winograd_output_u8_scalar(const pcl_winograd_output_u8 *task) {
    for (size_t x = 0; x < task->columns; x++)
        for (size_t c = 0; c < task->channels; c++) {
            const int32_t *products = task->products + x / 2 * task->tile_stride + c;
            uint32_t in[16], tile[4];
            for (size_t i = 0; i < 16; i++) in[i] = (uint32_t)products[i * task->stride];
            transform(A, 2, in, tile);
            for (size_t y = 0; y < task->rows; y++)
                task->out[y * task->row_stride + x * task->channels + c] =
                    pcl_requantize((int32_t)tile[y * 2 + x % 2], &task->requantization, c);
        }
}
