#include "functions.h"
#include "winograd_f32.h"

void pcl_winograd_input_f32_simd128(const void *const taps[36], size_t channels, float *out, size_t stride) {
    pcl_winograd_input(taps, channels, out, stride, pcl_multiply_add);
}

void pcl_winograd_output_f32_simd128(const pcl_winograd_output *task) { pcl_winograd_output_tile(task, pcl_multiply_add); }
