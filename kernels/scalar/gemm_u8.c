#include "functions.h"
#include "requantize.h"

static int8_t weight_at(const pcl_gemm_u8 *task, size_t n, size_t k) {
    size_t quads = (task->depth + 3) / 4;
    return ((const int8_t *)task->packed)[(n / 8 * quads + k / 4) * 32 + n % 8 * 4 + k % 4];
}

static void store(const pcl_gemm_u8 *task, size_t m, size_t n, int32_t sum) {
    const pcl_real_output *reals = task->reals;
    size_t at = m * task->out_stride + n;
    if (!reals) {
        task->out[at] = pcl_requantize(sum, &task->requantization, n);
    } else {
        float value = (float)sum * task->requantization.scale[n];
        reals->out[at] = pcl_clamp_f32(value + reals->shift[n], reals->low, reals->high);
    }
}

static uint8_t value_at(const pcl_gemm_u8 *task, size_t m, size_t k) {
    const uint8_t *a = task->runs ? task->runs[k / task->run] : task->a;
    return a[m * task->a_stride + (task->runs ? k % task->run : k)];
}

void pcl_gemm_u8_scalar(const pcl_gemm_u8 *task) {
    for (size_t m = 0; m < task->rows; m++) {
        for (size_t n = 0; n < task->columns; n++) {
            uint32_t sum = (uint32_t)task->bias[n];
            for (size_t k = 0; k < task->depth; k++) {
                sum += (uint32_t)(value_at(task, m, k) * (weight_at(task, n, k) - task->weight_zero_point));
            }
            store(task, m, n, (int32_t)sum);
        }
    }
}
