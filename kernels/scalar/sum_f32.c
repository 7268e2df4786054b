#include "functions.h"
#include "requantize.h"

void pcl_sum_f32_scalar(const pcl_sum_f32 *task) {
    for (size_t p = 0; p < task->pixels; p++) {
        for (size_t c = 0; c < task->channels; c++) {
            float sum = task->bias[c];
            for (size_t i = 0; i < task->count; i++) sum += task->parts[i][p * task->stride + c];
            task->out[p * task->channels + c] = pcl_clamp_f32(sum, task->low, task->high);
        }
    }
}
