/* Pictures: resampling against values worked out by hand, encoding and back,
 * malformed files, pixels to tensors and back. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pincel.h"

static int failures;
#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            failures++;                                                               \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);   \
        }                                                                             \
    } while (0)

#define MANY_PIXELS (1u << 24)

static pcl_error error;

static pcl_picture new_picture(uint32_t width, uint32_t height) {
    return (pcl_picture){calloc((size_t)width * height, 4), width, height};
}

/* A smooth picture that no two places share. */
static pcl_picture gradient(uint32_t width, uint32_t height) {
    pcl_picture picture = new_picture(width, height);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint8_t *pixel = picture.pixels + 4 * ((size_t)y * width + x);
            pixel[0] = (uint8_t)(x * 255 / width);
            pixel[1] = (uint8_t)(y * 255 / height);
            pixel[2] = (uint8_t)((x * 3 + y * 5) & 255);
            pixel[3] = 255;
        }
    }
    return picture;
}

static pcl_picture gray_row(const uint8_t *values, uint32_t count, bool upright) {
    pcl_picture picture = new_picture(upright ? 1 : count, upright ? count : 1);
    for (uint32_t i = 0; i < count; i++) {
        memset(picture.pixels + 4 * i, values[i], 3);
        picture.pixels[4 * i + 3] = 255;
    }
    return picture;
}

static bool same(const pcl_picture *a, const pcl_picture *b) {
    return a->width == b->width && a->height == b->height &&
           memcmp(a->pixels, b->pixels, (size_t)a->width * a->height * 4) == 0;
}

/* --- Resize --------------------------------------------------------------- */

static void test_resize_to_itself(void) {
    pcl_picture in = gradient(37, 23), out;
    pcl_rect all = {0, 0, 37, 23};
    for (int filter = PCL_FILTER_BILINEAR; filter <= PCL_FILTER_BICUBIC; filter++) {
        CHECK(pcl_picture_resize(&out, &in, &all, 37, 23, (pcl_filter)filter, &error) == PCL_OK);
        CHECK(same(&in, &out));
        pcl_picture_free(&out);
    }
    CHECK(out.pixels == NULL && out.width == 0);
    pcl_picture_free(&in);
}

static void test_constant_stays_constant(void) {
    static const uint32_t sizes[][2] = {{1, 1}, {5, 90}, {31, 17}, {200, 3}};
    pcl_picture in = new_picture(31, 17), out;
    for (uint32_t i = 0; i < 31 * 17; i++) memcpy(in.pixels + 4 * i, "\x00\x7b\xff\xff", 4);
    pcl_rect crop = {2.25f, 1.5f, 20.3f, 11.7f};
    for (int filter = PCL_FILTER_BILINEAR; filter <= PCL_FILTER_BICUBIC; filter++) {
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            uint32_t width = sizes[s][0], height = sizes[s][1];
            CHECK(pcl_picture_resize(&out, &in, &crop, width, height, (pcl_filter)filter, &error) == PCL_OK);
            CHECK(out.width == width && out.height == height);
            bool constant = true;
            for (uint32_t i = 0; i < width * height; i++) constant &= !memcmp(out.pixels + 4 * i, in.pixels, 4);
            CHECK(constant);
            pcl_picture_free(&out);
        }
    }
    pcl_picture_free(&in);
}

/* One row (and the same as a column) against expected values. */
static void check_line(const uint8_t *in, uint32_t in_count, float begin, float length, pcl_filter filter,
                       const uint8_t *expected, uint32_t out_count) {
    for (int upright = 0; upright < 2; upright++) {
        pcl_picture line = gray_row(in, in_count, upright), out;
        pcl_rect crop = upright ? (pcl_rect){0, begin, 1, length} : (pcl_rect){begin, 0, length, 1};
        CHECK(pcl_picture_resize(&out, &line, &crop, upright ? 1 : out_count, upright ? out_count : 1, filter,
                                 &error) == PCL_OK);
        for (uint32_t i = 0; out.pixels && i < out_count; i++) {
            CHECK(out.pixels[4 * i] == expected[i] && out.pixels[4 * i + 2] == expected[i]);
            CHECK(out.pixels[4 * i + 3] == 255);
        }
        pcl_picture_free(&line);
        pcl_picture_free(&out);
    }
}

