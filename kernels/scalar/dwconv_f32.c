#include "functions.h"
#include "requantize.h"

static float accumulate(const pcl_dwconv_f32 *task, size_t row, size_t column, size_t c) {
    const pcl_dwconv *shape = &task->shape;
    float sum = task->bias[c];
    for (size_t y = 0; y < shape->filter_h; y++) {
        const float *in = task->rows[row * shape->stride_h + y * shape->dilation_h];
        for (size_t x = 0; x < shape->filter_w; x++) {
            size_t padded = column * shape->stride_w + x * shape->dilation_w; /* counted from the left pad */
            if (padded < shape->pad_left || padded - shape->pad_left >= shape->in_width) continue;
            float weight = task->packed[(y * shape->filter_w + x) * shape->channels + c];
            sum += in[(padded - shape->pad_left) * shape->channels + c] * weight;
        }
    }
    return sum;
}

void pcl_dwconv_f32_scalar(const pcl_dwconv_f32 *task) {
    const pcl_dwconv *shape = &task->shape;
    for (size_t row = 0; row < shape->out_rows; row++) {
        float *out = task->out + row * shape->out_stride;
        for (size_t column = 0; column < shape->out_width; column++) {
            for (size_t c = 0; c < shape->channels; c++) {
                out[column * shape->channels + c] =
                    pcl_clamp_f32(accumulate(task, row, column, c), task->low, task->high);
            }
        }
    }
}
