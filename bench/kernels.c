/* What bench/kernels.mjs times: each kernel on a layer of a given shape.
 * Compiled together with kernels/ into a module of its own (CMake's PCL_BENCH). */
#include <stdlib.h>

#include "functions.h"

static const pcl_kernels *kernels;
static pcl_gemm_u8 gemm_u8, gemm_pairs;
static pcl_gemm_f32 gemm_f32;
static pcl_gemm_i16 gemm_i16;
static pcl_dwconv_u8 dwconv_u8;
static pcl_dwconv_f32 dwconv_f32;
static size_t out_height; /* of the depthwise layers */
static uint32_t random_state = 1;

static void *random_bytes(size_t count) {
    uint8_t *bytes = malloc(count + 64);
    for (size_t i = 0; i < count + 64; i++) {
        random_state = random_state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(random_state >> 24);
    }
    return bytes;
}

static float *constants(size_t count, float value) {
    float *made = malloc(count * sizeof *made + 64);
    for (size_t i = 0; i < count; i++) made[i] = value;
    return made;
}

/* Returns the table's isa, 0 when it is not in this module. */
PCL_API int bench_select(int isa) {
    kernels = pcl_kernels_for((pcl_isa)isa);
    return kernels ? (int)kernels->isa : 0;
}

PCL_API int bench_dot_offset(void) { return kernels->dot_offset; }

/* Layers take what they need and never give it back: one module per layer. */
PCL_API void bench_gemm_make(size_t rows, size_t columns, size_t depth, int weight_zero_point) {
    int8_t *packed = malloc(pcl_gemm_u8_packed_bytes(columns, depth));
    pcl_pack_gemm_u8(packed, random_bytes(columns * depth), columns, depth);
    pcl_requantization to = {constants(columns, 1.0f / (50.0f * (float)depth)), 100, 0, 255, true};
    gemm_u8 = (pcl_gemm_u8){.rows = rows, .columns = columns, .depth = depth,
                            .a = random_bytes(rows * depth), .a_stride = depth,
                            .packed = packed, .bias = random_bytes(columns * 4), .weight_zero_point = weight_zero_point,
                            .requantization = to,
                            .out = random_bytes(rows * columns), .out_stride = columns};
    float *packed_f32 = malloc(pcl_gemm_f32_packed_bytes(columns, depth));
    pcl_pack_gemm_f32(packed_f32, constants(columns * depth, 0.01f), columns, depth, depth, 1);
    gemm_f32 = (pcl_gemm_f32){.rows = rows, .columns = columns, .depth = depth,
                              .a = constants(rows * depth, 0.5f), .a_stride = depth,
                              .packed = packed_f32, .bias = constants(columns, 0.0f),
                              .low = 0.0f, .high = 6.0f,
                              .out = constants(rows * columns, 0.0f), .out_stride = columns};
}

PCL_API void bench_gemm_u8(int times) {
    while (times-- > 0) kernels->gemm_u8(&gemm_u8);
}

/* Weights as of a layer with one scale for all channels: few are large. */
static int8_t *small_bytes(size_t count) {
    const int8_t *uniform = random_bytes(count * 4);
    int8_t *made = malloc(count + 64);
    for (size_t i = 0; i < count; i++, uniform += 4) {
        made[i] = (int8_t)((uniform[0] + uniform[1] + uniform[2] + uniform[3]) / 12);
    }
    return made;
}

/* Columns are a multiple of four. Tables without gemm_pairs do gemm_u8 of the same. */
PCL_API void bench_gemm_pairs_make(size_t rows, size_t columns, size_t depth) {
    bench_gemm_make(rows, columns, depth, 0);
    gemm_pairs = gemm_u8;
    if (!kernels->pack_pairs) return;
    const int8_t *weights = small_bytes(columns * depth);
    pcl_pairs *pairs = malloc(columns / 4 * sizeof *pairs);
    gemm_pairs.packed = pairs;
    for (size_t n = 0; n < columns; n += 4, weights += 4 * depth, pairs++) {
        void *space = malloc(kernels->pack_pairs(pairs, NULL, weights, 4, depth, 0));
        kernels->pack_pairs(pairs, space, weights, 4, depth, 0);
    }
}

PCL_API void bench_gemm_pairs(int times) {
    while (times-- > 0) (kernels->gemm_pairs ? kernels->gemm_pairs : kernels->gemm_u8)(&gemm_pairs);
}

