#include "functions.h"

void pcl_gemm_i16_scalar(const pcl_gemm_i16 *task) {
    const size_t tile = PCL_GEMM_I16_ROWS;
    size_t rows = task->tiles * tile, columns = task->panels * 8;
    for (size_t m = 0; m < rows; m++)
        for (size_t n = 0; n < columns; n++) {
            const int16_t *a = task->a + (m / tile * task->steps * tile + m % tile) * 8;
            const int16_t *w = task->packed + (n / 8 * task->steps * 32 + n % 8) * 2;
            uint32_t sum = (uint32_t)task->bias[n];
            for (size_t step = 0; step < task->steps; step++, a += tile * 8, w += 64)
                for (size_t k = 0; k < 8; k++) sum += (uint32_t)(a[k] * w[k / 2 * 16 + k % 2]);
            task->out[m * columns + n] = (int32_t)sum;
        }
}
