#include "functions.h"
#include "requantize.h"

void pcl_gemm_f32_scalar(const pcl_gemm_f32 *task) {
    for (size_t m = 0; m < task->rows; m++) {
        const float *a = task->a + m * task->a_stride;
        for (size_t n = 0; n < task->columns; n++) {
            const float *weights = task->packed + n / 8 * task->depth * 8 + n % 8;
            float sum = task->bias[n];
            for (size_t k = 0; k < task->depth; k++) sum += a[k] * weights[k * 8];
            task->out[m * task->out_stride + n] = pcl_clamp_f32(sum, task->low, task->high);
        }
    }
}
