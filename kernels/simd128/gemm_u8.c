#include "core/arena.h"
#include "functions.h"
#include "gemm_i16.h"
#include "gemm_u8.h"

/* Both matrices are widened to 16 bits a block at a time, weights less their
 * zero point, for the loop that multiplies 16-bit integers (gemm_i16.h). Of
 * the last tile, rows that are missing are the last row again. Bytes of a
 * beyond the depth meet zero weights. */
#define TILE_ROWS PCL_GEMM_I16_ROWS
#define BLOCK_DEPTH 1024
#define DEEP_ROWS 50 /* of BLOCK_DEPTH that fit. The more, the less often weights are widened; they pass by in order. */
#define LEFT_VALUES (DEEP_ROWS * BLOCK_DEPTH)
#define PAIR_VALUES (2 * TILE_ROWS)

typedef struct workspace {
    int16_t left[LEFT_VALUES + 4 * PAIR_VALUES];
    int16_t weights[BLOCK_DEPTH * 8];
    v128_t sums[PCL_GEMM_U8_BLOCK_ROWS][2]; /* of a panel */
} workspace;

/* Of the depth, as many as fit. */
static size_t pairs_of(size_t depth) { return depth < BLOCK_DEPTH ? (depth + 1) / 2 : BLOCK_DEPTH / 2; }

PCL_APART void widen_left_apart(const pcl_gemm_u8 *task, size_t row, size_t rows, size_t k, int16_t *left) {
    size_t values = pairs_of(task->depth - k) * PAIR_VALUES;
    for (size_t end = row + rows; row < end; row += TILE_ROWS) {
        const uint8_t *a[TILE_ROWS];
        for (size_t r = 0; r < TILE_ROWS; r++)
            a[r] = task->a + (row + r < end ? row + r : end - 1) * task->a_stride + k;
        for (size_t i = 0; i < values; i += 4 * PAIR_VALUES) { /* what is beyond them, the next tile replaces */
            pcl_gemm_i16_widen_rows(a, 0, left + i);
            for (size_t r = 0; r < TILE_ROWS; r++) a[r] += 8;
        }
        left += values;
    }
}

PCL_APART void widen_weights_apart(const pcl_gemm_u8 *task, const int8_t *packed, size_t k, int16_t *weights) {
    v128_t zero_point = wasm_i16x8_splat((int16_t)task->weight_zero_point);
    size_t depth = task->depth - k, values = pairs_of(depth) * 2;
    packed += k * 8;
    int16_t *to = weights;
    for (size_t i = 0; i < values && i < depth; i += 4, packed += 32, to += 32) {
        PCL_HIDE(to);
        for (size_t half = 0; half < 2; half++) {
            v128_t first, second;
            pcl_gemm_i16_widen_quad(packed + half * 16, zero_point, &first, &second);
            wasm_v128_store(to + half * 8, first);
            wasm_v128_store(to + 16 + half * 8, second);
        }
    }
    for (size_t i = depth; i < values; i++)
        for (size_t column = 0; column < 8; column++) weights[i / 2 * 16 + column * 2 + i % 2] = 0;
}

/* The sums of a block and a panel. A depth of one block has been widened once for all panels. */
static void multiply(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, workspace *space, size_t row,
                     size_t rows) {
    pcl_gemm_i16_panel part = {.tiles = (rows + TILE_ROWS - 1) / TILE_ROWS,
                               .left = space->left,
                               .weights = space->weights,
                               .initial = (const int32_t *)panel->bias,
                               .out = (int32_t *)space->sums,
                               .stride = 8};
    for (size_t k = 0; k < task->depth; k += BLOCK_DEPTH) {
        if (task->depth > BLOCK_DEPTH) widen_left_apart(task, row, rows, k, space->left);
        widen_weights_apart(task, panel->weights, k, space->weights);
        part.pairs = pairs_of(task->depth - k);
        pcl_gemm_i16_columns_apart(&part);
        part.initial = part.out;
        part.initial_stride = 8;
    }
}

