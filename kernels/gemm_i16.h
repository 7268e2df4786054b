/* What the products of 16-bit integers share: five rows of the left matrix lie as [pairs of k][5][2]. */
#ifndef PCL_GEMM_I16_H
#define PCL_GEMM_I16_H

#include "simd.h"

/* Eight k of each of five rows, as they come, to [4 pairs][5][2]. */
PCL_INLINE void pcl_gemm_i16_interleave(const v128_t rows[PCL_GEMM_I16_ROWS], int16_t *to) {
    v128_t low[2], high[2]; /* of two rows each: pairs 0 and 1, 2 and 3 */
    for (int i = 0; i < 2; i++) {
        low[i] = wasm_i32x4_shuffle(rows[2 * i], rows[2 * i + 1], 0, 4, 1, 5);
        high[i] = wasm_i32x4_shuffle(rows[2 * i], rows[2 * i + 1], 2, 6, 3, 7);
    }
    wasm_v128_store(to, wasm_i64x2_shuffle(low[0], low[1], 0, 2));
    wasm_v128_store(to + 10, wasm_i64x2_shuffle(low[0], low[1], 1, 3));
    wasm_v128_store(to + 20, wasm_i64x2_shuffle(high[0], high[1], 0, 2));
    wasm_v128_store(to + 30, wasm_i64x2_shuffle(high[0], high[1], 1, 3));
    wasm_v128_store32_lane(to + 8, rows[4], 0);
    wasm_v128_store32_lane(to + 18, rows[4], 1);
    wasm_v128_store32_lane(to + 28, rows[4], 2);
    wasm_v128_store32_lane(to + 38, rows[4], 3);
}

/* The same of bytes, from k on. */
PCL_INLINE void pcl_gemm_i16_widen_rows(const uint8_t *const a[PCL_GEMM_I16_ROWS], size_t k, int16_t *to) {
    v128_t wide[PCL_GEMM_I16_ROWS];
    for (int r = 0; r < PCL_GEMM_I16_ROWS; r++) wide[r] = wasm_u16x8_load8x8(a[r] + k);
    pcl_gemm_i16_interleave(wide, to);
}

/* Four columns of a quad as gemm_u8 has it packed, [4][4] bytes, less the zero point, to two pairs, each [4][2]. */
PCL_INLINE void pcl_gemm_i16_widen_quad(const int8_t *packed, v128_t zero_point, v128_t *first, v128_t *second) {
    v128_t low = wasm_i16x8_sub(wasm_i16x8_load8x8(packed), zero_point);
    v128_t high = wasm_i16x8_sub(wasm_i16x8_load8x8(packed + 8), zero_point);
    *first = wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
    *second = wasm_i32x4_shuffle(low, high, 1, 3, 5, 7);
}

typedef struct pcl_gemm_i16_panel {
    size_t tiles, pairs;
    const int16_t *left;    /* [tiles][pairs][5][2] */
    const int16_t *weights; /* [pairs][8 columns][2] */
    const int32_t *initial; /* what the sums begin with: [tiles * 5][initial_stride], eight of each row; may be `out` */
    size_t initial_stride;  /* 0: the same for all rows */
    int32_t *out;           /* [tiles * 5][stride], of which it writes eight */
    size_t stride;
} pcl_gemm_i16_panel;

/* The sums of eight columns. */
void pcl_gemm_i16_columns_apart(const pcl_gemm_i16_panel *panel);

#endif
