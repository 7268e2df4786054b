#include "dwconv_f32.h"
#include "functions.h"
#include "relaxed/relaxed.h"

void pcl_dwconv_f32_relaxed(const pcl_dwconv_f32 *task) { pcl_dwconv_f32_rows(task, pcl_relaxed_madd); }
