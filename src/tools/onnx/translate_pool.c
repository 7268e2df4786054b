/* Pools over pictures of one or two dimensions are the engine's; others, and
 * those with dilations or places as second output, the tools'. */
#include "tools/onnx/translators.h"

static pcl_onnx_pool_attributes *read_attributes(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_pool_attributes *pool = pcl_import_alloc(in, 1, sizeof *pool);
    if (!pool) return NULL;
    pool->window = pcl_window_attributes(in, node);
    pool->ceil_mode = pcl_attribute_int(node, "ceil_mode", 0) != 0;
    pool->count_include_pad = pcl_attribute_int(node, "count_include_pad", 0) != 0;
    pool->storage_order = pcl_attribute_int(node, "storage_order", 0) != 0;
    pool->p = pcl_attribute_int(node, "p", 2);
    return in->status == PCL_OK ? pool : NULL;
}

static bool is_fast(const pcl_onnx_node *node, const pcl_onnx_pool_attributes *pool, bool max,
                    pcl_picture_window *window) {
    const pcl_value *x = node->inputs[0];
    pcl_shape shape = pcl_import_shape(x);
    if (pcl_import_dtype(x) != PCL_FLOAT32 || pcl_import_wants(node, 1)) return false;
    if (!pcl_picture_window_of(&pool->window, &shape, pool->ceil_mode, window)) return false;
    for (int32_t i = 0; i < 2; i++) {
        if (window->dilations[i] != 1 || window->before[i] >= window->kernel[i] ||
            window->after[i] >= window->kernel[i])
            return false;
        /* The engine leaves pads out of averages; pads of zeros count, but not those of rounding up. */
        if (!max && pool->count_include_pad && pool->ceil_mode) return false;
    }
    return true;
}

static pcl_tensor *with_zeros(pcl_importer *in, pcl_tensor *x, const pcl_pads *pads) {
    int32_t pairs[] = {0, 0, pads->top, pads->bottom, pads->left, pads->right, 0, 0};
    pcl_tensor *paddings = pcl_import_constant(in, PCL_INT32, &(pcl_shape){2, {4, 2}}, pairs);
    return pcl_import_emit(in, &pcl_op_pad, PCL_FLOAT32, NULL, 2, (pcl_tensor *[]){x, paddings});
}

void pcl_translate_pool(pcl_importer *in, const pcl_onnx_node *node) {
    bool max = pcl_text_is(node->type, "MaxPool"), average = pcl_text_is(node->type, "AveragePool");
    pcl_onnx_pool_attributes *pool = read_attributes(in, node);
    pcl_picture_window window;
    if (!pool || !pcl_import_needs(in, node, 1)) return;
    if ((!max && !average) || !is_fast(node, pool, max, &window)) {
        pcl_import_generic(in, node,
                           max       ? &pcl_onnx_max_pool
                           : average ? &pcl_onnx_average_pool
                                     : &pcl_onnx_lp_pool,
                           pool);
        return;
    }
    pcl_attributes attributes = {.pool = {.stride_h = window.strides[0],
                                          .stride_w = window.strides[1],
                                          .filter_h = window.kernel[0],
                                          .filter_w = window.kernel[1]}};
    pcl_picture_pads(&window, &attributes.pool.padding, &attributes.pool.pads);
    pcl_tensor *x = pcl_as_picture(in, node->inputs[0]);
    if (!max && pool->count_include_pad && attributes.pool.padding == PCL_PADDING_EXPLICIT) {
        x = with_zeros(in, x, &attributes.pool.pads);
        attributes.pool.padding = PCL_PADDING_VALID;
    }
    x = pcl_import_emit(in, max ? &pcl_op_max_pool_2d : &pcl_op_average_pool_2d, PCL_FLOAT32, &attributes, 1, &x);
    pcl_set_picture(in, node, x, pcl_import_shape(node->inputs[0]).rank);
}

/* Means and greatest values of whole planes, in the layout they come in. */
void pcl_translate_global_pool(pcl_importer *in, const pcl_onnx_node *node) {
    bool max = pcl_text_is(node->type, "GlobalMaxPool"), average = pcl_text_is(node->type, "GlobalAveragePool");
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_shape shape = pcl_import_shape(node->inputs[0]);
    if ((!max && !average) || pcl_import_dtype(node->inputs[0]) != PCL_FLOAT32 || shape.rank < 3) {
        pcl_onnx_pool_attributes *pool = read_attributes(in, node);
        const pcl_op *op = max       ? &pcl_onnx_global_max_pool
                           : average ? &pcl_onnx_global_average_pool
                                     : &pcl_onnx_global_lp_pool;
        if (pool) pcl_import_generic(in, node, op, pool);
        return;
    }
    int32_t axes[PCL_MAX_RANK], count = 0;
    for (int32_t d = 1; d + 1 < shape.rank; d++) axes[count++] = d;
    pcl_attributes attributes = {.reduce = {.keep_dims = true}};
    pcl_tensor *inputs[] = {pcl_import_channels_last(in, node->inputs[0]), pcl_import_integers(in, axes, count)};
    pcl_tensor *out = pcl_import_emit(in, max ? &pcl_op_reduce_max : &pcl_op_mean, PCL_FLOAT32, &attributes, 2, inputs);
    pcl_import_set(in, node, 0, out, PCL_CHANNELS_LAST);
}

void pcl_translate_max_unpool(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_pool_attributes *pool = read_attributes(in, node);
    if (pool) pcl_import_generic(in, node, &pcl_onnx_max_unpool, pool);
}