static void test_resize_by_hand(void) {
    /* Halving with the triangle: centers at 1 and 3, support 2, weights 1/8 3/8 3/8 1/8; at an edge the outer
     * one falls away: (3a + 3b + c) / 7. (0 + 3 * 80 + 160) / 7 = 57.14, (80 + 3 * 160 + 3 * 240) / 7 = 182.9 */
    check_line((uint8_t[]){0, 80, 160, 240}, 4, 0, 4, PCL_FILTER_BILINEAR, (uint8_t[]){57, 183}, 2);
    /* Doubling: a quarter of the way each: 100, 125, 175, 200. */
    check_line((uint8_t[]){100, 200}, 2, 0, 2, PCL_FILTER_BILINEAR, (uint8_t[]){100, 125, 175, 200}, 4);
    /* Cubic, doubling a step: the pixels 1/4, 3/4, 5/4 and 7/4 away weigh 0.8671875, 0.2265625, -0.0703125 and
     * -0.0234375, sum 1. The middle ones: 100 * (0.2265625 - 0.0234375) = 20.3 and its complement; then, where the
     * border cuts off the last, 109.375 / 1.0234375 = 106.9 and 109.375 / 1.0703125 = 102.2; below 0 clamps. */
    check_line((uint8_t[]){0, 0, 100, 100}, 4, 0, 4, PCL_FILTER_BICUBIC,
               (uint8_t[]){0, 0, 0, 20, 80, 107, 102, 100}, 8);
    /* A fractional crop of width 1 around the edge of two pixels: their mean. */
    check_line((uint8_t[]){10, 10, 50, 50}, 4, 1.5f, 1, PCL_FILTER_BILINEAR, (uint8_t[]){30}, 1);
}

static void test_resize_is_separable(void) {
    pcl_picture in = gradient(40, 30), across, both, direct;
    pcl_rect crop = {3.5f, 2.25f, 30.0f, 20.5f}, rest = {0, 2.25f, 13, 20.5f}, columns = {3.5f, 0, 30.0f, 30};
    CHECK(pcl_picture_resize(&direct, &in, &crop, 13, 55, PCL_FILTER_BICUBIC, &error) == PCL_OK);
    CHECK(pcl_picture_resize(&across, &in, &columns, 13, 30, PCL_FILTER_BICUBIC, &error) == PCL_OK);
    CHECK(pcl_picture_resize(&both, &across, &rest, 13, 55, PCL_FILTER_BICUBIC, &error) == PCL_OK);
    CHECK(same(&direct, &both));
    pcl_picture_free(&in);
    pcl_picture_free(&across);
    pcl_picture_free(&both);
    pcl_picture_free(&direct);
}

/* What is fully transparent has no colour to give: the mean of opaque white
 * and transparent black is white, half opaque. */
static void test_resize_transparent(void) {
    pcl_picture in = new_picture(2, 1), out;
    memset(in.pixels, 255, 4);
    pcl_rect all = {0, 0, 2, 1};
    CHECK(pcl_picture_resize(&out, &in, &all, 1, 1, PCL_FILTER_BILINEAR, &error) == PCL_OK);
    CHECK(out.pixels && out.pixels[0] == 255 && out.pixels[3] == 128);
    pcl_picture_free(&in);
    pcl_picture_free(&out);
}

