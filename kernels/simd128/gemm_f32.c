#include "gemm_f32.h"

#include "functions.h"

PCL_INLINE void tile(const void *panel, size_t row, int rows, int vectors) {
    pcl_gemm_f32_tile(panel, row, rows, vectors, pcl_multiply_add);
}

void pcl_gemm_f32_simd128(const pcl_gemm_f32 *task) { pcl_gemm_f32_walk(task, tile); }
