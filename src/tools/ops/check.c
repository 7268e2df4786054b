#include "tools/ops/check.h"

#include "ops/elements.h"

static const pcl_dtype numbers[] = {PCL_FLOAT32, PCL_FLOAT16, PCL_FLOAT64, PCL_INT8,   PCL_UINT8,  PCL_INT16,
                                    PCL_UINT16,  PCL_INT32,   PCL_UINT32,  PCL_INT64, PCL_UINT64, PCL_DTYPE_COUNT};
static const pcl_dtype reals[] = {PCL_FLOAT32, PCL_FLOAT16, PCL_FLOAT64, PCL_DTYPE_COUNT};
static const pcl_dtype unsigneds[] = {PCL_UINT8, PCL_UINT16, PCL_UINT32, PCL_UINT64, PCL_DTYPE_COUNT};
static const pcl_dtype bools[] = {PCL_BOOL, PCL_DTYPE_COUNT};
static const pcl_dtype floats[] = {PCL_FLOAT32, PCL_DTYPE_COUNT};
static const pcl_dtype bytes[] = {PCL_INT8, PCL_UINT8, PCL_DTYPE_COUNT};
static const pcl_dtype indices[] = {PCL_INT32, PCL_INT64, PCL_DTYPE_COUNT};

pcl_status pcl_onnx_check(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                          pcl_onnx_types types) {
    static const pcl_dtype *const lists[] = {
        [PCL_ONNX_NUMBERS] = numbers,       [PCL_ONNX_REALS] = reals,
        [PCL_ONNX_INTEGERS] = numbers + 3, [PCL_ONNX_UNSIGNED] = unsigneds,
        [PCL_ONNX_BOOLS] = bools,           [PCL_ONNX_FLOATS] = floats,
        [PCL_ONNX_BYTES] = bytes,           [PCL_ONNX_INDICES] = indices,
    };
    return types == PCL_ONNX_ANY ? PCL_OK : pcl_check_dtype(context, node, tensor, lists[types]);
}

pcl_status pcl_onnx_check_type(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                               pcl_dtype dtype) {
    return pcl_check_dtype(context, node, tensor, (pcl_dtype[]){dtype, PCL_DTYPE_COUNT});
}

pcl_status pcl_onnx_check_vector(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                                 int32_t length) {
    PCL_TRY_RETURN(pcl_check_rank(context, node, tensor, 1, 1));
    if (tensor->shape.dims[0] == length) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "tensor '%s' has %d elements, expected %d",
                         tensor->name, tensor->shape.dims[0], length);
}

pcl_status pcl_onnx_check_single(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor) {
    if (pcl_tensor_count(tensor) == 1) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "tensor '%s' has %zu elements, expected 1",
                         tensor->name, pcl_tensor_count(tensor));
}

pcl_status pcl_onnx_check_constant(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor) {
    if (tensor->constant) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED,
                         "its output's shape depends on data ('%s' is not constant)", tensor->name);
}

pcl_status pcl_onnx_output(const pcl_infer_context *context, pcl_node *node, int32_t index, pcl_dtype dtype,
                           const pcl_shape *shape) {
    if (index >= node->output_count) return PCL_OK;
    node->outputs[index]->dtype = dtype;
    return pcl_tensor_set_shape(node->outputs[index], shape, context->error);
}

pcl_status pcl_onnx_read_axes(const pcl_infer_context *context, const pcl_node *node, const pcl_tensor *tensor,
                              int32_t rank, int32_t axes[PCL_MAX_RANK], int32_t *count) {
    bool seen[PCL_MAX_RANK] = {false};
    PCL_TRY_RETURN(pcl_read_integers(context, node, tensor, axes, PCL_MAX_RANK, count));
    for (int32_t i = 0; i < *count; i++) {
        PCL_TRY_RETURN(pcl_normalise_axis(context, node, axes[i], rank, &axes[i]));
        if (seen[axes[i]])
            return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "axis %d is named twice", axes[i]);
        seen[axes[i]] = true;
    }
    return PCL_OK;
}

pcl_status pcl_onnx_scratch(const pcl_prepare_context *context, pcl_step *step, size_t count, size_t size,
                            size_t *offset) {
    size_t bytes, start = step->scratch_bytes;
    bool fits = start <= SIZE_MAX - PCL_ALIGNMENT && pcl_size_mul(count, size, &bytes);
    if (fits) start = pcl_round_up(start, PCL_ALIGNMENT);
    if (!fits || !pcl_size_add(start, bytes, &step->scratch_bytes))
        return pcl_node_fail(context->error, step->node, PCL_ERROR_LIMIT, "its working memory does not fit");
    if (offset) *offset = start;
    return PCL_OK;
}

int32_t pcl_onnx_parts_for(const pcl_node *node) {
    return pcl_parts_for(node->macs < SIZE_MAX ? (size_t)node->macs : SIZE_MAX);
}

uint64_t pcl_onnx_work(uint64_t a, uint64_t b) {
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}
