/* Operators that only move elements, in the layout that their inputs have. */
#include "tools/onnx/translators.h"

/* The first input and its layout. */
static pcl_tensor *first_operand(pcl_importer *in, const pcl_onnx_node *node, pcl_layout *layout) {
    *layout = pcl_import_layout(node, 1);
    return pcl_import_operand(in, node->inputs[0], pcl_import_shape(node->inputs[0]).rank, *layout);
}

void pcl_translate_concat(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, node->input_count) || !pcl_import_needs(in, node, 1)) return;
    pcl_layout layout = pcl_import_layout(node, node->input_count);
    int32_t rank = pcl_import_shape(node->inputs[0]).rank, axis = pcl_attribute_int(node, "axis", 1);
    pcl_tensor **parts = pcl_import_alloc(in, (size_t)node->input_count, sizeof *parts);
    if (!parts || !pcl_import_axis(in, &axis, rank)) return;
    for (int32_t i = 0; i < node->input_count; i++) {
        if (pcl_import_shape(node->inputs[i]).rank != rank)
            pcl_import_fail(in, PCL_ERROR_SHAPE, "its inputs differ in rank");
        parts[i] = in->status == PCL_OK ? pcl_import_operand(in, node->inputs[i], rank, layout) : NULL;
    }
    pcl_attributes attributes = {.concat = {.axis = pcl_import_moved_axis(axis, rank, layout)}};
    pcl_dtype dtype = pcl_import_dtype(node->inputs[0]);
    pcl_import_set(in, node, 0,
                   pcl_import_emit(in, &pcl_op_concatenation, dtype, &attributes, node->input_count, parts), layout);
}

/* Sizes from input 1, an attribute, or equal ones of which the last may be smaller. */
static pcl_tensor *split_sizes(pcl_importer *in, const pcl_onnx_node *node, int32_t length) {
    pcl_tensor *sizes = pcl_input_or_integers(in, node, 1, "split");
    int32_t count = node->output_count, wanted = pcl_attribute_int(node, "num_outputs", count);
    if (sizes || in->status != PCL_OK) return sizes;
    int32_t *equal = pcl_import_alloc(in, (size_t)count, sizeof *equal);
    if (!equal) return NULL;
    if (wanted != count) pcl_import_fail(in, PCL_ERROR_FORMAT, "num_outputs is %d, but it has %d", wanted, count);
    int32_t part = length / count + (length % count != 0);
    for (int32_t i = 0; i < count; i++) {
        equal[i] = part < length ? part : length;
        length -= equal[i];
    }
    return pcl_import_integers(in, equal, count);
}

void pcl_translate_split(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_layout layout;
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_shape shape = pcl_import_shape(node->inputs[0]);
    int32_t axis = pcl_attribute_int(node, "axis", 0);
    if (!pcl_import_axis(in, &axis, shape.rank)) return;
    pcl_tensor *x = first_operand(in, node, &layout), *sizes = split_sizes(in, node, shape.dims[axis]);
    pcl_tensor **parts = pcl_import_alloc(in, (size_t)node->output_count, sizeof *parts);
    int32_t moved = pcl_import_moved_axis(axis, shape.rank, layout);
    pcl_tensor *inputs[] = {x, sizes, pcl_import_integers(in, &moved, 1)};
    if (!parts || !pcl_import_emit_many(in, &pcl_op_split_v, NULL, 3, inputs, node->output_count, parts)) return;
    for (int32_t i = 0; i < node->output_count; i++) pcl_import_set(in, node, i, parts[i], layout);
}

/* --- Slice ------------------------------------------------------------------------------- */

/* Begin, end and step of every axis of a layout, as STRIDED_SLICE takes them. */
typedef struct ranges {
    int32_t begin[PCL_MAX_RANK], end[PCL_MAX_RANK], step[PCL_MAX_RANK];
    int32_t end_mask; /* to the end, or to the very front when backwards */
} ranges;

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

static void whole(ranges *out, const pcl_shape *shape) {
    for (int32_t d = 0; d < PCL_MAX_RANK; d++) {
        out->begin[d] = 0;
        out->end[d] = d < shape->rank ? shape->dims[d] : 0;
        out->step[d] = 1;
    }
    out->end_mask = 0;
}

/* Negative positions count from the end; what lies outside is cut off. */
static void set_range(ranges *out, int32_t at, int64_t size, int64_t begin, int64_t end, int32_t step) {
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    begin = clamp(begin < 0 ? begin + size : begin, 0, high < 0 ? 0 : high);
    end = clamp(end < 0 ? end + size : end, low, high);
    out->begin[at] = (int32_t)begin;
    out->end[at] = (int32_t)end;
    out->step[at] = step;
    if (end < 0) out->end[at] = 0, out->end_mask |= 1 << at;
}

