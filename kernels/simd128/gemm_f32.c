#include "gemm_f32.h"

#include "functions.h"

PCL_INLINE void tile(const void *panel, size_t row, int rows, int vectors) {
    pcl_gemm_f32_tile(panel, row, rows, vectors, pcl_multiply_add);
}

PCL_APART void rows_apart(const pcl_gemm_f32_panel *panel, size_t row, size_t end) {
    pcl_tile_rows(panel, row, end, panel->columns <= 4, tile);
}

void pcl_gemm_f32_simd128(const pcl_gemm_f32 *task) { pcl_gemm_f32_walk(task, rows_apart); }
