/* TopK: the k greatest or least along an axis, in order, and where they were. */
#include <string.h>

#include "ops/move.h"
#include "tools/ops/check.h"
#include "tools/ops/order.h"
#include "tools/ops/table.h"

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    const pcl_onnx_top_k_attributes *attributes = node->attributes.tools;
    const pcl_tensor *x = node->inputs[0];
    pcl_shape shape = x->shape;
    int32_t axis, k;
    PCL_TRY_RETURN(pcl_onnx_check(context, node, x, PCL_ONNX_NUMBERS));
    PCL_TRY_RETURN(pcl_normalise_axis(context, node, attributes->axis, shape.rank, &axis));
    PCL_TRY_RETURN(pcl_read_exactly(context, node, node->inputs[1], &k, 1));
    if (k < 0 || k > shape.dims[axis])
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "k is %d of %d", k, shape.dims[axis]);
    shape.dims[axis] = k;
    PCL_TRY_RETURN(pcl_onnx_output(context, node, 0, x->dtype, &shape));
    return pcl_onnx_output(context, node, 1, PCL_INT64, &shape);
}

typedef struct top_k {
    pcl_onnx_lines lines;
    size_t k, keys, order; /* the latter: offsets into the scratch */
} top_k;

static pcl_status prepare(const pcl_prepare_context *context, pcl_step *step) {
    const pcl_onnx_top_k_attributes *attributes = step->node->attributes.tools;
    const pcl_shape *shape = &step->node->inputs[0]->shape;
    top_k *self = pcl_new_prepared(context, step, sizeof *self);
    if (!self) return PCL_ERROR_MEMORY;
    int32_t axis = pcl_onnx_from_zero(attributes->axis, shape->rank);
    self->lines = pcl_onnx_lines_of(shape, axis, axis + 1);
    self->k = (size_t)step->node->outputs[0]->shape.dims[axis];
    PCL_TRY_RETURN(pcl_onnx_scratch(context, step, self->lines.size, sizeof(int64_t), &self->keys));
    return pcl_onnx_scratch(context, step, self->lines.size, sizeof(size_t), &self->order);
}

/* Equal ones come in their order in the line. */
static bool comes_before(const int64_t *keys, bool largest, size_t a, size_t b) {
    if (keys[a] != keys[b]) return largest ? keys[a] > keys[b] : keys[a] < keys[b];
    return a < b;
}

static void sift_down(const int64_t *keys, bool largest, size_t *order, size_t root, size_t count) {
    for (;;) {
        size_t first = root, left = 2 * root + 1, right = left + 1;
        if (left < count && comes_before(keys, largest, order[left], order[first])) first = left;
        if (right < count && comes_before(keys, largest, order[right], order[first])) first = right;
        if (first == root) return;
        size_t swap = order[root];
        order[root] = order[first];
        order[first] = swap;
        root = first;
    }
}

/* Takes the first k of `count` from a heap, which they leave at its end: the
 * i-th of them is order[count - 1 - i]. */
static void select_first(const int64_t *keys, bool largest, size_t *order, size_t count, size_t k) {
    for (size_t i = 0; i < count; i++) order[i] = i;
    for (size_t i = count / 2; i > 0; i--) sift_down(keys, largest, order, i - 1, count);
    for (size_t i = 0; i < k; i++) {
        size_t end = count - 1 - i, swap = order[0];
        order[0] = order[end];
        order[end] = swap;
        sift_down(keys, largest, order, 0, end);
    }
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_onnx_top_k_attributes *attributes = step->node->attributes.tools;
    const top_k *self = step->prepared;
    const pcl_onnx_lines *lines = &self->lines;
    const pcl_tensor *x = step->node->inputs[0];
    size_t size = pcl_dtype_size(x->dtype), *order = (size_t *)((uint8_t *)step->scratch + self->order);
    int64_t *keys = (int64_t *)((uint8_t *)step->scratch + self->keys);
    uint8_t *values = step->node->outputs[0]->data;
    int64_t *indices = step->node->output_count > 1 ? step->node->outputs[1]->data : NULL;
    if (self->k == 0) return PCL_OK;
    for (size_t line = 0; line < lines->outer * lines->inner; line++) {
        size_t outer = line / lines->inner, inner = line % lines->inner;
        pcl_onnx_order_keys(lines, x, line, keys);
        select_first(keys, attributes->largest, order, lines->size, self->k);
        for (size_t i = 0; i < self->k; i++) {
            size_t from = order[lines->size - 1 - i], to = (outer * self->k + i) * lines->inner + inner;
            size_t at = (outer * lines->size + from) * lines->inner + inner;
            memcpy(values + to * size, (const uint8_t *)x->data + at * size, size);
            if (indices) indices[to] = (int64_t)from;
        }
    }
    return PCL_OK;
}

const pcl_op pcl_onnx_top_k = {"TopK", 2, 2, 1, 2, infer, prepare, run, .in_place = false};