static void emit_slice(pcl_importer *in, const pcl_onnx_node *node, pcl_tensor *x, const ranges *part,
                       pcl_layout layout) {
    if (!x) return;
    int32_t rank = x->shape.rank;
    pcl_attributes attributes = {.strided_slice = {.end_mask = part->end_mask}};
    pcl_tensor *inputs[] = {x, pcl_import_integers(in, part->begin, rank), pcl_import_integers(in, part->end, rank),
                            pcl_import_integers(in, part->step, rank)};
    pcl_import_set(in, node, 0, pcl_import_emit(in, &pcl_op_strided_slice, x->dtype, &attributes, 4, inputs), layout);
}

void pcl_translate_slice(pcl_importer *in, const pcl_onnx_node *node) {
    int32_t begins[PCL_MAX_RANK], ends[PCL_MAX_RANK], axes[PCL_MAX_RANK], steps[PCL_MAX_RANK], count = 0, others;
    pcl_layout layout;
    ranges part;
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_tensor *lists[] = {pcl_input_or_integers(in, node, 1, "starts"), pcl_input_or_integers(in, node, 2, "ends"),
                           pcl_input_or_integers(in, node, 3, "axes"), pcl_import_plain_input(in, node, 4)};
    int32_t *const values[] = {begins, ends, axes, steps};
    pcl_shape shape = pcl_import_shape(node->inputs[0]);
    if (!lists[0] || !lists[1]) pcl_import_fail(in, PCL_ERROR_FORMAT, "it does not say from where to where");
    if (!pcl_import_read(in, lists[0], begins, PCL_MAX_RANK, &count)) return;
    for (int32_t i = 0; i < count; i++) axes[i] = i, steps[i] = 1;
    for (int32_t i = 1; i < 4; i++) {
        if (!lists[i]) continue;
        if (!pcl_import_read(in, lists[i], values[i], PCL_MAX_RANK, &others)) return;
        if (others != count) pcl_import_fail(in, PCL_ERROR_SHAPE, "its lists have %d and %d elements", count, others);
    }
    pcl_tensor *x = first_operand(in, node, &layout);
    pcl_shape moved = pcl_import_moved_shape(&shape, layout);
    whole(&part, &moved);
    for (int32_t i = 0; i < count; i++) {
        if (!pcl_import_axis(in, &axes[i], shape.rank)) return;
        if (steps[i] == 0 || steps[i] == INT32_MIN) pcl_import_fail(in, PCL_ERROR_SHAPE, "step %d is %d", i, steps[i]);
        else
            set_range(&part, pcl_import_moved_axis(axes[i], shape.rank, layout), shape.dims[axes[i]], begins[i],
                      ends[i], steps[i]);
    }
    if (in->status == PCL_OK) emit_slice(in, node, x, &part, layout);
}

/* Crop of the days before opset 7: border is left, top, right, bottom; scale
 * is the height and width that remain, where it is given. */
void pcl_translate_crop(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_list border = pcl_attribute_list(in, node, "border"), scale = pcl_attribute_list(in, node, "scale");
    ranges part;
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_tensor *x = pcl_import_channels_last(in, node->inputs[0]);
    if (x && (x->shape.rank != 4 || border.count != 4))
        pcl_import_fail(in, PCL_ERROR_SHAPE, "it crops pictures by four borders");
    if (!x || in->status != PCL_OK) return;
    whole(&part, &x->shape);
    for (int32_t d = 0; d < 2; d++) { /* height, width */
        int64_t size = x->shape.dims[1 + d], begin = border.values[1 - d];
        int64_t end = scale.count == 2 ? begin + scale.values[d] : size - border.values[3 - d];
        if (begin < 0 || end > size || begin >= end) {
            pcl_import_fail(in, PCL_ERROR_SHAPE, "nothing of %lld pixels is left", (long long)size);
            return;
        }
        part.begin[1 + d] = (int32_t)begin;
        part.end[1 + d] = (int32_t)end;
    }
    emit_slice(in, node, x, &part, PCL_CHANNELS_LAST);
}

/* --- Pad ---------------------------------------------------------------------------------- */

/* Pads of every axis of the plain layout. */
typedef struct pads {
    int32_t before[PCL_MAX_RANK], after[PCL_MAX_RANK];
} pads;

