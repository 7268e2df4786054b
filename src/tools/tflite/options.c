#include "tools/tflite/options.h"

#include <string.h>

#include "model/tflite_ops.h"
#include "ops/table.h"

/* Each function below sets the fields of a table of TensorFlow's schema.fbs
 * (tensorflow/compiler/mlir/lite/schema); numbers are the fields' places in it. */

static void set_strides(pcl_padding padding, int32_t width, int32_t height, pcl_table_fields *fields) {
    pcl_set_u8(fields, 0, padding == PCL_PADDING_SAME ? 0 : 1);
    pcl_set_i32(fields, 1, width);
    pcl_set_i32(fields, 2, height);
}

static void set_conv(const pcl_node *node, pcl_table_fields *fields) {
    const pcl_conv_attributes *conv = &node->attributes.conv;
    set_strides(conv->padding, conv->stride_w, conv->stride_h, fields);
    pcl_set_u8(fields, 3, (uint8_t)conv->activation);
    pcl_set_i32(fields, 4, conv->dilation_w);
    pcl_set_i32(fields, 5, conv->dilation_h);
}

static void set_depthwise(const pcl_node *node, pcl_table_fields *fields) {
    const pcl_conv_attributes *conv = &node->attributes.conv;
    int32_t multiplier = conv->depth_multiplier;
    if (multiplier == 0) multiplier = node->inputs[1]->shape.dims[3] / node->inputs[0]->shape.dims[3];
    set_strides(conv->padding, conv->stride_w, conv->stride_h, fields);
    pcl_set_i32(fields, 3, multiplier);
    pcl_set_u8(fields, 4, (uint8_t)conv->activation);
    pcl_set_i32(fields, 5, conv->dilation_w);
    pcl_set_i32(fields, 6, conv->dilation_h);
}

static void set_transpose_conv(const pcl_node *node, pcl_table_fields *fields) {
    const pcl_conv_attributes *conv = &node->attributes.conv;
    set_strides(conv->padding, conv->stride_w, conv->stride_h, fields);
    pcl_set_u8(fields, 3, (uint8_t)conv->activation);
}

static void set_pool(const pcl_node *node, pcl_table_fields *fields) {
    const pcl_pool_attributes *pool = &node->attributes.pool;
    set_strides(pool->padding, pool->stride_w, pool->stride_h, fields);
    pcl_set_i32(fields, 3, pool->filter_w);
    pcl_set_i32(fields, 4, pool->filter_h);
    pcl_set_u8(fields, 5, (uint8_t)pool->activation);
}

static void set_fully_connected(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_u8(fields, 0, (uint8_t)node->attributes.fully_connected.activation);
    pcl_set_u8(fields, 2, node->attributes.fully_connected.keep_num_dims);
}

static void set_binary(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_u8(fields, 0, (uint8_t)node->attributes.binary.activation);
}

static void set_batch_matmul(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_u8(fields, 0, node->attributes.batch_matmul.adjoint_x);
    pcl_set_u8(fields, 1, node->attributes.batch_matmul.adjoint_y);
}

static void set_concat(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_i32(fields, 0, node->attributes.concat.axis);
    pcl_set_u8(fields, 1, (uint8_t)node->attributes.concat.activation);
}

static void set_pack(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_i32(fields, 0, node->input_count);
    pcl_set_i32(fields, 1, node->attributes.concat.axis);
}

static void set_unpack(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_i32(fields, 0, node->output_count);
    pcl_set_i32(fields, 1, node->attributes.unpack.axis);
}

static void set_split(const pcl_node *node, pcl_table_fields *fields) { pcl_set_i32(fields, 0, node->output_count); }

static void set_gather(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_i32(fields, 0, node->attributes.gather.axis);
    pcl_set_i32(fields, 1, node->attributes.gather.batch_dims);
}

static void set_softmax(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_f32(fields, 0, node->attributes.softmax.beta);
}

static void set_leaky_relu(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_f32(fields, 0, node->attributes.leaky_relu.alpha);
}

static void set_gelu(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_u8(fields, 0, node->attributes.gelu.approximate);
}

static void set_local_response_norm(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_i32(fields, 0, node->attributes.local_response_norm.radius);
    pcl_set_f32(fields, 1, node->attributes.local_response_norm.bias);
    pcl_set_f32(fields, 2, node->attributes.local_response_norm.alpha);
    pcl_set_f32(fields, 3, node->attributes.local_response_norm.beta);
}

static void set_reduce(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_u8(fields, 0, node->attributes.reduce.keep_dims);
}

static void set_list(const pcl_node *node, pcl_table_fields *fields) {
    const int32_t *values;
    if (pcl_tflite_option_list(node, &values) >= 0) pcl_set_offset(fields, 0);
}