PCL_API void bench_gemm_f32(int times) {
    while (times-- > 0) kernels->gemm_f32(&gemm_f32);
}

/* A product of Winograd's: rows are a multiple of five, columns and depth of eight. */
PCL_API void bench_gemm_i16_make(size_t rows, size_t columns, size_t depth) {
    gemm_i16 = (pcl_gemm_i16){rows / PCL_GEMM_I16_ROWS, columns / 8, depth / 8, random_bytes(rows * depth * 2),
                              random_bytes(columns * depth * 2), random_bytes(columns * 4),
                              random_bytes(rows * columns * 4)};
}

PCL_API void bench_gemm_i16(int times) {
    while (times-- > 0) kernels->gemm_i16(&gemm_i16);
}

/* A square picture, "same" padding. */
PCL_API void bench_dwconv_make(size_t size, size_t channels, size_t filter, size_t stride, int with_rest) {
    size_t out_size = (size + stride - 1) / stride, taps = filter * filter, count = stride + filter;
    pcl_dwconv shape = {channels, size, out_size, filter, filter, stride, stride, 1, 1, filter / 2, 2,
                        out_size * channels};
    const uint8_t **rows = malloc(count * sizeof *rows);
    const float **rows_f32 = malloc(count * sizeof *rows_f32);
    for (size_t y = 0; y < count; y++) rows[y] = random_bytes(size * channels);
    for (size_t y = 0; y < count; y++) rows_f32[y] = constants(size * channels, 0.5f);
    int16_t *weights = malloc(taps * channels * sizeof *weights);
    uint8_t *bytes = random_bytes(taps * channels);
    for (size_t i = 0; i < taps * channels; i++) weights[i] = (int16_t)((bytes[i] - 128) * (with_rest ? 3 : 2) / 2);
    if (!with_rest) for (size_t i = 0; i < taps * channels; i++) weights[i] = (int16_t)(bytes[i] - 128);
    size_t packed_bytes = pcl_dwconv_u8_packed_bytes(channels, filter, filter);
    int8_t *packed = malloc(packed_bytes), *rest = malloc(packed_bytes);
    bool needed = pcl_pack_dwconv_u8(packed, rest, weights, channels, filter, filter);
    pcl_requantization to = {constants(channels, 0.001f), 100, 0, 255, true};
    dwconv_u8 = (pcl_dwconv_u8){shape, rows, 0, packed, needed ? rest : NULL, random_bytes(channels * 4), to,
                                random_bytes(2 * out_size * channels), malloc(pcl_dwconv_u8_scratch(&shape))};
    dwconv_f32 = (pcl_dwconv_f32){shape, rows_f32, constants(taps * channels, 0.1f), constants(channels, 0.0f), 0.0f,
                                  6.0f, constants(2 * out_size * channels, 0.0f)};
    out_height = out_size;
}

/* The whole picture, two rows at a time. */
PCL_API void bench_dwconv_u8(int times) {
    for (size_t i = 0; i < (size_t)times * (out_height / 2); i++) kernels->dwconv_u8(&dwconv_u8);
}

PCL_API void bench_dwconv_f32(int times) {
    for (size_t i = 0; i < (size_t)times * (out_height / 2); i++) kernels->dwconv_f32(&dwconv_f32);
}

static struct {
    uint8_t *a, *b, *out;
    float *in_f32, *out_f32, *per_channel[3];
    uint32_t sums[32], squares[32];
    pcl_add_u8 add;
    const void *taps[36]; /* a Winograd tile of 64 channels */
    size_t count;
} simple;

PCL_API void bench_simple_make(size_t count) {
    simple.count = count;
    simple.a = random_bytes(count);
    simple.b = random_bytes(count);
    simple.out = random_bytes(count);
    simple.in_f32 = constants(count, 0.7f);
    simple.out_f32 = constants(count, 0.0f);
    for (int i = 0; i < 3; i++) simple.per_channel[i] = constants(32, 0.5f);
    pcl_add_u8_prepare(&simple.add, 0.3f, 3, 0.7f, 200, false, 0.5f, 100, 0, 255);
    for (size_t i = 0; i < 36; i++) simple.taps[i] = simple.in_f32 + i * 64;
}

