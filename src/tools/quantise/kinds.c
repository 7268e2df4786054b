#include "tools/quantise/kinds.h"

#include "ops/table.h"

static const struct {
    const pcl_op *op;
    pcl_kind kind;
} kinds[] = {
    {&pcl_op_conv_2d, PCL_KIND_WEIGHTED},
    {&pcl_op_depthwise_conv_2d, PCL_KIND_WEIGHTED},
    {&pcl_op_fully_connected, PCL_KIND_WEIGHTED},
    {&pcl_op_transpose_conv, PCL_KIND_WEIGHTED},
    {&pcl_op_add, PCL_KIND_FREE},
    {&pcl_op_sub, PCL_KIND_FREE},
    {&pcl_op_mul, PCL_KIND_FREE},
    {&pcl_op_mean, PCL_KIND_FREE},
    {&pcl_op_relu, PCL_KIND_FREE},
    {&pcl_op_relu6, PCL_KIND_FREE},
    {&pcl_op_leaky_relu, PCL_KIND_FREE},
    {&pcl_op_prelu, PCL_KIND_FREE},
    {&pcl_op_hard_swish, PCL_KIND_FREE},
    {&pcl_op_average_pool_2d, PCL_KIND_MOVE},
    {&pcl_op_max_pool_2d, PCL_KIND_MOVE},
    {&pcl_op_concatenation, PCL_KIND_MOVE},
    {&pcl_op_depth_to_space, PCL_KIND_MOVE},
    {&pcl_op_expand_dims, PCL_KIND_MOVE},
    {&pcl_op_maximum, PCL_KIND_MOVE},
    {&pcl_op_minimum, PCL_KIND_MOVE},
    {&pcl_op_mirror_pad, PCL_KIND_MOVE},
    {&pcl_op_pad, PCL_KIND_MOVE},
    {&pcl_op_padv2, PCL_KIND_MOVE},
    {&pcl_op_reduce_max, PCL_KIND_MOVE},
    {&pcl_op_reshape, PCL_KIND_MOVE},
    {&pcl_op_resize_bilinear, PCL_KIND_MOVE},
    {&pcl_op_resize_nearest_neighbor, PCL_KIND_MOVE},
    {&pcl_op_slice, PCL_KIND_MOVE},
    {&pcl_op_space_to_depth, PCL_KIND_MOVE},
    {&pcl_op_split, PCL_KIND_MOVE},
    {&pcl_op_squeeze, PCL_KIND_MOVE},
    {&pcl_op_strided_slice, PCL_KIND_MOVE},
    {&pcl_op_transpose, PCL_KIND_MOVE},
    {&pcl_op_logistic, PCL_KIND_FIXED},
    {&pcl_op_tanh, PCL_KIND_FIXED},
};

pcl_kind pcl_kind_of(const pcl_node *node) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].op == node->op) return kinds[i].kind;
    return PCL_KIND_FLOAT;
}

void pcl_fixed_quantisation(const pcl_node *node, float *scale, int32_t *zero_point) {
    bool tanh = node->op == &pcl_op_tanh;
    *scale = tanh ? 1.0f / 128.0f : 1.0f / 256.0f;
    *zero_point = tanh ? 0 : -128;
}
