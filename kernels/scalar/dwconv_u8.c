#include "functions.h"
#include "requantize.h"

static int32_t weight_at(const pcl_dwconv_u8 *task, size_t c, size_t y, size_t x) {
    size_t row_groups = (task->shape.filter_h + 3) / 4;
    size_t at = ((c / 16 * task->shape.filter_w + x) * row_groups + y / 4) * 64 + c % 16 * 4 + y % 4;
    return task->packed[at] - (task->rest ? task->rest[at] : 0);
}

static int32_t accumulate(const pcl_dwconv_u8 *task, size_t row, size_t column, size_t c) {
    const pcl_dwconv *shape = &task->shape;
    uint32_t sum = (uint32_t)task->bias[c];
    for (size_t y = 0; y < shape->filter_h; y++) {
        const uint8_t *in = task->rows[row * shape->stride_h + y * shape->dilation_h];
        for (size_t x = 0; x < shape->filter_w; x++) {
            size_t padded = column * shape->stride_w + x * shape->dilation_w; /* counted from the left pad */
            bool inside = padded >= shape->pad_left && padded - shape->pad_left < shape->in_width;
            int32_t value = inside ? in[(padded - shape->pad_left) * shape->channels + c] : task->pad_value;
            sum += (uint32_t)(value * weight_at(task, c, y, x));
        }
    }
    return (int32_t)sum;
}

void pcl_dwconv_u8_scalar(const pcl_dwconv_u8 *task) {
    const pcl_dwconv *shape = &task->shape;
    for (size_t row = 0; row < shape->out_rows; row++) {
        uint8_t *out = task->out + row * shape->out_stride;
        for (size_t column = 0; column < shape->out_width; column++) {
            for (size_t c = 0; c < shape->channels; c++) {
                out[column * shape->channels + c] =
                    pcl_requantize(accumulate(task, row, column, c), &task->requantization, c);
            }
        }
    }
}
