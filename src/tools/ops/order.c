#include "tools/ops/order.h"

#include <math.h>
#include <string.h>

/* The bits of a double order as integers do, but those of negative numbers backwards. */
static int64_t key_of_real(double value) {
    int64_t bits;
    if (isnan(value)) return INT64_MAX;
    value += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits >= 0 ? bits : (int64_t)((uint64_t)INT64_MIN - (uint64_t)bits);
}

void pcl_onnx_order_keys(const pcl_onnx_lines *lines, const pcl_tensor *tensor, size_t line, int64_t *keys) {
    if (!pcl_is_integer(tensor->dtype)) {
        size_t size = pcl_dtype_size(tensor->dtype);
        size_t first = line / lines->inner * lines->size * lines->inner + line % lines->inner;
        for (size_t i = 0; i < lines->size; i++) {
            double real;
            pcl_load_reals(tensor->dtype, (const uint8_t *)tensor->data + (first + i * lines->inner) * size, &real, 1);
            keys[i] = key_of_real(real);
        }
        return;
    }
    pcl_onnx_load_integer_line(lines, tensor, line, keys);
    if (tensor->dtype == PCL_UINT64) /* half the range lower, the order is that of int64 */
        for (size_t i = 0; i < lines->size; i++) keys[i] = (int64_t)((uint64_t)keys[i] ^ ((uint64_t)1 << 63));
}
