/* Values in the layout that somebody asks for. */
#include "tools/onnx/importer.h"

pcl_value *pcl_import_input(const pcl_onnx_node *node, int32_t index) {
    return index < node->input_count ? node->inputs[index] : NULL;
}

bool pcl_import_wants(const pcl_onnx_node *node, int32_t output) {
    return output < node->output_count && node->outputs[output] && node->outputs[output]->reads > 0;
}

static const pcl_tensor *any_form(const pcl_value *value) { return value->plain ? value->plain : value->channels_last; }

pcl_dtype pcl_import_dtype(const pcl_value *value) { return any_form(value)->dtype; }

bool pcl_import_is_constant(const pcl_value *value) { return any_form(value)->constant; }

int32_t pcl_import_moved_axis(int32_t axis, int32_t rank, pcl_layout layout) {
    if (layout == PCL_PLAIN || axis == 0) return axis;
    return axis == 1 ? rank - 1 : axis - 1;
}

pcl_shape pcl_import_moved_shape(const pcl_shape *plain, pcl_layout layout) {
    pcl_shape moved = {.rank = plain->rank};
    for (int32_t d = 0; d < plain->rank; d++)
        moved.dims[pcl_import_moved_axis(d, plain->rank, layout)] = plain->dims[d];
    return moved;
}

pcl_shape pcl_import_shape(const pcl_value *value) {
    if (value->plain) return value->plain->shape;
    const pcl_shape *moved = &value->channels_last->shape;
    pcl_shape plain = {.rank = moved->rank};
    for (int32_t d = 0; d < plain.rank; d++)
        plain.dims[d] = moved->dims[pcl_import_moved_axis(d, plain.rank, PCL_CHANNELS_LAST)];
    return plain;
}

static pcl_tensor *turn_to(pcl_importer *in, pcl_tensor *tensor, pcl_layout layout) {
    int32_t rank = tensor->shape.rank, axes[PCL_MAX_RANK];
    for (int32_t d = 0; d < rank; d++) {
        int32_t moved = pcl_import_moved_axis(d, rank, PCL_CHANNELS_LAST);
        if (layout == PCL_CHANNELS_LAST) axes[moved] = d;
        else axes[d] = moved;
    }
    return pcl_import_transpose(in, tensor, axes);
}

static bool is_computed(pcl_importer *in, const pcl_value *value) {
    if (in->status == PCL_OK && !any_form(value))
        pcl_import_fail(in, PCL_ERROR_FORMAT, "reads '%s' before it is computed", value->label);
    return in->status == PCL_OK;
}

pcl_tensor *pcl_import_plain(pcl_importer *in, pcl_value *value) {
    if (!is_computed(in, value)) return NULL;
    if (!value->plain) value->plain = turn_to(in, value->channels_last, PCL_PLAIN);
    return value->plain;
}

pcl_tensor *pcl_import_channels_last(pcl_importer *in, pcl_value *value) {
    if (!is_computed(in, value)) return NULL;
    if (!value->channels_last && value->plain->shape.rank < 3)
        pcl_import_fail(in, PCL_ERROR_SHAPE, "'%s' has rank %d, expected 3 or more", value->label,
                        value->plain->shape.rank);
    else if (!value->channels_last) value->channels_last = turn_to(in, value->plain, PCL_CHANNELS_LAST);
    return value->channels_last;
}

pcl_tensor *pcl_import_plain_input(pcl_importer *in, const pcl_onnx_node *node, int32_t index) {
    pcl_value *value = pcl_import_input(node, index);
    return value ? pcl_import_plain(in, value) : NULL;
}

/* Channels last when one of the inputs of the greatest rank is there in that
 * layout; constants turn over at no cost, and count for nothing. */
pcl_layout pcl_import_layout(const pcl_onnx_node *node, int32_t input_count) {
    int32_t rank = 0;
    bool moved = false;
    for (int32_t i = 0; i < input_count; i++) {
        const pcl_value *value = pcl_import_input(node, i);
        if (!value || !any_form(value)) continue;
        int32_t own = any_form(value)->shape.rank;
        bool has_moved = value->channels_last && !value->channels_last->constant;
        if (own > rank) moved = has_moved;
        else if (own == rank) moved |= has_moved;
        if (own > rank) rank = own;
    }
    return moved ? PCL_CHANNELS_LAST : PCL_PLAIN;
}

/* One element broadcasts as it is; everything else is given its missing
 * dimensions first, since the channels must not come to lie among them. */
pcl_tensor *pcl_import_operand(pcl_importer *in, pcl_value *value, int32_t rank, pcl_layout layout) {
    if (!is_computed(in, value)) return NULL;
    if (layout == PCL_PLAIN) return pcl_import_plain(in, value);
    pcl_shape shape = pcl_import_shape(value), full = {.rank = rank};
    if (shape.rank == rank) return pcl_import_channels_last(in, value);
    pcl_tensor *plain = pcl_import_plain(in, value);
    if (!plain || pcl_tensor_count(plain) == 1) return plain;
    for (int32_t d = 0; d < rank; d++) full.dims[d] = d < rank - shape.rank ? 1 : shape.dims[d - (rank - shape.rank)];
    plain = pcl_import_reshape(in, plain, &full);
    return plain ? turn_to(in, plain, PCL_CHANNELS_LAST) : NULL;
}

void pcl_import_set(pcl_importer *in, const pcl_onnx_node *node, int32_t output, pcl_tensor *tensor,
                    pcl_layout layout) {
    if (in->status != PCL_OK || output >= node->output_count || !node->outputs[output]) return;
    pcl_value *value = node->outputs[output];
    if (any_form(value)) pcl_import_fail(in, PCL_ERROR_FORMAT, "writes '%s', which has data already", value->label);
    else if (layout == PCL_PLAIN) value->plain = tensor;
    else value->channels_last = tensor;
}

void pcl_import_alias(pcl_importer *in, const pcl_onnx_node *node, int32_t output, pcl_value *value) {
    if (!is_computed(in, value)) return;
    pcl_value *out = node->outputs[output];
    if (value->plain) pcl_import_set(in, node, output, value->plain, PCL_PLAIN);
    else pcl_import_set(in, node, output, value->channels_last, PCL_CHANNELS_LAST);
    if (in->status == PCL_OK && out) out->channels_last = value->channels_last;
}
