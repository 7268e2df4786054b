#include "image/picture.h"

#include <stdlib.h>

void *pcl_picture_buffer(size_t count, size_t size) {
    size_t bytes;
    return pcl_size_mul(count, size, &bytes) ? malloc(bytes) : NULL;
}

static pcl_status check_size(uint32_t width, uint32_t height, pcl_error *error) {
    if (width == 0 || height == 0) return pcl_fail(error, PCL_ERROR_ARGUMENT, "an empty picture");
    if (width > PCL_PICTURE_MAX_SIDE || height > PCL_PICTURE_MAX_SIDE || width > PCL_PICTURE_MAX_PIXELS / height)
        return pcl_fail(error, PCL_ERROR_LIMIT, "a picture of %u x %u pixels is over the limit of %u a side, %u in all",
                        width, height, PCL_PICTURE_MAX_SIDE, PCL_PICTURE_MAX_PIXELS);
    return PCL_OK;
}

pcl_status pcl_picture_alloc(pcl_picture *out, uint32_t width, uint32_t height, pcl_error *error) {
    *out = (pcl_picture){0};
    PCL_TRY_RETURN(check_size(width, height, error));
    uint8_t *pixels = pcl_picture_buffer((size_t)width * height, 4);
    if (!pixels) return pcl_fail(error, PCL_ERROR_MEMORY, "no memory for %u x %u pixels", width, height);
    *out = (pcl_picture){pixels, width, height};
    return PCL_OK;
}

pcl_status pcl_picture_check(const pcl_picture *picture, pcl_error *error) {
    if (!picture || !picture->pixels) return pcl_fail(error, PCL_ERROR_ARGUMENT, "no picture");
    return check_size(picture->width, picture->height, error);
}

/* Row by row without a branch inside, which compiles to vectors. */
bool pcl_picture_is_opaque(const pcl_picture *picture) {
    const uint8_t *row = picture->pixels;
    for (uint32_t y = 0; y < picture->height; y++, row += (size_t)picture->width * 4) {
        uint8_t all[4] = {255, 255, 255, 255};
        for (size_t x = 0; x < picture->width; x++)
            for (size_t c = 0; c < 4; c++) all[c] &= row[4 * x + c];
        if (all[3] != 255) return false;
    }
    return true;
}

void pcl_picture_free(pcl_picture *picture) {
    if (!picture) return;
    free(picture->pixels);
    *picture = (pcl_picture){0};
}
