#include "dwconv_f32.h"
#include "functions.h"

PCL_INLINE v128_t multiply_add(v128_t a, v128_t b, v128_t sum) { return wasm_f32x4_add(sum, wasm_f32x4_mul(a, b)); }

void pcl_dwconv_f32_simd128(const pcl_dwconv_f32 *task) { pcl_dwconv_f32_rows(task, multiply_add); }