pcl_gemm_u8_panel pcl_gemm_u8_panel_apart(const pcl_gemm_u8 *task, size_t first, const int32_t *corrections) {
    size_t quads = (task->depth + 3) / 4;
    size_t columns = task->columns - first < 8 ? task->columns - first : 8;
    pcl_gemm_u8_panel panel = {
        .weights = (const int8_t *)task->packed + first / 8 * quads * 32,
        .quads = quads,
        .rounding = pcl_rounding_of(&task->requantization),
        .first = first,
        .columns = columns,
        .plain = columns == 8 && task->requantization.saturates && !task->reals,
        .corrections = corrections,
    };
    for (size_t i = 0; i < 2; i++) {
        size_t column = columns > 4 ? first + i * 4 : first;
        panel.bias[i] = wasm_v128_load(task->bias + column);
        panel.scale[i] = wasm_v128_load(task->requantization.scale + column);
    }
    return panel;
}

const int32_t *pcl_gemm_u8_correct_apart(const pcl_gemm_u8 *task, uint32_t offset, size_t row, size_t end,
                                         int32_t *corrections) {
    if (task->weight_zero_point == 0) return NULL;
    PCL_ROLLED
    for (size_t i = row; i < end; i++) {
        uint32_t sum = pcl_sum_u8(task->a + i * task->a_stride, task->depth) - offset * (uint32_t)task->depth;
        corrections[i - row] = (int32_t)(sum * (uint32_t)task->weight_zero_point);
    }
    return corrections;
}

static void store_reals(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, v128_t (*sums)[2], size_t row,
                        size_t rows) {
    const pcl_real_output *reals = task->reals;
    v128_t low = wasm_f32x4_splat(reals->low), high = wasm_f32x4_splat(reals->high);
    for (size_t i = 0; i * 4 < panel->columns; i++) {
        size_t column = panel->first + i * 4;
        float *out = reals->out + row * task->out_stride + column;
        v128_t scale = panel->scale[i], shift = wasm_v128_load(reals->shift + column);
        PCL_ROLLED
        for (size_t r = 0; r < rows; r++, out += task->out_stride) {
            v128_t value = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums[r][i]), scale);
            value = pcl_clamp_f32x4(wasm_f32x4_add(value, shift), low, high);
            pcl_store_words(out, value, panel->columns - i * 4);
        }
    }
}

/* To what they are to become, less the zero point. */
PCL_APART void clamp_sums_apart(const pcl_gemm_u8_panel *panel, v128_t (*sums)[2], size_t rows) {
    pcl_rounding rounding = panel->rounding;
    PCL_ROLLED
    for (size_t r = 0; r < rows; r++)
        for (int i = 0; i < 2; i++) {
            v128_t value = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums[r][i]), panel->scale[i]);
            value = wasm_f32x4_add(pcl_clamp_f32x4(value, rounding.low, rounding.high), rounding.magic);
            sums[r][i] = wasm_i32x4_sub(value, wasm_i32x4_splat(PCL_ROUNDING_MAGIC_BITS));
        }
}

/* Rows `row` and on, as bytes two at a time: a last one goes once more with the one before, or alone with what comes
 * after it. What is less than two rows of eight columns takes a way round, so that no call stands in the loop. */
void pcl_gemm_u8_store_apart(const pcl_gemm_u8 *task, const pcl_gemm_u8_panel *panel, v128_t (*sums)[2], size_t row,
                             size_t rows) {
    if (task->reals) {
        store_reals(task, panel, sums, row, rows);
        return;
    }
    uint8_t part[PCL_GEMM_U8_BLOCK_ROWS][8];
    pcl_rounding rounding = panel->rounding;
    v128_t scale[2] = {panel->scale[0], panel->scale[1]};
    if (!task->requantization.saturates) {
        clamp_sums_apart(panel, sums, rows);
        scale[0] = scale[1] = wasm_f32x4_splat(1.0f);
    }
    uint8_t *end = task->out + row * task->out_stride + panel->first;
    bool whole = panel->columns == 8 && rows > 1;
    uint8_t *out = whole ? end : part[0];
    size_t stride = whole ? task->out_stride : 8;
    for (size_t left = rows; left > 0; left -= 2, sums += 2, out += stride) {
        if (left == 1 && rows > 1) {
            sums--;
            out -= stride;
        }
        if (left == 1) left = 2;
        v128_t bytes = pcl_gemm_u8_bytes(sums, 2, scale, &rounding);
        wasm_v128_store64_lane(out, bytes, 0);
        out += stride;
        wasm_v128_store64_lane(out, bytes, 1);
    }
    PCL_ROLLED
    for (size_t r = 0; !whole && r < rows; r++) memcpy(end + r * task->out_stride, part[r], panel->columns);
}

