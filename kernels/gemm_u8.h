/* The frame of gemm_u8 that both vector instruction sets share: blocks of
 * rows, panels, and the way from 32-bit sums to bytes. */
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

/* Rows of the left matrix that pass all panels before the next ones do, so that they stay in the first-level cache. */
enum { PCL_GEMM_U8_BLOCK_ROWS = 100, PCL_GEMM_U8_BLOCK_BYTES = 16384 };

/* How many; a multiple of a tile's height. */
PCL_INLINE size_t pcl_gemm_u8_block_rows(size_t depth, size_t tile_rows) {
    size_t rows = PCL_GEMM_U8_BLOCK_BYTES / depth;
    if (rows > PCL_GEMM_U8_BLOCK_ROWS) rows = PCL_GEMM_U8_BLOCK_ROWS;
    return rows < tile_rows ? tile_rows : rows / tile_rows * tile_rows;
}

PCL_INLINE pcl_gemm_u8_panel pcl_gemm_u8_panel_at(const pcl_gemm_u8 *task, size_t first) {
    size_t quads = (task->depth + 3) / 4;
    size_t columns = task->columns - first < 8 ? task->columns - first : 8;
    pcl_gemm_u8_panel panel = {
        .weights = (const int8_t *)task->packed + first / 8 * quads * 32,
        .quads = quads,
        .rounding = pcl_rounding_of(&task->requantization),
        .first = first,
        .columns = columns,
    };
    for (size_t i = 0; i < 2; i++) {
        size_t column = columns > 4 ? first + i * 4 : first;
        panel.bias[i] = wasm_v128_load(task->bias + column);
        panel.scale[i] = wasm_v128_load(task->requantization.scale + column);
    }
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

/* Rows of the last panel, fewer than eight columns; apart, for it is rare and large. */
static __attribute__((noinline)) void pcl_gemm_u8_store_part(const v128_t *bytes, int rows, size_t columns,
                                                             uint8_t *out, size_t stride) {
    const uint8_t *from = (const uint8_t *)bytes;
    for (int r = 0; r < rows; r++) memcpy(out + (size_t)r * stride, from + r * 8, columns);
}

/* Two rows, or one where only one is left, to bytes: [2][8] */
PCL_INLINE v128_t pcl_gemm_u8_bytes(v128_t (*sums)[2], int rows, const v128_t scale[2], const pcl_rounding *rounding) {
    v128_t values[4];
    for (int i = 0; i < 4; i++)
        values[i] = i / 2 < rows ? pcl_requantize_i32x4(sums[i / 2][i % 2], scale[i % 2], rounding) : values[0];
    return pcl_narrow(values[0], values[1], values[2], values[3], rounding);
}

/* Requantises and writes rows `row` and on; sums: [rows][columns 0-3, 4-7] */
PCL_INLINE void pcl_gemm_u8_store(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, size_t row, int rows,
                                  v128_t (*sums)[2]) {
    v128_t bytes[3]; /* two rows each */
    for (int r = 0; r < rows; r += 2)
        bytes[r / 2] = pcl_gemm_u8_bytes(sums + r, rows - r, panel->scale, &panel->rounding);
    size_t stride = task->out_stride;
    uint8_t *out = task->out + row * stride + panel->first;
    if (panel->columns < 8) {
        pcl_gemm_u8_store_part(bytes, rows, panel->columns, out, stride);
        return;
    }
    for (int r = 0; r < rows; r += 2) {
        wasm_v128_store64_lane(out, bytes[r / 2], 0);
        if (r + 1 < rows) wasm_v128_store64_lane(out + stride, bytes[r / 2], 1);
        out += 2 * stride;
    }
}

#endif
