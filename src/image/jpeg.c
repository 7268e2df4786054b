/* JPEG markers and tables: ITU T.81 annex B. Orientation: EXIF 2.3, tag 0x0112 of the
 * TIFF header in the APP1 segment. */
#include "image/jpeg.h"

enum { MARKER_TEM = 0x01, MARKER_DHT = 0xc4, MARKER_RST0 = 0xd0, MARKER_RST7 = 0xd7, MARKER_SOI = 0xd8 };
enum { MARKER_EOI = 0xd9, MARKER_SOS = 0xda, MARKER_APP1 = 0xe1, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };

typedef struct tiff {
    pcl_bytes bytes;
    bool big_endian;
} tiff;

static uint32_t tiff_u16(tiff file, size_t at) {
    uint16_t value;
    if (!pcl_bytes_u16(file.bytes, at, &value)) return 0;
    return file.big_endian ? __builtin_bswap16(value) : value;
}

static uint32_t tiff_u32(tiff file, size_t at) {
    uint32_t value;
    if (!pcl_bytes_u32(file.bytes, at, &value)) return 0;
    return file.big_endian ? __builtin_bswap32(value) : value;
}

/* Reading beyond the end gives zeros, which no entry matches. */
static uint32_t exif_orientation(pcl_bytes segment) {
    if (segment.size < 14 || memcmp(segment.data, "Exif\0\0", 6) != 0) return 1;
    tiff file = {{segment.data + 6, segment.size - 6}, segment.data[6] == 'M'};
    size_t directory = tiff_u32(file, 4);
    if (directory > file.bytes.size) return 1;
    uint32_t entries = tiff_u16(file, directory);
    for (uint32_t i = 0; i < entries; i++) {
        size_t entry = directory + 2 + 12 * (size_t)i; /* tag, type, count, value */
        if (!pcl_bytes_has(file.bytes, entry, 12)) return 1;
        if (tiff_u16(file, entry) != TAG_ORIENTATION || tiff_u16(file, entry + 2) != TYPE_SHORT) continue;
        uint32_t value = tiff_u16(file, entry + 8);
        return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

/* Where the next marker's code lies at or after `at`; size when there is
 * none. Inside entropy-coded data FF 00 and restart markers are passed over. */
static size_t next_marker(pcl_bytes file, size_t at) {
    while (at + 1 < file.size) {
        const uint8_t *found = memchr(file.data + at, 0xff, file.size - at - 1);
        if (!found) break;
        at = (size_t)(found - file.data) + 1;
        uint8_t code = file.data[at];
        if (code != 0 && code != 0xff && !(code >= MARKER_RST0 && code <= MARKER_RST7)) return at;
    }
    return file.size;
}

/* A DHT segment: tables of a class byte, 16 counts and that many symbols. The
 * decoder keeps 256 symbols and trusts the counts (stb_image 2.27). */
static bool huffman_tables_sound(pcl_bytes segment) {
    for (size_t at = 0; at < segment.size;) {
        if (!pcl_bytes_has(segment, at, 17)) return false;
        size_t symbols = 0;
        for (size_t i = 1; i <= 16; i++) symbols += segment.data[at + i];
        at += 17;
        if (symbols > 256 || !pcl_bytes_has(segment, at, symbols)) return false;
        at += symbols;
    }
    return true;
}

static void read_segment(pcl_jpeg_facts *facts, uint8_t code, pcl_bytes segment) {
    if (code == MARKER_APP1 && facts->orientation == 1) facts->orientation = exif_orientation(segment);
    if (code == MARKER_DHT) facts->tables_sound &= huffman_tables_sound(segment);
    if (code == MARKER_SOS) facts->scans++;
}

bool pcl_is_jpeg(pcl_bytes file) { return file.size >= 1 && file.data[0] == 0xff; }

pcl_jpeg_facts pcl_jpeg_read_facts(pcl_bytes file) {
    pcl_jpeg_facts facts = {1, 0, false, true};
    size_t at = next_marker(file, 0);
    while (at < file.size) {
        uint8_t code = file.data[at++];
        if (code == MARKER_EOI) {
            facts.complete = true;
            break;
        }
        size_t length = 0; /* of a segment, with these two bytes */
        if (code != MARKER_SOI && code != MARKER_TEM) {
            uint16_t big;
            if (!pcl_bytes_u16(file, at, &big)) break;
            length = __builtin_bswap16(big);
            if (length < 2 || !pcl_bytes_has(file, at, length)) break;
            read_segment(&facts, code, (pcl_bytes){file.data + at + 2, length - 2});
        }
        at = next_marker(file, at + length);
    }
    return facts;
}
