/* Operators that give values another shape, or make values of shapes. */
#include "tools/onnx/translators.h"

/* Where batch and channels stay, spatial dimensions may be taken apart and put
 * together with the channels behind them. */
static bool keeps_channels(const pcl_shape *from, const pcl_shape *to) {
    return from->rank >= 3 && to->rank >= 3 && from->dims[0] == to->dims[0] && from->dims[1] == to->dims[1];
}

void pcl_set_reshaped(pcl_importer *in, const pcl_onnx_node *node, pcl_value *value, const pcl_shape *shape) {
    pcl_shape from = pcl_import_shape(value);
    size_t before, after;
    if (!pcl_shape_count(&from, &before) || !pcl_shape_count(shape, &after) || before != after) {
        char text[96];
        pcl_shape_format(shape, text);
        pcl_import_fail(in, PCL_ERROR_SHAPE, "%zu elements do not make the shape %s", before, text);
        return;
    }
    if (value->channels_last && !value->plain && keeps_channels(&from, shape)) {
        pcl_shape moved = pcl_import_moved_shape(shape, PCL_CHANNELS_LAST);
        pcl_import_set(in, node, 0, pcl_import_reshape(in, value->channels_last, &moved), PCL_CHANNELS_LAST);
    } else {
        pcl_import_set(in, node, 0, pcl_import_reshape(in, pcl_import_plain(in, value), shape), PCL_PLAIN);
    }
}

pcl_tensor *pcl_input_or_integers(pcl_importer *in, const pcl_onnx_node *node, int32_t index, const char *name) {
    if (pcl_import_input(node, index)) return pcl_import_plain_input(in, node, index);
    return pcl_attribute_integers(in, node, name);
}

/* 0 takes the input's dimension over (unless allowzero), -1 what is left. */
static bool resolve(pcl_importer *in, const pcl_shape *from, bool allow_zero, pcl_shape *shape) {
    int32_t open = -1;
    size_t count = 0, known;
    for (int32_t d = 0; d < shape->rank; d++) {
        if (shape->dims[d] == 0 && !allow_zero && d < from->rank) shape->dims[d] = from->dims[d];
        if (shape->dims[d] >= 0) continue;
        if (open >= 0 || shape->dims[d] != -1)
            pcl_import_fail(in, PCL_ERROR_SHAPE, "its shape has more than one open dimension");
        open = d;
        shape->dims[d] = 1;
    }
    if (in->status != PCL_OK) return false;
    if (open >= 0 && pcl_shape_count(from, &count) && pcl_shape_count(shape, &known) && known > 0)
        shape->dims[open] = (int32_t)(count / known);
    return true;
}

void pcl_translate_reshape(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_tensor *dims = pcl_input_or_integers(in, node, 1, "shape");
    pcl_shape from = pcl_import_shape(node->inputs[0]), shape = {0};
    if (!dims) pcl_import_fail(in, PCL_ERROR_FORMAT, "it does not say which shape");
    if (!pcl_import_read(in, dims, shape.dims, PCL_MAX_RANK, &shape.rank)) return;
    if (resolve(in, &from, pcl_attribute_int(node, "allowzero", 0) != 0, &shape))
        pcl_set_reshaped(in, node, node->inputs[0], &shape);
}

void pcl_translate_flatten(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_shape from = pcl_import_shape(node->inputs[0]), shape = {2, {1, 1}};
    int32_t axis = pcl_attribute_int(node, "axis", 1);
    if (axis != from.rank && !pcl_import_axis(in, &axis, from.rank)) return;
    for (int32_t d = 0; d < from.rank; d++) {
        int32_t *side = &shape.dims[d >= axis];
        if (__builtin_mul_overflow(*side, from.dims[d], side))
            pcl_import_fail(in, PCL_ERROR_LIMIT, "its output is too large");
    }
    if (in->status == PCL_OK) pcl_set_reshaped(in, node, node->inputs[0], &shape);
}

