/* Every kernel's contract, once, and the table that an instruction set fills.
 *
 * kernels/scalar holds the oracle: short loops that say what is computed.
 * The twins in kernels/simd128 and kernels/relaxed give the same bytes for
 * integers; for floats, simd128 gives the same bits (same order of additions,
 * no fused multiply-add) and relaxed may fuse.
 *
 * Common rules. Buffers may have any alignment. A kernel may read up to 15
 * bytes past the end of an input buffer, and never lets them influence a
 * result; it writes only what the contract names. Packed weights have the
 * same layout for every instruction set. Sizes are at least 1 unless said
 * otherwise. */
#ifndef PCL_KERNELS_H
#define PCL_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pincel.h"

/* A browser replaces a function by its optimised form from the next call on, and the sooner the smaller it is: loops
 * that take the time stand alone, in functions that many calls share. wasm-opt leaves them so by their names' ending,
 * _apart. */
#if defined(__wasm__)
#define PCL_APART static __attribute__((noinline))
#else
#define PCL_APART static
#endif

/* Before a loop of few rounds that is to stay as it is. */
#if defined(__clang__)
#define PCL_ROLLED _Pragma("clang loop unroll(disable) vectorize(disable)")
#else
#define PCL_ROLLED
#endif

/* Before a loop whose rounds are all to stand in the code, however large that gets. */
#if defined(__clang__)
#define PCL_UNROLLED _Pragma("clang loop unroll(full)")
#else
#define PCL_UNROLLED
#endif

/* From an int32 accumulator to a uint8 value:
 *     y = (float)acc * scale[c]                    rounded to nearest float
 *     y = min(max(y, low - zero_point), high - zero_point)
 *     out = round_half_even(y) + zero_point        in low..high
 * 0 <= low <= high <= 255, 0 <= zero_point <= 255, scale finite and > 0. */
typedef struct pcl_requantization {
    const float *scale; /* [columns] */
    int32_t zero_point;
    int32_t low, high;
    bool saturates; /* low is 0, high 255, and -2^23 < (float)acc * scale[c] for all there can be: narrowing with
                     * saturation is all the clamping that vectors need */
} pcl_requantization;

/* What gemm_u8 makes of its sums when it is not to make bytes:
 *     out[m][n] = clamp((float)sum * scale[n] + shift[n], low, high)      each operation rounded
 * with the scale of the requantisation, which is not used otherwise then. */
typedef struct pcl_real_output {
    float *out;         /* [rows][out_stride] */
    const float *shift; /* [columns] */
    float low, high;
} pcl_real_output;

/* --- gemm_u8: out[m][n] = requantise(bias[n] + sum_k (a[m][k] - offset) * (w[n][k] - weight_zero_point))
 * `offset` is pcl_kernels.dot_offset of the table; callers fold the real
 * zero point of a, less the offset, into bias. Sums wrap modulo 2^32.
 *
 * packed: [ceil(columns / 8)][ceil(depth / 4)][8][4] int8, zeros in the gaps
 * (pcl_pack_gemm_u8). */
typedef struct pcl_gemm_u8 {
    size_t rows, columns, depth;
    const uint8_t *a; /* [rows][a_stride], depth bytes used of each row */
    size_t a_stride;
    /* NULL, or as gemm_f32 has them; `run` a multiple of 4. For tables with takes_runs, and no weight zero point. */
    const void *const *runs;
    size_t run;
    const void *packed;
    const int32_t *bias; /* [columns] */
    int32_t weight_zero_point;
    pcl_requantization requantization;
    uint8_t *out; /* [rows][out_stride], columns bytes written of each row */
    size_t out_stride;
    const pcl_real_output *reals; /* in place of `out`; NULL: none */
} pcl_gemm_u8;

