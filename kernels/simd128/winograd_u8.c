#include "functions.h"
#include "simd.h"

/* out[i] = sum_j B[i][j] d[j] */
PCL_INLINE void input_line(const v128_t d[6], v128_t out[6]) {
    v128_t even = wasm_i16x8_sub(d[4], wasm_i16x8_shl(d[2], 2)), odd = wasm_i16x8_sub(d[3], wasm_i16x8_shl(d[1], 2));
    v128_t outer = wasm_i16x8_sub(d[4], d[2]), inner = wasm_i16x8_sub(d[3], d[1]), twice = wasm_i16x8_add(inner, inner);
    out[0] = wasm_i16x8_add(wasm_i16x8_shl(wasm_i16x8_sub(d[0], d[2]), 2), outer);
    out[1] = wasm_i16x8_add(even, odd);
    out[2] = wasm_i16x8_sub(even, odd);
    out[3] = wasm_i16x8_add(outer, twice);
    out[4] = wasm_i16x8_sub(outer, twice);
    out[5] = wasm_i16x8_sub(wasm_i16x8_sub(d[5], d[3]), wasm_i16x8_shl(inner, 2));
}

/* out[i] = sum_j A[i][j] m[j] */
PCL_INLINE void output_line(const v128_t m[6], v128_t out[4]) {
    v128_t sum = wasm_i32x4_add(m[1], m[2]), difference = wasm_i32x4_sub(m[1], m[2]);
    v128_t far_sum = wasm_i32x4_add(m[3], m[4]), far_difference = wasm_i32x4_sub(m[3], m[4]);
    sum = wasm_i32x4_add(sum, sum);
    difference = wasm_i32x4_add(difference, difference);
    out[0] = wasm_i32x4_add(wasm_i32x4_add(m[0], sum), far_sum);
    out[1] = wasm_i32x4_add(difference, wasm_i32x4_add(far_difference, far_difference));
    out[2] = wasm_i32x4_add(sum, wasm_i32x4_shl(far_sum, 2));
    v128_t last = wasm_i32x4_add(wasm_i32x4_add(m[5], m[5]), m[5]);
    out[3] = wasm_i32x4_add(wasm_i32x4_add(difference, wasm_i32x4_shl(far_difference, 3)), last);
}

void pcl_winograd_input_u8_simd128(const void *const taps[36], size_t steps, int16_t *out, size_t stride) {
    for (size_t c = 0; c < steps * 8; c += 8, out += PCL_GEMM_I16_ROWS * 8) {
        v128_t half[6][6]; /* [x][row] */
        for (int x = 0; x < 6; x++) {
            v128_t column[6];
            for (int y = 0; y < 6; y++) column[y] = wasm_u16x8_load8x8((const uint8_t *)taps[y * 6 + x] + c);
            input_line(column, half[x]);
        }
        for (size_t i = 0; i < 6; i++) {
            v128_t row[6], line[6];
            for (int x = 0; x < 6; x++) row[x] = half[x][i];
            input_line(row, line);
            for (size_t j = 0; j < 6; j++) wasm_v128_store(out + (i * 6 + j) * stride, line[j]);
        }
    }
}

/* Four channels of a tile, as much of it as task->rows and `columns` say. */
PCL_INLINE void output_channels(const pcl_winograd_output_u8 *task, const pcl_rounding *rounding,
                                const int32_t *products, v128_t scale, v128_t inverse_of_9, uint8_t *out, size_t columns) {
    v128_t half[6][4]; /* [x][row] */
    for (size_t x = 0; x < 6; x++) {
        v128_t column[6];
        for (size_t y = 0; y < 6; y++) column[y] = wasm_v128_load(products + (y * 6 + x) * task->stride);
        output_line(column, half[x]);
    }
    for (size_t y = 0; y < task->rows; y++, out += task->row_stride) {
        v128_t row[6], values[4], scales[4] = {scale, scale, scale, scale};
        for (int x = 0; x < 6; x++) row[x] = half[x][y];
        output_line(row, values);
        for (int x = 0; x < 4; x++) values[x] = wasm_i32x4_shr(pcl_multiply_i32x4(values[x], inverse_of_9), 6);
        v128_t bytes = pcl_requantize_i32x4(values, scales, rounding);
        wasm_v128_store32_lane(out, bytes, 0);
        if (columns > 1) wasm_v128_store32_lane(out + task->channels, bytes, 1);
        if (columns > 2) wasm_v128_store32_lane(out + 2 * task->channels, bytes, 2);
        if (columns > 3) wasm_v128_store32_lane(out + 3 * task->channels, bytes, 3);
    }
}

void pcl_winograd_output_u8_simd128(const pcl_winograd_output_u8 *task) {
    const pcl_winograd_output_u8 own = *task; /* stores of bytes might change the other, for all the compiler knows */
    const pcl_rounding rounding = pcl_rounding_of(&own.requantization);
    int32_t inverse = PCL_INVERSE_OF_9;
    PCL_HIDE(inverse); /* as in pcl_hidden_f32x4 */
    v128_t inverse_of_9 = wasm_i32x4_splat(inverse);
    const int32_t *products = own.products;
    uint8_t *out = own.out;
    for (size_t x = 0; x < own.columns; x += 4, products += own.tile_stride, out += 4 * own.channels)
        for (size_t c = 0; c < own.channels; c += 4)
            output_channels(&own, &rounding, products + c, wasm_v128_load(own.requantization.scale + c),
                            inverse_of_9, out + c, own.columns - x);
}
