/* A small zlib compressor: LZ77 with the fixed Huffman code. */
#ifndef PCL_IMAGE_DEFLATE_H
#define PCL_IMAGE_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

/* A zlib stream (RFC 1950) in malloc'd memory that the caller frees; NULL
 * when memory ran out. size < 2^31. */
uint8_t *pcl_zlib_compress(const uint8_t *data, size_t size, size_t *out_size);

#endif
