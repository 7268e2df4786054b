#include "functions.h"
#include "gemm_u8.h"
#include "relaxed/relaxed.h"

/* Ten sums, two weights, two values of a row
 * and the ones fill the 15 registers that V8 has on x86-64. */
enum { ROWS = PCL_GEMM_PAIRS_ROWS, FEW = 5 };

/* Four columns. */
typedef struct panel {
    const uint8_t *a;
    size_t a_stride;
    pcl_pairs weights;
    v128_t bias, scale;
    pcl_rounding rounding;
    uint8_t *out; /* of its first column */
    size_t out_stride, columns;
} panel;

PCL_INLINE v128_t add_pairs(v128_t sum, v128_t pairs, v128_t ones) {
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(pairs, ones));
}

PCL_INLINE void multiply(const panel *p, const uint8_t *a, int rows, v128_t *sums) {
    v128_t ones = pcl_hidden_i16x8(1);
    size_t stride = p->a_stride;
    const int8_t *weights = p->weights.packed;
    const uint32_t *k = p->weights.k;
    for (const uint32_t *end = k + p->weights.octets; k != end; k++, weights += 32) {
        const uint8_t *at = a + *k;
        v128_t w0 = wasm_v128_load(weights), w1 = wasm_v128_load(weights + 16);
        PCL_UNROLLED
        for (int r = 0; r < rows; r++, at += stride) {
            PCL_KEEP_ORDER();
            PCL_HIDE(at);
            v128_t low = pcl_relaxed_pairs(w0, wasm_v128_load32_splat(at));
            v128_t high = pcl_relaxed_pairs(w1, wasm_v128_load32_splat(at + 4));
            sums[r] = add_pairs(sums[r], wasm_i16x8_add(low, high), ones);
        }
    }
    for (const uint32_t *end = k + p->weights.quads; k != end; k++, weights += 16) {
        const uint8_t *at = a + *k;
        v128_t w = wasm_v128_load(weights);
        PCL_UNROLLED
        for (int r = 0; r < rows; r++, at += stride) {
            PCL_KEEP_ORDER();
            PCL_HIDE(at);
            sums[r] = add_pairs(sums[r], pcl_relaxed_pairs(w, wasm_v128_load32_splat(at)), ones);
        }
    }
}

PCL_INLINE void store(const panel *p, size_t row, int rows, const v128_t *sums) {
    uint8_t bytes[(ROWS + 3) / 4 * 16]; /* [rows][4] */
    for (int r = 0; r < rows; r += 4) {
        v128_t four[4], scales[4] = {p->scale, p->scale, p->scale, p->scale};
        for (int i = 0; i < 4; i++) four[i] = sums[r + i < rows ? r + i : r];
        wasm_v128_store(bytes + r * 4, pcl_requantize_i32x4(four, scales, &p->rounding));
    }
    uint8_t *out = p->out + row * p->out_stride;
    if (p->columns == 4) {
        for (int r = 0; r < rows; r++, out += p->out_stride) memcpy(out, bytes + r * 4, 4);
    } else {
        PCL_ROLLED
        for (int r = 0; r < rows; r++, out += p->out_stride) memcpy(out, bytes + r * 4, p->columns);
    }
}

PCL_INLINE void tile(const panel *p, size_t row, int rows) {
    v128_t sums[ROWS];
    for (int r = 0; r < rows; r++) sums[r] = p->bias;
    multiply(p, p->a + row * p->a_stride, rows, sums);
    store(p, row, rows, sums);
}

/* Rows that are missing to the last ten or five are done twice. */
PCL_APART void tens_apart(const panel *p, size_t row, size_t end) {
    panel own = *p; /* no store of a byte changes it */
    for (; row < end; row += ROWS) {
        if (end - row <= FEW) tile(&own, end - FEW, FEW);
        else tile(&own, end - row < ROWS ? end - ROWS : row, ROWS);
    }
}

PCL_APART void ones_apart(const panel *p, size_t row, size_t end) {
    for (; row < end; row++) tile(p, row, 1);
}

static panel panel_at(const pcl_gemm_u8 *task, size_t first) {
    size_t columns = task->columns - first < 4 ? task->columns - first : 4;
    const pcl_pairs *weights = task->packed;
    return (panel){
        .a = task->a,
        .a_stride = task->a_stride,
        .weights = weights[first / 4],
        .bias = wasm_v128_load(task->bias + first),
        .scale = wasm_v128_load(task->requantization.scale + first),
        .rounding = pcl_rounding_of(&task->requantization),
        .out = task->out + first,
        .out_stride = task->out_stride,
        .columns = columns,
    };
}

void pcl_gemm_pairs_relaxed(const pcl_gemm_u8 *task) {
    size_t block = pcl_gemm_u8_block_rows(task->depth, ROWS);
    for (size_t row = 0; row < task->rows; row += block) {
        size_t end = task->rows - row < block ? task->rows : row + block;
        for (size_t first = 0; first < task->columns; first += 4) {
            panel p = panel_at(task, first);
            if (task->rows < ROWS) ones_apart(&p, row, end);
            else tens_apart(&p, row, end);
        }
    }
}