/* --- gemm_pairs: as gemm_u8 with an offset of 0, for machines that add products in pairs and cut the sums to 16 bits,
 * with weights for which that cuts nothing whatever a is. packed: [ceil(columns / 4)] pcl_pairs, which have taken out
 * the weights' zero point; task->weight_zero_point is not read. Makes bytes only, by a requantisation that saturates.
 *
 * Of an octet, eight k, neither the sum of a pair nor that of pair i of the first four k and pair i of the last four
 * leaves 16 bits. Where that cannot be, quads take its place, four k of which it holds for each pair: as many with the
 * same k as the greater weights must be cut into. What is all zeros is left out. Fewer rows than PCL_GEMM_PAIRS_ROWS
 * gain nothing. */
#define PCL_GEMM_PAIRS_ROWS 10
typedef struct pcl_pairs {
    size_t octets, quads;
    const int8_t *packed; /* [octets][2][4 columns][4 k], [quads][4 columns][4 k] */
    const uint32_t *k;    /* [octets + quads] the first k of each */
} pcl_pairs;

/* --- gemm_f32: out[m][n] = clamp(bias[n] + sum_k a[m][k] * w[n][k], low, high), k ascending from the bias.
 * packed: [ceil(columns / 8)][depth][8] float (pcl_pack_gemm_f32). NaN passes through the clamp. */
typedef struct pcl_gemm_f32 {
    size_t rows, columns, depth;
    const float *a;
    size_t a_stride; /* in floats */
    /* NULL, or where a lies in pieces, in place of `a`: a[m][k] is runs[k / run][m * a_stride + k % run], and depth a
     * multiple of `run`. */
    const void *const *runs;
    size_t run;
    const float *packed;
    const float *bias; /* [columns] */
    float low, high;   /* -INFINITY, INFINITY: no clamp */
    float *out;
    size_t out_stride; /* in floats */
} pcl_gemm_f32;

/* --- winograd_f32: the two transforms around the 36 matrix products of a 3x3 convolution's 4x4 tiles of output
 * (src/ops/winograd_f32.c). All channel counts are multiples of 4. Sums in any order, relaxed may fuse: within rounding
 * of each other. */
typedef struct pcl_winograd_output {
    const float *products; /* [36][stride], of which the first `channels` are this tile's */
    size_t stride, channels;
    const float *bias; /* [channels] */
    float low, high;
    float *out;              /* [rows][columns][channels]: clamp(tile + bias, low, high) */
    size_t row_stride;       /* floats */
    int32_t rows, columns; /* 1..4: the part of the tile that is within the picture */
} pcl_winograd_output;

/* --- winograd_segments_f32: the transforms around the 25 products of F(3x3, 3x3), of a row of tiles three pixels apart
 * (src/ops/winograd_segments.c). Within rounding of each other. */
typedef struct pcl_winograd_segments_output {
    const float *products; /* [25][stride]: [tiles][channels, up to a multiple of 4] */
    size_t stride, channels;
    float low, high;
    float *out; /* [rows][width][channels]: clamp(A^T products A, low, high) */
    size_t width;
    int32_t rows; /* 1..3 */
} pcl_winograd_segments_output;

/* --- gemm_i16: out[m][n] = bias[n] + sum_k a[m][k] * w[n][k], sums wrap modulo 2^32. Both matrices lie as the inner
 * loop takes them, five rows and eight columns at a time: */
#define PCL_GEMM_I16_ROWS 5
typedef struct pcl_gemm_i16 {
    size_t tiles, panels, steps; /* five rows, eight columns, eight k each */
    int16_t *a;                  /* [tiles][steps][5 rows][8 k]; gemm_i16 may leave it in another order */
    const int16_t *packed;       /* [panels][steps][4 pairs][8 columns][2 k] */
    const int32_t *bias;         /* [panels * 8] */
    int32_t *out;                /* [tiles * 5][panels * 8] */
} pcl_gemm_i16;

/* --- winograd_u8: the two transforms around the 36 products (gemm_i16) of a quantised 3x3 convolution's 4x4 tiles of
 * output (src/ops/winograd_u8.c). All of it integers: exact. A^T products A is 576 times the sums, modulo 2^32: the
 * inverse of 9, modulo 2^32, makes it 64 times, which a shift divides by. */
