/* The planner's one promise: buffers that live at the same time do not
 * overlap in memory. Checked on random lifetimes, with a bound on waste. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "op_harness.h"
#include "run/plan.h"

static uint32_t state = 1;
static uint32_t random_below(uint32_t bound) {
    state = state * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)state * bound) >> 32);
}

static size_t rounded(size_t bytes) { return pcl_round_up(bytes, PCL_ALIGNMENT); }

static void check_apart(const pcl_plan_buffer *buffers, int count, size_t total) {
    for (int i = 0; i < count; i++) {
        const pcl_plan_buffer *a = &buffers[i];
        CHECK(a->offset % PCL_ALIGNMENT == 0);
        CHECK(a->offset + rounded(a->bytes) <= total);
        for (int k = 0; k < i; k++) {
            const pcl_plan_buffer *b = &buffers[k];
            bool together = a->first <= b->last && b->first <= a->last;
            bool overlap = a->offset < b->offset + rounded(b->bytes) && b->offset < a->offset + rounded(a->bytes);
            CHECK(!(together && overlap && a->bytes && b->bytes));
        }
    }
}

/* No plan can be smaller than what lives at the busiest step. */
static size_t busiest(const pcl_plan_buffer *buffers, int count, int steps) {
    size_t most = 0;
    for (int step = 0; step < steps; step++) {
        size_t live = 0;
        for (int i = 0; i < count; i++)
            if (buffers[i].first <= step && step <= buffers[i].last) live += rounded(buffers[i].bytes);
        if (live > most) most = live;
    }
    return most;
}

static void random_plans(void) {
    enum { MOST = 60, STEPS = 40 };
    pcl_plan_buffer buffers[MOST];
    int32_t order[2 * MOST];
    for (int round = 0; round < 2000; round++) {
        int count = (int)random_below(MOST + 1);
        for (int i = 0; i < count; i++) {
            int32_t first = (int32_t)random_below(STEPS);
            buffers[i] = (pcl_plan_buffer){random_below(5000), first, first + (int32_t)random_below(10), 0};
        }
        size_t total, sum = 0;
        CHECK(pcl_plan(buffers, count, order, &total));
        check_apart(buffers, count, total);
        for (int i = 0; i < count; i++) sum += rounded(buffers[i].bytes);
        CHECK(total <= sum);
        CHECK(total >= busiest(buffers, count, STEPS + 10));
    }
}

/* A chain of equal layers needs two places, whatever its length. */
static void chain(void) {
    pcl_plan_buffer buffers[50];
    int32_t order[100];
    size_t total;
    for (int i = 0; i < 50; i++) buffers[i] = (pcl_plan_buffer){1000, i, i + 1, 0};
    CHECK(pcl_plan(buffers, 50, order, &total));
    CHECK(total == 2 * rounded(1000));
}

static void overflow(void) {
    pcl_plan_buffer buffers[3] = {{SIZE_MAX / 2 - 100, 0, 1, 0}, {SIZE_MAX / 2 - 100, 0, 1, 0}, {SIZE_MAX / 2, 0, 1, 0}};
    int32_t order[6];
    size_t total;
    CHECK(!pcl_plan(buffers, 3, order, &total));
}

int main(void) {
    random_plans();
    chain();
    overflow();
    return test_failures != 0;
}
