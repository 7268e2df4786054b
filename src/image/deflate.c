#include "image/deflate.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

enum { MIN_MATCH = 4, MAX_MATCH = 258, WINDOW = 32768, HASH_SIZE = 1 << 15, MAX_TRIES = 12 };

/* Output has room for the worst case, so writing never fails. */
typedef struct bit_writer {
    uint8_t *at;
    uint32_t bits;
    uint32_t count;
} bit_writer;

/* Positions of earlier bytes that hash alike: the newest, and for each place
 * in the window the one before it; -1 ends a list. */
typedef struct history {
    int32_t newest[HASH_SIZE];
    int32_t before[WINDOW];
} history;

typedef struct match {
    uint32_t length, distance;
} match;

static void put(bit_writer *out, uint32_t value, uint32_t count) {
    out->bits |= value << out->count;
    out->count += count;
    for (; out->count >= 8; out->count -= 8, out->bits >>= 8) *out->at++ = (uint8_t)out->bits;
}

/* Huffman codes are stored from their first bit on. */
static void put_code(bit_writer *out, uint32_t code, uint32_t count) {
    uint32_t reversed = 0;
    for (uint32_t i = 0; i < count; i++) reversed |= ((code >> i) & 1) << (count - 1 - i);
    put(out, reversed, count);
}

/* The fixed code of RFC 1951, 3.2.6. */
static void put_symbol(bit_writer *out, uint32_t symbol) {
    if (symbol < 144) put_code(out, 0x30 + symbol, 8);
    else if (symbol < 256) put_code(out, 0x190 + symbol - 144, 9);
    else if (symbol < 280) put_code(out, symbol - 256, 7);
    else put_code(out, 0xc0 + symbol - 280, 8);
}

/* RFC 1951, 3.2.5: lengths and distances in classes that double every few
 * symbols, with the remainder in extra bits. `per_class` symbols share a number
 * of extra bits; value counts from 0. */
static uint32_t class_of(uint32_t value, uint32_t per_class, uint32_t *extra_bits) {
    uint32_t shift = 0, log_per_class = (uint32_t)__builtin_ctz(per_class);
    while (value >> shift >= 2 * per_class) shift++;
    *extra_bits = shift;
    return (shift << log_per_class) + (value >> shift);
}

static void put_match(bit_writer *out, match found) {
    uint32_t extra;
    if (found.length == MAX_MATCH) {
        put_symbol(out, 285);
    } else {
        uint32_t value = found.length - 3;
        put_symbol(out, 257 + class_of(value, 4, &extra));
        put(out, value & ((1u << extra) - 1), extra);
    }
    uint32_t value = found.distance - 1;
    put_code(out, class_of(value, 2, &extra), 5);
    put(out, value & ((1u << extra) - 1), extra);
}

static uint32_t hash_at(const uint8_t *data) {
    uint32_t word;
    memcpy(&word, data, sizeof word);
    return (word * 2654435761u) >> 17;
}

static void remember(history *past, const uint8_t *data, size_t at) {
    uint32_t hash = hash_at(data + at);
    past->before[at % WINDOW] = past->newest[hash];
    past->newest[hash] = (int32_t)at;
}

static match longest_match(const history *past, const uint8_t *data, size_t at, size_t size) {
    match best = {0, 0};
    size_t limit = size - at < MAX_MATCH ? size - at : MAX_MATCH;
    int32_t candidate = past->newest[hash_at(data + at)];
    for (int tries = 0; tries < MAX_TRIES && candidate >= 0 && at - (size_t)candidate < WINDOW; tries++) {
        uint32_t length = 0;
        while (length < limit && data[(size_t)candidate + length] == data[at + length]) length++;
        if (length > best.length) best = (match){length, (uint32_t)(at - (size_t)candidate)};
        candidate = past->before[(size_t)candidate % WINDOW];
    }
    return best;
}

static void put_block(bit_writer *out, history *past, const uint8_t *data, size_t size) {
    put(out, 1, 1); /* the last block */
    put(out, 1, 2); /* with the fixed code */
    for (size_t at = 0; at < size;) {
        match found = {0, 0};
        if (size - at >= MIN_MATCH) found = longest_match(past, data, at, size);
        if (found.length >= MIN_MATCH) put_match(out, found);
        else put_symbol(out, data[at]), found.length = 1;
        for (size_t end = at + found.length; at < end; at++)
            if (size - at >= MIN_MATCH) remember(past, data, at);
    }
    put_symbol(out, 256);
    put(out, 0, 7); /* fill the last byte */
}

static uint32_t adler32(const uint8_t *data, size_t size) {
    uint32_t a = 1, b = 0;
    for (size_t at = 0; at < size;) {
        /* 5552: the most steps before b could overflow */
        for (size_t end = size - at < 5552 ? size : at + 5552; at < end; at++) a += data[at], b += a;
        a %= 65521, b %= 65521;
    }
    return b << 16 | a;
}

uint8_t *pcl_zlib_compress(const uint8_t *data, size_t size, size_t *out_size) {
    /* A literal takes at most 9 bits, a match of 4 bytes 25; besides: header, block, checksum. */
    size_t capacity;
    if (!pcl_size_add(size, size / 8 + 16, &capacity)) return NULL;
    uint8_t *bytes = malloc(capacity);
    history *past = malloc(sizeof *past);
    if (!bytes || !past) {
        free(bytes);
        free(past);
        return NULL;
    }
    memset(past->newest, 0xff, sizeof past->newest);
    bit_writer out = {bytes, 0, 0};
    put(&out, 0x78, 8); /* deflate, 32 KiB window */
    put(&out, 0x01, 8); /* fastest; check bits */
    put_block(&out, past, data, size);
    uint32_t sum = adler32(data, size);
    for (int shift = 24; shift >= 0; shift -= 8) *out.at++ = (uint8_t)(sum >> shift);
    free(past);
    *out_size = (size_t)(out.at - bytes);
    return bytes;
}
