/* The body of winograd_f32, four channels at a time, the transforms with their
 * common terms taken once; the instruction sets differ in how they multiply
 * and add. */
#ifndef PCL_WINOGRAD_F32_H
#define PCL_WINOGRAD_F32_H

#include "kernels.h"
#include "simd.h"

typedef struct pcl_winograd_factors {
    v128_t two, four, eight, less_two, less_four, less_five;
} pcl_winograd_factors;

PCL_INLINE pcl_winograd_factors pcl_winograd_make_factors(void) {
    return (pcl_winograd_factors){.two = pcl_hidden_f32x4(2),       .four = pcl_hidden_f32x4(4),
                                  .eight = pcl_hidden_f32x4(8),     .less_two = pcl_hidden_f32x4(-2),
                                  .less_four = pcl_hidden_f32x4(-4), .less_five = pcl_hidden_f32x4(-5)};
}

/* out[i] = sum_j B[i][j] d[j] */
PCL_INLINE void pcl_winograd_input_line(const pcl_winograd_factors *by, const v128_t d[6], v128_t out[6],
                                        pcl_madd *madd) {
    v128_t even = madd(by->less_four, d[2], d[4]), odd = madd(by->less_four, d[1], d[3]);
    v128_t outer = wasm_f32x4_sub(d[4], d[2]), inner = wasm_f32x4_sub(d[3], d[1]);
    out[0] = madd(by->four, d[0], madd(by->less_five, d[2], d[4]));
    out[1] = wasm_f32x4_add(even, odd);
    out[2] = wasm_f32x4_sub(even, odd);
    out[3] = madd(by->two, inner, outer);
    out[4] = madd(by->less_two, inner, outer);
    out[5] = madd(by->four, d[1], madd(by->less_five, d[3], d[5]));
}

/* out[i] = sum_j A[i][j] m[j] */
PCL_INLINE void pcl_winograd_output_line(const pcl_winograd_factors *by, const v128_t m[6], v128_t out[4],
                                         pcl_madd *madd) {
    v128_t sum = wasm_f32x4_add(m[1], m[2]), difference = wasm_f32x4_sub(m[1], m[2]);
    v128_t far_sum = wasm_f32x4_add(m[3], m[4]), far_difference = wasm_f32x4_sub(m[3], m[4]);
    out[0] = wasm_f32x4_add(wasm_f32x4_add(m[0], sum), far_sum);
    out[1] = madd(by->two, far_difference, difference);
    out[2] = madd(by->four, far_sum, sum);
    out[3] = wasm_f32x4_add(madd(by->eight, far_difference, difference), m[5]);
}

PCL_INLINE void pcl_winograd_input(const void *const taps[36], size_t channels, float *out, size_t stride,
                                   pcl_madd *madd) {
    const pcl_winograd_factors by = pcl_winograd_make_factors();
    for (size_t c = 0; c < channels; c += 4) {
        v128_t half[6][6]; /* [x][row] */
        for (int x = 0; x < 6; x++) {
            v128_t column[6];
            for (int y = 0; y < 6; y++) column[y] = wasm_v128_load((const float *)taps[y * 6 + x] + c);
            pcl_winograd_input_line(&by, column, half[x], madd);
        }
        PCL_ROLLED
        for (size_t i = 0; i < 6; i++) {
            v128_t row[6], line[6];
            for (int x = 0; x < 6; x++) row[x] = half[x][i];
            pcl_winograd_input_line(&by, row, line, madd);
            for (size_t j = 0; j < 6; j++) wasm_v128_store(out + (i * 6 + j) * stride + c, line[j]);
        }
    }
}

PCL_INLINE void pcl_winograd_output_tile(const pcl_winograd_output *task, pcl_madd *madd) {
    const pcl_winograd_factors by = pcl_winograd_make_factors();
    v128_t low = wasm_f32x4_splat(task->low), high = wasm_f32x4_splat(task->high);
    for (size_t c = 0; c < task->channels; c += 4) {
        v128_t half[6][4]; /* [x][row] */
        PCL_ROLLED
        for (size_t x = 0; x < 6; x++) {
            v128_t column[6];
            for (size_t y = 0; y < 6; y++) column[y] = wasm_v128_load(task->products + (y * 6 + x) * task->stride + c);
            pcl_winograd_output_line(&by, column, half[x], madd);
        }
        v128_t bias = wasm_v128_load(task->bias + c);
        for (int y = 0; y < task->rows; y++) {
            v128_t row[6], line[4];
            float *out = task->out + (size_t)y * task->row_stride + c;
            for (int x = 0; x < 6; x++) row[x] = half[x][y];
            pcl_winograd_output_line(&by, row, line, madd);
            for (int x = 0; x < task->columns; x++)
                wasm_v128_store(out + (size_t)x * task->channels,
                                pcl_clamp_f32x4(wasm_f32x4_add(line[x], bias), low, high));
        }
    }
}

#endif
