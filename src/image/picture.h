/* What the files of this folder share. */
#ifndef PCL_IMAGE_PICTURE_H
#define PCL_IMAGE_PICTURE_H

#include "core/arena.h"
#include "core/bytes.h"
#include "core/status.h"

#define PCL_PICTURE_MAX_SIDE 32768u
#define PCL_PICTURE_MAX_PIXELS (1u << 27) /* 512 MiB of RGBA */

/* Pixels undefined; PCL_ERROR_LIMIT over the limits above, _ARGUMENT for an
 * empty picture. On failure *out is zeroed. */
pcl_status pcl_picture_alloc(pcl_picture *out, uint32_t width, uint32_t height, pcl_error *error);

/* Fails unless the picture has pixels and keeps the limits. */
pcl_status pcl_picture_check(const pcl_picture *picture, pcl_error *error);

bool pcl_picture_is_opaque(const pcl_picture *picture);

/* malloc(count * size) with an overflow check; NULL when it fails. */
void *pcl_picture_buffer(size_t count, size_t size);

#endif