static void set_strided_slice(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_i32(fields, 0, node->attributes.strided_slice.begin_mask);
    pcl_set_i32(fields, 1, node->attributes.strided_slice.end_mask);
    pcl_set_i32(fields, 2, node->attributes.strided_slice.ellipsis_mask);
    pcl_set_i32(fields, 3, node->attributes.strided_slice.new_axis_mask);
    pcl_set_i32(fields, 4, node->attributes.strided_slice.shrink_axis_mask);
    pcl_set_u8(fields, 5, node->attributes.strided_slice.offset);
}

static void set_resize(const pcl_node *node, pcl_table_fields *fields) {
    int first = node->op == &pcl_op_resize_bilinear ? 2 : 0; /* bilinear ones once had their sizes here */
    pcl_set_u8(fields, first, node->attributes.resize.align_corners);
    pcl_set_u8(fields, first + 1, node->attributes.resize.half_pixel_centers);
}

static void set_mirror_pad(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_u8(fields, 0, node->attributes.mirror_pad.symmetric);
}

static void set_depth_space(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_i32(fields, 0, node->attributes.depth_space.block_size);
}

uint8_t pcl_tflite_type(pcl_dtype dtype) {
    static const uint8_t numbers[PCL_DTYPE_COUNT] = {
        [PCL_FLOAT32] = 0, [PCL_FLOAT16] = 1, [PCL_INT32] = 2,  [PCL_UINT8] = 3,   [PCL_INT64] = 4,   [PCL_BOOL] = 6,
        [PCL_INT16] = 7,   [PCL_INT8] = 9,    [PCL_FLOAT64] = 10, [PCL_UINT64] = 12, [PCL_UINT32] = 15, [PCL_UINT16] = 16};
    return numbers[dtype];
}

static void set_cast(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_u8(fields, 0, pcl_tflite_type(node->inputs[0]->dtype));
    pcl_set_u8(fields, 1, pcl_tflite_type(node->outputs[0]->dtype));
}

static void set_out_type(const pcl_node *node, pcl_table_fields *fields) {
    pcl_set_u8(fields, 0, pcl_tflite_type(node->outputs[0]->dtype));
}

typedef struct entry {
    const pcl_op *op;
    pcl_tflite_target target;
} entry;

/* Operators of the engine that have options in the schema; those of the others are empty tables. */
static const entry with_options[] = {
    {&pcl_op_add, {0, 11, set_binary}},
    {&pcl_op_arg_max, {56, 40, set_out_type}},
    {&pcl_op_arg_min, {79, 57, set_out_type}},
    {&pcl_op_average_pool_2d, {1, 5, set_pool}},
    {&pcl_op_batch_matmul, {126, 101, set_batch_matmul}},
    {&pcl_op_cast, {53, 37, set_cast}},
    {&pcl_op_concatenation, {2, 10, set_concat}},
    {&pcl_op_conv_2d, {3, 1, set_conv}},
    {&pcl_op_depthwise_conv_2d, {4, 2, set_depthwise}},
    {&pcl_op_depth_to_space, {5, 94, set_depth_space}},
    {&pcl_op_div, {42, 29, set_binary}},
    {&pcl_op_fully_connected, {9, 8, set_fully_connected}},
    {&pcl_op_gather, {36, 23, set_gather}},
    {&pcl_op_gelu, {150, 116, set_gelu}},
    {&pcl_op_l2_normalization, {11, 12, NULL}},
    {&pcl_op_l2_pool_2d, {12, 5, set_pool}},
    {&pcl_op_leaky_relu, {98, 75, set_leaky_relu}},
    {&pcl_op_local_response_normalization, {13, 13, set_local_response_norm}},
    {&pcl_op_max_pool_2d, {17, 5, set_pool}},
    {&pcl_op_mean, {40, 27, set_reduce}},
    {&pcl_op_mirror_pad, {100, 77, set_mirror_pad}},
    {&pcl_op_mul, {18, 21, set_binary}},
    {&pcl_op_pack, {83, 59, set_pack}},
    {&pcl_op_reduce_all, {140, 27, set_reduce}},
    {&pcl_op_reduce_any, {91, 27, set_reduce}},
    {&pcl_op_reduce_max, {82, 27, set_reduce}},
    {&pcl_op_reduce_min, {89, 27, set_reduce}},
    {&pcl_op_reduce_prod, {81, 27, set_reduce}},
    {&pcl_op_reshape, {22, 17, set_list}},
    {&pcl_op_resize_bilinear, {23, 15, set_resize}},
    {&pcl_op_resize_nearest_neighbor, {97, 74, set_resize}},
    {&pcl_op_shape, {77, 55, set_out_type}},
    {&pcl_op_softmax, {25, 9, set_softmax}},
    {&pcl_op_space_to_depth, {26, 19, set_depth_space}},
    {&pcl_op_split, {49, 35, set_split}},
    {&pcl_op_split_v, {102, 79, set_split}},
    {&pcl_op_squeeze, {43, 30, set_list}},
    {&pcl_op_strided_slice, {45, 32, set_strided_slice}},
    {&pcl_op_sub, {41, 28, set_binary}},
    {&pcl_op_sum, {74, 27, set_reduce}},
    {&pcl_op_transpose_conv, {67, 49, set_transpose_conv}},
    {&pcl_op_unpack, {88, 64, set_unpack}},
};