static void test_resize_refuses(void) {
    static const pcl_rect bad[] = {{-1, 0, 4, 4},    {0, 0, 0, 4},     {0, 0, 9, 4}, {5, 5, 4, 4},
                                   {NAN, 0, 4, 4},   {0, 0, NAN, 4},   {0, 0, 4, INFINITY},
                                   {8, 0, 0.005f, 4}};
    pcl_picture in = gradient(8, 8), out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(pcl_picture_resize(&out, &in, &bad[i], 4, 4, PCL_FILTER_BILINEAR, &error) == PCL_ERROR_ARGUMENT);
        CHECK(out.pixels == NULL && error.message[0]);
    }
    pcl_rect all = {0, 0, 8, 8}, nearly = {0, 0, 8.0005f, 8};
    CHECK(pcl_picture_resize(&out, &in, &all, 0, 4, PCL_FILTER_BILINEAR, &error) == PCL_ERROR_ARGUMENT);
    CHECK(pcl_picture_resize(&out, &in, &all, 100000, 4, PCL_FILTER_BILINEAR, &error) == PCL_ERROR_LIMIT);
    CHECK(pcl_picture_resize(&out, &in, &all, 4, UINT32_MAX, PCL_FILTER_BILINEAR, &error) == PCL_ERROR_LIMIT);
    CHECK(pcl_picture_resize(&out, &in, &all, 32768, 32768, PCL_FILTER_BILINEAR, &error) == PCL_ERROR_LIMIT);
    CHECK(pcl_picture_resize(&out, &(pcl_picture){0}, &all, 4, 4, PCL_FILTER_BILINEAR, NULL) == PCL_ERROR_ARGUMENT);
    CHECK(pcl_picture_resize(&out, &in, &nearly, 4, 4, PCL_FILTER_BILINEAR, &error) == PCL_OK);
    pcl_picture_free(&out);
    pcl_picture_free(&in);
}

/* --- Files ---------------------------------------------------------------- */

static void check_png_round_trip(pcl_picture *in) {
    uint8_t *bytes;
    size_t size;
    pcl_picture out;
    CHECK(pcl_picture_encode_png(&bytes, &size, in, &error) == PCL_OK);
    CHECK(pcl_picture_decode(&out, bytes, size, MANY_PIXELS, &error) == PCL_OK);
    CHECK(same(in, &out));
    free(bytes);
    pcl_picture_free(&out);
    pcl_picture_free(in);
}

static void test_png_round_trip(void) {
    pcl_picture pictures[] = {gradient(1, 1), gradient(300, 7), gradient(64, 300), new_picture(500, 400)};
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) check_png_round_trip(&pictures[i]);
    pcl_picture noise = new_picture(181, 77); /* no match to find, and alpha */
    uint32_t state = 1;
    for (size_t i = 0; i < 181 * 77 * 4; i++) {
        state = state * 1664525u + 1013904223u;
        noise.pixels[i] = (uint8_t)(state >> 24);
    }
    check_png_round_trip(&noise);
}

/* PNG's last four bytes, a checksum of nothing, are not read. */
static void test_truncated_png(void) {
    pcl_picture in = gradient(24, 20), out;
    uint8_t *bytes;
    size_t size;
    CHECK(pcl_picture_encode_png(&bytes, &size, &in, &error) == PCL_OK);
    for (size_t cut = 0; cut + 4 < size; cut++) {
        uint8_t *part = malloc(cut + 1); /* of the very size, so that reading past it is seen */
        uint8_t *exact = realloc(part, cut ? cut : 1);
        memcpy(exact, bytes, cut);
        CHECK(pcl_picture_decode(&out, exact, cut, MANY_PIXELS, &error) == PCL_ERROR_PICTURE);
        CHECK(out.pixels == NULL);
        free(exact);
    }
    free(bytes);
    pcl_picture_free(&in);
}

/* A gray JPEG of flat 8 x 8 blocks, so simple that every pixel is known. */
typedef struct jpeg {
    uint8_t bytes[1024];
    size_t size;
    uint32_t bits, bit_count;
} jpeg;

static void append(jpeg *out, const void *bytes, size_t size) {
    if (size > sizeof out->bytes - out->size) return;
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void put_bits(jpeg *out, uint32_t value, uint32_t count) {
    for (uint32_t i = count; i-- > 0;) {
        out->bits = out->bits << 1 | ((value >> i) & 1);
        if (++out->bit_count < 8) continue;
        uint8_t byte[2] = {(uint8_t)out->bits, 0};
        append(out, byte, byte[0] == 0xff ? 2 : 1);
        out->bits = out->bit_count = 0;
    }
}

static void put_header(jpeg *out, uint8_t columns, uint8_t rows) {
    static const uint8_t huffman[] = "\xff\xc4\0\x1c\0" "\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0" "\0\1\2\3\4\5\6\7\x08"
                                     "\xff\xc4\0\x14\x10" "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" "\0";
    uint8_t quantisation[69] = {0xff, 0xdb, 0, 67, 0};
    memset(quantisation + 5, 8, 64); /* one step of a block's mean is one step of its pixels */
    uint8_t frame[] = {0xff, 0xc0, 0, 11, 8, 0, (uint8_t)(rows * 8), 0, (uint8_t)(columns * 8), 1, 1, 0x11, 0};
    static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0};
    append(out, "\xff\xd8", 2);
    append(out, quantisation, sizeof quantisation);
    append(out, frame, sizeof frame);
    append(out, huffman, sizeof huffman - 1);
    append(out, scan, sizeof scan);
}

