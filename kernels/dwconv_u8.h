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

/* No row lies between those that outputs read. */
PCL_INLINE bool pcl_dwconv_reads_all_rows(const pcl_dwconv *shape) {
    return shape->stride_h <= shape->filter_h && (shape->dilation_h == 1 || shape->filter_h == 1);
}

/* Two output rows of stride 1 read filter_h + 1 <= 4 input rows: one
 * interleaving serves both, the second with weights moved on by one. */
PCL_INLINE bool pcl_dwconv_shares_rows(const pcl_dwconv *shape) {
    return shape->out_rows > 1 && shape->stride_h == 1 && shape->filter_h <= 3 && pcl_dwconv_reads_all_rows(shape);
}

/* The input rows under filter rows 4 * group..4 * group + 3 of an output row, at channel `first`. Where the filter has
 * fewer, those that follow if outputs read all rows, or the last one again: the weights are zero. */
PCL_INLINE void pcl_dwconv_group_rows(const pcl_dwconv_u8 *task, size_t row, size_t group, size_t first,
                                      const uint8_t *rows[4]) {
    const pcl_dwconv *shape = &task->shape;
    size_t last_output = pcl_dwconv_reads_all_rows(shape) ? shape->out_rows - 1 : row;
    size_t last = last_output * shape->stride_h + (shape->filter_h - 1) * shape->dilation_h;
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

/* 16 channels of four neighbouring outputs lie as [16 channels / 4][4 outputs][4 channels] when they are made. */
#define PCL_DWCONV_MADE_BYTES 64

/* Writes them, `step` bytes apart. */
PCL_INLINE void pcl_dwconv_u8_store_whole(const uint8_t *made, uint8_t *out, size_t step) {
    v128_t a = wasm_v128_load(made), b = wasm_v128_load(made + 16);
    v128_t c = wasm_v128_load(made + 32), d = wasm_v128_load(made + 48);
    v128_t ab = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), cd = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5);
    v128_t ab_high = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7), cd_high = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
    wasm_v128_store(out, wasm_i64x2_shuffle(ab, cd, 0, 2));
    wasm_v128_store(out + step, wasm_i64x2_shuffle(ab, cd, 1, 3));
    wasm_v128_store(out + 2 * step, wasm_i64x2_shuffle(ab_high, cd_high, 0, 2));
    wasm_v128_store(out + 3 * step, wasm_i64x2_shuffle(ab_high, cd_high, 1, 3));
}

/* The same of channels 1..16, and of as many outputs as there are where these are less than four. */
void pcl_dwconv_u8_store_apart(const uint8_t *made, size_t channels, size_t outputs, uint8_t *out, size_t step);

/* Where the four outputs that begin at x are made: the last four may overlap those before, and come out the same. Where
 * there are less than four, scratch has room for what the others read. */
PCL_INLINE size_t pcl_dwconv_four_at(size_t x, size_t end) { return end - x >= 4 ? x : end < 4 ? 0 : end - 4; }

/* Four channels of four neighbouring outputs: [4][4 channels] */
PCL_INLINE v128_t pcl_dwconv_u8_bytes(const v128_t sums[4], const pcl_dwconv_lanes *lanes,
                                      const pcl_rounding *rounding) {
    const v128_t scales[4] = {lanes->scale, lanes->scale, lanes->scale, lanes->scale};
    return pcl_requantize_i32x4(sums, scales, rounding);
}

#endif
