#include "functions.h"
#include "gemm_f32.h"
#include "relaxed/relaxed.h"

void pcl_gemm_f32_relaxed(const pcl_gemm_f32 *task) { pcl_gemm_f32_walk(task, pcl_relaxed_madd); }
