#include "dwconv_u8.h"
#include "functions.h"
#include "relaxed/relaxed.h"

/* Four filter rows lie side by side as bytes: one dot product takes four taps
 * of four channels.
 * columns: [columns][groups][16 channels][4], 64 bytes a group, like the packed weights */
#define GROUP_BYTES 64

typedef struct block {
    size_t first, channels, groups; /* channels: 1..16 */
    const int8_t *weights; /* [filter_w][groups][16][4] */
    const int8_t *rest;    /* same, or NULL */
    uint8_t *columns;
} block;

/* 16 channels of four rows to [16][4] */
PCL_INLINE void interleave4(v128_t a, v128_t b, v128_t c, v128_t d, uint8_t *to) {
    v128_t ab = wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    v128_t ab_high = wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    v128_t cd = wasm_i8x16_shuffle(c, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    v128_t cd_high = wasm_i8x16_shuffle(c, d, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    wasm_v128_store(to, wasm_i16x8_shuffle(ab, cd, 0, 8, 1, 9, 2, 10, 3, 11));
    wasm_v128_store(to + 16, wasm_i16x8_shuffle(ab, cd, 4, 12, 5, 13, 6, 14, 7, 15));
    wasm_v128_store(to + 32, wasm_i16x8_shuffle(ab_high, cd_high, 0, 8, 1, 9, 2, 10, 3, 11));
    wasm_v128_store(to + 48, wasm_i16x8_shuffle(ab_high, cd_high, 4, 12, 5, 13, 6, 14, 7, 15));
}

/* flip_byte: 0x80 where the machine takes the bytes as signed. With copies of what the pointers lead to, which stores
 * might change for all the compiler knows. */
PCL_APART void interleave_columns_apart(const pcl_dwconv_u8 *task, const block *of, size_t row, size_t group,
                                        uint8_t flip_byte) {
    const pcl_dwconv *shape = &task->shape;
    const uint8_t *rows[4];
    pcl_dwconv_group_rows(task, row, group, of->first, rows);
    const uint8_t *row0 = rows[0], *row1 = rows[1], *row2 = rows[2], *row3 = rows[3];
    size_t columns = pcl_dwconv_columns(shape), width = shape->in_width, pad_left = shape->pad_left;
    size_t channels = shape->channels, step = of->groups * GROUP_BYTES;
    uint8_t *to = of->columns + group * GROUP_BYTES;
    v128_t flip = wasm_i8x16_splat((int8_t)flip_byte), pad = wasm_i8x16_splat((int8_t)(task->pad_value ^ flip_byte));
    for (size_t x = 0; x < columns; x++, to += step) {
        if (x - pad_left >= width) { /* before the picture, too: less than 0 is much */
            for (size_t i = 0; i < GROUP_BYTES; i += 16) wasm_v128_store(to + i, pad);
            continue;
        }
        size_t at = (x - pad_left) * channels;
        v128_t a = wasm_v128_xor(wasm_v128_load(row0 + at), flip), b = wasm_v128_xor(wasm_v128_load(row1 + at), flip);
        v128_t c = wasm_v128_xor(wasm_v128_load(row2 + at), flip), d = wasm_v128_xor(wasm_v128_load(row3 + at), flip);
        interleave4(a, b, c, d, to);
    }
}

/* Four channels of four neighbouring outputs; any filter. */
PCL_INLINE v128_t tile(const pcl_dwconv_u8 *task, const block *b, size_t x, size_t lane, const pcl_rounding *rounding) {
    const pcl_dwconv *shape = &task->shape;
    pcl_dwconv_lanes lanes = pcl_dwconv_lanes_at(task, b->first + lane);
    size_t column_bytes = b->groups * GROUP_BYTES, step = shape->stride_w * column_bytes;
    const uint8_t *column = b->columns + x * step + lane * 4;
    const int8_t *weights = b->weights + lane * 4;
    v128_t sums[4], excess[4];
    for (int j = 0; j < 4; j++) {
        sums[j] = lanes.bias;
        excess[j] = wasm_i32x4_splat(0);
    }
    for (size_t i = 0; i < shape->filter_w; i++, column += shape->dilation_w * column_bytes) {
        for (size_t group = 0; group < column_bytes; group += GROUP_BYTES, weights += GROUP_BYTES) {
            v128_t weight = wasm_v128_load(weights);
            v128_t rest = b->rest ? wasm_v128_load(weights - b->weights + b->rest) : weight;
            for (int j = 0; j < 4; j++) {
                v128_t values = wasm_v128_load(column + (size_t)j * step + group);
                sums[j] = pcl_relaxed_dot(weight, values, sums[j]);
                if (b->rest) excess[j] = pcl_relaxed_dot(rest, values, excess[j]);
            }
        }
    }
    for (int j = 0; j < 4; j++) sums[j] = wasm_i32x4_sub(sums[j], excess[j]);
    return pcl_dwconv_u8_bytes(sums, &lanes, rounding);
}

PCL_APART void any_apart(const pcl_dwconv_u8 *task, const block *b, size_t row) {
    const pcl_dwconv *shape = &task->shape;
    pcl_rounding rounding = pcl_rounding_of(&task->requantization);
    uint8_t made[PCL_DWCONV_MADE_BYTES], *out = task->out + row * shape->out_stride + b->first;
    for (size_t x = 0; x < shape->out_width; x += 4) {
        x = pcl_dwconv_four_at(x, shape->out_width);
        for (size_t lane = 0; lane < b->channels; lane += 4)
            wasm_v128_store(made + lane * 4, tile(task, b, x, lane, &rounding));
        pcl_dwconv_u8_store_apart(made, b->channels, shape->out_width, out + x * shape->channels, shape->channels);
    }
}

/* Three columns of weights, for the first output row and, (0, w0, w1, w2), for the second; of four channels. */
typedef v128_t three_columns[2][3];

/* What four neighbouring outputs in one row or two take from the columns below them; one group. */
PCL_INLINE void add_three(const uint8_t *column, const three_columns weights, int stride, int out_rows,
                          v128_t sums[2][4]) {
    for (int i = 0; i < 3 * stride + 3; i++) {
        v128_t values = wasm_v128_load(column + i * GROUP_BYTES);
        for (int j = 0; j < 4; j++) {
            int tap = i - j * stride;
            if (tap < 0 || tap > 2) continue;
            for (int r = 0; r < out_rows; r++) sums[r][j] = pcl_relaxed_dot(weights[r][tap], values, sums[r][j]);
        }
    }
}

/* False when all are zero. */
PCL_INLINE bool load_three(const int8_t *packed, three_columns weights) {
    v128_t any = wasm_i32x4_splat(0);
    for (int i = 0; i < 3; i++) {
        weights[0][i] = wasm_v128_load(packed + i * GROUP_BYTES);
        weights[1][i] = wasm_i32x4_shl(weights[0][i], 8);
        any = wasm_v128_or(any, weights[0][i]);
    }
    return wasm_v128_any_true(any);
}

enum { STRIP = 32 }; /* outputs of each row that are made before they are written */

/* Four channels of the outputs x..end-1. Few weights have a rest: most groups of four channels take one pass. The
 * other comes first. made: [out_rows][STRIP / 4] of the four channels in what pcl_dwconv_u8_store_whole takes */
PCL_INLINE void fill_strip(const pcl_dwconv_u8 *task, const block *b, size_t lane, size_t x, size_t end, int stride,
                           int out_rows, const pcl_rounding *rounding, uint8_t *made) {
    pcl_dwconv_lanes lanes = pcl_dwconv_lanes_at(task, b->first + lane);
    three_columns weights[2];
    load_three(b->weights + lane * 4, weights[0]);
    bool rest = b->rest && load_three(b->rest + lane * 4, weights[1]);
    v128_t start = rest ? wasm_i32x4_splat(0) : lanes.bias;
    for (; x < end; x += 4, made += PCL_DWCONV_MADE_BYTES) {
        x = pcl_dwconv_four_at(x, end);
        const uint8_t *column = b->columns + x * (size_t)stride * GROUP_BYTES + lane * 4;
        v128_t sums[2][4];
        for (int i = 0; i < 4 * out_rows; i++) sums[i / 4][i % 4] = start;
        for (int pass = rest; pass >= 0; pass--) {
            add_three(column, weights[pass], stride, out_rows, sums);
            if (pass == 0) break;
            for (int i = 0; i < 4 * out_rows; i++) sums[i / 4][i % 4] = wasm_i32x4_sub(lanes.bias, sums[i / 4][i % 4]);
        }
        for (int r = 0; r < out_rows; r++)
            wasm_v128_store(made + r * (STRIP / 4 * PCL_DWCONV_MADE_BYTES),
                            pcl_dwconv_u8_bytes(sums[r], &lanes, rounding));
    }
}

PCL_INLINE void convolve_three(const pcl_dwconv_u8 *task, const block *b, size_t row, int stride, int out_rows) {
    const pcl_dwconv *shape = &task->shape;
    size_t out_width = shape->out_width, step = shape->channels, row_step = shape->out_stride;
    pcl_rounding rounding = pcl_rounding_of(&task->requantization);
    uint8_t made[2 * STRIP / 4 * PCL_DWCONV_MADE_BYTES], *out = task->out + row * row_step + b->first;
    for (size_t first = 0, end; first < out_width; first = end) {
        end = out_width - first < STRIP ? out_width : first + STRIP;
        first = pcl_dwconv_four_at(first, end);
        PCL_ROLLED
        for (size_t lane = 0; lane < b->channels; lane += 4)
            fill_strip(task, b, lane, first, end, stride, out_rows, &rounding, made + lane * 4);
        const uint8_t *from = made;
        for (size_t x = first; x < end; x += 4, from += PCL_DWCONV_MADE_BYTES) {
            x = pcl_dwconv_four_at(x, end);
            PCL_ROLLED
            for (int r = 0; r < out_rows; r++) {
                const uint8_t *tile = from + r * (STRIP / 4 * PCL_DWCONV_MADE_BYTES);
                uint8_t *to = out + (size_t)r * row_step + x * step;
                if (b->channels == 16) pcl_dwconv_u8_store_whole(tile, to, step);
                else pcl_dwconv_u8_store_apart(tile, b->channels, out_width, to, step);
            }
        }
    }
}

typedef void convolve_function(const pcl_dwconv_u8 *task, const block *b, size_t row);

PCL_APART void two_rows_apart(const pcl_dwconv_u8 *task, const block *b, size_t row) {
    convolve_three(task, b, row, 1, 2);
}

PCL_APART void strided_apart(const pcl_dwconv_u8 *task, const block *b, size_t row) {
    convolve_three(task, b, row, 2, 1);
}

/* One function for both ways to read bytes: only the interleaving differs. */
static void convolve_blocks(const pcl_dwconv_u8 *task, uint8_t flip_byte) {
    const pcl_dwconv *shape = &task->shape;
    size_t groups = (shape->filter_h + 3) / 4, taps = shape->filter_w * groups;
    bool three = shape->filter_w == 3 && groups == 1 && shape->dilation_w == 1 && shape->out_width >= 4;
    bool shared = three && shape->stride_w == 1 && pcl_dwconv_shares_rows(shape);
    convolve_function *convolve_row = shared                          ? two_rows_apart
                                      : three && shape->stride_w == 2 ? strided_apart
                                                                      : any_apart;
    block b = {.groups = groups, .columns = task->scratch};
    for (; b.first < shape->channels; b.first += 16) {
        b.channels = shape->channels - b.first < 16 ? shape->channels - b.first : 16;
        b.weights = task->packed + b.first / 16 * taps * GROUP_BYTES;
        b.rest = task->rest ? task->rest + b.first / 16 * taps * GROUP_BYTES : NULL;
        for (size_t row = 0, made = shared ? 2 : 1; row < shape->out_rows; row += made) {
            if (shape->out_rows - row < made) row--; /* one of two: the row before comes out the same again */
            for (size_t group = 0; group < groups; group++) interleave_columns_apart(task, &b, row, group, flip_byte);
            convolve_row(task, &b, row);
        }
    }
}

void pcl_dwconv_u8_relaxed(const pcl_dwconv_u8 *task) { convolve_blocks(task, 0); }

void pcl_dwconv_u8_relaxed_signed(const pcl_dwconv_u8 *task) { convolve_blocks(task, 0x80); }