/* Each block's mean as the difference from the last: its bit length in a code
 * of four bits, its bits (less one when negative), then the end of the block. */
static jpeg make_jpeg(const uint8_t *blocks, uint8_t columns, uint8_t rows) {
    jpeg out = {.size = 0};
    put_header(&out, columns, rows);
    int last = 128;
    for (int i = 0; i < columns * rows; i++) {
        int difference = blocks[i] - last;
        last = blocks[i];
        uint32_t length = 0;
        while (abs(difference) >> length) length++;
        put_bits(&out, length, 4);
        put_bits(&out, (uint32_t)(difference < 0 ? difference - 1 : difference), length);
        put_bits(&out, 0, 1);
    }
    put_bits(&out, 0x7f, (8 - out.bit_count) % 8);
    append(&out, "\xff\xd9", 2);
    return out;
}

static void test_jpeg(void) {
    static const uint8_t blocks[6] = {0, 255, 130, 7, 128, 64};
    jpeg file = make_jpeg(blocks, 3, 2);
    pcl_picture out;
    CHECK(pcl_picture_decode(&out, file.bytes, file.size, MANY_PIXELS, &error) == PCL_OK);
    CHECK(out.width == 24 && out.height == 16);
    for (uint32_t i = 0; out.pixels && i < 24 * 16; i++) {
        uint8_t gray = blocks[i / 24 / 8 * 3 + i % 24 / 8];
        CHECK(!memcmp(out.pixels + 4 * i, (uint8_t[]){gray, gray, gray, 255}, 4));
    }
    pcl_picture_free(&out);
    for (size_t cut = 0; cut < file.size; cut++) {
        CHECK(pcl_picture_decode(&out, file.bytes, cut, MANY_PIXELS, &error) == PCL_ERROR_PICTURE);
        CHECK(out.pixels == NULL);
    }
}

/* A table that claims more than 256 symbols, in a segment as long as that needs. */
static void test_jpeg_table_overflow(void) {
    uint8_t bytes[2 + 4 + 17 + 4080 + 2] = {0xff, 0xd8, 0xff, 0xc4, 0x10, 0x03, 0};
    memset(bytes + 7, 255, 16);
    memcpy(bytes + sizeof bytes - 2, "\xff\xd9", 2);
    pcl_picture out;
    CHECK(pcl_picture_decode(&out, bytes, sizeof bytes, MANY_PIXELS, &error) == PCL_ERROR_PICTURE);
    bytes[4] = 0, bytes[5] = 20; /* and in one that is too short */
    CHECK(pcl_picture_decode(&out, bytes, sizeof bytes, MANY_PIXELS, &error) == PCL_ERROR_PICTURE);
}

/* A file that would make the decoder walk the picture again and again. */
static void test_jpeg_scan_limit(void) {
    static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0};
    jpeg file = make_jpeg((uint8_t[]){9}, 1, 1);
    uint8_t *bytes = malloc(file.size + 200 * sizeof scan);
    memcpy(bytes, file.bytes, file.size - 2);
    size_t size = file.size - 2;
    for (int i = 0; i < 200; i++, size += sizeof scan) memcpy(bytes + size, scan, sizeof scan);
    memcpy(bytes + size, "\xff\xd9", 2);
    pcl_picture out;
    CHECK(pcl_picture_decode(&out, bytes, size + 2, MANY_PIXELS, &error) == PCL_ERROR_LIMIT);
    free(bytes);
}

