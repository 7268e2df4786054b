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
    bool plain; /* its sums become eight bytes a row, by a requantisation that saturates */
    const int32_t *corrections; /* what to take from the sums of each row of the block; NULL: nothing */
} pcl_gemm_u8_panel;

/* Rows of the left matrix that pass all panels before the next ones do, so that they stay in the first-level cache. */
enum { PCL_GEMM_U8_BLOCK_ROWS = 100, PCL_GEMM_U8_BLOCK_BYTES = 24576 };

/* How many; a multiple of a tile's height. */
PCL_INLINE size_t pcl_gemm_u8_block_rows(size_t depth, size_t tile_rows) {
    size_t rows = PCL_GEMM_U8_BLOCK_BYTES / depth;
    if (rows > PCL_GEMM_U8_BLOCK_ROWS) rows = PCL_GEMM_U8_BLOCK_ROWS;
    return rows < tile_rows ? tile_rows : rows / tile_rows * tile_rows;
}

/* Columns `first` and on. */
pcl_gemm_u8_panel pcl_gemm_u8_panel_apart(const pcl_gemm_u8 *task, size_t first, const int32_t *corrections);

/* A weight zero point z adds -z * sum(a - offset) to every sum of a row: corrections, when z is not 0. */
const int32_t *pcl_gemm_u8_correct_apart(const pcl_gemm_u8 *task, uint32_t offset, size_t row, size_t end,
                                         int32_t *corrections);

/* Writes rows `row` and on. sums: [rows][columns 0-3, 4-7], room for two rows at least */
void pcl_gemm_u8_store_apart(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, v128_t (*sums)[2], size_t row,
                             size_t rows);

/* Two rows, or one where only one is left, to bytes: [2][8] */
PCL_INLINE v128_t pcl_gemm_u8_bytes(v128_t (*sums)[2], int rows, const v128_t scale[2], const pcl_rounding *rounding) {
    const v128_t *second = sums[rows > 1], scales[4] = {scale[0], scale[1], scale[0], scale[1]};
    return pcl_requantize_i32x4((v128_t[4]){sums[0][0], sums[0][1], second[0], second[1]}, scales, rounding);
}

#endif
