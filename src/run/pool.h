/* Threads that share the work of one step. The step falls into parts, some
 * for each thread; who is done with its own takes what the others have not
 * begun, since neither cores nor what else runs on them are equal. What a part
 * covers does not depend on who does it: nor do results. */
#ifndef PCL_RUN_POOL_H
#define PCL_RUN_POOL_H

#include "core/arena.h"
#include "core/status.h"

typedef struct pcl_pool pcl_pool;

/* Part `index` of `count` of a step's work, done by thread `thread`: the
 * caller is 0. */
typedef struct pcl_part {
    int32_t index, count, thread;
} pcl_part;

enum {
    PCL_PARTS_EACH = 2,   /* parts for each thread: a core of half the speed then does half of its own */
    PCL_MOST_PARTS = 128 /* that any number of threads asks for */
};

typedef void (*pcl_task)(void *argument, const pcl_part *part);

/* Natively starts threads - 1 helpers; in wasm the loader starts them and each
 * calls pcl_pool_help. */
pcl_status pcl_pool_open(pcl_pool **out, int32_t threads, pcl_error *error);
void pcl_pool_close(pcl_pool **pool);
int32_t pcl_pool_threads(const pcl_pool *pool); /* 1 for NULL */

/* Calls the task once for every part and returns when all are done. There are
 * at most max_parts, and never more threads than parts; a NULL pool, or one
 * part, is the caller's alone. */
void pcl_pool_run(pcl_pool *pool, pcl_task task, void *argument, int32_t max_parts);

/* How many of `threads` pcl_pool_run employs: scratch is theirs. */
static inline int32_t pcl_employed(int32_t threads, int32_t max_parts) {
    return threads < max_parts ? threads : max_parts < 1 ? 1 : max_parts;
}

/* So many parts, but at least one and at most PCL_MOST_PARTS. */
static inline int32_t pcl_some_parts(uint64_t wanted) {
    return wanted < 1 ? 1 : wanted < PCL_MOST_PARTS ? (int32_t)wanted : PCL_MOST_PARTS;
}

/* Body of a helper thread, 1 <= index < threads. */
void pcl_pool_help(pcl_pool *pool, int32_t index);

/* The items [*begin, *end) of `total` that belong to a part, in multiples of
 * `grain` items but for the last. */
static inline void pcl_partition(size_t total, size_t grain, const pcl_part *part, size_t *begin, size_t *end) {
    uint64_t grains = (total + (uint64_t)grain - 1) / grain;
    uint64_t index = (uint64_t)part->index, count = (uint64_t)part->count;
    uint64_t first = grains * index / count * grain;
    uint64_t last = grains * (index + 1) / count * grain;
    *begin = first < total ? (size_t)first : total;
    *end = last < total ? (size_t)last : total;
}

#endif
