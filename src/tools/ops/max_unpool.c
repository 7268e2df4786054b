/* MaxUnpool: values go back to the places that a MaxPool took them from, as
 * its Indices say; everything else is 0. */
#include <string.h>

#include "ops/elements.h"
#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/table.h"
#include "tools/ops/window.h"

/* The shape of what was pooled, by the attributes alone: indices count its elements. */
static pcl_status find_pooled(const pcl_infer_context *context, const pcl_node *node, pcl_shape *out) {
    const pcl_onnx_pool_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0];
    pcl_onnx_window window;
    size_t count;
    PCL_TRY_RETURN(pcl_onnx_read_window(context, node, &attributes->window, x, NULL, &window));
    *out = x->shape;
    for (int32_t d = 2; d < x->shape.rank; d++) {
        int32_t i = d + PCL_ONNX_SPATIAL - x->shape.rank;
        int64_t size = (int64_t)(window.in[i] - 1) * window.stride[i] + window.kernel[i] - window.before[i] -
                       window.after[i];
        out->dims[d] = size < 1 || size > INT32_MAX ? -1 : (int32_t)size;
    }
    if (pcl_shape_count(out, &count)) return PCL_OK;
    return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its window does not fit its input");
}

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_tensor *x = node->inputs[0], *indices = node->inputs[1], *wanted = pcl_node_input(node, 2);
    pcl_shape shape;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, PCL_ONNX_FLOATS));
    PCL_TRY_RETURN(pcl_onnx_check_type(context, node, indices, PCL_INT64));
    if (!pcl_shape_equal(&x->shape, &indices->shape))
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "its indices do not have the shape of its input");
    PCL_TRY_RETURN(find_pooled(context, node, &shape));
    if (wanted) PCL_TRY_RETURN(pcl_read_exactly(context, node, wanted, shape.dims, shape.rank));
    return pcl_onnx_output(context, node, 0, PCL_FLOAT32, &shape);
}

/* Element `index` of what was pooled, in the output: the same coordinates. False when it lies outside. */
static bool find_place(const pcl_shape *pooled, const pcl_shape *out, int64_t index, size_t *place) {
    size_t stride = 1;
    if (index < 0) return false;
    *place = 0;
    for (int32_t d = out->rank - 1; d >= 0; d--) {
        int64_t at = index % pooled->dims[d];
        if (at >= out->dims[d]) return false;
        *place += (size_t)at * stride;
        stride *= (size_t)out->dims[d];
        index /= pooled->dims[d];
    }
    return index == 0;
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    pcl_infer_context infer_context = {context->error, NULL};
    const pcl_node *node = step->node;
    const float *x = node->inputs[0]->data;
    const int64_t *indices = node->inputs[1]->data;
    const pcl_tensor *out = node->outputs[0];
    pcl_shape pooled;
    size_t place;
    PCL_TRY_RETURN(find_pooled(&infer_context, node, &pooled));
    if (out->bytes) memset(out->data, 0, out->bytes);
    for (size_t i = 0; i < pcl_tensor_count(node->inputs[0]); i++) {
        if (!find_place(&pooled, &out->shape, indices[i], &place))
            return pcl_node_fail(context->error, node, PCL_ERROR_VALUE, "index %lld lies outside its output",
                                 (long long)indices[i]);
        ((float *)out->data)[place] = x[i];
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_max_unpool = {"MaxUnpool", 2, 3, 1, 1, infer, NULL, run, .in_place = false};