/* `rows` rows of all panels. */
static void block(const pcl_gemm_u8 *task, workspace *space, size_t row, size_t rows) {
    if (task->depth <= BLOCK_DEPTH) widen_left_apart(task, row, rows, 0, space->left);
    for (size_t first = 0; first < task->columns; first += 8) {
        pcl_gemm_u8_panel panel = pcl_gemm_u8_panel_apart(task, first, NULL);
        multiply(task, &panel, space, row, rows);
        pcl_gemm_u8_store_apart(task, &panel, space->sums, row, rows);
    }
}

/* One row alone, as in a classifier's last layer: widening a panel's weights in
 * memory would cost more than they are used. A quad of the row, twice in the
 * vector, times the quads of two columns gives the sums of pairs. */
static void one_row(const pcl_gemm_u8 *task, const uint8_t *a, const pcl_gemm_u8_panel *panel, size_t row) {
    v128_t pairs[4];
    for (int v = 0; v < 4; v++) pairs[v] = wasm_i32x4_splat(0);
    const int8_t *weights = panel->weights;
    PCL_ROLLED
    for (size_t k = 0; k < panel->quads * 4; k += 4, weights += 32) {
        v128_t quad = wasm_u16x8_extend_low_u8x16(wasm_v128_load32_splat(a + k));
        for (int v = 0; v < 4; v++) {
            v128_t products = wasm_i32x4_dot_i16x8(quad, wasm_i16x8_load8x8(weights + v * 8));
            pairs[v] = wasm_i32x4_add(pairs[v], products);
        }
    }
    v128_t sums[2][2] = {{wasm_i32x4_splat(0)}};
    for (int half = 0; half < 2; half++) {
        v128_t low = pairs[half * 2], high = pairs[half * 2 + 1];
        sums[0][half] = wasm_i32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6),
                                       wasm_i32x4_shuffle(low, high, 1, 3, 5, 7));
        sums[0][half] = wasm_i32x4_add(sums[0][half], panel->bias[half]);
        if (!panel->corrections) continue;
        sums[0][half] = wasm_i32x4_sub(sums[0][half], wasm_v128_load32_splat(panel->corrections));
    }
    pcl_gemm_u8_store_apart(task, panel, sums, row, 1);
}

PCL_APART void single_row_apart(const pcl_gemm_u8 *task, size_t row) {
    int32_t correction;
    const int32_t *corrections = pcl_gemm_u8_correct_apart(task, 0, row, row + 1, &correction);
    for (size_t first = 0; first < task->columns; first += 8) {
        pcl_gemm_u8_panel panel = pcl_gemm_u8_panel_apart(task, first, corrections);
        one_row(task, task->a + row * task->a_stride, &panel, row);
    }
}

void pcl_gemm_u8_simd128(const pcl_gemm_u8 *task) {
    workspace space;
    if (task->rows < TILE_ROWS) {
        for (size_t row = 0; row < task->rows; row++) single_row_apart(task, row);
        return;
    }
    size_t rows = LEFT_VALUES / (pairs_of(task->depth) * 2) / TILE_ROWS * TILE_ROWS;
    if (rows > PCL_GEMM_U8_BLOCK_ROWS) rows = PCL_GEMM_U8_BLOCK_ROWS / TILE_ROWS * TILE_ROWS;
    for (size_t row = 0, count; row < task->rows; row += count) {
        count = pcl_even_chunk(task->rows - row, rows, TILE_ROWS);
        block(task, &space, row, count);
    }
}