#define PCL_INVERSE_OF_9 0x38E38E39
typedef struct pcl_winograd_output_u8 {
    const int32_t *products; /* [36][stride]: [tiles][tile_stride], of which the first `channels` are a tile's */
    size_t stride, tile_stride, channels; /* channels: a multiple of 4 */
    pcl_requantization requantization;    /* of the sums; saturates */
    uint8_t *out;      /* [rows][columns][channels], of as many tiles side by side as that takes */
    size_t row_stride; /* bytes */
    size_t rows, columns; /* that are within the picture; rows: 1..4 */
} pcl_winograd_output_u8;

/* --- dwconv_u8, dwconv_f32: rows of a depthwise convolution.
 * Output row r (0 <= r < out_rows) reads input rows r * stride_h + y * dilation_h
 * for y < filter_h: rows[r * stride_h + y * dilation_h]. Pointers to other rows
 * are not there. A row that lies outside the picture points at in_width *
 * channels bytes of the pad value.
 * Column x of the output reads columns x * stride_w - pad_left + i * dilation_w,
 * i < filter_w; those outside 0..in_width-1 count as the pad value
 * (zero for f32). */
typedef struct pcl_dwconv {
    size_t channels;
    size_t in_width, out_width;
    size_t filter_h, filter_w;
    size_t stride_h, stride_w;
    size_t dilation_h, dilation_w;
    size_t pad_left;
    size_t out_rows;   /* pairs take less time than single ones, more less than pairs */
    size_t out_stride; /* elements from one output row to the next */
} pcl_dwconv;

/* acc = bias[c] + sum (a - offset) * (w - rest), offset as for gemm_u8.
 * packed: [ceil(channels / 16)][filter_w][ceil(filter_h / 4)][16][4] int8
 * (16 channels, 4 filter rows of one filter column side by side, zeros in
 * the gaps; pcl_pack_dwconv_u8). Weights less their zero point that do not
 * fit int8 leave the excess in `rest`, same layout; NULL when there is none. */
typedef struct pcl_dwconv_u8 {
    pcl_dwconv shape;
    const uint8_t *const *rows; /* [(out_rows - 1) * stride_h + (filter_h - 1) * dilation_h + 1] -> [in_width][channels] */
    uint8_t pad_value;
    const int8_t *packed;
    const int8_t *rest;
    const int32_t *bias; /* [channels] */
    pcl_requantization requantization; /* saturates */
    uint8_t *out;  /* [out_rows][out_stride] */
    void *scratch; /* pcl_dwconv_u8_scratch bytes */
} pcl_dwconv_u8;

/* out = clamp(bias[c] + sum a * w, low, high), taps in row-major order from the
 * bias; taps outside the picture are skipped. packed: [filter_h][filter_w][channels]. */
typedef struct pcl_dwconv_f32 {
    pcl_dwconv shape;
    const float *const *rows;
    const float *packed;
    const float *bias;
    float low, high;
    float *out;
} pcl_dwconv_f32;

/* --- add_u8: quantised addition in fixed point (as XNNPACK's qu8-vadd does it):
 *     acc = bias + a[i] * a_multiplier + b[i] * b_multiplier      (wraps)
 *     out = clamp((acc >> shift) + zero_point, low, high)           arithmetic shift
 * bias holds the rounding and the zero points (pcl_add_u8_prepare). out may
 * be a or b. */
typedef struct pcl_add_u8 {
    int32_t bias;
    int32_t a_multiplier, b_multiplier; /* from -2^21 to 2^21 */
    int32_t shift;                      /* 13..30 */
    int32_t zero_point, low, high;      /* 0..255 */
} pcl_add_u8;

/* --- affine_u8: every channel's bytes by a factor, plus a summand, in 16 bits of fixed point. Where
 * q15(a, b) = (a * b + 2^14) >> 15, never of -2^15 twice, and cut(s) is s or the nearest of 16 bits,
 *   out = clamp(q15(cut(q15(128 * x - center, multiplier) + bias), unit), low, high).
 * pcl_affine_u8_prepare makes it from reals. */
