#include "functions.h"
#include "simd.h"

/* out[i] = sum_j B[i][j] d[j] */
PCL_INLINE void input_line(const v128_t d[4], v128_t out[4]) {
    out[0] = wasm_i16x8_sub(d[0], d[2]);
    out[1] = wasm_i16x8_add(d[1], d[2]);
    out[2] = wasm_i16x8_sub(d[2], d[1]);
    out[3] = wasm_i16x8_sub(d[1], d[3]);
}

/* out[i] = sum_j A[i][j] m[j] */
PCL_INLINE void output_line(const v128_t m[4], v128_t out[2]) {
    out[0] = wasm_i32x4_add(wasm_i32x4_add(m[0], m[1]), m[2]);
    out[1] = wasm_i32x4_sub(wasm_i32x4_sub(m[1], m[2]), m[3]);
}

void pcl_winograd_input_u8_simd128(const void *const taps[16], size_t steps, int16_t *out, size_t stride) {
    for (size_t c = 0; c < steps * 8; c += 8, out += PCL_GEMM_I16_ROWS * 8) {
        v128_t half[4][4]; /* [x][row] */
        for (int x = 0; x < 4; x++) {
            v128_t column[4];
            for (int y = 0; y < 4; y++) column[y] = wasm_u16x8_load8x8((const uint8_t *)taps[y * 4 + x] + c);
            input_line(column, half[x]);
        }
        for (size_t i = 0; i < 4; i++) {
            v128_t row[4] = {half[0][i], half[1][i], half[2][i], half[3][i]}, line[4];
            input_line(row, line);
            for (size_t j = 0; j < 4; j++) wasm_v128_store(out + (i * 4 + j) * stride, line[j]);
        }
    }
}

/* One tile, `columns` of it 1 or 2. */
PCL_INLINE void output_tile(const pcl_winograd_output_u8 *task, const pcl_rounding *rounding, const int32_t *products,
                            uint8_t *tile, size_t columns) {
    for (size_t c = 0; c < task->channels; c += 4) {
        v128_t half[4][2]; /* [x][row] */
        for (size_t x = 0; x < 4; x++) {
            v128_t column[4];
            for (size_t y = 0; y < 4; y++) column[y] = wasm_v128_load(products + (y * 4 + x) * task->stride + c);
            output_line(column, half[x]);
        }
        v128_t scale = wasm_v128_load(task->requantization.scale + c), values[4];
        for (int y = 0; y < 2; y++) {
            v128_t row[4] = {half[0][y], half[1][y], half[2][y], half[3][y]};
            output_line(row, values + y * 2);
        }
        for (int i = 0; i < 4; i++) values[i] = pcl_requantize_i32x4(values[i], scale, rounding);
        v128_t bytes = pcl_narrow(values[0], values[1], values[2], values[3], rounding);
        uint8_t *out = tile + c;
        wasm_v128_store32_lane(out, bytes, 0);
        if (columns == 2) wasm_v128_store32_lane(out + task->channels, bytes, 1);
        if (task->rows == 1) continue;
        out += task->row_stride;
        wasm_v128_store32_lane(out, bytes, 2);
        if (columns == 2) wasm_v128_store32_lane(out + task->channels, bytes, 3);
    }
}

void pcl_winograd_output_u8_simd128(const pcl_winograd_output_u8 *task) {
    const pcl_winograd_output_u8 own = *task; /* stores of bytes might change the other, for all the compiler knows */
    const pcl_rounding rounding = pcl_rounding_of(&own.requantization);
    const int32_t *products = own.products;
    uint8_t *out = own.out;
    for (size_t x = 0; x < own.columns; x += 2, products += own.tile_stride, out += 2 * own.channels)
        output_tile(&own, &rounding, products, out, own.columns - x < 2 ? 1 : 2);
}
