#include "ops/winograd_tiles.h"

enum { MAX_TAPS = 6 /* along a side */ };

bool pcl_winograd_fits(const pcl_im2col *window) {
    return window->filter_h == 3 && window->filter_w == 3 && window->stride_h == 1 && window->stride_w == 1 &&
           window->dilation_h == 1 && window->dilation_w == 1 && window->tap_bytes == window->pixel_bytes;
}

pcl_winograd_tiles pcl_winograd_cut(const pcl_im2col *window, int32_t side, size_t pictures) {
    size_t per_row = (size_t)((window->out_w + side - 1) / side), rows = (size_t)((window->out_h + side - 1) / side);
    return (pcl_winograd_tiles){.side = side,
                                .in_h = window->in_h, .in_w = window->in_w,
                                .out_h = window->out_h, .out_w = window->out_w,
                                .pad_top = window->pad_top, .pad_left = window->pad_left,
                                .reflect = window->reflect,
                                .per_row = per_row,
                                .per_picture = per_row * rows,
                                .count = per_row * rows * pictures};
}

pcl_winograd_place pcl_winograd_place_of(const pcl_winograd_tiles *tiles, size_t tile) {
    int32_t side = tiles->side;
    size_t within = tile % tiles->per_picture;
    pcl_winograd_place place = {.picture = tile / tiles->per_picture,
                                .y = (int32_t)(within / tiles->per_row) * side,
                                .x = (int32_t)(within % tiles->per_row) * side};
    place.rows = tiles->out_h - place.y < side ? tiles->out_h - place.y : side;
    place.columns = tiles->out_w - place.x < side ? tiles->out_w - place.x : side;
    size_t row = place.picture * (size_t)tiles->out_h + (size_t)place.y;
    place.first = row * (size_t)tiles->out_w + (size_t)place.x;
    return place;
}

/* The coordinates that stand for the `count` from `first` on; -1 where nothing lies. Tiles reach beyond what the
 * convolution mirrors: there any pixel will do. */
static void find_sources(int32_t first, int32_t count, int32_t size, bool reflect, int32_t *sources) {
    for (int32_t i = 0; i < count; i++) {
        int32_t at = first + i;
        bool inside = at >= 0 && at < size;
        if (!inside && reflect) {
            at = pcl_mirror(at, size);
            if (at < 0 || at >= size) at = 0;
        } else if (!inside) {
            at = -1;
        }
        sources[i] = at;
    }
}

void pcl_winograd_find_taps(const pcl_winograd_tiles *tiles, const pcl_winograd_place *place, const void *input,
                            size_t pixel_bytes, const void *outside, const void **taps) {
    int32_t side = tiles->side + 2, rows[MAX_TAPS], columns[MAX_TAPS];
    size_t row_bytes = (size_t)tiles->in_w * pixel_bytes;
    const uint8_t *picture = (const uint8_t *)input + place->picture * (size_t)tiles->in_h * row_bytes;
    find_sources(place->y - tiles->pad_top, side, tiles->in_h, tiles->reflect, rows);
    find_sources(place->x - tiles->pad_left, side, tiles->in_w, tiles->reflect, columns);
    for (int32_t i = 0; i < side; i++)
        for (int32_t j = 0; j < side; j++) {
            bool inside = rows[i] >= 0 && columns[j] >= 0;
            *taps++ = inside ? picture + (size_t)rows[i] * row_bytes + (size_t)columns[j] * pixel_bytes : outside;
        }
}
