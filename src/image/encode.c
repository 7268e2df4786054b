/* RGBA to PNG by stb_image_write, with our compressor: stb's grows its output
 * as it goes and does not survive running out of memory. */
#include <stdlib.h>
#include <string.h>

#include "image/deflate.h"
#include "image/picture.h"

static unsigned char *compress(unsigned char *data, int size, int *out_size, int quality) {
    (void)quality;
    size_t bytes;
    uint8_t *out = pcl_zlib_compress(data, (size_t)size, &bytes);
    *out_size = out ? (int)bytes : 0;
    return out;
}

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(condition) ((void)0)
#define STBIW_ZLIB_COMPRESS compress
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image_write.h>

/* Rows of 3 bytes a pixel, in memory the caller frees. */
static uint8_t *without_alpha(const pcl_picture *picture) {
    size_t count = (size_t)picture->width * picture->height;
    uint8_t *rgb = pcl_picture_buffer(count, 3);
    for (size_t i = 0; rgb && i < count; i++) memcpy(rgb + 3 * i, picture->pixels + 4 * i, 3);
    return rgb;
}

pcl_status pcl_picture_encode_png(uint8_t **out, size_t *out_size, const pcl_picture *picture, pcl_error *error) {
    *out = NULL;
    *out_size = 0;
    PCL_TRY_RETURN(pcl_picture_check(picture, error));
    int width = (int)picture->width, height = (int)picture->height, size = 0;
    if (pcl_picture_is_opaque(picture)) {
        uint8_t *rgb = without_alpha(picture);
        if (rgb) *out = stbi_write_png_to_mem(rgb, width * 3, width, height, 3, &size);
        free(rgb);
    } else {
        *out = stbi_write_png_to_mem(picture->pixels, width * 4, width, height, 4, &size);
    }
    if (!*out) return pcl_fail(error, PCL_ERROR_MEMORY, "no memory to encode %d x %d pixels", width, height);
    *out_size = (size_t)size;
    return PCL_OK;
}