static bool read_pads(pcl_importer *in, pcl_tensor *list, pcl_tensor *axes_list, int32_t rank, pads *out) {
    int32_t values[2 * PCL_MAX_RANK], axes[PCL_MAX_RANK], count, named = rank;
    for (int32_t d = 0; d < PCL_MAX_RANK; d++) axes[d] = d;
    if (!pcl_import_read(in, list, values, 2 * PCL_MAX_RANK, &count)) return false;
    if (axes_list && !pcl_import_read(in, axes_list, axes, PCL_MAX_RANK, &named)) return false;
    if (count != 2 * named) pcl_import_fail(in, PCL_ERROR_SHAPE, "%d pads for %d axes", count, named);
    *out = (pads){{0}, {0}};
    for (int32_t i = 0; i < named && in->status == PCL_OK; i++) {
        if (!pcl_import_axis(in, &axes[i], rank)) return false;
        out->before[axes[i]] = values[i];
        out->after[axes[i]] = values[named + i];
    }
    return in->status == PCL_OK;
}

static bool fits_engine(const pads *pad, const pcl_shape *shape, bool reflect) {
    for (int32_t d = 0; d < shape->rank; d++) {
        if (pad->before[d] < 0 || pad->after[d] < 0) return false;
        if (reflect && (pad->before[d] >= shape->dims[d] || pad->after[d] >= shape->dims[d])) return false;
    }
    return true;
}

/* Pads of a picture go with the convolution behind them, which wants channels last. */
static bool pads_picture(const pads *pad, const pcl_shape *shape) {
    return shape->rank == 4 && !pad->before[0] && !pad->after[0] && !pad->before[1] && !pad->after[1];
}

static bool is_zero(const pcl_tensor *value) {
    if (!value) return true;
    for (size_t i = 0; i < value->bytes && value->constant; i++)
        if (((const uint8_t *)value->data)[i]) return false;
    return value->constant;
}

static void emit_pad(pcl_importer *in, const pcl_onnx_node *node, const pads *pad, bool reflect, pcl_tensor *value) {
    pcl_shape shape = pcl_import_shape(node->inputs[0]);
    pcl_layout layout = pads_picture(pad, &shape) ? PCL_CHANNELS_LAST : pcl_import_layout(node, 1);
    pcl_tensor *x = pcl_import_operand(in, node->inputs[0], shape.rank, layout);
    int32_t pairs[2 * PCL_MAX_RANK];
    for (int32_t d = 0; d < shape.rank; d++) {
        int32_t moved = pcl_import_moved_axis(d, shape.rank, layout);
        pairs[2 * moved] = pad->before[d];
        pairs[2 * moved + 1] = pad->after[d];
    }
    pcl_tensor *paddings = pcl_import_constant(in, PCL_INT32, &(pcl_shape){2, {shape.rank, 2}}, pairs);
    bool zeros = !reflect && is_zero(value);
    const pcl_op *op = reflect ? &pcl_op_mirror_pad : zeros ? &pcl_op_pad : &pcl_op_padv2;
    pcl_dtype dtype = pcl_import_dtype(node->inputs[0]);
    x = pcl_import_emit(in, op, dtype, NULL, reflect || zeros ? 2 : 3, (pcl_tensor *[]){x, paddings, value});
    pcl_import_set(in, node, 0, x, layout);
}

void pcl_translate_pad(pcl_importer *in, const pcl_onnx_node *node) {
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap", NULL};
    pcl_onnx_pad_attributes *attributes = pcl_import_alloc(in, 1, sizeof *attributes);
    pads pad;
    if (!attributes || !pcl_import_needs(in, node, 1)) return;
    attributes->mode = (pcl_onnx_pad_mode)pcl_attribute_word(in, node, "mode", modes, 0);
    pcl_shape shape = pcl_import_shape(node->inputs[0]);
    pcl_tensor *list = pcl_input_or_integers(in, node, 1, in->file.opset < 2 ? "paddings" : "pads");
    pcl_tensor *value = pcl_import_plain_input(in, node, 2), *axes = pcl_import_plain_input(in, node, 3);
    if (!value && pcl_attribute_exists(node, "value"))
        value = pcl_import_scalar(in, pcl_attribute_float(node, "value", 0.0f));
    if (!list) pcl_import_fail(in, PCL_ERROR_FORMAT, "it does not say how much");
    if (!read_pads(in, list, axes, shape.rank, &pad)) return;
    bool reflect = attributes->mode == PCL_ONNX_PAD_REFLECT;
    if ((reflect || attributes->mode == PCL_ONNX_PAD_CONSTANT) && fits_engine(&pad, &shape, reflect))
        emit_pad(in, node, &pad, reflect, value);
    else
        pcl_import_generic_from(in, node, &pcl_onnx_pad, attributes, 4,
                                (pcl_tensor *[]){pcl_import_plain(in, node->inputs[0]), list, value, axes});
}

/* --- Others ---------------------------------------------------------------------------------- */

