#include "functions.h"
#include "relaxed/relaxed.h"
#include "winograd_f32.h"

void pcl_winograd_input_f32_relaxed(const void *const taps[36], size_t channels, float *out, size_t stride) {
    pcl_winograd_input(taps, channels, out, stride, pcl_relaxed_madd);
}

void pcl_winograd_output_f32_relaxed(const pcl_winograd_output *task) {
    pcl_winograd_output_tile(task, pcl_relaxed_madd);
}
