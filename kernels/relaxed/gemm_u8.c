#include "core/arena.h"
#include "functions.h"
#include "gemm_u8.h"
#include "relaxed/relaxed.h"
#include "row_tiles.h"

/* One dot product of four takes a quad of a row, in every lane, times four
 * columns. rows x 2 accumulators, two weights and one quad fill the
 * 15 registers that V8 has on x86-64. */
typedef struct tile {
    v128_t sums[6][2];
    const uint8_t *a[6];
} tile;

PCL_INLINE void multiply_quad(tile *t, const int8_t *weights, size_t k, int rows) {
    v128_t w0 = wasm_v128_load(weights), w1 = wasm_v128_load(weights + 16);
    for (int r = 0; r < rows; r++) {
        v128_t quad = wasm_v128_load32_splat(t->a[r] + k);
        t->sums[r][0] = pcl_relaxed_dot(w0, quad, t->sums[r][0]);
        t->sums[r][1] = pcl_relaxed_dot(w1, quad, t->sums[r][1]);
    }
}

/* Rows first..end-1 of one panel. */
typedef struct block {
    const pcl_gemm_u8 *task;
    const pcl_gemm_u8_panel *panel; /* its corrections[0] belongs to `first` */
    size_t first, end;
    const void *const *runs; /* as the task has them, one at least, from row `origin` on */
    size_t run, a_stride, origin;
} block;

PCL_INLINE void store(const block *b, size_t row, int rows, tile *t) {
    const pcl_gemm_u8 *task = b->task;
    const pcl_gemm_u8_panel *panel = b->panel;
    if (!panel->plain) {
        v128_t copies[6][2]; /* or the sums would lie in memory always */
        for (int r = 0; r < rows; r++) {
            copies[r][0] = t->sums[r][0];
            copies[r][1] = t->sums[r][1];
        }
        pcl_gemm_u8_store_apart(task, panel, copies, row, (size_t)rows);
        return;
    }
    v128_t bytes[3];
    for (int r = 0; r < rows; r += 2)
        bytes[r / 2] = pcl_gemm_u8_bytes(t->sums + r, rows - r, panel->scale, &panel->rounding);
    size_t stride = task->out_stride;
    uint8_t *out = task->out + row * stride + panel->first;
    for (int r = 0; r < rows; r += 2, out += 2 * stride) {
        wasm_v128_store64_lane(out, bytes[r / 2], 0);
        if (r + 1 < rows) wasm_v128_store64_lane(out + stride, bytes[r / 2], 1);
    }
}

/* rows x 8 outputs */
PCL_INLINE void multiply(const void *context, size_t row, int rows, int vectors) {
    (void)vectors;
    const block *b = context;
    const pcl_gemm_u8_panel *panel = b->panel;
    tile t;
    for (int r = 0; r < rows; r++) {
        t.sums[r][0] = panel->bias[0];
        t.sums[r][1] = panel->bias[1];
    }
    if (panel->corrections) {
        for (int r = 0; r < rows; r++) {
            v128_t correction = wasm_v128_load32_splat(panel->corrections + (row - b->first) + r);
            t.sums[r][0] = wasm_i32x4_sub(t.sums[r][0], correction);
            t.sums[r][1] = wasm_i32x4_sub(t.sums[r][1], correction);
        }
    }
    const int8_t *weights = panel->weights, *end = weights + panel->quads * 32;
    for (const void *const *run = b->runs; weights != end; run++) {
        for (int r = 0; r < rows; r++) t.a[r] = (const uint8_t *)*run + (row - b->origin + (size_t)r) * b->a_stride;
        for (size_t k = 0; k < b->run; k += 4, weights += 32) multiply_quad(&t, weights, k, rows);
    }
    store(b, row, rows, &t);
}

PCL_APART void rows_apart(const block *b) { pcl_tile_rows(b, b->first, b->end, false, multiply); }

