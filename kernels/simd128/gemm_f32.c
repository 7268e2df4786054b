#include "functions.h"
#include "gemm_f32.h"

void pcl_gemm_f32_simd128(const pcl_gemm_f32 *task) { pcl_gemm_f32_walk(task, pcl_multiply_add); }
