#include "run/pool.h"

#include <stdatomic.h>
#include <stdlib.h>

#if defined(PCL_THREADS) && !defined(__wasm__)
#include <pthread.h>
#endif

enum {
    MAX_THREADS = 64,
    SPINS = 20000 /* about the gap between two steps; then helpers sleep */
};

/* The caller publishes task, argument and count, then bumps `generation`;
 * helpers wait for the bump, do their part, and count themselves off
 * `pending`. Helpers that have no part in a run still answer, so that no one
 * can be a generation behind. */
struct pcl_pool {
    int32_t threads;
    pcl_task task;
    void *argument;
    int32_t count;
    _Atomic uint32_t generation;
    _Atomic int32_t pending;
    _Atomic bool closing;
#if defined(PCL_THREADS) && !defined(__wasm__)
    pthread_t handles[MAX_THREADS];
    int32_t started;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
#endif
};

int32_t pcl_pool_threads(const pcl_pool *pool) { return pool ? pool->threads : 1; }

#ifdef PCL_THREADS

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

#ifdef __wasm__

static void wait_on(int *word, int seen) { __builtin_wasm_memory_atomic_wait32(word, seen, -1); }

/* The baseline compiler of V8 11 (Node 20) loses the locals of a function that
 * waits. So the wait has a function to itself, which the volatile pointer
 * keeps from being inlined. */
static void (*const volatile out_of_line_wait)(int *, int) = wait_on;

static void sleep_while(pcl_pool *pool, uint32_t seen) {
    out_of_line_wait((int *)&pool->generation, (int)seen);
}

static void wake_all(pcl_pool *pool) { __builtin_wasm_memory_atomic_notify((int *)&pool->generation, ~0u); }

#else

static void sleep_while(pcl_pool *pool, uint32_t seen) {
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->generation) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

static void wake_all(pcl_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

#endif

static void publish(pcl_pool *pool) {
    atomic_fetch_add(&pool->generation, 1);
    wake_all(pool);
}

void pcl_pool_help(pcl_pool *pool, int32_t index) {
    uint32_t seen = 0;
    for (;;) {
        int32_t spins = 0;
        while (atomic_load_explicit(&pool->generation, memory_order_acquire) == seen) {
            if (++spins > SPINS) sleep_while(pool, seen);
            else relax();
        }
        seen++;
        if (atomic_load(&pool->closing)) break;
        if (index < pool->count) pool->task(pool->argument, index, pool->count);
        atomic_fetch_sub_explicit(&pool->pending, 1, memory_order_release);
    }
    atomic_fetch_sub_explicit(&pool->pending, 1, memory_order_release);
}

/* The caller spins: a page's main thread may not sleep, and the parts are of
 * equal size. */
static void wait_for_helpers(pcl_pool *pool) {
    while (atomic_load_explicit(&pool->pending, memory_order_acquire) > 0) relax();
}

void pcl_pool_run(pcl_pool *pool, pcl_task task, void *argument, int32_t max_count) {
    int32_t count = pcl_pool_threads(pool) < max_count ? pcl_pool_threads(pool) : max_count;
    if (count <= 1) {
        task(argument, 0, 1);
        return;
    }
    pool->task = task;
    pool->argument = argument;
    pool->count = count;
    atomic_store(&pool->pending, pool->threads - 1);
    publish(pool);
    task(argument, 0, count);
    wait_for_helpers(pool);
}

#else /* no threads in this build */

void pcl_pool_help(pcl_pool *pool, int32_t index) { (void)pool, (void)index; }

void pcl_pool_run(pcl_pool *pool, pcl_task task, void *argument, int32_t max_count) {
    (void)pool, (void)max_count;
    task(argument, 0, 1);
}

#endif

#if defined(PCL_THREADS) && !defined(__wasm__)

typedef struct helper_start {
    pcl_pool *pool;
    int32_t index;
} helper_start;

static void *helper_main(void *argument) {
    helper_start start = *(helper_start *)argument;
    free(argument);
    pcl_pool_help(start.pool, start.index);
    return NULL;
}

static bool start_helpers(pcl_pool *pool) {
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    for (int32_t i = 1; i < pool->threads; i++) {
        helper_start *start = malloc(sizeof *start);
        if (!start) return false;
        *start = (helper_start){pool, i};
        if (pthread_create(&pool->handles[i], NULL, helper_main, start) != 0) {
            free(start);
            return false;
        }
        pool->started++;
    }
    return true;
}

static void stop_helpers(pcl_pool *pool) {
    atomic_store(&pool->pending, pool->started);
    atomic_store(&pool->closing, true);
    publish(pool);
    for (int32_t i = 1; i <= pool->started; i++) pthread_join(pool->handles[i], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
}

#elif defined(PCL_THREADS)

static bool start_helpers(pcl_pool *pool) {
    (void)pool;
    return true;
}

/* The memory stays until the instance goes, so a helper that is slow to
 * leave harms nobody. */
static void stop_helpers(pcl_pool *pool) {
    atomic_store(&pool->closing, true);
    publish(pool);
}

#else

static bool start_helpers(pcl_pool *pool) {
    pool->threads = 1;
    return true;
}

static void stop_helpers(pcl_pool *pool) { (void)pool; }

#endif

pcl_status pcl_pool_open(pcl_pool **out, int32_t threads, pcl_error *error) {
    *out = NULL;
    if (threads < 1 || threads > MAX_THREADS)
        return pcl_fail(error, PCL_ERROR_ARGUMENT, "%d threads asked for, 1 to %d are possible", threads, MAX_THREADS);
    pcl_pool *pool = calloc(1, sizeof *pool);
    if (!pool) return pcl_fail(error, PCL_ERROR_MEMORY, "no memory for the thread pool");
    pool->threads = threads;
    *out = pool;
    if (start_helpers(pool)) return PCL_OK;
    pcl_pool_close(out);
    return pcl_fail(error, PCL_ERROR_MEMORY, "%d threads could not be started", threads);
}

void pcl_pool_close(pcl_pool **pool) {
    if (!*pool) return;
    stop_helpers(*pool);
#if !(defined(PCL_THREADS) && defined(__wasm__))
    free(*pool);
#endif
    *pool = NULL;
}
