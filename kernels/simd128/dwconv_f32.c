#include "dwconv_f32.h"
#include "functions.h"

void pcl_dwconv_f32_simd128(const pcl_dwconv_f32 *task) { pcl_dwconv_f32_rows(task, pcl_multiply_add); }