/* A JPEG with an EXIF segment in either byte order after its first marker. */
static jpeg with_orientation(const jpeg *in, uint8_t orientation, bool big_endian) {
    static const uint8_t little[] = "\xff\xe1\0\x22" "Exif\0\0" "II*\0\x08\0\0\0" "\1\0"
                                    "\x12\1\3\0\1\0\0\0\0\0\0\0" "\0\0\0\0";
    static const uint8_t big[] = "\xff\xe1\0\x22" "Exif\0\0" "MM\0*\0\0\0\x08" "\0\1"
                                 "\1\x12\0\3\0\0\0\1\0\0\0\0" "\0\0\0\0";
    jpeg out = {.size = 0};
    append(&out, in->bytes, 2);
    append(&out, big_endian ? big : little, sizeof big - 1);
    out.bytes[2 + (big_endian ? 29 : 28)] = orientation;
    append(&out, in->bytes + 2, in->size - 2);
    return out;
}

static bool is_bright(const pcl_picture *picture, bool right, bool bottom) {
    size_t x = right ? picture->width - 4 : 3, y = bottom ? picture->height - 4 : 3;
    return picture->pixels[4 * (y * picture->width + x)] > 128;
}

/* A bright top left quarter, wherever the orientation puts it. */
static void test_exif_orientation(void) {
    static const struct {
        bool right, bottom, exchanged;
    } expected[9] = {{0}, {0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}};
    pcl_picture out;
    jpeg upright = make_jpeg((uint8_t[]){240, 240, 10, 10, 10, 10, 10, 10}, 4, 2);
    for (uint8_t orientation = 1; orientation <= 8; orientation++) {
        for (int big_endian = 0; big_endian < 2; big_endian++) {
            jpeg turned = with_orientation(&upright, orientation, big_endian);
            CHECK(pcl_picture_decode(&out, turned.bytes, turned.size, MANY_PIXELS, &error) == PCL_OK);
            bool exchanged = expected[orientation].exchanged;
            CHECK(out.width == (exchanged ? 16 : 32) && out.height == (exchanged ? 32 : 16));
            for (int corner = 0; out.pixels && corner < 4; corner++) {
                bool right = corner & 1, bottom = corner >> 1;
                CHECK(is_bright(&out, right, bottom) ==
                      (right == expected[orientation].right && bottom == expected[orientation].bottom));
            }
            pcl_picture_free(&out);
        }
    }
    jpeg nonsense = with_orientation(&upright, 9, false); /* counts as upright */
    CHECK(pcl_picture_decode(&out, nonsense.bytes, nonsense.size, MANY_PIXELS, &error) == PCL_OK && out.width == 32);
    pcl_picture_free(&out);
    nonsense.bytes[18] = 0xff; /* a directory far outside */
    CHECK(pcl_picture_decode(&out, nonsense.bytes, nonsense.size, MANY_PIXELS, &error) == PCL_OK && out.width == 32);
    pcl_picture_free(&out);
}

static void test_decode_limits(void) {
    pcl_picture in = gradient(30, 20), out;
    uint8_t *bytes;
    size_t size;
    CHECK(pcl_picture_encode_png(&bytes, &size, &in, &error) == PCL_OK);
    CHECK(pcl_picture_decode(&out, bytes, size, 599, &error) == PCL_ERROR_LIMIT);
    CHECK(out.pixels == NULL);
    CHECK(pcl_picture_decode(&out, bytes, size, 600, &error) == PCL_OK);
    pcl_picture_free(&out);
    memcpy(bytes + 16, "\0\x01\0\0\0\0\0\x01", 8); /* claims 65536 x 1 */
    CHECK(pcl_picture_decode(&out, bytes, size, UINT32_MAX, &error) != PCL_OK);
    memcpy(bytes + 16, "\0\0\x2e\xe0\0\0\x2e\xe0", 8); /* claims 12000 x 12000 */
    CHECK(pcl_picture_decode(&out, bytes, size, UINT32_MAX, &error) == PCL_ERROR_LIMIT);
    CHECK(pcl_picture_decode(&out, NULL, 0, 600, &error) == PCL_ERROR_PICTURE);
    CHECK(pcl_picture_decode(&out, "<!doctype html>", 15, 600, &error) == PCL_ERROR_PICTURE);
    free(bytes);
    pcl_picture_free(&in);
    CHECK(pcl_picture_encode_png(&bytes, &size, &in, &error) == PCL_ERROR_ARGUMENT);
    CHECK(bytes == NULL && size == 0);
}

