#include "functions.h"
#include "simd.h"

/* out[i] = sum_j B[i][j] d[j]; see kernels/scalar/winograd_f32.c. Additions are all it takes. */
PCL_INLINE void input_line(const v128_t d[5], v128_t out[5]) {
    v128_t far = wasm_f32x4_sub(d[3], d[1]), near = wasm_f32x4_sub(d[3], d[2]);
    v128_t first = wasm_f32x4_sub(d[0], d[2]), second = wasm_f32x4_sub(d[1], d[2]);
    out[0] = wasm_f32x4_add(far, wasm_f32x4_add(first, first));
    out[1] = wasm_f32x4_sub(near, wasm_f32x4_add(d[1], d[1]));
    out[2] = wasm_f32x4_add(near, wasm_f32x4_add(second, second));
    out[3] = far;
    out[4] = wasm_f32x4_sub(wasm_f32x4_sub(d[4], d[2]), wasm_f32x4_add(far, far));
}

/* out[i] = sum_j A[i][j] m[j] */
PCL_INLINE void output_line(const v128_t m[5], v128_t out[3]) {
    v128_t sum = wasm_f32x4_add(m[1], m[2]), difference = wasm_f32x4_sub(m[1], m[2]), two = wasm_f32x4_add(m[3], m[3]);
    out[0] = wasm_f32x4_add(wasm_f32x4_add(m[0], sum), m[3]);
    out[1] = wasm_f32x4_add(difference, two);
    out[2] = wasm_f32x4_add(wasm_f32x4_add(sum, m[4]), wasm_f32x4_add(two, two));
}

void pcl_winograd_segments_input_f32_simd128(const void *const rows[5], size_t tiles, size_t channels, float *out,
                                             size_t stride) {
    for (size_t at = 0; at < tiles * channels; at += channels)
        for (size_t c = 0; c < channels; c += 4) { /* what is written beyond them, the next tile replaces */
            v128_t half[5][5];                     /* [x][row] */
            PCL_ROLLED
            for (size_t x = 0; x < 5; x++) {
                v128_t column[5];
                for (int y = 0; y < 5; y++)
                    column[y] = wasm_v128_load((const float *)rows[y] + at * 3 + x * channels + c);
                input_line(column, half[x]);
            }
            PCL_ROLLED
            for (size_t i = 0; i < 5; i++) {
                v128_t row[5], line[5];
                for (int x = 0; x < 5; x++) row[x] = half[x][i];
                input_line(row, line);
                for (size_t j = 0; j < 5; j++) wasm_v128_store(out + (i * 5 + j) * stride + at + c, line[j]);
            }
        }
}

/* Four channels of a tile: 3x3 vectors, `step` and `row_step` floats apart. */
PCL_INLINE void make_tile(const pcl_winograd_segments_output *task, const float *products, float *out, size_t step,
                          size_t row_step) {
    v128_t low = wasm_f32x4_splat(task->low), high = wasm_f32x4_splat(task->high), half[5][3]; /* [x][row] */
    PCL_ROLLED
    for (size_t x = 0; x < 5; x++) {
        v128_t column[5];
        for (size_t y = 0; y < 5; y++) column[y] = wasm_v128_load(products + (y * 5 + x) * task->stride);
        output_line(column, half[x]);
    }
    PCL_ROLLED
    for (size_t y = 0; y < 3; y++, out += row_step) {
        v128_t row[5], line[3];
        for (int x = 0; x < 5; x++) row[x] = half[x][y];
        output_line(row, line);
        for (size_t x = 0; x < 3; x++) wasm_v128_store(out + x * step, pcl_clamp_f32x4(line[x], low, high));
    }
}

/* Of a tile made elsewhere, [3][3][4], what there is: `columns` of each row, `channels` of each pixel. */
PCL_APART void copy_tile_apart(const pcl_winograd_segments_output *task, const float *tile, float *out, size_t columns,
                               size_t channels) {
    for (const float *end = tile + task->rows * 12; tile != end; tile += 12, out += task->width * task->channels)
        for (size_t x = 0; x < columns; x++)
            pcl_store_words(out + x * task->channels, wasm_v128_load(tile + x * 4), channels);
}

void pcl_winograd_segments_output_f32_simd128(const pcl_winograd_segments_output *task) {
    size_t channels = task->channels, width = task->width;
    const float *products = task->products;
    for (size_t x = 0; x < width; x += 3, products += (channels + 3) / 4 * 4)
        for (size_t c = 0; c < channels; c += 4) {
            float tile[9 * 4], *out = task->out + x * channels + c;
            size_t columns = width - x < 3 ? width - x : 3, some = channels - c < 4 ? channels - c : 4;
            /* Vectors may reach into pixels that are written later: into three more, where pixels are so small. */
            bool whole = task->rows == 3 && (some == 4 ? columns == 3 : channels < 4 && width - x >= 6);
            make_tile(task, products + c, whole ? out : tile, whole ? channels : 4, whole ? width * channels : 12);
            if (!whole) copy_tile_apart(task, tile, out, columns, some);
        }
}
