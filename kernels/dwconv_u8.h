/* What the vector forms of dwconv_u8 share. Both work on blocks of 16
 * channels: the rows under a group of four filter rows are first interleaved
 * in scratch, column by column (pads included), so that one product covers
 * several taps of a channel. */
#ifndef PCL_DWCONV_U8_H
#define PCL_DWCONV_U8_H

#include "simd.h"

/* Columns that the output reads, counted from the left pad on. */
PCL_INLINE size_t pcl_dwconv_columns(const pcl_dwconv *shape) {
    return (shape->out_width - 1) * shape->stride_w + (shape->filter_w - 1) * shape->dilation_w + 1;
}

/* Two output rows of stride 1 read filter_h + 1 <= 4 input rows: one
 * interleaving serves both, the second with weights moved on by one. */
PCL_INLINE bool pcl_dwconv_shares_rows(const pcl_dwconv *shape) {
    return shape->out_rows == 2 && shape->stride_h == 1 && shape->filter_h <= 3 &&
           (shape->dilation_h == 1 || shape->filter_h == 1);
}

/* The input rows under filter rows 4 * group..4 * group + 3 of an output row, at channel `first`. Where there are
 * fewer, the last one again: its weights are zero. */
PCL_INLINE void pcl_dwconv_group_rows(const pcl_dwconv_u8 *task, size_t row, size_t group, size_t first,
                                      const uint8_t *rows[4]) {
    const pcl_dwconv *shape = &task->shape;
    size_t last = row * shape->stride_h + (shape->filter_h - 1) * shape->dilation_h;
    if (pcl_dwconv_shares_rows(shape)) last = shape->filter_h;
    for (size_t y = 0; y < 4; y++) {
        size_t wanted = row * shape->stride_h + (group * 4 + y) * shape->dilation_h;
        rows[y] = task->rows[wanted < last ? wanted : last] + first;
    }
}

/* Channels channel..channel + 3, of which the last may not be there. */
typedef struct pcl_dwconv_lanes {
    v128_t bias, scale;
    size_t channels; /* 1..4 */
} pcl_dwconv_lanes;

PCL_INLINE pcl_dwconv_lanes pcl_dwconv_lanes_at(const pcl_dwconv_u8 *task, size_t channel) {
    size_t left = task->shape.channels - channel;
    return (pcl_dwconv_lanes){
        .bias = wasm_v128_load(task->bias + channel),
        .scale = wasm_v128_load(task->requantization.scale + channel),
        .channels = left < 4 ? left : 4,
    };
}

/* Four channels of `count` (1 or 4) neighbouring outputs: [4][4 channels] */
PCL_INLINE v128_t pcl_dwconv_u8_bytes(const v128_t sums[4], int count, const pcl_dwconv_lanes *lanes,
                                      const pcl_rounding *rounding) {
    v128_t values[4];
    for (int j = 0; j < 4; j++) {
        values[j] = j < count ? pcl_requantize_i32x4(sums[j], lanes->scale, rounding) : values[0];
    }
    return pcl_narrow(values[0], values[1], values[2], values[3], rounding);
}

#endif