/* --- Tensors -------------------------------------------------------------- */

static pcl_tensor_info tensor_of(pcl_dtype dtype, void *data, size_t bytes, int32_t height, int32_t width,
                                 int32_t channels, bool planar) {
    pcl_tensor_info tensor = {.name = "picture", .dtype = dtype, .rank = 4, .data = data, .bytes = bytes};
    int32_t dims[4] = {1, height, width, channels};
    if (planar) dims[1] = channels, dims[2] = height, dims[3] = width;
    memcpy(tensor.dims, dims, sizeof dims);
    return tensor;
}

/* Every byte once in each colour: 16 x 16. */
static pcl_picture all_bytes(void) {
    pcl_picture picture = new_picture(16, 16);
    for (int i = 0; i < 256; i++) {
        uint8_t pixel[4] = {(uint8_t)i, (uint8_t)(255 - i), (uint8_t)(i ^ 0x5a), 255};
        memcpy(picture.pixels + 4 * i, pixel, 4);
    }
    return picture;
}

static pcl_pixel_format same_for_all(float mean, float std, uint32_t channels) {
    return (pcl_pixel_format){{mean, mean, mean}, {std, std, std}, 0, 0, channels};
}

/* Quantisations whose quanta are the bytes themselves (int8: minus 128). */
static void test_bytes_pass_unchanged(void) {
    static const struct {
        pcl_dtype dtype;
        float mean, std, scale;
        int32_t zero_point;
    } cases[] = {
        {PCL_UINT8, 0, 1, 1, 0},
        {PCL_UINT8, 0, 255, 0.003921568859368563f, 0},
        {PCL_UINT8, 127.5f, 127.5f, 0.007843137718737125f, 127}, /* half a quantum off */
        {PCL_UINT8, 128, 128, 0.0078125f, 128},
        {PCL_INT8, 0, 255, 0.003921568859368563f, -128},
        {PCL_INT8, 127.5f, 127.5f, 0.007843137718737125f, -1},
        {PCL_INT8, 128, 128, 0.0078125f, 0},
    };
    pcl_picture in = all_bytes(), back;
    uint8_t data[16 * 16 * 3];
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        pcl_tensor_info tensor = tensor_of(cases[k].dtype, data, sizeof data, 16, 16, 3, false);
        tensor.quantised = 1, tensor.scale = cases[k].scale, tensor.zero_point = cases[k].zero_point;
        pcl_pixel_format format = same_for_all(cases[k].mean, cases[k].std, 3);
        CHECK(pcl_picture_to_tensor(&in, &format, &tensor, &error) == PCL_OK);
        uint8_t flip = cases[k].dtype == PCL_INT8 ? 0x80 : 0;
        bool exact = true;
        for (size_t i = 0; i < sizeof data; i++) exact &= (data[i] ^ flip) == in.pixels[i / 3 * 4 + i % 3];
        CHECK(exact);
        CHECK(pcl_picture_from_tensor(&back, &format, &tensor, &error) == PCL_OK);
        CHECK(same(&in, &back));
        pcl_picture_free(&back);
    }
    pcl_picture_free(&in);
}

static void test_quantised_clamps(void) {
    uint8_t data[1];
    uint8_t white[4] = {255, 255, 255, 255};
    pcl_picture in = {white, 1, 1};
    pcl_tensor_info tensor = tensor_of(PCL_INT8, data, 1, 1, 1, 1, false);
    tensor.quantised = 1, tensor.scale = 0.001f, tensor.zero_point = 5;
    pcl_pixel_format format = same_for_all(0, 255, 1);
    CHECK(pcl_picture_to_tensor(&in, &format, &tensor, &error) == PCL_OK);
    CHECK(data[0] == 127);
    format.std[0] = -255;
    CHECK(pcl_picture_to_tensor(&in, &format, &tensor, &error) == PCL_OK);
    CHECK((int8_t)data[0] == -128);
}

