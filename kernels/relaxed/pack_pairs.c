#include "functions.h"
#include "relaxed/relaxed.h"

/* A unit of weights is eight k of four columns, [2 halves][4 columns][4 k], here in 16 bits. */
typedef struct unit {
    v128_t halves[2][2]; /* columns 0-1, 2-3 */
} unit;

typedef struct cursor {
    bool writes; /* false: only counts */
    size_t octets, quads;
    uint32_t *octet_k, *quad_k;
    int8_t *octet_weights, *quad_weights;
} cursor;

static v128_t sums_of_pairs(v128_t values) { return wasm_i32x4_dot_i16x8(values, wasm_i16x8_splat(1)); }

/* All ones in the pairs, of the sums of a and b, that might leave 16 bits when multiplied by 0..255: where the positive
 * ones sum to more than 127 or the negative ones to less than -128. What passes fits int8. */
static v128_t beyond(v128_t a, v128_t b) {
    v128_t zero = wasm_i16x8_splat(0);
    v128_t high = wasm_i32x4_add(sums_of_pairs(wasm_i16x8_max(a, zero)), sums_of_pairs(wasm_i16x8_max(b, zero)));
    v128_t low = wasm_i32x4_add(sums_of_pairs(wasm_i16x8_min(a, zero)), sums_of_pairs(wasm_i16x8_min(b, zero)));
    return wasm_v128_or(wasm_i32x4_gt(high, wasm_i32x4_splat(127)), wasm_i32x4_lt(low, wasm_i32x4_splat(-128)));
}

/* Eight weights of a column from k on, less their zero point; zeros beyond the depth. */
static v128_t column_at(const int8_t *column, size_t k, size_t depth, int32_t zero_point) {
    v128_t zero = wasm_i16x8_splat((int16_t)zero_point);
    if (depth - k >= 8) return wasm_i16x8_sub(wasm_i16x8_load8x8(column + k), zero);
    int8_t values[8];
    memset(values, zero_point, sizeof values);
    memcpy(values, column + k, depth - k);
    return wasm_i16x8_sub(wasm_i16x8_load8x8(values), zero);
}

static unit unit_at(const int8_t *weights, size_t columns, size_t k, size_t depth, int32_t zero_point) {
    v128_t values[4];
    for (size_t c = 0; c < 4; c++)
        values[c] = c < columns ? column_at(weights + c * depth, k, depth, zero_point) : wasm_i16x8_splat(0);
    unit made;
    for (int pair = 0; pair < 2; pair++) {
        made.halves[0][pair] = wasm_i64x2_shuffle(values[2 * pair], values[2 * pair + 1], 0, 2);
        made.halves[1][pair] = wasm_i64x2_shuffle(values[2 * pair], values[2 * pair + 1], 1, 3);
    }
    return made;
}

static bool all_zero(const unit *of) {
    v128_t any = wasm_v128_or(wasm_v128_or(of->halves[0][0], of->halves[0][1]),
                              wasm_v128_or(of->halves[1][0], of->halves[1][1]));
    return !wasm_v128_any_true(any);
}

static void put_octet(cursor *to, const unit *from, size_t k) {
    if (to->writes) {
        to->octet_k[to->octets] = (uint32_t)k;
        for (size_t half = 0; half < 2; half++)
            wasm_v128_store(to->octet_weights + to->octets * 32 + half * 16,
                            wasm_i8x16_narrow_i16x8(from->halves[half][0], from->halves[half][1]));
    }
    to->octets++;
}

/* Pairs that go too far give away a part in each round, of which two fit; 255 are gone after five. */
static void put_quads(cursor *to, const v128_t half[2], size_t k) {
    v128_t left[2] = {half[0], half[1]}, zero = wasm_i16x8_splat(0);
    while (wasm_v128_any_true(wasm_v128_or(left[0], left[1]))) {
        v128_t taken[2];
        for (int i = 0; i < 2; i++) {
            v128_t part = wasm_i16x8_max(wasm_i16x8_min(left[i], wasm_i16x8_splat(63)), wasm_i16x8_splat(-64));
            taken[i] = wasm_v128_bitselect(part, left[i], beyond(left[i], zero));
            left[i] = wasm_i16x8_sub(left[i], taken[i]);
        }
        if (to->writes) {
            to->quad_k[to->quads] = (uint32_t)k;
            wasm_v128_store(to->quad_weights + to->quads * 16, wasm_i8x16_narrow_i16x8(taken[0], taken[1]));
        }
        to->quads++;
    }
}

static void walk(cursor *to, const int8_t *weights, size_t columns, size_t depth, int32_t zero_point) {
    for (size_t k = 0; k < depth; k += 8) {
        unit at = unit_at(weights, columns, k, depth, zero_point);
        if (all_zero(&at)) continue;
        v128_t far = wasm_v128_or(beyond(at.halves[0][0], at.halves[1][0]), beyond(at.halves[0][1], at.halves[1][1]));
        if (wasm_v128_any_true(far)) {
            for (size_t half = 0; half < 2; half++) put_quads(to, at.halves[half], k + half * 4);
        } else {
            put_octet(to, &at, k);
        }
    }
}

size_t pcl_pack_pairs_relaxed(pcl_pairs *to, void *space, const int8_t *weights, size_t columns, size_t depth,
                              int32_t zero_point) {
    if (depth > SIZE_MAX / 32) return SIZE_MAX; /* less than 32 bytes for each k, see put_quads */
    cursor at = {.writes = space != NULL};
    if (space) {
        int8_t *packed = space;
        uint32_t *k = (uint32_t *)(void *)(packed + to->octets * 32 + to->quads * 16);
        *to = (pcl_pairs){to->octets, to->quads, packed, k};
        at.octet_k = k;
        at.quad_k = k + to->octets;
        at.octet_weights = packed;
        at.quad_weights = packed + to->octets * 32;
    }
    walk(&at, weights, columns, depth, zero_point);
    if (!space) *to = (pcl_pairs){at.octets, at.quads, NULL, NULL};
    return to->octets * (32 + sizeof(uint32_t)) + to->quads * (16 + sizeof(uint32_t));
}