bool pcl_tflite_target_of(const pcl_node *node, pcl_tflite_target *out) {
    if (!node->op) return false;
    for (size_t i = 0; i < sizeof with_options / sizeof *with_options; i++)
        if (with_options[i].op == node->op) return *out = with_options[i].target, true;
    for (int32_t code = 0; pcl_tflite_op_by_code(code)->name; code++) {
        const pcl_tflite_op *op = pcl_tflite_op_by_code(code);
        if (op->max_version == 0 || pcl_op_find(op->name) != node->op) continue;
        *out = (pcl_tflite_target){.builtin_code = code};
        return true;
    }
    return false;
}

int32_t pcl_tflite_option_list(const pcl_node *node, const int32_t **values) {
    const pcl_attributes *attributes = &node->attributes;
    if (node->op == &pcl_op_squeeze) return *values = attributes->squeeze.axes, attributes->squeeze.count;
    if (node->op == &pcl_op_reshape && node->input_count < 2)
        return *values = attributes->reshape.dims, attributes->reshape.rank;
    return -1;
}

/* --- Versions ------------------------------------------------------------------ */

static bool is_int8(const pcl_tensor *tensor) { return tensor && tensor->dtype == PCL_INT8; }

static int32_t conv_version(const pcl_node *node) {
    const pcl_tensor *x = node->inputs[0], *weights = node->inputs[1];
    if (x->shape.rank == 4 && weights->shape.rank == 4 && x->shape.dims[3] != weights->shape.dims[3]) return 6; /* groups */
    return is_int8(x) ? 3 : 1;
}

static int32_t depthwise_version(const pcl_node *node) {
    const pcl_conv_attributes *conv = &node->attributes.conv;
    if (is_int8(node->inputs[0])) return 3;
    return conv->dilation_w != 1 || conv->dilation_h != 1 ? 2 : 1;
}

static int32_t dense_version(const pcl_node *node) {
    if (node->inputs[1]->quantization.count > 1) return 12;
    if (node->attributes.fully_connected.keep_num_dims) return 5;
    return is_int8(node->inputs[0]) ? 4 : node->input_count < 3 || !node->inputs[2] ? 6 : 1;
}

static int32_t transpose_conv_version(const pcl_node *node) {
    if (node->attributes.conv.activation != PCL_ACTIVATION_NONE) return 4;
    return node->input_count > 3 && node->inputs[3] ? 3 : is_int8(node->inputs[2]) ? 2 : 1;
}

static int32_t dequantize_version(const pcl_node *node) {
    const pcl_tensor *x = node->inputs[0];
    if (x->quantization.count > 1) return 5;
    return x->dtype == PCL_FLOAT16 ? 3 : is_int8(x) ? 2 : 1;
}

static int32_t needed_version(const pcl_node *node) {
    if (node->op == &pcl_op_conv_2d) return conv_version(node);
    if (node->op == &pcl_op_depthwise_conv_2d) return depthwise_version(node);
    if (node->op == &pcl_op_fully_connected) return dense_version(node);
    if (node->op == &pcl_op_transpose_conv) return transpose_conv_version(node);
    if (node->op == &pcl_op_dequantize) return dequantize_version(node);
    if (node->op == &pcl_op_quantize) return node->inputs[0]->dtype == PCL_FLOAT32 ? 1 : 2;
    if (node->op == &pcl_op_resize_bilinear || node->op == &pcl_op_resize_nearest_neighbor)
        return node->attributes.resize.half_pixel_centers ? 3 : is_int8(node->inputs[0]) ? 2 : 1;
    if (node->op == &pcl_op_reshape || node->op == &pcl_op_squeeze || node->op == &pcl_op_expand_dims ||
        node->op == &pcl_op_hard_swish || node->op == &pcl_op_prelu || node->op == &pcl_op_gelu)
        return 1;
    return node->input_count > 0 && is_int8(node->inputs[0]) ? 2 : 1;
}

int32_t pcl_tflite_version(const pcl_node *node) {
    int32_t needed = needed_version(node);
    return node->version > needed ? node->version : needed;
}
