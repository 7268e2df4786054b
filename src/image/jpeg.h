/* What the decoder does not tell of a JPEG file, read from its markers. */
#ifndef PCL_IMAGE_JPEG_H
#define PCL_IMAGE_JPEG_H

#include "core/bytes.h"

typedef struct pcl_jpeg_facts {
    uint32_t orientation; /* EXIF's 1..8; 1 unless the file says otherwise */
    uint32_t scans;
    bool complete;     /* the end marker was reached */
    bool tables_sound; /* no Huffman table has more codes than there are bytes */
} pcl_jpeg_facts;

/* True for whatever the decoder would take for a JPEG file, and more. */
bool pcl_is_jpeg(pcl_bytes file);
pcl_jpeg_facts pcl_jpeg_read_facts(pcl_bytes file);

#endif