/* Marks the axes that an input or attribute lists; false where there is none. */
static bool mark_axes(pcl_importer *in, const pcl_onnx_node *node, int32_t rank, bool *marked, int32_t *count) {
    int32_t axes[PCL_MAX_RANK];
    pcl_tensor *list = pcl_input_or_integers(in, node, 1, "axes");
    *count = 0;
    if (!list || !pcl_import_read(in, list, axes, PCL_MAX_RANK, count)) return false;
    if (rank < 0) rank = *count - rank - 1; /* Unsqueeze: of the output */
    for (int32_t i = 0; i < *count && pcl_import_axis(in, &axes[i], rank < PCL_MAX_RANK ? rank : PCL_MAX_RANK); i++) {
        if (marked[axes[i]]) pcl_import_fail(in, PCL_ERROR_SHAPE, "axis %d appears twice", axes[i]);
        marked[axes[i]] = true;
    }
    return in->status == PCL_OK;
}

void pcl_translate_squeeze(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_shape from = pcl_import_shape(node->inputs[0]), shape = {0};
    bool marked[PCL_MAX_RANK] = {false};
    int32_t count;
    bool listed = mark_axes(in, node, from.rank, marked, &count);
    for (int32_t d = 0; d < from.rank; d++) {
        if (listed && marked[d] && from.dims[d] != 1)
            pcl_import_fail(in, PCL_ERROR_SHAPE, "axis %d has %d elements, expected 1", d, from.dims[d]);
        if (listed ? !marked[d] : from.dims[d] != 1) shape.dims[shape.rank++] = from.dims[d];
    }
    if (in->status == PCL_OK) pcl_set_reshaped(in, node, node->inputs[0], &shape);
}

void pcl_translate_unsqueeze(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_shape from = pcl_import_shape(node->inputs[0]), shape = {0};
    bool marked[PCL_MAX_RANK] = {false};
    int32_t count, next = 0;
    if (!mark_axes(in, node, -from.rank - 1, marked, &count)) {
        pcl_import_fail(in, PCL_ERROR_FORMAT, "it does not say which axes");
        return;
    }
    if (from.rank + count > PCL_MAX_RANK) {
        pcl_import_fail(in, PCL_ERROR_UNSUPPORTED, "its output has more than %d dimensions", PCL_MAX_RANK);
        return;
    }
    shape.rank = from.rank + count;
    for (int32_t d = 0; d < shape.rank; d++) shape.dims[d] = marked[d] ? 1 : from.dims[next++];
    pcl_set_reshaped(in, node, node->inputs[0], &shape);
}

/* --- Transpose ------------------------------------------------------------------------- */

static bool is_turn(const int32_t *axes, int32_t rank, pcl_layout to) {
    for (int32_t d = 0; d < rank; d++) {
        int32_t moved = pcl_import_moved_axis(d, rank, PCL_CHANNELS_LAST);
        if (to == PCL_CHANNELS_LAST ? axes[moved] != d : axes[d] != moved) return false;
    }
    return rank >= 3;
}

/* Transposes between the two layouts, which files from TensorFlow are full of,
 * only change what the value is called. */
void pcl_translate_transpose(pcl_importer *in, const pcl_onnx_node *node) {
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_value *x = node->inputs[0];
    pcl_onnx_list perm = pcl_attribute_list(in, node, "perm");
    int32_t rank = pcl_import_shape(x).rank;
    bool seen[PCL_MAX_RANK] = {false};
    if (perm.count == 0)
        for (int32_t d = 0; d < rank; d++) perm.values[perm.count++] = rank - 1 - d;
    for (int32_t d = 0; d < perm.count && d < rank; d++) {
        if (!pcl_import_axis(in, &perm.values[d], rank)) return;
        if (seen[perm.values[d]]) pcl_import_fail(in, PCL_ERROR_SHAPE, "axis %d appears twice", perm.values[d]);
        seen[perm.values[d]] = true;
    }
    if (perm.count != rank) pcl_import_fail(in, PCL_ERROR_SHAPE, "%d axes for a value of rank %d", perm.count, rank);
    if (in->status != PCL_OK) return;
    if (x->channels_last && is_turn(perm.values, rank, PCL_CHANNELS_LAST))
        pcl_import_set(in, node, 0, x->channels_last, PCL_PLAIN);
    else if (x->plain && is_turn(perm.values, rank, PCL_PLAIN))
        pcl_import_set(in, node, 0, x->plain, PCL_CHANNELS_LAST);
    else
        pcl_import_set(in, node, 0, pcl_import_transpose(in, pcl_import_plain(in, x), perm.values), PCL_PLAIN);
}

