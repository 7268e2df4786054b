#include "ops/winograd_tiles.h"

#include <string.h>

enum { SIDE = PCL_WINOGRAD_SIDE, LINE = PCL_WINOGRAD_LINE };

const int32_t pcl_winograd_filter[LINE][PCL_WINOGRAD_TAPS] = {{6, 0, 0}, {-2, -2, -2}, {-2, 2, -2},
                                                              {1, 2, 4}, {1, -2, 4},   {0, 0, 8}};

bool pcl_winograd_fits(const pcl_im2col *window) {
    return window->filter_h == 3 && window->filter_w == 3 && window->stride_h == 1 && window->stride_w == 1 &&
           window->dilation_h == 1 && window->dilation_w == 1 && window->tap_bytes == window->pixel_bytes;
}

pcl_winograd_tiles pcl_winograd_cut(const pcl_im2col *window, size_t pictures) {
    size_t per_row = (size_t)((window->out_w + SIDE - 1) / SIDE), rows = (size_t)((window->out_h + SIDE - 1) / SIDE);
    return (pcl_winograd_tiles){.in_h = window->in_h, .in_w = window->in_w,
                                .out_h = window->out_h, .out_w = window->out_w,
                                .pad_top = window->pad_top, .pad_left = window->pad_left,
                                .reflect = window->reflect, .upsampled = window->upsampled,
                                .paired = window->upsampled && window->pad_top == 1 && window->pad_left == 1 &&
                                          window->out_h <= window->in_h && window->out_w <= window->in_w,
                                .per_row = per_row,
                                .per_picture = per_row * rows,
                                .count = per_row * rows * pictures};
}

void pcl_winograd_clear(const pcl_winograd_tiles *tiles, void *products, size_t stride) {
    size_t bytes = stride * sizeof(int32_t);
    for (size_t i = 0; i < PCL_WINOGRAD_MATRICES; i++)
        if (pcl_winograd_vanishes(tiles, i)) memset((uint8_t *)products + i * bytes, 0, bytes);
}

static void complete(const pcl_winograd_tiles *tiles, pcl_winograd_place *place) {
    int32_t rows = tiles->out_h - place->y, columns = tiles->out_w - place->x;
    place->rows = rows < SIDE ? rows : SIDE;
    place->columns = columns < SIDE ? columns : SIDE;
    size_t row = place->picture * (size_t)tiles->out_h + (size_t)place->y;
    place->first = row * (size_t)tiles->out_w + (size_t)place->x;
}

pcl_winograd_place pcl_winograd_place_of(const pcl_winograd_tiles *tiles, size_t tile) {
    size_t within = tile % tiles->per_picture;
    pcl_winograd_place place = {.picture = tile / tiles->per_picture,
                                .y = (int32_t)(within / tiles->per_row) * SIDE,
                                .x = (int32_t)(within % tiles->per_row) * SIDE};
    complete(tiles, &place);
    return place;
}

void pcl_winograd_advance(const pcl_winograd_tiles *tiles, pcl_winograd_place *place) {
    place->x += SIDE;
    if (place->x >= tiles->out_w) {
        place->x = 0;
        place->y += SIDE;
    }
    if (place->y >= tiles->out_h) {
        place->y = 0;
        place->picture++;
    }
    complete(tiles, place);
}

/* The coordinates that stand for those from `first` on; -1 where nothing lies. Tiles reach beyond what the
 * convolution mirrors: there any pixel will do, of pairs the same. */
static void find_sources(int32_t first, int32_t size, bool reflect, bool paired, int32_t sources[LINE]) {
    for (int32_t i = 0; i < LINE; i++) {
        int32_t at = first + i;
        bool inside = at >= 0 && at < size;
        if (!inside && reflect) {
            at = pcl_mirror(paired && at > size ? size : at, size);
            if (at < 0 || at >= size) at = 0;
        } else if (!inside) {
            at = -1;
        }
        sources[i] = at;
    }
}

/* Whether all pixels under a tile and the one on its left are in the picture. */
static bool is_inner(const pcl_winograd_tiles *tiles, const pcl_winograd_place *place) {
    int32_t y = place->y - tiles->pad_top, x = place->x - tiles->pad_left;
    return y >= 0 && y + LINE <= tiles->in_h && x >= SIDE && x + LINE <= tiles->in_w;
}

void pcl_winograd_find_taps(const pcl_winograd_tiles *tiles, const pcl_winograd_place *place, const void *input,
                            size_t pixel_bytes, const void *outside, bool follows,
                            const void *taps[PCL_WINOGRAD_MATRICES]) {
    if (follows && is_inner(tiles, place)) {
        size_t step = (size_t)(SIDE >> tiles->upsampled) * pixel_bytes;
        for (size_t i = 0; i < PCL_WINOGRAD_MATRICES; i++) taps[i] = (const uint8_t *)taps[i] + step;
        return;
    }
    int32_t rows[LINE], columns[LINE], shift = tiles->upsampled;
    size_t row_bytes = (size_t)(tiles->in_w >> shift) * pixel_bytes;
    const uint8_t *picture = (const uint8_t *)input + place->picture * (size_t)(tiles->in_h >> shift) * row_bytes;
    find_sources(place->y - tiles->pad_top, tiles->in_h, tiles->reflect, tiles->paired, rows);
    find_sources(place->x - tiles->pad_left, tiles->in_w, tiles->reflect, tiles->paired, columns);
    size_t offsets[LINE];
    for (int32_t j = 0; j < LINE; j++) offsets[j] = (size_t)(columns[j] >> shift) * pixel_bytes;
    for (int32_t i = 0; i < LINE; i++, taps += LINE) {
        const uint8_t *row = picture + (size_t)(rows[i] >> shift) * row_bytes;
        for (int32_t j = 0; j < LINE; j++) taps[j] = (rows[i] | columns[j]) < 0 ? outside : row + offsets[j];
    }
}
