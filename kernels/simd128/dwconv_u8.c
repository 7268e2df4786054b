#include "dwconv_u8.h"
#include "functions.h"

/* Everything is widened to 16 bits, and pairs of filter rows lie side by side:
 * columns: [columns][groups][2 pairs][16 channels][2], 128 bytes a group
 * weights: [2][2][filter_w][groups][2 pairs][16 channels][2]: once per output
 * row, and all of it with the pairs in the other order
 * Where the filter moves on by a pair, the next one replaces the older of the
 * two: every other time they lie in the other order. */
#define GROUP_BYTES 128
#define PAIR_BYTES 64

typedef struct block {
    size_t first, groups;
    uint8_t *columns;
    uint8_t *weights, *weights_now; /* all; those for the order in which the pairs lie */
    size_t weight_bytes;            /* of one output row */
} block;

/* 16 channels of two rows to [16][2] */
PCL_INLINE void widen_pair(v128_t upper, v128_t lower, uint8_t *to) {
    v128_t low = wasm_i8x16_shuffle(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    v128_t high = wasm_i8x16_shuffle(upper, lower, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    wasm_v128_store(to, wasm_u16x8_extend_low_u8x16(low));
    wasm_v128_store(to + 16, wasm_u16x8_extend_high_u8x16(low));
    wasm_v128_store(to + 32, wasm_u16x8_extend_low_u8x16(high));
    wasm_v128_store(to + 48, wasm_u16x8_extend_high_u8x16(high));
}

/* A pair of rows. */
PCL_APART void widen_columns_apart(const pcl_dwconv_u8 *task, const uint8_t *upper, const uint8_t *lower, size_t step,
                                   uint8_t *to) {
    const pcl_dwconv *shape = &task->shape;
    size_t columns = pcl_dwconv_columns(shape), width = shape->in_width, pad_left = shape->pad_left;
    size_t channels = shape->channels;
    for (size_t x = 0; x < columns; x++, to += step) {
        v128_t above = wasm_i8x16_splat((int8_t)task->pad_value), below = above;
        if (x - pad_left < width) { /* not where that is less than 0, which is much */
            size_t at = (x - pad_left) * channels;
            above = wasm_v128_load(upper + at);
            below = wasm_v128_load(lower + at);
        }
        widen_pair(above, below, to);
    }
}

/* Pairs `pair` and on of those under the filter in an output row. */
static void widen_rows(const pcl_dwconv_u8 *task, const block *b, size_t row, size_t pair, size_t order) {
    for (size_t group = 0; group < b->groups; group++) {
        const uint8_t *rows[4];
        pcl_dwconv_group_rows(task, row, group, b->first, rows);
        uint8_t *to = b->columns + group * GROUP_BYTES;
        for (size_t i = pair; i < 2; i++)
            widen_columns_apart(task, rows[i * 2], rows[i * 2 + 1], b->groups * GROUP_BYTES,
                                to + (i ^ order) * PAIR_BYTES);
    }
}

/* From the packed [16][4] bytes of every tap to pairs; those of the second of two rows move on by one. */
PCL_APART void widen_weights_apart(const pcl_dwconv_u8 *task, const block *b) {
    size_t taps = task->shape.filter_w * b->groups;
    const int8_t *packed = task->packed + b->first / 16 * taps * 64;
    const int8_t *rest = task->rest ? task->rest + b->first / 16 * taps * 64 : NULL;
    for (size_t tap = 0; tap < taps; tap++) {
        PCL_ROLLED
        for (size_t i = 0; i < 4; i++) { /* four channels at a time */
            size_t from = tap * 64 + i * 16;
            uint8_t *to = b->weights + tap * GROUP_BYTES + i * 16;
            v128_t low = wasm_i16x8_load8x8(packed + from), high = wasm_i16x8_load8x8(packed + from + 8);
            if (rest) low = wasm_i16x8_sub(low, wasm_i16x8_load8x8(rest + from));
            if (rest) high = wasm_i16x8_sub(high, wasm_i16x8_load8x8(rest + from + 8));
            PCL_ROLLED
            for (int row = 0; row < 2; row++, to += b->weight_bytes) {
                uint8_t *other = to + 2 * b->weight_bytes;
                v128_t first = wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
                v128_t second = wasm_i32x4_shuffle(low, high, 1, 3, 5, 7);
                wasm_v128_store(to, first);
                wasm_v128_store(to + PAIR_BYTES, second);
                wasm_v128_store(other, second);
                wasm_v128_store(other + PAIR_BYTES, first);
                low = wasm_i64x2_shl(low, 16);
                high = wasm_i64x2_shl(high, 16);
            }
        }
    }
}

/* The shape as the inner loops need it; constants where the caller knows them. */
typedef struct filter {
    size_t width, groups, stride, dilation;
} filter;

/* Four channels of four neighbouring outputs from column x on, in one row or two.
 * made: [out_rows] as pcl_dwconv_u8_store_whole takes them */
PCL_INLINE void tile(const uint8_t *columns, const uint8_t *const weights[2], filter f, size_t x, int out_rows,
                     const pcl_dwconv_lanes *lanes, const pcl_rounding *rounding, uint8_t *made) {
    v128_t sums[2][4];
    for (int r = 0; r < out_rows; r++) {
        for (int j = 0; j < 4; j++) sums[r][j] = lanes->bias;
    }
    /* A pair in each round: of more, V8 would want more values at once than there are registers. */
    size_t column_bytes = f.groups * GROUP_BYTES, step = f.stride * column_bytes;
    size_t rounds = f.dilation == 1 ? 1 : f.width;
    size_t run = f.width / rounds * column_bytes; /* columns side by side */
    const uint8_t *above = weights[0], *below = weights[1];
    columns += x * step;
    for (size_t i = 0; i < rounds; i++, columns += (f.dilation - 1) * column_bytes) {
        PCL_ROLLED
        for (const uint8_t *end = columns + run; columns != end; columns += 64, above += 64, below += 64) {
            PCL_HIDE(columns);
            v128_t weight0 = wasm_v128_load(above), weight1 = weight0;
            if (out_rows == 2) weight1 = wasm_v128_load(below);
            for (int j = 0; j < 4; j++) {
                v128_t values = wasm_v128_load(columns + (size_t)j * step);
                sums[0][j] = wasm_i32x4_add(sums[0][j], wasm_i32x4_dot_i16x8(values, weight0));
                if (out_rows == 2) sums[1][j] = wasm_i32x4_add(sums[1][j], wasm_i32x4_dot_i16x8(values, weight1));
            }
        }
    }
    for (int r = 0; r < out_rows; r++)
        wasm_v128_store(made + r * PCL_DWCONV_MADE_BYTES, pcl_dwconv_u8_bytes(sums[r], lanes, rounding));
}

__attribute__((noinline)) void pcl_dwconv_u8_store_apart(const uint8_t *made, size_t channels, size_t outputs,
                                                         uint8_t *out, size_t step) {
    PCL_ROLLED
    for (size_t c = 0; c < channels; c += 8, made += 32) {
        v128_t a = wasm_v128_load(made), b = wasm_v128_load(made + 16), pairs[2]; /* of outputs */
        pairs[0] = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5);
        pairs[1] = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
        for (size_t j = 0; j < 4 && j < outputs; j++) {
            uint8_t *to = out + j * step + c;
            v128_t bytes = pairs[j / 2];
            if (j % 2 > 0) bytes = wasm_i64x2_shuffle(bytes, bytes, 1, 1);
            if (channels - c >= 8) wasm_v128_store64_lane(to, bytes, 0);
            else pcl_store_part_apart(to, bytes, channels - c);
        }
    }
}

/* `often`: worth the bytes of a copy of pcl_dwconv_u8_store_whole. */
PCL_INLINE void convolve(const pcl_dwconv_u8 *task, const block *b, filter f, size_t row, int out_rows, bool often) {
    const pcl_dwconv *shape = &task->shape;
    size_t out_width = shape->out_width, row_step = shape->out_stride, step = shape->channels;
    size_t channels = step - b->first < 16 ? step - b->first : 16;
    pcl_rounding rounding = pcl_rounding_of(&task->requantization);
    uint8_t made[2 * PCL_DWCONV_MADE_BYTES], *out = task->out + row * row_step + b->first;
    for (size_t x = 0; x < out_width; x += 4) {
        x = pcl_dwconv_four_at(x, out_width);
        PCL_ROLLED
        for (size_t lane = 0; lane < channels; lane += 4) {
            pcl_dwconv_lanes lanes = pcl_dwconv_lanes_at(task, b->first + lane);
            const uint8_t *above = b->weights_now + lane * 4, *weights[2] = {above, above + b->weight_bytes};
            tile(b->columns + lane * 4, weights, f, x, out_rows, &lanes, &rounding, made + lane * 4);
        }
        PCL_ROLLED
        for (int r = 0; r < out_rows; r++) {
            uint8_t *to = out + (size_t)r * row_step + x * step;
            if (often && channels == 16) pcl_dwconv_u8_store_whole(made + r * PCL_DWCONV_MADE_BYTES, to, step);
            else pcl_dwconv_u8_store_apart(made + r * PCL_DWCONV_MADE_BYTES, channels, out_width, to, step);
        }
    }
}

typedef void convolve_function(const pcl_dwconv_u8 *task, const block *b, size_t row);

PCL_APART void two_rows_apart(const pcl_dwconv_u8 *task, const block *b, size_t row) {
    convolve(task, b, (filter){3, 1, 1, 1}, row, 2, true);
}

PCL_APART void strided_apart(const pcl_dwconv_u8 *task, const block *b, size_t row) {
    convolve(task, b, (filter){3, 1, 2, 1}, row, 1, true);
}

PCL_APART void any_apart(const pcl_dwconv_u8 *task, const block *b, size_t row) {
    filter f = {task->shape.filter_w, b->groups, task->shape.stride_w, task->shape.dilation_w};
    convolve(task, b, f, row, 1, false);
}

void pcl_dwconv_u8_simd128(const pcl_dwconv_u8 *task) {
    const pcl_dwconv *shape = &task->shape;
    size_t groups = (shape->filter_h + 3) / 4, weight_bytes = shape->filter_w * groups * GROUP_BYTES;
    uint8_t *scratch = task->scratch;
    block b = {
        .groups = groups,
        .weights = scratch,
        .weight_bytes = weight_bytes,
        .columns = scratch + 4 * weight_bytes,
    };
    bool three = shape->filter_w == 3 && groups == 1 && shape->dilation_w == 1 && shape->out_width >= 4;
    bool shared = three && shape->stride_w == 1 && pcl_dwconv_shares_rows(shape);
    bool moves_by_pairs = shared || (groups == 1 && shape->stride_h == 2 && pcl_dwconv_reads_all_rows(shape));
    convolve_function *convolve_row = shared                          ? two_rows_apart
                                      : three && shape->stride_w == 2 ? strided_apart
                                                                      : any_apart;
    for (b.first = 0; b.first < shape->channels; b.first += 16) {
        widen_weights_apart(task, &b);
        size_t made = shared ? 2 : 1, order = 0;
        for (size_t row = 0; row < shape->out_rows; row += made, order ^= moves_by_pairs) {
            size_t pair = row > 0 && moves_by_pairs; /* the first that is new */
            if (shape->out_rows - row < made) { /* one of two: the row before comes out the same again */
                row--;
                order = pair = 0;
            }
            widen_rows(task, &b, row, pair, order);
            b.weights_now = b.weights + order * 2 * weight_bytes;
            convolve_row(task, &b, row);
        }
    }
}
