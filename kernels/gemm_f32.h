/* The body of gemm_f32; the instruction sets differ in how they multiply and
 * add. */
#ifndef PCL_GEMM_F32_H
#define PCL_GEMM_F32_H

#include "row_tiles.h"

typedef struct pcl_gemm_f32_panel {
    const pcl_gemm_f32 *task; /* has runs */
    const float *weights; /* [depth][8] */
    v128_t bias[2], low, high;
    size_t first, columns; /* columns: 1..8 */
} pcl_gemm_f32_panel;

/* Rows of less than a whole tile's width, [rows][8]; apart, for it is rare and large. */
PCL_APART void pcl_gemm_f32_copy_apart(const float *from, int rows, size_t columns, float *to, size_t stride) {
    for (int r = 0; r < rows; r++) memcpy(to + (size_t)r * stride, from + r * 8, columns * sizeof *to);
}

/* rows x (4 * vectors) outputs: the accumulators, two weights and one value of
 * a fill the 15 registers that V8 has on x86-64. */
PCL_INLINE void pcl_gemm_f32_tile(const pcl_gemm_f32_panel *panel, size_t row, int rows, int vectors, pcl_madd *madd) {
    const pcl_gemm_f32 *task = panel->task;
    v128_t sums[12][2];
    for (int r = 0; r < rows; r++) {
        sums[r][0] = panel->bias[0];
        sums[r][1] = panel->bias[1];
    }
    const float *weights = panel->weights, *end = weights + task->depth * 8;
    size_t stride = task->a_stride;
    for (const void *const *run = task->runs; weights != end; run++) {
        const float *a = (const float *)*run + row * stride;
        const float *run_end = weights + task->run * 8;
        for (; vectors == 1 && run_end - weights >= 16; weights += 16, a += 2) { /* an address for two values */
            const float *value_at = a;
            v128_t w0 = wasm_v128_load(weights), w1 = wasm_v128_load(weights + 8);
            PCL_UNROLLED
            for (int r = 0; r < rows; r++, value_at += stride) {
                PCL_HIDE(value_at);
                sums[r][0] = madd(wasm_v128_load32_splat(value_at), w0, sums[r][0]);
                sums[r][0] = madd(wasm_v128_load32_splat(value_at + 1), w1, sums[r][0]);
            }
        }
        for (; weights != run_end; weights += 8, a++) {
            const float *value_at = a;
            v128_t w0 = wasm_v128_load(weights), w1 = w0;
            if (vectors == 2) w1 = wasm_v128_load(weights + 4);
            PCL_UNROLLED
            for (int r = 0; r < rows; r++, value_at += stride) {
                PCL_HIDE(value_at); /* so that it is one addition, not a pointer for each row */
                v128_t value = wasm_v128_load32_splat(value_at);
                sums[r][0] = madd(value, w0, sums[r][0]);
                if (vectors == 2) sums[r][1] = madd(value, w1, sums[r][1]);
            }
        }
    }
    bool whole = panel->columns == (size_t)vectors * 4;
    float part[12 * 8], *out = task->out + row * task->out_stride + panel->first, *at = whole ? out : part;
    size_t out_stride = whole ? task->out_stride : 8;
    v128_t low = panel->low, high = panel->high;
    PCL_UNROLLED /* a loop left in the code would keep the sums in memory, even while they grow */
    for (int r = 0; r < rows; r++, at += out_stride) {
        wasm_v128_store(at, pcl_clamp_f32x4(sums[r][0], low, high));
        if (vectors == 2) wasm_v128_store(at + 4, pcl_clamp_f32x4(sums[r][1], low, high));
    }
    if (!whole) pcl_gemm_f32_copy_apart(part, rows, panel->columns, out, task->out_stride);
}

/* Computes rows [row, end) of a panel. */
typedef void pcl_gemm_f32_rows(const pcl_gemm_f32_panel *panel, size_t row, size_t end);

/* Blocks of rows that stay in the first-level cache while the panels pass; where the depth is great, in the second,
 * for then so few rows would fit the first that fetching the panels anew for each block would take longer. */
PCL_INLINE void pcl_gemm_f32_walk(const pcl_gemm_f32 *given, pcl_gemm_f32_rows *rows) {
    pcl_gemm_f32 own = *given;
    const pcl_gemm_f32 *task = &own;
    const void *whole = own.a;
    if (!own.runs) {
        own.runs = &whole;
        own.run = own.depth;
    }
    size_t fitting = 16384 / sizeof(float) / task->depth / 12 * 12;
    size_t block = fitting < 48 ? 48 : fitting;
    for (size_t row = 0; row < task->rows; row += block) {
        size_t end = task->rows - row < block ? task->rows : row + block;
        for (size_t first = 0; first < task->columns; first += 8) {
            size_t columns = task->columns - first < 8 ? task->columns - first : 8;
            const float *bias = task->bias + first;
            pcl_gemm_f32_panel panel = {
                .task = task,
                .weights = task->packed + first * task->depth,
                .bias = {wasm_v128_load(bias), wasm_v128_load(columns > 4 ? bias + 4 : bias)},
                .low = wasm_f32x4_splat(task->low),
                .high = wasm_f32x4_splat(task->high),
                .first = first,
                .columns = columns,
            };
            rows(&panel, row, end);
        }
    }
}

#endif
