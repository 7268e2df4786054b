/* The thread pool: every part is done once, by whoever is free. */
#include <stdatomic.h>
#include <string.h>

#include "op_harness.h"
#include "run/pool.h"

typedef struct tally {
    _Atomic int32_t done[PCL_MOST_PARTS];
    _Atomic int32_t total;
    _Atomic int32_t count; /* of parts, as the tasks were told */
    _Atomic int32_t greatest_thread;
    bool stubborn; /* a helper's part lasts until all parts of others are done */
} tally;

static void do_part(void *argument, const pcl_part *part) {
    tally *of = argument;
    atomic_store(&of->count, part->count);
    atomic_fetch_add(&of->done[part->index], 1);
    int32_t greatest = atomic_load(&of->greatest_thread);
    while (part->thread > greatest && !atomic_compare_exchange_weak(&of->greatest_thread, &greatest, part->thread)) {}
    while (of->stubborn && part->thread > 0 && atomic_load(&of->total) < part->count - 1) {}
    atomic_fetch_add(&of->total, 1);
}

static void check_run(pcl_pool *pool, int32_t max_parts, bool stubborn) {
    tally of = {.stubborn = stubborn};
    pcl_pool_run(pool, do_part, &of, max_parts);
    int32_t employed = pcl_employed(pcl_pool_threads(pool), max_parts);
    CHECK(of.count >= employed && (of.count <= max_parts || of.count == 1));
    CHECK(of.count % employed == 0);
    CHECK(of.total == of.count && of.greatest_thread < employed);
    for (int32_t i = 0; i < PCL_MOST_PARTS; i++) CHECK(of.done[i] == (i < of.count));
}

/* So many runs that helpers sleep through some, and are late for others. */
static void test_every_part_once(int32_t threads) {
    pcl_pool *pool = NULL;
    CHECK(pcl_pool_open(&pool, threads, NULL) == PCL_OK);
    for (int32_t run = 0; run < 3000; run++) check_run(pool, run % 37, false);
    check_run(pool, INT32_MAX, false);
    pcl_pool_close(&pool);
    CHECK(pool == NULL);
}

/* Would never end if nobody took over what a busy thread has not begun. */
static void test_parts_are_taken_over(void) {
    pcl_pool *pool = NULL;
    CHECK(pcl_pool_open(&pool, 2, NULL) == PCL_OK);
    for (int32_t run = 0; run < 200; run++) check_run(pool, 8, true);
    pcl_pool_close(&pool);
}

static void test_partition(void) {
    for (size_t total = 0; total < 50; total++)
        for (int32_t count = 1; count < 12; count++) {
            size_t expected = 0;
            for (pcl_part part = {0, count, 0}; part.index < count; part.index++) {
                size_t begin, end;
                pcl_partition(total, 6, &part, &begin, &end);
                CHECK(begin == expected && end >= begin && (end % 6 == 0 || end == total));
                expected = end;
            }
            CHECK(expected == total);
        }
}

int main(void) {
    check_run(NULL, 100, false);
    for (int32_t threads = 1; threads <= 5; threads++) test_every_part_once(threads);
    test_parts_are_taken_over();
    test_partition();
    return 0;
}
