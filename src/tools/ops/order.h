/* The order of numbers of any type, exactly: they are compared as int64 keys. */
#ifndef PCL_TOOLS_OPS_ORDER_H
#define PCL_TOOLS_OPS_ORDER_H

#include "tools/ops/lines.h"

/* Keys of one line; a < b of two numbers is a < b of their keys, 0 and -0 are
 * equal and NaN is above everything. */
void pcl_onnx_order_keys(const pcl_onnx_lines *lines, const pcl_tensor *tensor, size_t line, int64_t *keys);

#endif
