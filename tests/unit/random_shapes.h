/* Random shapes, values and indices for tests of operators. The generator is
 * fixed, so that a failure can be repeated. */
#ifndef PCL_TESTS_RANDOM_SHAPES_H
#define PCL_TESTS_RANDOM_SHAPES_H

#include <stdint.h>

#include "core/tensor.h"

/* xorshift32 (Marsaglia 2003) */
static inline uint32_t random_bits(void) {
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static inline int32_t random_integer(int32_t low, int32_t high) {
    return (int32_t)(low + (int64_t)(random_bits() % (uint64_t)((int64_t)high - low + 1)));
}

static inline float random_real(float low, float high) {
    return low + (high - low) * (float)(random_bits() >> 8) / 16777216.0f;
}

static inline size_t shape_elements(const pcl_shape *shape) {
    size_t count = 1;
    for (int32_t i = 0; i < shape->rank; i++) count *= (size_t)shape->dims[i];
    return count;
}

/* Rank 0 to 5, dimensions 1 to max_dim, now and then one a good deal longer, rarely one of 0. */
static inline pcl_shape random_shape(int32_t max_dim) {
    pcl_shape shape = {.rank = random_integer(0, 5)};
    for (int32_t i = 0; i < shape.rank; i++) {
        shape.dims[i] = random_integer(1, max_dim);
        if (random_integer(0, 9) == 0) shape.dims[i] = random_integer(100, 600);
        if (random_integer(0, 60) == 0) shape.dims[i] = 0;
    }
    return shape;
}

/* A shape that broadcasts to `whole`: leading dimensions left out, others 1. */
static inline pcl_shape random_part(const pcl_shape *whole) {
    pcl_shape shape = {0};
    int32_t skipped = random_integer(0, 2) == 0 ? random_integer(0, whole->rank) : 0;
    int32_t odds = random_integer(0, 3);
    for (int32_t i = skipped; i < whole->rank; i++)
        shape.dims[shape.rank++] = random_integer(0, 3) < odds ? 1 : whole->dims[i];
    return shape;
}

static inline pcl_shape broadcast_of(const pcl_shape *a, const pcl_shape *b) {
    pcl_shape shape = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int32_t i = 1; i <= shape.rank; i++) {
        int32_t of_a = i <= a->rank ? a->dims[a->rank - i] : 1;
        int32_t of_b = i <= b->rank ? b->dims[b->rank - i] : 1;
        shape.dims[shape.rank - i] = of_a == 1 ? of_b : of_a;
    }
    return shape;
}

/* The element of a tensor of shape `part` that meets element `index` of one of shape `whole`. */
static inline size_t broadcast_index(size_t index, const pcl_shape *whole, const pcl_shape *part) {
    size_t result = 0, stride = 1;
    for (int32_t i = 1; i <= whole->rank; i++) {
        size_t position = index % (size_t)whole->dims[whole->rank - i];
        index /= (size_t)whole->dims[whole->rank - i];
        if (i > part->rank) continue;
        if (part->dims[part->rank - i] != 1) result += position * stride;
        stride *= (size_t)part->dims[part->rank - i];
    }
    return result;
}

#endif
