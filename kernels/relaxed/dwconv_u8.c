#include "dwconv_u8.h"
#include "functions.h"
#include "relaxed/relaxed.h"

/* Four filter rows lie side by side as bytes: one dot product takes four taps
 * of four channels.
 * columns: [columns][groups][16 channels][4], 64 bytes a group, like the packed weights */
#define GROUP_BYTES 64

typedef struct block {
    size_t first, groups;
    const int8_t *weights; /* [filter_w][groups][16][4] */
    const int8_t *rest;    /* same, or NULL */
    uint8_t *columns;
} block;

/* 16 channels of four rows to [16][4] */
PCL_INLINE void interleave4(const uint8_t *const rows[4], size_t at, v128_t flip, uint8_t *to) {
    v128_t a = wasm_v128_load(rows[0] + at), b = wasm_v128_load(rows[1] + at);
    v128_t c = wasm_v128_load(rows[2] + at), d = wasm_v128_load(rows[3] + at);
    v128_t ab = wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    v128_t ab_high = wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    v128_t cd = wasm_i8x16_shuffle(c, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    v128_t cd_high = wasm_i8x16_shuffle(c, d, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    wasm_v128_store(to, wasm_v128_xor(wasm_i16x8_shuffle(ab, cd, 0, 8, 1, 9, 2, 10, 3, 11), flip));
    wasm_v128_store(to + 16, wasm_v128_xor(wasm_i16x8_shuffle(ab, cd, 4, 12, 5, 13, 6, 14, 7, 15), flip));
    wasm_v128_store(to + 32, wasm_v128_xor(wasm_i16x8_shuffle(ab_high, cd_high, 0, 8, 1, 9, 2, 10, 3, 11), flip));
    wasm_v128_store(to + 48, wasm_v128_xor(wasm_i16x8_shuffle(ab_high, cd_high, 4, 12, 5, 13, 6, 14, 7, 15), flip));
}

/* flip_byte: 0x80 where the machine takes the bytes as signed */
PCL_INLINE void interleave_columns(const pcl_dwconv_u8 *task, const block *b, size_t row, size_t group,
                                   uint8_t flip_byte) {
    const pcl_dwconv *shape = &task->shape;
    const uint8_t *rows[4];
    pcl_dwconv_group_rows(task, row, group, b->first, rows);
    size_t columns = pcl_dwconv_columns(shape);
    uint8_t *to = b->columns + group * GROUP_BYTES;
    v128_t flip = wasm_i8x16_splat((int8_t)flip_byte);
    for (size_t x = 0; x < columns; x++, to += b->groups * GROUP_BYTES) {
        if (x < shape->pad_left || x - shape->pad_left >= shape->in_width) {
            memset(to, task->pad_value ^ flip_byte, GROUP_BYTES);
        } else {
            interleave4(rows, (x - shape->pad_left) * shape->channels, flip, to);
        }
    }
}

/* Fewer than four channels of `count` outputs; apart, for it is rare and large. */
PCL_APART void store_part_apart(v128_t bytes, int count, size_t channels, uint8_t *out, size_t step) {
    uint8_t copy[16];
    wasm_v128_store(copy, bytes);
    for (int j = 0; j < count; j++) memcpy(out + (size_t)j * step, copy + j * 4, channels);
}

/* Writes four channels of `count` (1 or 4) neighbouring outputs, `step` bytes apart. */
PCL_INLINE void store(const v128_t sums[4], int count, const pcl_dwconv_lanes *lanes, const pcl_rounding *rounding,
                      uint8_t *out, size_t step) {
    v128_t bytes = pcl_dwconv_u8_bytes(sums, count, lanes, rounding);
    if (lanes->channels < 4) {
        store_part_apart(bytes, count, lanes->channels, out, step);
        return;
    }
    wasm_v128_store32_lane(out, bytes, 0);
    if (count == 1) return;
    wasm_v128_store32_lane(out + step, bytes, 1);
    wasm_v128_store32_lane(out + 2 * step, bytes, 2);
    wasm_v128_store32_lane(out + 3 * step, bytes, 3);
}

/* Four channels of `count` neighbouring outputs; any filter. */
PCL_INLINE void tile(const pcl_dwconv_u8 *task, const block *b, size_t x, size_t lane, int count,
                     const pcl_dwconv_lanes *lanes, v128_t sums[4]) {
    const pcl_dwconv *shape = &task->shape;
    size_t column_bytes = b->groups * GROUP_BYTES, step = shape->stride_w * column_bytes;
    const uint8_t *column = b->columns + x * step + lane * 4;
    const int8_t *weights = b->weights + lane * 4;
    v128_t excess[4];
    for (int j = 0; j < count; j++) {
        sums[j] = lanes->bias;
        excess[j] = wasm_i32x4_splat(0);
    }
    for (size_t i = 0; i < shape->filter_w; i++, column += shape->dilation_w * column_bytes) {
        for (size_t group = 0; group < column_bytes; group += GROUP_BYTES, weights += GROUP_BYTES) {
            v128_t weight = wasm_v128_load(weights);
            v128_t rest = b->rest ? wasm_v128_load(weights - b->weights + b->rest) : weight;
            for (int j = 0; j < count; j++) {
                v128_t values = wasm_v128_load(column + (size_t)j * step + group);
                sums[j] = pcl_relaxed_dot(weight, values, sums[j]);
                if (b->rest) excess[j] = pcl_relaxed_dot(rest, values, excess[j]);
            }
        }
    }
    for (int j = 0; j < count; j++) sums[j] = wasm_i32x4_sub(sums[j], excess[j]);
}

/* Three columns of weights, for the first output row and, (0, w0, w1, w2), for the second; of four channels. */
typedef v128_t three_columns[2][3];

/* What four neighbouring outputs in one row or two take from the columns below them; one group. */
PCL_INLINE void add_three(const uint8_t *column, const three_columns from, int stride, int out_rows,
                          v128_t sums[2][4]) {
    three_columns weights; /* six of the 15 registers */
    for (int i = 0; i < 3; i++) {
        for (int r = 0; r < out_rows; r++) weights[r][i] = from[r][i];
    }
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
static bool load_three(const int8_t *packed, three_columns weights) {
    v128_t any = wasm_i32x4_splat(0);
    for (int i = 0; i < 3; i++) {
        weights[0][i] = wasm_v128_load(packed + i * GROUP_BYTES);
        weights[1][i] = wasm_i32x4_shl(weights[0][i], 8);
        any = wasm_v128_or(any, weights[0][i]);
    }
    return wasm_v128_any_true(any);
}

/* Few weights have a rest: most groups of four channels take one pass. The other comes first. */
PCL_INLINE void convolve_three(const pcl_dwconv_u8 *task, const block *b, size_t row, int stride, int out_rows) {
    const pcl_dwconv *shape = &task->shape;
    pcl_rounding rounding = pcl_rounding_of(&task->requantization);
    for (size_t lane = 0; lane < 16 && b->first + lane < shape->channels; lane += 4) {
        pcl_dwconv_lanes lanes = pcl_dwconv_lanes_at(task, b->first + lane);
        three_columns weights[2];
        load_three(b->weights + lane * 4, weights[0]);
        bool rest = b->rest && load_three(b->rest + lane * 4, weights[1]);
        v128_t start = rest ? wasm_i32x4_splat(0) : lanes.bias;
        for (size_t x = 0; x < shape->out_width; x += 4) {
            /* the last four may overlap those before: they come out the same */
            if (shape->out_width - x < 4) x = shape->out_width - 4;
            const uint8_t *column = b->columns + x * (size_t)stride * GROUP_BYTES + lane * 4;
            v128_t sums[2][4];
            for (int i = 0; i < 4 * out_rows; i++) sums[i / 4][i % 4] = start;
            for (int pass = rest; pass >= 0; pass--) {
                add_three(column, weights[pass], stride, out_rows, sums);
                if (pass == 0) break;
                for (int i = 0; i < 4 * out_rows; i++)
                    sums[i / 4][i % 4] = wasm_i32x4_sub(lanes.bias, sums[i / 4][i % 4]);
            }
            for (int r = 0; r < out_rows; r++) {
                uint8_t *out = task->out + (row + (size_t)r) * shape->out_stride + x * shape->channels + b->first;
                store(sums[r], 4, &lanes, &rounding, out + lane, shape->channels);
            }
        }
    }
}

static void convolve(const pcl_dwconv_u8 *task, const block *b, size_t row) {
    const pcl_dwconv *shape = &task->shape;
    pcl_rounding rounding = pcl_rounding_of(&task->requantization);
    for (size_t lane = 0; lane < 16 && b->first + lane < shape->channels; lane += 4) {
        pcl_dwconv_lanes lanes = pcl_dwconv_lanes_at(task, b->first + lane);
        for (size_t x = 0; x < shape->out_width;) {
            bool four = shape->out_width - x >= 4;
            uint8_t *out = task->out + row * shape->out_stride + x * shape->channels + b->first + lane;
            v128_t sums[4];
            if (four) {
                tile(task, b, x, lane, 4, &lanes, sums);
                store(sums, 4, &lanes, &rounding, out, shape->channels);
            } else {
                tile(task, b, x, lane, 1, &lanes, sums);
                store(sums, 1, &lanes, &rounding, out, shape->channels);
            }
            x += four ? 4 : 1;
        }
    }
}

/* One function for both ways to read bytes: only the interleaving differs. */
static void convolve_blocks(const pcl_dwconv_u8 *task, uint8_t flip_byte) {
    const pcl_dwconv *shape = &task->shape;
    size_t groups = (shape->filter_h + 3) / 4, taps = shape->filter_w * groups;
    bool three = shape->filter_w == 3 && shape->filter_h <= 3 && shape->dilation_w == 1 && shape->out_width >= 4;
    bool shared = three && shape->stride_w == 1 && pcl_dwconv_shares_rows(shape);
    block b = {.groups = groups, .columns = task->scratch};
    for (b.first = 0; b.first < shape->channels; b.first += 16) {
        b.weights = task->packed + b.first / 16 * taps * GROUP_BYTES;
        b.rest = task->rest ? task->rest + b.first / 16 * taps * GROUP_BYTES : NULL;
        for (size_t row = 0; row < shape->out_rows; row += shared ? 2 : 1) {
            for (size_t group = 0; group < groups; group++) {
                interleave_columns(task, &b, row, group, flip_byte);
            }
            if (shared) convolve_three(task, &b, row, 1, 2);
            else if (three && shape->stride_w == 2) convolve_three(task, &b, row, 2, 1);
            else convolve(task, &b, row);
        }
    }
}

void pcl_dwconv_u8_relaxed(const pcl_dwconv_u8 *task) { convolve_blocks(task, 0); }

void pcl_dwconv_u8_relaxed_signed(const pcl_dwconv_u8 *task) { convolve_blocks(task, 0x80); }
