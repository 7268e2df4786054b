/* CAST: numbers of one type as numbers of another. */
#include "ops/elements.h"
#include "ops/table.h"

/* Quantised integers are refused: TFLite casts the stored integer, which for
 * int8 is no longer the one that is stored here. */
static pcl_status infer(const pcl_infer_context *context, pcl_node *node) {
    pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    if (pcl_is_quantised(in) || pcl_is_quantised(out))
        return pcl_node_fail(context->error, node, PCL_ERROR_UNSUPPORTED, "casts from or to quantised values");
    PCL_TRY_RETURN(
        pcl_check_dtype(context, node, out, (pcl_dtype[]){node->attributes.cast.out_dtype, PCL_DTYPE_COUNT}));
    return pcl_tensor_set_shape(out, &in->shape, context->error);
}

/* Between integers the bits are kept as far as they go; where a real takes
 * part, see pcl_store_reals. */
static void cast_block(pcl_dtype from, pcl_dtype to, const void *in, void *out, size_t count) {
    int64_t integers[PCL_BLOCK];
    double reals[PCL_BLOCK];
    if (pcl_is_integer(from) && pcl_is_integer(to)) {
        pcl_load_integers(from, in, integers, count);
        pcl_store_integers(to, integers, out, count);
    } else if (from == PCL_FLOAT16 && to == PCL_FLOAT32) {
        pcl_halves_to_floats(in, out, count); /* a picture's pixels, where a model was exported in halves */
    } else {
        pcl_load_reals(from, in, reals, count);
        pcl_store_reals(to, reals, out, count);
    }
}

static void cast_part(void *argument, const pcl_part *part) {
    const pcl_node *node = argument;
    const pcl_tensor *in = node->inputs[0], *out = node->outputs[0];
    size_t begin, end, in_size = pcl_dtype_size(in->dtype), out_size = pcl_dtype_size(out->dtype);
    pcl_partition(pcl_tensor_count(in), PCL_BLOCK, part, &begin, &end);
    for (size_t at = begin, part; at < end; at += part) {
        part = end - at < PCL_BLOCK ? end - at : PCL_BLOCK;
        cast_block(in->dtype, out->dtype, (const uint8_t *)in->data + at * in_size,
                   (uint8_t *)out->data + at * out_size, part);
    }
}

static pcl_status run(const pcl_run_context *context, const pcl_step *step) {
    pcl_pool_run(context->pool, cast_part, step->node, pcl_parts_for(pcl_tensor_count(step->node->inputs[0])));
    return PCL_OK;
}

const pcl_op pcl_op_cast = {"CAST", 1, 1, 1, 1, infer, NULL, run, .in_place = false};
