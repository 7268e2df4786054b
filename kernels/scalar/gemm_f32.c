#include "functions.h"
#include "requantize.h"

void pcl_gemm_f32_scalar(const pcl_gemm_f32 *task) {
    const void *whole = task->a, *const *runs = task->runs ? task->runs : &whole;
    size_t run = task->runs ? task->run : task->depth;
    for (size_t m = 0; m < task->rows; m++) {
        for (size_t n = 0; n < task->columns; n++) {
            const float *weights = task->packed + n / 8 * task->depth * 8 + n % 8;
            float sum = task->bias[n];
            for (size_t k = 0; k < task->depth; k++) {
                const float *a = runs[k / run];
                sum += a[m * task->a_stride + k % run] * weights[k * 8];
            }
            task->out[m * task->out_stride + n] = pcl_clamp_f32(sum, task->low, task->high);
        }
    }
}
