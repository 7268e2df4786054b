/* TOPK_V2: the k greatest values along the last dimension in falling order,
 * equal ones by rising index, and where they were. */
#include <string.h>

#include "ops/elements.h"
#include "ops/table.h"

/* Does element i of a row come before element j? */
typedef bool (*order)(const void *row, int32_t i, int32_t j);

static bool before_f32(const void *row, int32_t i, int32_t j) {
    float a = ((const float *)row)[i], b = ((const float *)row)[j];
    return a > b || (!(b > a) && i < j);
}

static bool before_u8(const void *row, int32_t i, int32_t j) {
    uint8_t a = ((const uint8_t *)row)[i], b = ((const uint8_t *)row)[j];
    return a > b || (a == b && i < j);
}

static bool before_i8(const void *row, int32_t i, int32_t j) {
    int8_t a = ((const int8_t *)row)[i], b = ((const int8_t *)row)[j];
    return a > b || (a == b && i < j);
}

static bool before_i32(const void *row, int32_t i, int32_t j) {
    int32_t a = ((const int32_t *)row)[i], b = ((const int32_t *)row)[j];
    return a > b || (a == b && i < j);
}

static bool before_i64(const void *row, int32_t i, int32_t j) {
    int64_t a = ((const int64_t *)row)[i], b = ((const int64_t *)row)[j];
    return a > b || (a == b && i < j);
}

static const order orders[PCL_DTYPE_COUNT] = {
    [PCL_FLOAT32] = before_f32, [PCL_UINT8] = before_u8,  [PCL_INT8] = before_i8,
    [PCL_INT32] = before_i32,   [PCL_INT64] = before_i64,
};

static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    static const pcl_dtype numbers[] = {PCL_FLOAT32, PCL_UINT8, PCL_INT8, PCL_INT32, PCL_INT64, PCL_DTYPE_COUNT};
    pcl_tensor *in = node->inputs[0], *values = node->outputs[0], *indices = node->outputs[1];
    int32_t k, count;
    PCL_TRY_RETURN(pcl_check_dtype(context, node, in, numbers));
    PCL_TRY_RETURN(pcl_check_dtype(context, node, indices, (pcl_dtype[]){PCL_INT32, PCL_DTYPE_COUNT}));
    PCL_TRY_RETURN(pcl_check_rank(context, node, in, 1, PCL_MAX_RANK));
    if (!pcl_same_quantisation(in, values))
        return pcl_node_fail(context->error, node, PCL_ERROR_TYPE, "its output differs in type from its input");
    PCL_TRY_RETURN(pcl_read_integers(context, node, node->inputs[1], &k, 1, &count));
    pcl_shape shape = in->shape;
    int32_t *depth = &shape.dims[shape.rank - 1];
    if (count != 1 || k < 0 || k > *depth)
        return pcl_node_fail(context->error, node, PCL_ERROR_SHAPE, "k must be one number from 0 to %d", *depth);
    *depth = k;
    PCL_TRY_RETURN(pcl_tensor_set_shape(values, &shape, context->error));
    return pcl_tensor_set_shape(indices, &shape, context->error);
}

/* heap[0 .. count - 1] holds the best so far, the last of them in order at the root. */
static void sift_down(order before, const void *row, int32_t *heap, int32_t root, int32_t count) {
    for (;;) {
        int32_t last = root, left = 2 * root + 1, right = left + 1;
        if (left < count && before(row, heap[last], heap[left])) last = left;
        if (right < count && before(row, heap[last], heap[right])) last = right;
        if (last == root) return;
        int32_t swap = heap[root];
        heap[root] = heap[last];
        heap[last] = swap;
        root = last;
    }
}

/* Leaves the indices of the k first elements in order. 1 <= k <= depth */
static void select_first(order before, const void *row, int32_t depth, int32_t *heap, int32_t k) {
    for (int32_t i = 0; i < k; i++) heap[i] = i;
    for (int32_t i = k / 2 - 1; i >= 0; i--) sift_down(before, row, heap, i, k);
    for (int32_t i = k; i < depth; i++) {
        if (!before(row, i, heap[0])) continue;
        heap[0] = i;
        sift_down(before, row, heap, 0, k);
    }
    for (int32_t end = k - 1; end > 0; end--) {
        int32_t swap = heap[0];
        heap[0] = heap[end];
        heap[end] = swap;
        sift_down(before, row, heap, 0, end);
    }
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    (void)context;
    const pcl_tensor *in = step->node->inputs[0], *values = step->node->outputs[0];
    size_t element = pcl_dtype_size(in->dtype);
    int32_t depth = in->shape.dims[in->shape.rank - 1], k = values->shape.dims[values->shape.rank - 1];
    size_t rows = k > 0 ? pcl_tensor_count(values) / (size_t)k : 0;
    for (size_t r = 0; r < rows; r++) {
        const uint8_t *row = (const uint8_t *)in->data + r * (size_t)depth * element;
        int32_t *indices = (int32_t *)step->node->outputs[1]->data + r * (size_t)k;
        uint8_t *out = (uint8_t *)values->data + r * (size_t)k * element;
        select_first(orders[in->dtype], row, depth, indices, k);
        for (int32_t i = 0; i < k; i++)
            memcpy(out + (size_t)i * element, row + (size_t)indices[i] * element, element);
    }
    return PCL_OK;
}

const pcl_op pcl_op_topk_v2 = {"TOPK_V2", 2, 2, 2, 2, infer, NULL, run, .in_place = false};
