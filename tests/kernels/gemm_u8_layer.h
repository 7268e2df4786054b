/* A layer of 8-bit integers, made at random, for the tests of gemm_u8 and gemm_pairs. */
#ifndef GEMM_U8_LAYER_H
#define GEMM_U8_LAYER_H

#include "checkkernel.h"

typedef struct layer {
    pcl_gemm_u8 task;
    const int8_t *weights; /* [columns][depth] */
    const int32_t *bias;   /* for offset 0 */
    int32_t *folded;       /* for the table's own offset */
    uint8_t *out;
} layer;

/* shift: weights lose up to so many bits, as most of a layer's are small. */
static inline layer make_layer(size_t rows, size_t columns, size_t depth, int fill, size_t shift, bool saturates) {
    size_t a_stride = depth + check_random_size(0, 5), out_stride = columns + check_random_size(0, 5);
    uint8_t *a = check_input((rows - 1) * a_stride + depth, check_random_size(0, 15));
    check_fill(a, (rows - 1) * a_stride + depth, fill);
    int8_t *weights = check_input(columns * depth, 0);
    check_fill((uint8_t *)weights, columns * depth, (int)(check_random() % CHECK_FILLS));
    for (size_t i = 0; shift > 0 && i < columns * depth; i++)
        weights[i] = (int8_t)(weights[i] >> check_random_size(shift / 2, shift));
    int8_t *packed = check_input(pcl_gemm_u8_packed_bytes(columns, depth), check_random_size(0, 15));
    pcl_pack_gemm_u8(packed, weights, columns, depth);
    int32_t *bias = check_input(columns * 4, 0), *folded = check_input(columns * 4, 0);
    float *scale = check_input(columns * 4, 4);
    float typical = 1.0f / (100.0f * (float)depth);
    for (size_t n = 0; n < columns; n++) {
        bias[n] = (int32_t)check_random() >> check_random_size(0, 20);
        scale[n] = check_random_float(0.2f, 1.0f) * typical;
        if (check_random() % 8 == 0) scale[n] = 0x1p-24f * (float)check_random_size(1, 255); /* ties */
        if (check_random() % 16 == 0) scale[n] = check_random() % 2 ? 0x1p100f : 0x1p-149f;
    }
    layer made = {
        .weights = weights,
        .bias = bias,
        .folded = folded,
        .out = check_output((rows - 1) * out_stride + columns, check_random_size(0, 15)),
    };
    int32_t low = check_random() % 2 ? 0 : (int32_t)check_random_size(0, 128);
    made.task = (pcl_gemm_u8){
        .rows = rows,
        .columns = columns,
        .depth = depth,
        .a = a,
        .a_stride = a_stride,
        .packed = packed,
        .bias = bias,
        .weight_zero_point = check_random() % 2 ? 0 : (int32_t)check_random_size(0, 255) - 128,
        .requantization = {.scale = scale,
                           .zero_point = (int32_t)check_random_size(0, 255),
                           .low = low,
                           .high = check_random() % 2 ? 255 : (int32_t)check_random_size((size_t)low, 255)},
        .out = made.out,
        .out_stride = out_stride,
    };
    if (saturates) check_saturate(&made.task.requantization, scale, bias, columns, depth);
    return made;
}

#endif
