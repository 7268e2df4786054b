/* The frame of gemm_u8 that both vector instruction sets share: walking over
 * rows and panels, and the way from 32-bit sums to bytes. */
#ifndef PCL_GEMM_U8_H
#define PCL_GEMM_U8_H

#include "simd.h"

/* Eight columns, the last panel maybe fewer. */
typedef struct pcl_gemm_u8_panel {
    const int8_t *weights; /* [quads][8][4] */
    size_t quads;
    v128_t bias[2], scale[2];
    pcl_rounding rounding;
    size_t first, columns; /* columns: 1..8 */
    const int32_t *corrections; /* what to take from the sums of each row of the block; NULL: nothing */
} pcl_gemm_u8_panel;

/* Computes rows [row, end) of a panel; corrections[0] belongs to `row`. */
typedef void pcl_gemm_u8_rows(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, size_t end);

#define PCL_GEMM_U8_BLOCK_ROWS 96     /* a multiple of every tile's height */
#define PCL_GEMM_U8_BLOCK_BYTES 16384 /* of the left matrix: stays in the first-level cache while panels pass */

PCL_INLINE pcl_gemm_u8_panel pcl_gemm_u8_panel_at(const pcl_gemm_u8 *task, size_t first) {
    size_t quads = (task->depth + 3) / 4;
    size_t columns = task->columns - first < 8 ? task->columns - first : 8;
    pcl_gemm_u8_panel panel = {
        .weights = task->packed + first / 8 * quads * 32,
        .quads = quads,
        .rounding = pcl_rounding_of(&task->requantization),
        .first = first,
        .columns = columns,
    };
    size_t low = columns < 4 ? columns : 4;
    panel.bias[0] = pcl_load_part(task->bias + first, low * 4);
    panel.bias[1] = pcl_load_part(task->bias + first + low, (columns - low) * 4);
    panel.scale[0] = pcl_load_part(task->requantization.scale + first, low * 4);
    panel.scale[1] = pcl_load_part(task->requantization.scale + first + low, (columns - low) * 4);
    return panel;
}

/* A weight zero point z adds -z * sum(a - offset) to every sum of a row. */
PCL_INLINE void pcl_gemm_u8_correct(const pcl_gemm_u8 *task, uint32_t offset, size_t row, size_t end,
                                    int32_t *corrections) {
    for (; row < end; row++) {
        uint32_t sum = pcl_sum_u8(task->a + row * task->a_stride, task->depth) - offset * (uint32_t)task->depth;
        *corrections++ = (int32_t)(sum * (uint32_t)task->weight_zero_point);
    }
}

PCL_INLINE void pcl_gemm_u8_walk(const pcl_gemm_u8 *task, uint32_t offset, pcl_gemm_u8_rows *rows) {
    int32_t corrections[PCL_GEMM_U8_BLOCK_ROWS];
    size_t fitting = PCL_GEMM_U8_BLOCK_BYTES / task->depth / 12 * 12;
    size_t block = fitting < 12 ? 12 : fitting > PCL_GEMM_U8_BLOCK_ROWS ? PCL_GEMM_U8_BLOCK_ROWS : fitting;
    for (size_t row = 0; row < task->rows; row += block) {
        size_t end = task->rows - row < block ? task->rows : row + block;
        if (task->weight_zero_point != 0) pcl_gemm_u8_correct(task, offset, row, end, corrections);
        for (size_t first = 0; first < task->columns; first += 8) {
            pcl_gemm_u8_panel panel = pcl_gemm_u8_panel_at(task, first);
            if (task->weight_zero_point != 0) panel.corrections = corrections;
            rows(task, &panel, row, end);
        }
    }
}

/* The bytes of two rows: row `row` from low0, low1 (columns 0-3, 4-7), the next from high0, high1.
 * `two`: there is a next row. */
PCL_INLINE void pcl_gemm_u8_store(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, bool two,
                                  v128_t low0, v128_t low1, v128_t high0, v128_t high1) {
    const pcl_rounding *rounding = &panel->rounding;
    low0 = pcl_requantize_i32x4(low0, panel->scale[0], rounding);
    low1 = pcl_requantize_i32x4(low1, panel->scale[1], rounding);
    if (two) high0 = pcl_requantize_i32x4(high0, panel->scale[0], rounding);
    if (two) high1 = pcl_requantize_i32x4(high1, panel->scale[1], rounding);
    v128_t bytes = pcl_narrow(low0, low1, high0, high1, rounding);
    uint8_t *out = task->out + row * task->out_stride + panel->first;
    if (panel->columns == 8) {
        wasm_v128_store64_lane(out, bytes, 0);
        if (two) wasm_v128_store64_lane(out + task->out_stride, bytes, 1);
    } else {
        pcl_store_part(out, bytes, panel->columns);
        if (two) pcl_store_part(out + task->out_stride, wasm_i64x2_shuffle(bytes, bytes, 1, 1), panel->columns);
    }
}

#endif