/* --- Values made of shapes ---------------------------------------------------------------- */

static int32_t clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

void pcl_translate_shape(pcl_importer *in, const pcl_onnx_node *node) {
    int64_t dims[PCL_MAX_RANK];
    int32_t count = 0;
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_shape shape = pcl_import_shape(node->inputs[0]);
    int32_t start = pcl_attribute_int(node, "start", 0), end = pcl_attribute_int(node, "end", shape.rank);
    start = clamp(start < 0 ? start + shape.rank : start, 0, shape.rank);
    end = clamp(end < 0 ? end + shape.rank : end, 0, shape.rank);
    for (int32_t d = start; d < end; d++) dims[count++] = shape.dims[d];
    pcl_import_set(in, node, 0, pcl_import_constant(in, PCL_INT64, &(pcl_shape){1, {count}}, dims), PCL_PLAIN);
}

void pcl_translate_size(pcl_importer *in, const pcl_onnx_node *node) {
    size_t count = 0;
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_shape shape = pcl_import_shape(node->inputs[0]);
    pcl_shape_count(&shape, &count);
    pcl_import_set(in, node, 0, pcl_import_constant(in, PCL_INT64, &(pcl_shape){0}, &(int64_t){(int64_t)count}),
                   PCL_PLAIN);
}

static pcl_tensor *read_tensor(pcl_importer *in, const pcl_onnx_node *node, bool *half) {
    pcl_bytes body = pcl_attribute_tensor(node, "value");
    pcl_tensor *tensor = NULL;
    *half = false;
    if (!body.data || in->status != PCL_OK) return NULL;
    in->status = pcl_onnx_read_tensor(&in->file, body, in->current.name, &tensor, half);
    return in->status == PCL_OK ? tensor : NULL;
}

void pcl_translate_constant(pcl_importer *in, const pcl_onnx_node *node) {
    bool half = false;
    pcl_tensor *tensor = read_tensor(in, node, &half);
    if (!tensor && pcl_attribute_exists(node, "value_float"))
        tensor = pcl_import_scalar(in, pcl_attribute_float(node, "value_float", 0.0f));
    if (!tensor && pcl_attribute_exists(node, "value_int"))
        tensor =
            pcl_import_constant(in, PCL_INT64, &(pcl_shape){0}, &(int64_t){pcl_attribute_int(node, "value_int", 0)});
    if (!tensor) tensor = pcl_attribute_floats(in, node, "value_floats");
    if (!tensor) tensor = pcl_attribute_integers(in, node, "value_ints");
    if (!tensor) pcl_import_fail(in, PCL_ERROR_UNSUPPORTED, "its value is no tensor");
    pcl_import_set(in, node, 0, tensor, PCL_PLAIN);
    if (node->outputs[0]) node->outputs[0]->half = half;
}

void pcl_translate_constant_of_shape(pcl_importer *in, const pcl_onnx_node *node) {
    bool half = false;
    if (!pcl_import_needs(in, node, 1)) return;
    pcl_tensor *value = read_tensor(in, node, &half);
    if (!value) value = pcl_import_scalar(in, 0.0f);
    if (value && pcl_tensor_count(value) == 1) value = pcl_import_reshape(in, value, &(pcl_shape){0});
    pcl_tensor *dims = pcl_import_plain(in, node->inputs[0]);
    if (value && dims) value = pcl_import_emit(in, &pcl_op_fill, value->dtype, NULL, 2, (pcl_tensor *[]){dims, value});
    pcl_import_set(in, node, 0, value, PCL_PLAIN);
    if (node->outputs[0]) node->outputs[0]->half = half;
}

void pcl_translate_range(pcl_importer *in, const pcl_onnx_node *node) {
    if (pcl_import_needs(in, node, 3)) pcl_import_generic(in, node, &pcl_onnx_range, NULL);
}
