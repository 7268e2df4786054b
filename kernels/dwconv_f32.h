/* The body of dwconv_f32; the instruction sets differ in how they multiply
 * and add. */
#ifndef PCL_DWCONV_F32_H
#define PCL_DWCONV_F32_H

#include "simd.h"

/* The shape as the inner loops need it; constants where the caller knows them. */
typedef struct pcl_dwconv_f32_filter {
    size_t height, width, stride, dilation; /* of the width */
} pcl_dwconv_f32_filter;

/* Channels c.. of `count` neighbouring outputs from column x on; four channels, or fewer when `part`. `inside`: all
 * taps of all of them lie in the picture. */
PCL_INLINE void pcl_dwconv_f32_tile(const pcl_dwconv_f32 *task, pcl_dwconv_f32_filter f, const float *const *rows,
                                    float *out, size_t x, size_t c, int count, bool inside, bool part,
                                    pcl_madd *madd) {
    const pcl_dwconv *shape = &task->shape;
    size_t channels = shape->channels, rest = (channels - c) * sizeof(float);
    v128_t sums[4];
    for (int j = 0; j < count; j++) sums[j] = wasm_v128_load(task->bias + c);
    for (size_t y = 0; y < f.height; y++) {
        const float *in = rows[y * shape->dilation_h], *weights = task->packed + y * f.width * channels + c;
        for (size_t i = 0; i < f.width; i++) {
            size_t padded = x * f.stride + i * f.dilation;
            if (!inside && (padded < shape->pad_left || padded - shape->pad_left >= shape->in_width)) continue;
            v128_t weight = wasm_v128_load(weights + i * channels);
            for (int j = 0; j < count; j++) {
                size_t column = padded + (size_t)j * f.stride - shape->pad_left;
                sums[j] = madd(wasm_v128_load(in + column * channels + c), weight, sums[j]);
            }
        }
    }
    for (int j = 0; j < count; j++) {
        sums[j] = pcl_clamp_f32x4(sums[j], wasm_f32x4_splat(task->low), wasm_f32x4_splat(task->high));
    }
    for (int j = 0; j < count; j++) {
        float *to = out + (x + (size_t)j) * channels + c;
        if (part) pcl_store_part_apart(to, sums[j], rest);
        else wasm_v128_store(to, sums[j]);
    }
}

PCL_INLINE void pcl_dwconv_f32_columns(const pcl_dwconv_f32 *task, pcl_dwconv_f32_filter f, const float *const *rows,
                                       float *out, size_t x, int count, bool inside, pcl_madd *madd) {
    size_t c = 0, channels = task->shape.channels;
    for (; c + 4 <= channels; c += 4) pcl_dwconv_f32_tile(task, f, rows, out, x, c, count, inside, false, madd);
    if (c < channels) pcl_dwconv_f32_tile(task, f, rows, out, x, c, count, inside, true, madd);
}

PCL_INLINE void pcl_dwconv_f32_row(const pcl_dwconv_f32 *task, pcl_dwconv_f32_filter f, const float *const *rows,
                                   float *out, pcl_madd *madd) {
    const pcl_dwconv *shape = &task->shape;
    /* outputs begin..end-1 have all their taps inside */
    size_t reach = (f.width - 1) * f.dilation, padded = shape->in_width + shape->pad_left;
    size_t begin = (shape->pad_left + f.stride - 1) / f.stride;
    size_t end = padded > reach ? (padded - reach - 1) / f.stride + 1 : 0;
    if (end > shape->out_width) end = shape->out_width;
    for (size_t x = 0; x < shape->out_width;) {
        bool four = x >= begin && x < end && end - x >= 4;
        if (four) pcl_dwconv_f32_columns(task, f, rows, out, x, 4, true, madd);
        else pcl_dwconv_f32_columns(task, f, rows, out, x, 1, false, madd);
        x += four ? 4 : 1;
    }
}

PCL_INLINE void pcl_dwconv_f32_rows(const pcl_dwconv_f32 *task, pcl_madd *madd) {
    const pcl_dwconv *shape = &task->shape;
    pcl_dwconv_f32_filter f = {shape->filter_h, shape->filter_w, shape->stride_w, shape->dilation_w};
    for (size_t row = 0; row < shape->out_rows; row++) {
        const float *const *rows = task->rows + row * shape->stride_h;
        float *out = task->out + row * shape->out_stride;
        pcl_dwconv_f32_row(task, f, rows, out, madd);
    }
}

#endif