typedef struct pcl_affine_u8 {
    int16_t center[8];     /* 128 times the byte that gives about 128 */
    int16_t multiplier[8]; /* 256 times the factor, in units */
    int16_t bias[8];       /* what the center gives, in units */
    int16_t unit[8];       /* times 2^15: 2^8..2^14 */
} pcl_affine_u8;

typedef struct pcl_kernels {
    pcl_isa isa;
    int32_t dot_offset; /* 0 or 128, see gemm_u8 */
    float dot_cost;     /* of a product in gemm_u8, where one in gemm_i16 is 1; 0: use the former whatever it costs */

    bool takes_runs; /* gemm_u8 */
    void (*gemm_u8)(const pcl_gemm_u8 *task);
    /* NULL, both, in tables of other machines. pack_pairs: weights: [columns][depth], columns: 1..4. Without
     * a `space` it counts what they come to, in *to, and returns its bytes, SIZE_MAX on overflow; with one of so many
     * (aligned to 4), which *to keeps pointing to, it packs what has been counted. */
    void (*gemm_pairs)(const pcl_gemm_u8 *task);
    size_t (*pack_pairs)(pcl_pairs *to, void *space, const int8_t *weights, size_t columns, size_t depth,
                         int32_t zero_point);
    void (*gemm_i16)(const pcl_gemm_i16 *task);
    void (*gemm_f32)(const pcl_gemm_f32 *task);
    void (*dwconv_u8)(const pcl_dwconv_u8 *task);
    void (*dwconv_f32)(const pcl_dwconv_f32 *task);

    void (*add_u8)(const pcl_add_u8 *parameters, const uint8_t *a, const uint8_t *b, uint8_t *out, size_t count);
    /* out[i] = table[in[i]]; in place allowed */
    void (*lookup_u8)(const uint8_t table[256], const uint8_t *in, uint8_t *out, size_t count);
    /* out = clamp(round_half_even(in * inverse_scale) + zero_point, 0, 255); NaN gives zero_point */
    void (*quantize_u8)(float inverse_scale, int32_t zero_point, const float *in, uint8_t *out, size_t count);
    /* out = (in - zero_point) * scale */
    void (*dequantize_u8)(float scale, int32_t zero_point, const uint8_t *in, float *out, size_t count);

    /* For each channel c: sum[c] += sum_p x[p][c] and square[c] += sum_p (x[p][c] - center[c])^2,
     * p ascending, x: [pixels][channels]. */
    void (*moments_f32)(const float *x, size_t pixels, size_t channels, const float *center, float *sum,
                        float *square);
    /* out[p][c] = clamp(x[p][c] * scale[c] + shift[c], low, high); in place allowed */
    void (*affine_f32)(const float *x, size_t pixels, size_t channels, const float *scale, const float *shift,
                       float low, float high, float *out);
    /* For each channel c: sum[c] += sum_p x[p][c] and square[c] += sum_p x[p][c]^2, x: [pixels][channels], at most
     * 256 pixels. */
    void (*moments_u8)(const uint8_t *x, size_t pixels, size_t channels, uint32_t *sum, uint32_t *square);
    /* x, out: [pixels][channels], low and high: 0..255; in place allowed */
    void (*affine_u8)(const uint8_t *x, size_t pixels, size_t channels, const pcl_affine_u8 *octets, int32_t low,
                      int32_t high, uint8_t *out);
    /* out[i * stride + c] = (B^T d B)[i], d: the 6x6 pixels at taps, `channels` floats each */
    void (*winograd_input_f32)(const void *const taps[36], size_t channels, float *out, size_t stride);
    void (*winograd_output_f32)(const pcl_winograd_output *task);
    /* out[i * stride + tile * channels + c] = (B^T d B)[i], d: the rows' 5x5 pixels from pixel 3 * tile on, `channels`
     * floats each; reads and writes up to 3 floats beyond them */
    void (*winograd_segments_input_f32)(const void *const rows[5], size_t tiles, size_t channels, float *out,
                                        size_t stride);
    void (*winograd_segments_output_f32)(const pcl_winograd_segments_output *task);
    /* The same of bytes: out[i * stride + step * PCL_GEMM_I16_ROWS * 8 + c] for c < 8; 8 * steps
     * bytes of each pixel, what lies beyond its channels too */
    void (*winograd_input_u8)(const void *const taps[36], size_t steps, int16_t *out, size_t stride);
    void (*winograd_output_u8)(const pcl_winograd_output_u8 *task);
    /* out[i] = 1 / (1 + exp(-in[i])), within 2e-7 relative of the exact value for in[i] >= -87.3,
     * below that within 2e-38; in place allowed */
    void (*logistic_f32)(const float *in, float *out, size_t count);
    /* out[i] = from[i] ^ flip: int8 as it is with a flip of 0, uint8 less 128 with 128; `count` is a multiple of 16,
     * or 0. Returns the sum of out, modulo 2^32 */
    uint32_t (*signed_i8)(const uint8_t *from, size_t count, uint8_t flip, int8_t *out);
} pcl_kernels;