static void test_float_layouts(void) {
    static const float mean[3] = {103.939f, 116.779f, 123.68f}, std[3] = {1, 2, 0.5f};
    pcl_picture in = all_bytes(), back;
    static float data[16 * 16 * 3];
    for (uint32_t kind = 0; kind < 4; kind++) {
        pcl_pixel_format format = {{mean[0], mean[1], mean[2]}, {std[0], std[1], std[2]}, kind & 1, kind >> 1, 3};
        pcl_tensor_info tensor = tensor_of(PCL_FLOAT32, data, sizeof data, 16, 16, 3, format.planar);
        CHECK(pcl_picture_to_tensor(&in, &format, &tensor, &error) == PCL_OK);
        bool right = true;
        for (size_t i = 0; i < 256; i++) {
            for (size_t c = 0; c < 3; c++) {
                float value = data[format.planar ? c * 256 + i : i * 3 + c];
                float byte = in.pixels[4 * i + (format.bgr ? 2 - c : c)];
                right &= fabsf(value - (byte - mean[c]) / std[c]) < 1e-4f;
            }
        }
        CHECK(right);
        CHECK(pcl_picture_from_tensor(&back, &format, &tensor, &error) == PCL_OK);
        CHECK(same(&in, &back));
        pcl_picture_free(&back);
    }
    pcl_picture_free(&in);
}

/* Each channel has a table of its own. */
static void test_byte_layouts(void) {
    pcl_picture in = all_bytes(), back;
    static uint8_t data[16 * 16 * 3];
    for (uint32_t kind = 0; kind < 4; kind++) {
        pcl_pixel_format format = {{0, 1, 255}, {1, 1, -1}, kind & 1, kind >> 1, 3}; /* as it is, one less, turned */
        pcl_tensor_info tensor = tensor_of(PCL_UINT8, data, sizeof data, 16, 16, 3, format.planar);
        CHECK(pcl_picture_to_tensor(&in, &format, &tensor, &error) == PCL_OK);
        bool right = true;
        for (size_t i = 0; i < 256; i++)
            for (size_t c = 0; c < 3; c++) {
                int byte = in.pixels[4 * i + (format.bgr ? 2 - c : c)];
                int expected = c == 0 ? byte : c == 1 ? (byte ? byte - 1 : 0) : 255 - byte;
                right &= data[format.planar ? c * 256 + i : i * 3 + c] == expected;
            }
        CHECK(right);
        CHECK(pcl_picture_from_tensor(&back, &format, &tensor, &error) == PCL_OK);
        for (size_t i = 0; i < 256; i++) in.pixels[4 * i + 1] += in.pixels[4 * i + 1] == 0; /* has become 1 */
        CHECK(same(&in, &back));
        pcl_picture_free(&back);
    }
    pcl_picture_free(&in);
}

static void test_gray_bytes(void) {
    uint8_t pixels[8] = {255, 0, 0, 255, 0, 255, 0, 255}, data[2];
    pcl_picture in = {pixels, 2, 1}, out;
    pcl_tensor_info tensor = tensor_of(PCL_UINT8, data, sizeof data, 1, 2, 1, false);
    pcl_pixel_format format = same_for_all(0, 1, 1);
    CHECK(pcl_picture_to_tensor(&in, &format, &tensor, &error) == PCL_OK);
    CHECK(data[0] == 76 && data[1] == 150);
    CHECK(pcl_picture_from_tensor(&out, &format, &tensor, &error) == PCL_OK);
    CHECK(out.pixels && memcmp(out.pixels, "\x4c\x4c\x4c\xff\x96\x96\x96\xff", 8) == 0);
    pcl_picture_free(&out);
}

static void test_luma(void) {
    uint8_t pixels[16] = {255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 0};
    static const float expected[4] = {76, 150, 29, 255}; /* 0.299, 0.587, 0.114 of 255 */
    pcl_picture in = {pixels, 2, 2}, out;
    float data[4];
    pcl_tensor_info tensor = tensor_of(PCL_FLOAT32, data, sizeof data, 2, 2, 1, false);
    pcl_pixel_format format = same_for_all(0, 1, 1);
    CHECK(pcl_picture_to_tensor(&in, &format, &tensor, &error) == PCL_OK);
    CHECK(memcmp(data, expected, sizeof data) == 0);
    CHECK(pcl_picture_from_tensor(&out, &format, &tensor, &error) == PCL_OK);
    CHECK(out.pixels && memcmp(out.pixels + 4, "\x96\x96\x96\xff", 4) == 0);
    pcl_picture_free(&out);
}

