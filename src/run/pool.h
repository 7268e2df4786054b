/* Threads that share the work of one step. The partition is static: task
 * `index` of `count` always covers the same part, so results do not depend on
 * timing. */
#ifndef PCL_RUN_POOL_H
#define PCL_RUN_POOL_H

#include "core/arena.h"
#include "core/status.h"

typedef struct pcl_pool pcl_pool;

/* Work of thread `index` of `count`. */
typedef void (*pcl_task)(void *argument, int32_t index, int32_t count);

/* Natively starts threads - 1 helpers; in wasm the loader starts them and each
 * calls pcl_pool_help. */
pcl_status pcl_pool_open(pcl_pool **out, int32_t threads, pcl_error *error);
void pcl_pool_close(pcl_pool **pool);
int32_t pcl_pool_threads(const pcl_pool *pool); /* 1 for NULL */

/* Calls task(argument, i, count) for every i < count at once and returns when
 * all are done, count = min(threads, max_count). A NULL pool, or a count of
 * 1, runs task(argument, 0, 1) on the caller. */
void pcl_pool_run(pcl_pool *pool, pcl_task task, void *argument, int32_t max_count);

/* Body of a helper thread, 1 <= index < threads. */
void pcl_pool_help(pcl_pool *pool, int32_t index);

/* The part [*begin, *end) of `total` items that task `index` of `count` does,
 * in multiples of `grain` items but for the last. */
static inline void pcl_partition(size_t total, size_t grain, int32_t index, int32_t count, size_t *begin,
                                 size_t *end) {
    uint64_t grains = (total + (uint64_t)grain - 1) / grain;
    uint64_t first = grains * (uint64_t)index / (uint64_t)count * grain;
    uint64_t last = grains * ((uint64_t)index + 1) / (uint64_t)count * grain;
    *begin = first < total ? (size_t)first : total;
    *end = last < total ? (size_t)last : total;
}

#endif