/* The table for an instruction set, NULL when it is not in this build; AUTO gives the best. */
const pcl_kernels *pcl_kernels_for(pcl_isa isa);
bool pcl_isa_available(pcl_isa isa);

/* --- Packing and parameters, the same for every instruction set (kernels/pack.c) */

size_t pcl_gemm_u8_packed_bytes(size_t columns, size_t depth); /* SIZE_MAX on overflow */
/* weights: [columns][depth] */
void pcl_pack_gemm_u8(int8_t *packed, const int8_t *weights, size_t columns, size_t depth);

/* For x * scale + shift + zero_point, with an error before it is rounded of 0.0125, or 0.025 |scale| where that is
 * more. 0 counts for both where |scale| is beyond PCL_AFFINE_U8_MOST or the shift beyond 1e30, which computed ones may
 * be. octets: [channels / 8, rounded up] */
#define PCL_AFFINE_U8_MOST 63.0f
void pcl_affine_u8_prepare(pcl_affine_u8 *octets, const float *scale, const float *shift, size_t channels,
                           int32_t zero_point);

/* Whether gemm_pairs does so many, of the given depth, in less time than gemm_u8. */
bool pcl_pairs_pay(const pcl_pairs *pairs, size_t count, size_t depth);

size_t pcl_gemm_f32_packed_bytes(size_t columns, size_t depth); /* SIZE_MAX on overflow */
/* Where in the packed weights w[n][k] lies, in floats. */
static inline size_t pcl_gemm_f32_place(size_t depth, size_t n, size_t k) { return (n / 8 * depth + k) * 8 + n % 8; }
/* weights: [columns][depth] with `column_stride` floats from one column to the
 * next and `depth_stride` from one k to the next. */
void pcl_pack_gemm_f32(float *packed, const float *weights, size_t columns, size_t depth, size_t column_stride,
                       size_t depth_stride);

size_t pcl_dwconv_u8_packed_bytes(size_t channels, size_t filter_h, size_t filter_w); /* SIZE_MAX on overflow */
/* weights: [filter_h][filter_w][channels] less their zero point, in -255..255.
 * Returns true when `rest` (may be NULL: then only asks) is needed. */
bool pcl_pack_dwconv_u8(int8_t *packed, int8_t *rest, const int16_t *weights, size_t channels, size_t filter_h,
                        size_t filter_w);
size_t pcl_dwconv_u8_scratch(const pcl_dwconv *shape); /* SIZE_MAX on overflow */

/* Parameters of out = a + b (or a - b with negate_b) for the given
 * quantisations. False when the ratios of the scales are out of range:
 * a_scale / out_scale and b_scale / out_scale must lie in [2^-14, 2^8), and
 * the greater of them not below 2^-10. */
bool pcl_add_u8_prepare(pcl_add_u8 *out, float a_scale, int32_t a_zero_point, float b_scale, int32_t b_zero_point,
                        bool negate_b, float out_scale, int32_t out_zero_point, int32_t low, int32_t high);

#endif