static void test_odd_floats(void) {
    float data[4] = {NAN, INFINITY, -INFINITY, 0.5f};
    static const uint8_t expected[4] = {0, 255, 0, 127};
    pcl_tensor_info tensor = tensor_of(PCL_FLOAT32, data, sizeof data, 2, 2, 1, true);
    pcl_pixel_format format = same_for_all(0, 255, 1);
    format.planar = 1;
    pcl_picture out;
    CHECK(pcl_picture_from_tensor(&out, &format, &tensor, &error) == PCL_OK);
    for (size_t i = 0; out.pixels && i < 4; i++) CHECK(out.pixels[4 * i] == expected[i]);
    pcl_picture_free(&out);
}

static void test_tensor_refuses(void) {
    pcl_picture in = gradient(4, 4), out;
    static float data[4 * 4 * 3];
    pcl_tensor_info good = tensor_of(PCL_FLOAT32, data, sizeof data, 4, 4, 3, false), bad = good;
    pcl_pixel_format format = same_for_all(0, 1, 3), odd = format;
    CHECK(pcl_picture_to_tensor(&in, &format, &good, &error) == PCL_OK);
    odd.std[1] = 0;
    CHECK(pcl_picture_to_tensor(&in, &odd, &good, &error) == PCL_ERROR_ARGUMENT);
    odd.std[1] = NAN;
    CHECK(pcl_picture_from_tensor(&out, &odd, &good, &error) == PCL_ERROR_ARGUMENT);
    odd = format, odd.channels = 2;
    CHECK(pcl_picture_to_tensor(&in, &odd, &good, &error) == PCL_ERROR_ARGUMENT);
    odd.channels = 1;
    CHECK(pcl_picture_to_tensor(&in, &odd, &good, &error) == PCL_ERROR_SHAPE);
    bad.dims[1] = 5;
    CHECK(pcl_picture_to_tensor(&in, &format, &bad, &error) == PCL_ERROR_SHAPE);
    bad = good, bad.bytes--;
    CHECK(pcl_picture_to_tensor(&in, &format, &bad, &error) == PCL_ERROR_SHAPE);
    bad = good, bad.rank = 3;
    CHECK(pcl_picture_from_tensor(&out, &format, &bad, &error) == PCL_ERROR_SHAPE);
    bad = good, bad.dims[0] = 2;
    CHECK(pcl_picture_from_tensor(&out, &format, &bad, &error) == PCL_ERROR_SHAPE);
    bad = good, bad.dims[1] = INT32_MAX, bad.dims[2] = INT32_MAX;
    CHECK(pcl_picture_from_tensor(&out, &format, &bad, &error) == PCL_ERROR_SHAPE);
    bad = good, bad.dtype = PCL_INT32;
    CHECK(pcl_picture_from_tensor(&out, &format, &bad, &error) == PCL_ERROR_TYPE);
    bad = good, bad.quantised = 1, bad.scale = 0;
    CHECK(pcl_picture_from_tensor(&out, &format, &bad, &error) == PCL_ERROR_TYPE);
    bad = good, bad.data = NULL;
    CHECK(pcl_picture_from_tensor(&out, &format, &bad, &error) == PCL_ERROR_ARGUMENT);
    pcl_picture_free(&in);
    pcl_picture_free(NULL);
}

int main(void) {
    test_resize_to_itself();
    test_constant_stays_constant();
    test_resize_by_hand();
    test_resize_is_separable();
    test_resize_transparent();
    test_resize_refuses();
    test_png_round_trip();
    test_truncated_png();
    test_jpeg();
    test_jpeg_table_overflow();
    test_jpeg_scan_limit();
    test_exif_orientation();
    test_decode_limits();
    test_bytes_pass_unchanged();
    test_quantised_clamps();
    test_float_layouts();
    test_byte_layouts();
    test_gray_bytes();
    test_luma();
    test_odd_floats();
    test_tensor_refuses();
    if (failures) fprintf(stderr, "%d checks failed\n", failures);
    return failures != 0;
}
