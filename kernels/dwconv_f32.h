/* The body of dwconv_f32; the instruction sets differ in how they multiply
 * and add. */
#ifndef PCL_DWCONV_F32_H
#define PCL_DWCONV_F32_H

#include "simd.h"

typedef v128_t pcl_madd(v128_t a, v128_t b, v128_t sum); /* a * b + sum */

/* Four channels from `c` on of `count` neighbouring outputs from column x on,
 * all of whose taps lie inside the picture unless count is 1. */
PCL_INLINE void pcl_dwconv_f32_tile(const pcl_dwconv_f32 *task, size_t row, size_t x, size_t c, int count,
                                    bool inside, pcl_madd *madd) {
    const pcl_dwconv *shape = &task->shape;
    size_t bytes = (shape->channels - c < 4 ? shape->channels - c : 4) * sizeof(float);
    v128_t sums[4];
    for (int j = 0; j < count; j++) sums[j] = pcl_load_part(task->bias + c, bytes);
    for (size_t y = 0; y < shape->filter_h; y++) {
        const float *in = task->rows[row * shape->stride_h + y * shape->dilation_h];
        for (size_t i = 0; i < shape->filter_w; i++) {
            size_t padded = x * shape->stride_w + i * shape->dilation_w;
            if (!inside && (padded < shape->pad_left || padded - shape->pad_left >= shape->in_width)) continue;
            v128_t weight = wasm_v128_load(task->packed + (y * shape->filter_w + i) * shape->channels + c);
            const float *value = in + (padded - shape->pad_left) * shape->channels + c;
            for (int j = 0; j < count; j++) {
                sums[j] = madd(wasm_v128_load(value + (size_t)j * shape->stride_w * shape->channels), weight, sums[j]);
            }
        }
    }
    float *out = task->out + row * shape->out_stride + x * shape->channels + c;
    for (int j = 0; j < count; j++) {
        v128_t value = pcl_clamp_f32x4(sums[j], wasm_f32x4_splat(task->low), wasm_f32x4_splat(task->high));
        if (bytes == 16) wasm_v128_store(out + (size_t)j * shape->channels, value);
        else pcl_store_part(out + (size_t)j * shape->channels, value, bytes);
    }
}

PCL_INLINE void pcl_dwconv_f32_row(const pcl_dwconv_f32 *task, size_t row, pcl_madd *madd) {
    const pcl_dwconv *shape = &task->shape;
    /* outputs begin..end-1 have all their taps inside */
    size_t reach = (shape->filter_w - 1) * shape->dilation_w, padded = shape->in_width + shape->pad_left;
    size_t begin = (shape->pad_left + shape->stride_w - 1) / shape->stride_w;
    size_t end = padded > reach ? (padded - reach - 1) / shape->stride_w + 1 : 0;
    if (end > shape->out_width) end = shape->out_width;
    for (size_t x = 0; x < shape->out_width;) {
        bool four = x >= begin && x < end && end - x >= 4;
        for (size_t c = 0; c < shape->channels; c += 4) {
            if (four) pcl_dwconv_f32_tile(task, row, x, c, 4, true, madd);
            else pcl_dwconv_f32_tile(task, row, x, c, 1, false, madd);
        }
        x += four ? 4 : 1;
    }
}

#endif
