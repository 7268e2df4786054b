/* What is collected of activations, and the ranges chosen from that. */
#include "tools/quantise/statistics.h"

#include <float.h>
#include <math.h>

#include "conv_reference.h"

/* A bell curve between -6 and 6. */
static float bell(void) {
    float sum = 0.0f;
    for (int i = 0; i < 12; i++) sum += 0.5f * random_real();
    return sum;
}

static void test_collecting(pcl_arena *arena) {
    pcl_statistics seen = {0};
    const float small[] = {0.25f, -0.5f, 0.125f, NAN, 0.5f, -0.25f}, large[] = {100.0f, -3.0f, INFINITY, 7.0f};
    CHECK(pcl_statistics_add(&seen, arena, small, 6, 2));
    CHECK(seen.low == -0.5f && seen.high == 0.5f && seen.reach == 1.0f);
    CHECK(pcl_statistics_add(&seen, arena, large, 4, 2));
    CHECK(seen.low == -3.0f && seen.high == 100.0f && seen.reach == 128.0f && seen.per_channel == 5);
    CHECK(seen.channels[0].low == 0.125f && seen.channels[0].high == 100.0f);
    CHECK(seen.channels[1].low == -3.0f && seen.channels[1].high == 7.0f);
    CHECK(fabs(seen.channels[1].sum - (-0.5 - 0.25 - 3.0 + 7.0)) < 1e-9);
    uint64_t counted = 0;
    for (size_t i = 0; i < PCL_BINS; i++) counted += seen.bins[i];
    CHECK(counted == 8); /* all but NaN and infinity */
    pcl_statistics_reset(&seen);
    CHECK(pcl_statistics_add(&seen, arena, small, 6, 2));
    CHECK(seen.low == -0.5f && seen.high == 0.5f && seen.reach == 1.0f);
}

static void test_choosing(pcl_arena *arena) {
    enum { COUNT = 60000 };
    static float values[COUNT];
    for (size_t i = 0; i < COUNT; i++) values[i] = bell();
    values[17] = 40.0f; /* far out */
    pcl_statistics seen = {0};
    CHECK(pcl_statistics_add(&seen, arena, values, COUNT, 1));
    pcl_range all = pcl_choose_range(&seen, PCL_RANGE_MIN_MAX);
    CHECK(all.high == 40.0f && all.low == seen.low);
    pcl_range most = pcl_choose_range(&seen, PCL_RANGE_PERCENTILE), least = pcl_choose_range(&seen, PCL_RANGE_MSE);
    CHECK(most.high > 3.0f && most.high < 6.0f && most.low < -3.0f);
    CHECK(least.high > 3.0f && least.high < 40.0f);
    pcl_range best = pcl_choose_range(&seen, PCL_RANGE_AUTO);
    CHECK(best.high < 40.0f && best.rule != PCL_RANGE_AUTO);
    for (size_t i = 0; i < COUNT; i++) values[i] = (float)(i % 256) - 128.0f; /* as many of each: nothing to gain */
    pcl_statistics even = {0};
    CHECK(pcl_statistics_add(&even, arena, values, COUNT, 4));
    best = pcl_choose_range(&even, PCL_RANGE_AUTO);
    CHECK(best.high > 126.0f && best.low < -127.0f);
}

static void test_quantisation(pcl_arena *arena) {
    float scale;
    int32_t zero_point;
    pcl_range_quantisation(&(pcl_range){0.0f, 255.0f, PCL_RANGE_MIN_MAX}, &scale, &zero_point);
    CHECK(scale == 1.0f && zero_point == -128);
    pcl_range_quantisation(&(pcl_range){-1.0f, 1.0f, PCL_RANGE_MIN_MAX}, &scale, &zero_point);
    CHECK(fabsf(scale - 2.0f / 255.0f) < 1e-7f && (zero_point == 0 || zero_point == -1));
    pcl_range_quantisation(&(pcl_range){-2.0f, 0.0f, PCL_RANGE_MIN_MAX}, &scale, &zero_point);
    CHECK(zero_point == 127);
    const float zeroes[3] = {0};
    pcl_statistics seen = {0};
    CHECK(pcl_statistics_add(&seen, arena, zeroes, 3, 3));
    pcl_range none = pcl_choose_range(&seen, PCL_RANGE_AUTO);
    pcl_range_quantisation(&none, &scale, &zero_point);
    CHECK(scale > 0.0f && isfinite(scale) && zero_point >= -128 && zero_point <= 127);
    pcl_range_quantisation(&(pcl_range){-FLT_MAX, FLT_MAX, PCL_RANGE_MIN_MAX}, &scale, &zero_point);
    CHECK(scale > 0.0f && isfinite(scale));
}

int main(void) {
    pcl_arena arena;
    pcl_arena_init(&arena, 1 << 24);
    random_state = 5;
    test_collecting(&arena);
    test_choosing(&arena);
    test_quantisation(&arena);
    pcl_arena_free(&arena);
    return test_failures != 0;
}
