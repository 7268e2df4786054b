#include "dwconv_f32.h"
#include "functions.h"
#include "relaxed/relaxed.h"

void pcl_dwconv_f32_relaxed(const pcl_dwconv_f32 *task) {
    for (size_t row = 0; row < task->shape.out_rows; row++) pcl_dwconv_f32_row(task, row, pcl_relaxed_madd);
}
