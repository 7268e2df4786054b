/* Four channels at a time; the transforms with their common terms taken once. */
#include "functions.h"
#include "simd.h"

typedef struct factors {
    v128_t two, four, five, eight;
} factors;

PCL_INLINE factors make_factors(void) {
    return (factors){pcl_hidden_f32x4(2), pcl_hidden_f32x4(4), pcl_hidden_f32x4(5), pcl_hidden_f32x4(8)};
}

PCL_INLINE v128_t add(v128_t a, v128_t b) { return wasm_f32x4_add(a, b); }
PCL_INLINE v128_t sub(v128_t a, v128_t b) { return wasm_f32x4_sub(a, b); }
PCL_INLINE v128_t mul(v128_t a, v128_t b) { return wasm_f32x4_mul(a, b); }

/* out[i] = sum_j B[i][j] d[j]; out elements `stride` apart */
PCL_INLINE void input_line(const factors *by, const v128_t d[6], v128_t out[6]) {
    v128_t even = sub(d[4], mul(by->four, d[2])), odd = sub(d[3], mul(by->four, d[1]));
    v128_t outer = sub(d[4], d[2]), inner = mul(by->two, sub(d[3], d[1]));
    out[0] = add(sub(mul(by->four, d[0]), mul(by->five, d[2])), d[4]);
    out[1] = add(even, odd);
    out[2] = sub(even, odd);
    out[3] = add(outer, inner);
    out[4] = sub(outer, inner);
    out[5] = add(sub(mul(by->four, d[1]), mul(by->five, d[3])), d[5]);
}

/* out[i] = sum_j A[i][j] m[j] */
PCL_INLINE void output_line(const factors *by, const v128_t m[6], v128_t out[4]) {
    v128_t sum = add(m[1], m[2]), difference = sub(m[1], m[2]);
    v128_t far_sum = add(m[3], m[4]), far_difference = sub(m[3], m[4]);
    out[0] = add(add(m[0], sum), far_sum);
    out[1] = add(difference, mul(by->two, far_difference));
    out[2] = add(sum, mul(by->four, far_sum));
    out[3] = add(add(difference, mul(by->eight, far_difference)), m[5]);
}

void pcl_winograd_input_f32_simd128(const float *const taps[36], size_t channels, float *out, size_t stride) {
    const factors by = make_factors();
    for (size_t c = 0; c < channels; c += 4) {
        v128_t half[6][6]; /* [x][row] */
        for (int x = 0; x < 6; x++) {
            v128_t column[6];
            for (int y = 0; y < 6; y++) column[y] = wasm_v128_load(taps[y * 6 + x] + c);
            input_line(&by, column, half[x]);
        }
        for (size_t i = 0; i < 6; i++) {
            v128_t row[6], line[6];
            for (int x = 0; x < 6; x++) row[x] = half[x][i];
            input_line(&by, row, line);
            for (size_t j = 0; j < 6; j++) wasm_v128_store(out + (i * 6 + j) * stride + c, line[j]);
        }
    }
}

void pcl_winograd_output_f32_simd128(const pcl_winograd_output *task) {
    const factors by = make_factors();
    v128_t low = wasm_f32x4_splat(task->low), high = wasm_f32x4_splat(task->high);
    for (size_t c = 0; c < task->channels; c += 4) {
        v128_t half[6][4]; /* [x][row] */
        for (size_t x = 0; x < 6; x++) {
            v128_t column[6];
            for (size_t y = 0; y < 6; y++) column[y] = wasm_v128_load(task->products + (y * 6 + x) * task->stride + c);
            output_line(&by, column, half[x]);
        }
        v128_t bias = wasm_v128_load(task->bias + c);
        for (int y = 0; y < task->rows; y++) {
            v128_t row[6], line[4];
            float *out = task->out + (size_t)y * task->row_stride + c;
            for (int x = 0; x < 6; x++) row[x] = half[x][y];
            output_line(&by, row, line);
            for (int x = 0; x < task->columns; x++)
                wasm_v128_store(out + (size_t)x * task->channels, pcl_clamp_f32x4(add(line[x], bias), low, high));
        }
    }
}