void pcl_translate_tile(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 2)) return;
    pcl_tensor *inputs[] = {pcl_import_plain(in, node->inputs[0]), pcl_import_plain(in, node->inputs[1])};
    if (!inputs[0]) return;
    pcl_import_set(in, node, 0, pcl_import_emit(in, &pcl_op_tile, inputs[0]->dtype, NULL, 2, inputs), PCL_PLAIN);
}

void pcl_translate_expand(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_shape target = {0}, both;
    pcl_infer_context context = {in->graph->error, in->graph->arena};
    if (!pcl_import_needs(in, node, 2)) return;
    pcl_tensor *x = pcl_import_plain(in, node->inputs[0]);
    if (!x || !pcl_import_read(in, pcl_import_plain(in, node->inputs[1]), target.dims, PCL_MAX_RANK, &target.rank))
        return;
    in->status = pcl_broadcast_shape(&context, &in->current, &x->shape, &target, &both);
    pcl_tensor *dims = in->status == PCL_OK ? pcl_import_integers(in, both.dims, both.rank) : NULL;
    x = pcl_import_emit(in, &pcl_op_broadcast_to, x->dtype, NULL, 2, (pcl_tensor *[]){x, dims});
    pcl_import_set(in, node, 0, x, PCL_PLAIN);
}

/* Constant indices, counted from the front; NULL when they are not constant or not within `size`. */
static pcl_tensor *front_indices(pcl_importer *in, const pcl_tensor *indices, int32_t size) {
    if (!indices || !indices->constant || (indices->dtype != PCL_INT64 && indices->dtype != PCL_INT32)) return NULL;
    size_t count = pcl_tensor_count(indices);
    int32_t *values = pcl_import_alloc(in, count, sizeof *values);
    if (!values) return NULL;
    for (size_t i = 0; i < count; i++) {
        int64_t index =
            indices->dtype == PCL_INT64 ? ((const int64_t *)indices->data)[i] : ((const int32_t *)indices->data)[i];
        if (index < -(int64_t)size || index >= size) return NULL;
        values[i] = (int32_t)(index < 0 ? index + size : index);
    }
    return pcl_import_constant(in, PCL_INT32, &indices->shape, values);
}

/* The engine has no indices that count from the end; those that come as data are the tools'. */
void pcl_translate_gather(pcl_importer *in, const pcl_onnx_node *node) {
    pcl_onnx_index_attributes *index = pcl_import_alloc(in, 1, sizeof *index);
    if (!index || !pcl_import_needs(in, node, 2)) return;
    pcl_shape shape = pcl_import_shape(node->inputs[0]);
    index->axis = pcl_attribute_int(node, "axis", 0);
    if (!pcl_import_axis(in, &index->axis, shape.rank)) return;
    pcl_tensor *indices = front_indices(in, pcl_import_plain(in, node->inputs[1]), shape.dims[index->axis]);
    if (!indices) {
        pcl_import_generic(in, node, &pcl_onnx_gather, index);
        return;
    }
    pcl_attributes attributes = {.gather = {.axis = index->axis}};
    pcl_tensor *inputs[] = {pcl_import_plain(in, node->inputs[0]), indices};
    pcl_dtype dtype = pcl_import_dtype(node->inputs[0]);
    pcl_import_set(in, node, 0, pcl_import_emit(in, &pcl_op_gather, dtype, &attributes, 2, inputs), PCL_PLAIN);
}

void pcl_translate_depth_space(pcl_importer *in, const pcl_onnx_node *node) {
    bool to_space = pcl_text_is(node->type, "DepthToSpace");
    pcl_onnx_depth_space_attributes *blocks = pcl_import_alloc(in, 1, sizeof *blocks);
    if (!blocks || !pcl_import_needs(in, node, 1)) return;
    blocks->blocksize = pcl_attribute_int(node, "blocksize", 0);
    blocks->crd = pcl_text_is(pcl_attribute_text(node, "mode", "DCR"), "CRD");
    if (blocks->crd || pcl_import_shape(node->inputs[0]).rank != 4) {
        pcl_import_generic(in, node, to_space ? &pcl_onnx_depth_to_space : &pcl_onnx_space_to_depth, blocks);
        return;
    }
    pcl_attributes attributes = {.depth_space = {.block_size = blocks->blocksize}};
    pcl_tensor *x = pcl_import_channels_last(in, node->inputs[0]);
    const pcl_op *op = to_space ? &pcl_op_depth_to_space : &pcl_op_space_to_depth;
    pcl_import_set(in, node, 0, pcl_import_emit(in, op, pcl_import_dtype(node->inputs[0]), &attributes, 1, &x),
                   PCL_CHANNELS_LAST);
}
