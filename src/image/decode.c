/* Encoded bytes to RGBA, by stb_image, which allocates as much as a file
 * claims to need, reads past the end as if there were zeros and believes JPEG
 * tables: so those are checked before it sees them. Its arithmetic overflows
 * on damaged files, so this file is compiled with -fwrapv. */
#include <stdlib.h>

#include "image/jpeg.h"
#include "image/picture.h"

/* The largest block that decoding may ask for: 16-bit RGBA of a picture at
 * the limit of pixels. A compressed stream that unpacks to more is a bomb. */
#define BLOCK_LIMIT ((size_t)PCL_PICTURE_MAX_PIXELS * 8)
/* Each scan of a progressive JPEG walks the whole picture, however few bytes
 * it has; photographs have about ten. */
#define SCAN_LIMIT 100u

/* Zeroed: a JPEG file may use tables that it never defined. */
static void *limited_malloc(size_t size) { return size <= BLOCK_LIMIT ? calloc(1, size) : NULL; }
static void *limited_realloc(void *block, size_t size) { return size <= BLOCK_LIMIT ? realloc(block, size) : NULL; }

/* It copies no bytes from and to nowhere, which memcpy does not allow. */
static void *copy_any(void *to, const void *from, size_t size) { return size ? memcpy(to, from, size) : to; }
#undef memcpy
#define memcpy copy_any

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_ONLY_GIF
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_NO_FAILURE_STRINGS
#define STBI_NO_THREAD_LOCALS
#define STBI_NO_SIMD /* the same code everywhere gives the same bytes everywhere */
#define STBI_ASSERT(condition) ((void)0)
#define STBI_MALLOC limited_malloc
#define STBI_REALLOC limited_realloc
#define STBI_FREE free
#define STBI_MAX_DIMENSIONS ((int)PCL_PICTURE_MAX_SIDE)
/* for the rest of the file: gcc tells of unused functions at its end */
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>
#undef memcpy

/* Turns a picture upright. From EXIF's 5 on, the file's rows are the upright
 * picture's columns. */
static pcl_status orient(pcl_picture *picture, uint32_t orientation, pcl_error *error) {
    /* For each orientation: does the upright x (y) run backwards in the file? */
    static const uint8_t back_x[9] = {0, 0, 1, 1, 0, 0, 1, 1, 0};
    static const uint8_t back_y[9] = {0, 0, 0, 1, 1, 0, 0, 1, 1};
    if (orientation == 1) return PCL_OK;
    bool exchanged = orientation >= 5;
    uint32_t columns = picture->width, rows = picture->height; /* in the file */
    pcl_picture upright;
    PCL_TRY_RETURN(pcl_picture_alloc(&upright, exchanged ? rows : columns, exchanged ? columns : rows, error));
    for (uint32_t y = 0; y < upright.height; y++) {
        for (uint32_t x = 0; x < upright.width; x++) {
            uint32_t from_x = back_x[orientation] ? upright.width - 1 - x : x;
            uint32_t from_y = back_y[orientation] ? upright.height - 1 - y : y;
            size_t from = exchanged ? (size_t)from_x * columns + from_y : (size_t)from_y * columns + from_x;
            memcpy(upright.pixels + 4 * ((size_t)y * upright.width + x), picture->pixels + 4 * from, 4);
        }
    }
    pcl_picture_free(picture);
    *picture = upright;
    return PCL_OK;
}

static pcl_status check_jpeg(const pcl_jpeg_facts *facts, pcl_error *error) {
    if (!facts->complete) return pcl_fail(error, PCL_ERROR_PICTURE, "the JPEG file ends too early");
    if (!facts->tables_sound) return pcl_fail(error, PCL_ERROR_PICTURE, "the JPEG file's tables are damaged");
    if (facts->scans > SCAN_LIMIT)
        return pcl_fail(error, PCL_ERROR_LIMIT, "the JPEG file has %u scans; the limit is %u", facts->scans,
                        SCAN_LIMIT);
    return PCL_OK;
}

static pcl_status check_header(const void *bytes, int size, uint32_t max_pixels, pcl_error *error) {
    int width, height, channels;
    if (!stbi_info_from_memory(bytes, size, &width, &height, &channels) || width <= 0 || height <= 0)
        return pcl_fail(error, PCL_ERROR_PICTURE, "not a PNG, JPEG, BMP or GIF picture, or a damaged one");
    uint64_t pixels = (uint64_t)width * (uint64_t)height;
    if (max_pixels > PCL_PICTURE_MAX_PIXELS) max_pixels = PCL_PICTURE_MAX_PIXELS;
    if (pixels > max_pixels)
        return pcl_fail(error, PCL_ERROR_LIMIT, "the picture has %d x %d pixels; the limit is %u in all", width, height,
                        max_pixels);
    return PCL_OK;
}

pcl_status pcl_picture_decode(pcl_picture *out, const void *bytes, size_t size, uint32_t max_pixels,
                              pcl_error *error) {
    *out = (pcl_picture){0};
    if (!bytes || size == 0 || size > INT32_MAX) return pcl_fail(error, PCL_ERROR_PICTURE, "no bytes, or over 2 GiB");
    pcl_jpeg_facts facts = {.orientation = 1};
    pcl_bytes file = {bytes, size};
    if (pcl_is_jpeg(file)) {
        facts = pcl_jpeg_read_facts(file);
        PCL_TRY_RETURN(check_jpeg(&facts, error));
    }
    PCL_TRY_RETURN(check_header(bytes, (int)size, max_pixels, error));
    int width, height, channels;
    uint8_t *pixels = stbi_load_from_memory(bytes, (int)size, &width, &height, &channels, 4);
    if (!pixels) return pcl_fail(error, PCL_ERROR_PICTURE, "the picture is damaged, or memory ran out");
    *out = (pcl_picture){pixels, (uint32_t)width, (uint32_t)height};
    pcl_status status = orient(out, facts.orientation, error);
    if (status != PCL_OK) pcl_picture_free(out);
    return status;
}