PCL_API void bench_add_u8(int times) {
    while (times-- > 0) kernels->add_u8(&simple.add, simple.a, simple.b, simple.out, simple.count);
}
PCL_API void bench_lookup_u8(int times) {
    while (times-- > 0) kernels->lookup_u8(simple.b, simple.a, simple.out, simple.count);
}
PCL_API void bench_quantize_u8(int times) {
    while (times-- > 0) kernels->quantize_u8(3.0f, 7, simple.in_f32, simple.out, simple.count);
}
PCL_API void bench_dequantize_u8(int times) {
    while (times-- > 0) kernels->dequantize_u8(3.0f, 7, simple.a, simple.out_f32, simple.count);
}
PCL_API void bench_moments_f32(int times) {
    while (times-- > 0) {
        kernels->moments_f32(simple.in_f32, simple.count / 32, 32, simple.per_channel[0], simple.per_channel[1],
                             simple.per_channel[2]);
    }
}
PCL_API void bench_affine_f32(int times) {
    while (times-- > 0) {
        kernels->affine_f32(simple.in_f32, simple.count / 32, 32, simple.per_channel[0], simple.per_channel[1], 0.0f,
                            6.0f, simple.out_f32);
    }
}
PCL_API void bench_logistic_f32(int times) {
    while (times-- > 0) kernels->logistic_f32(simple.in_f32, simple.out_f32, simple.count);
}
PCL_API void bench_signed_i8(int times) {
    while (times-- > 0) kernels->signed_i8(simple.a, simple.count, 128, (int8_t *)simple.out);
}
PCL_API void bench_moments_u8(int times) {
    size_t most = (size_t)256 * 32;
    while (times-- > 0) {
        for (size_t i = 0; i < simple.count; i += most) {
            kernels->moments_u8(simple.a + i, 256, 32, simple.sums, simple.squares);
        }
    }
}
PCL_API void bench_affine_u8(int times) {
    pcl_affine_u8 octets[4];
    pcl_affine_u8_prepare(octets, simple.per_channel[0], simple.per_channel[1], 32, 100);
    while (times-- > 0) kernels->affine_u8(simple.a, simple.count / 32, 32, octets, 0, 255, simple.out);
}
/* As many tiles as `count` has elements, 36 pixels of 64 channels in each. */
PCL_API void bench_winograd_input_f32(int times) {
    for (size_t i = 0; i < (size_t)times * (simple.count / (36 * 64)); i++) {
        kernels->winograd_input_f32(simple.taps, 64, simple.out_f32, 64);
    }
}
PCL_API void bench_winograd_input_u8(int times) {
    for (size_t i = 0; i < (size_t)times * (simple.count / (36 * 64)); i++) {
        kernels->winograd_input_u8(simple.taps, 8, (int16_t *)simple.out_f32, 64);
    }
}
PCL_API void bench_winograd_output_u8(int times) {
    pcl_requantization to = {simple.per_channel[0], 100, 0, 255, true};
    pcl_winograd_output_u8 tile = {(int32_t *)simple.in_f32, 64, 64, 32, to, simple.out, 128, 4, 4};
    for (size_t i = 0; i < (size_t)times * (simple.count / (36 * 32)); i++) kernels->winograd_output_u8(&tile);
}
/* As many elements, written from five rows of 16 channels. */
PCL_API void bench_winograd_segments_input_f32(int times) {
    const void *rows[5];
    size_t tiles = simple.count / 25 / 16, row = (3 * tiles + 2) * 16;
    for (size_t i = 0; i < 5; i++) rows[i] = simple.in_f32 + i * row;
    while (times-- > 0) kernels->winograd_segments_input_f32(rows, tiles, 16, simple.out_f32, tiles * 16);
}
/* As many elements, read, for three channels. */
PCL_API void bench_winograd_segments_output_f32(int times) {
    size_t tiles = simple.count / 25 / 4;
    pcl_winograd_segments_output band = {simple.in_f32, tiles * 4, 3, 0.0f, 6.0f, simple.out_f32, tiles * 3, 3};
    while (times-- > 0) kernels->winograd_segments_output_f32(&band);
}
PCL_API void bench_winograd_output_f32(int times) {
    pcl_winograd_output tile = {simple.in_f32, 64, 64, simple.in_f32, 0.0f, 6.0f, simple.out_f32, 256, 4, 4};
    for (size_t i = 0; i < (size_t)times * (simple.count / (36 * 64)); i++) kernels->winograd_output_f32(&tile);
}
