#include "tools/ops/index.h"

pcl_status pcl_onnx_index(const pcl_run_context *context, const pcl_node *node, const pcl_tensor *indices, size_t at,
                          int32_t size, size_t *out) {
    int64_t index =
        indices->dtype == PCL_INT32 ? ((const int32_t *)indices->data)[at] : ((const int64_t *)indices->data)[at];
    if (index < -(int64_t)size || index >= size)
        return pcl_node_fail(context->error, node, PCL_ERROR_VALUE, "index %lld is not within a dimension of %d",
                             (long long)index, size);
    *out = (size_t)(index < 0 ? index + size : index);
    return PCL_OK;
}

pcl_status pcl_onnx_index_row(const pcl_run_context *context, const pcl_node *node, const pcl_tensor *indices,
                              size_t row, const pcl_shape *shape, int32_t first, int32_t depth, size_t *out) {
    *out = 0;
    for (int32_t d = 0; d < depth; d++) {
        size_t index = 0;
        int32_t size = shape->dims[first + d];
        PCL_TRY_RETURN(pcl_onnx_index(context, node, indices, row * (size_t)depth + (size_t)d, size, &index));
        *out = *out * (size_t)size + index;
    }
    return PCL_OK;
}