/* All panels; `b` without one. */
PCL_APART void panels_apart(block *b, uint32_t offset) {
    const pcl_gemm_u8 *task = b->task;
    int32_t space[PCL_GEMM_U8_BLOCK_ROWS];
    const int32_t *corrections = pcl_gemm_u8_correct_apart(task, offset, b->first, b->end, space);
    for (size_t first = 0; first < task->columns; first += 8) {
        pcl_gemm_u8_panel panel = pcl_gemm_u8_panel_apart(task, first, corrections);
        b->panel = &panel;
        rows_apart(b);
    }
}

void pcl_gemm_u8_relaxed(const pcl_gemm_u8 *task) {
    const void *whole = task->a;
    size_t height = pcl_gemm_u8_block_rows(task->depth, 12);
    for (size_t row = 0, end; row < task->rows; row = end) {
        end = row + pcl_even_chunk(task->rows - row, height, 6);
        block b = {.task = task, .first = row, .end = end, .runs = &whole, .run = (task->depth + 3) / 4 * 4};
        b.a_stride = task->a_stride;
        if (task->runs) b.runs = task->runs, b.run = task->run;
        panels_apart(&b, 0);
    }
}

/* --- Where the dot product takes bytes as signed ------------------------------------------------- */

enum { FLIPPED_BYTES = 65536 };

/* Bytes less 128; some more than `count`. */
PCL_APART void flip_apart(const uint8_t *from, size_t count, uint8_t *to) {
    PCL_ROLLED
    for (size_t i = 0; i < count; i += 16)
        wasm_v128_store(to + i, wasm_v128_xor(wasm_v128_load(from + i), wasm_i8x16_splat(INT8_MIN)));
}

/* A row too long to be flipped as a whole. */
static void long_row(const pcl_gemm_u8 *task, size_t row, uint8_t *flipped) {
    int32_t correction = 0;
    (void)pcl_gemm_u8_correct_apart(task, 128, row, row + 1, &correction);
    for (size_t first = 0; first < task->columns; first += 8) {
        pcl_gemm_u8_panel panel = pcl_gemm_u8_panel_apart(task, first, NULL);
        tile t = {.a = {flipped}};
        for (int i = 0; i < 2; i++) t.sums[0][i] = wasm_i32x4_sub(panel.bias[i], wasm_i32x4_splat(correction));
        const int8_t *weights = panel.weights;
        PCL_ROLLED
        for (size_t k = 0; k < panel.quads * 4; k += 4, weights += 32) {
            size_t at = k % FLIPPED_BYTES, left = task->depth - k;
            if (at == 0) flip_apart(task->a + row * task->a_stride + k, left < FLIPPED_BYTES ? left : FLIPPED_BYTES, flipped);
            multiply_quad(&t, weights, at, 1);
        }
        pcl_gemm_u8_store_apart(task, &panel, t.sums, row, 1);
    }
}

void pcl_gemm_u8_relaxed_signed(const pcl_gemm_u8 *task) {
    uint8_t flipped[FLIPPED_BYTES];
    size_t height = pcl_gemm_u8_block_rows(task->depth, 12), stride = (task->depth + 15) / 16 * 16;
    if (height > FLIPPED_BYTES / stride) height = FLIPPED_BYTES / stride;
    for (size_t row = 0, end; row < task->rows; row = end) {
        if (height == 0) {
            end = row + 1;
            long_row(task, row, flipped);
            continue;
        }
        end = task->rows - row < height ? task->rows : row + height;
        for (size_t r = row; r < end; r++)
            flip_apart(task->a + r * task->a_stride, task->depth, flipped + (r - row) * stride);
        const void *a = flipped;
        block b = {.task = task, .first = row, .end = end, .runs = &a, .run = (task->depth + 3) / 4 * 4};
        b.a_stride = stride;
        b.origin = row;
        panels_apart(&b, 128);
    }
}
