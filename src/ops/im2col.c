#include "ops/im2col.h"

#include <string.h>

/* Bytes move in blocks of a vector; what a block writes too much, the next
 * tap, the next filter row or the gap between patches takes. */
enum { BLOCK = 16 };

size_t pcl_im2col_stride(const pcl_im2col *patches) {
    size_t bytes = (size_t)patches->filter_h * (size_t)patches->filter_w * patches->tap_bytes;
    if (patches->tap_bytes % BLOCK == 0) return bytes;
    return (bytes + 2 * BLOCK - 2) / BLOCK * BLOCK;
}

static inline void copy_blocks(uint8_t *out, const uint8_t *in, size_t bytes) {
    for (size_t i = 0; i < bytes; i += BLOCK) memcpy(out + i, in + i, BLOCK);
}

static inline void fill_blocks(uint8_t *out, uint8_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i += BLOCK) memset(out + i, value, BLOCK);
}

/* The same piece of `count` patches. Short pieces are the first layers', where
 * a loop over blocks would cost more than the copy. */
static void copy_pieces(uint8_t *out, size_t out_stride, const uint8_t *in, size_t in_stride, size_t bytes,
                        size_t count) {
    if (bytes <= BLOCK) {
        for (size_t i = 0; i < count; i++) memcpy(out + i * out_stride, in + i * in_stride, BLOCK);
        return;
    }
    if (bytes <= 2 * BLOCK) {
        size_t last = bytes - BLOCK;
        for (size_t i = 0; i < count; i++, out += out_stride, in += in_stride) {
            memcpy(out, in, BLOCK);
            memcpy(out + last, in + last, BLOCK);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) copy_blocks(out + i * out_stride, in + i * in_stride, bytes);
}

static bool inside(int32_t i, int32_t size) { return i >= 0 && i < size; }

static int32_t clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

/* Taps side by side in picture and patch make one piece: a filter row when
 * nothing lies between them, else a single tap. */
static int32_t taps_per_piece(const pcl_im2col *p) {
    return p->dilation_w == 1 && p->tap_bytes == p->pixel_bytes ? p->filter_w : 1;
}

/* A piece of one patch that may reach outside: tap by tap there. Taps of a piece lie side by side. */
static void copy_edge(const pcl_im2col *p, const uint8_t *row, int32_t column, int32_t taps, uint8_t *out) {
    for (int32_t i = 0, run; i < taps; i += run, out += (size_t)run * p->tap_bytes) {
        int32_t x = column + i;
        run = 1;
        if (inside(x, p->in_w)) run = taps - i < p->in_w - x ? taps - i : p->in_w - x;
        else if (p->reflect) x = pcl_mirror(x, p->in_w);
        if (inside(x, p->in_w)) copy_blocks(out, row + (size_t)x * p->pixel_bytes, (size_t)run * p->tap_bytes);
        else fill_blocks(out, p->pad_byte, p->tap_bytes);
    }
}

/* One piece of the patches x0..x1-1 of an output row: `column` is where the
 * piece of the patch of x = 0 begins in the picture's row. */
static void fill_piece(const pcl_im2col *p, const uint8_t *row, int32_t column, int32_t taps, int32_t x0, int32_t x1,
                       uint8_t *out, size_t stride) {
    int32_t last = p->in_w - taps - column; /* x * stride_w up to here stays inside */
    int32_t low = clamp(column < 0 ? (-column + p->stride_w - 1) / p->stride_w : 0, x0, x1);
    int32_t high = clamp(last < 0 ? 0 : last / p->stride_w + 1, low, x1);
    for (int32_t x = x0; x < low; x++)
        copy_edge(p, row, x * p->stride_w + column, taps, out + (size_t)(x - x0) * stride);
    if (low < high)
        copy_pieces(out + (size_t)(low - x0) * stride, stride,
                    row + (size_t)(low * p->stride_w + column) * p->pixel_bytes, (size_t)p->stride_w * p->pixel_bytes,
                    (size_t)taps * p->tap_bytes, (size_t)(high - low));
    for (int32_t x = high; x < x1; x++)
        copy_edge(p, row, x * p->stride_w + column, taps, out + (size_t)(x - x0) * stride);
}

/* Patches x0..x1-1 of output row y, filter row by filter row: each overwrites
 * what the blocks of the one before wrote too much. */
static void fill_row(const pcl_im2col *p, const uint8_t *picture, int32_t y, int32_t x0, int32_t x1, uint8_t *out,
                     size_t stride) {
    int32_t taps = taps_per_piece(p);
    size_t piece_bytes = (size_t)taps * p->tap_bytes;
    size_t row_bytes = (size_t)p->in_w * p->pixel_bytes;
    for (int32_t i = 0; i < p->filter_h; i++) {
        int32_t row = y * p->stride_h - p->pad_top + i * p->dilation_h;
        if (p->reflect) row = pcl_mirror(row, p->in_h);
        for (int32_t j = 0; j < p->filter_w; j += taps, out += piece_bytes) {
            if (inside(row, p->in_h))
                fill_piece(p, picture + (size_t)row * row_bytes + p->first_byte, j * p->dilation_w - p->pad_left, taps,
                           x0, x1, out, stride);
            else
                for (int32_t x = x0; x < x1; x++)
                    fill_blocks(out + (size_t)(x - x0) * stride, p->pad_byte, piece_bytes);
        }
    }
}

/* Pixels side by side, all within the picture; of an upsampled one either one, or some from an even one on. */
static void copy_pixels(const pcl_im2col *p, const uint8_t *row, int32_t x, int32_t count, uint8_t *to) {
    size_t bytes = p->pixel_bytes, half = (size_t)count / 2;
    row += (size_t)(x >> p->upsampled) * bytes;
    if (!p->upsampled) {
        memcpy(to, row, (size_t)count * bytes);
        return;
    }
    copy_pieces(to, 2 * bytes, row, bytes, bytes, (size_t)count - half);
    copy_pieces(to + bytes, 2 * bytes, row, bytes, bytes, half);
}

void pcl_padded_row(const pcl_im2col *p, const void *row, int32_t first, int32_t count, void *to) {
    uint8_t *next = to;
    int32_t width = p->in_w;
    size_t pixel_bytes = p->pixel_bytes;
    for (int32_t end = first + count, run; first < end; first += run, next += (size_t)run * pixel_bytes) {
        int32_t x = p->reflect ? pcl_mirror(first, width) : first;
        run = inside(first, width) ? (end < width ? end : width) - first : 1;
        if (inside(x, width)) copy_pixels(p, row, x, run, next);
        else memset(next, p->pad_byte, pixel_bytes);
    }
}

void pcl_im2col_fill(const pcl_im2col *p, const uint8_t *pictures, size_t first, size_t count, uint8_t *out) {
    size_t stride = pcl_im2col_stride(p);
    size_t picture_bytes = (size_t)p->in_h * (size_t)p->in_w * p->pixel_bytes;
    int32_t x = (int32_t)(first % (size_t)p->out_w);
    size_t row = first / (size_t)p->out_w; /* over all pictures */
    while (count > 0) {
        size_t left = (size_t)(p->out_w - x);
        size_t part = count < left ? count : left;
        const uint8_t *picture = pictures + row / (size_t)p->out_h * picture_bytes;
        fill_row(p, picture, (int32_t)(row % (size_t)p->out_h), x, x + (int32_t)part, out, stride);
        out += part * stride;
        count -= part;
        x = 0;
        row++;
    }
}
