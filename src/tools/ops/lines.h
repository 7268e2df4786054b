/* A tensor as lines along one axis: [outer][size][inner]. Line `n` of
 * outer * inner starts at element n / inner * size * inner + n % inner. */
#ifndef PCL_TOOLS_OPS_LINES_H
#define PCL_TOOLS_OPS_LINES_H

#include "ops/elements.h"

typedef struct pcl_onnx_lines {
    size_t outer, size, inner;
} pcl_onnx_lines;

/* Lines along dimensions axis .. end - 1, taken as one. */
pcl_onnx_lines pcl_onnx_lines_of(const pcl_shape *shape, int32_t axis, int32_t end);

/* Elements of one line, as double or int64. */
void pcl_onnx_load_line(const pcl_onnx_lines *lines, const pcl_tensor *tensor, size_t line, double *out);
void pcl_onnx_store_line(const pcl_onnx_lines *lines, const pcl_tensor *tensor, size_t line, const double *in);
void pcl_onnx_load_integer_line(const pcl_onnx_lines *lines, const pcl_tensor *tensor, size_t line, int64_t *out);
void pcl_onnx_store_integer_line(const pcl_onnx_lines *lines, const pcl_tensor *tensor, size_t line,
                                 const int64_t *in);

#endif
