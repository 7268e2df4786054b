#ifndef PCL_OPS_HARD_SWISH_H
#define PCL_OPS_HARD_SWISH_H

#include "core/tensor.h"

/* table[value of in] = value of out, both uint8 and quantised per tensor: the
 * very integers of TFLite's reference (reference/hard_swish.h), which computes
 * x * relu6(x + 3) / 6 in 16 bits. Its roundings add up to a quantum here and
 * there, in every layer of MobileNetV3, so they are kept. */
void pcl_hard_swish_table(const pcl_tensor *in, const pcl_tensor *out, uint8_t table[256]);

#endif
