#include "run/pool.h"

#include <stdatomic.h>
#include <stdlib.h>

#if defined(PCL_THREADS) && !defined(__wasm__)
#include <pthread.h>
#endif

enum {
    MAX_THREADS = PCL_MOST_PARTS / PCL_PARTS_EACH,
    SPINS = 20000 /* about the gap between two steps; then helpers sleep */
};

/* The parts of one thread that nobody has begun: the generation in the upper
 * half, then the first part's index and the index past the last, 16 bits each.
 * Their owner takes from the front, others from the end. */
typedef struct queue {
    _Atomic uint64_t parts;
    uint8_t apart[56]; /* a cache line each */
} queue;

/* The caller writes the task and its queues, then bumps `generation`, for which
 * helpers wait. It goes on when no part is left, whether or not all helpers
 * have woken: one that is late may read fields of the next generation, but
 * cannot take a part then, because the queues of the one it came for are empty
 * or overwritten. */
struct pcl_pool {
    int32_t threads;
    _Atomic pcl_task task;
    void *_Atomic argument;
    _Atomic int32_t employed, count;
    _Atomic uint32_t generation;
    _Atomic int32_t unfinished; /* parts */
    _Atomic int32_t sleepers;
    _Atomic bool closing;
#if defined(PCL_THREADS) && !defined(__wasm__)
    pthread_t handles[MAX_THREADS];
    int32_t started;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
#endif
    queue queues[]; /* [threads] */
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
    atomic_fetch_add(&pool->sleepers, 1);
    out_of_line_wait((int *)&pool->generation, (int)seen);
    atomic_fetch_sub(&pool->sleepers, 1);
}

static void wake_all(pcl_pool *pool) { __builtin_wasm_memory_atomic_notify((int *)&pool->generation, ~0u); }

#else

static void sleep_while(pcl_pool *pool, uint32_t seen) {
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->generation) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
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
    if (atomic_load(&pool->sleepers) > 0) wake_all(pool);
}

static uint64_t queue_of(uint32_t generation, int32_t begin, int32_t end) {
    return (uint64_t)generation << 32 | (uint64_t)begin << 16 | (uint64_t)end;
}

/* The index of the part taken, or -1. */
static int32_t take(queue *from, uint32_t generation, bool own) {
    uint64_t seen = atomic_load(&from->parts);
    for (;;) {
        int32_t begin = (int32_t)(seen >> 16 & 0xffff), end = (int32_t)(seen & 0xffff);
        if (seen >> 32 != generation || begin >= end) return -1;
        uint64_t rest = own ? queue_of(generation, begin + 1, end) : queue_of(generation, begin, end - 1);
        if (atomic_compare_exchange_weak(&from->parts, &seen, rest)) return own ? begin : end - 1;
    }
}

/* Does parts, a thread's own first, until none is left to begin. */
static void work(pcl_pool *pool, int32_t thread, uint32_t generation) {
    int32_t employed = atomic_load(&pool->employed), done = 0;
    pcl_task task = atomic_load(&pool->task);
    void *argument = atomic_load(&pool->argument);
    pcl_part part = {.count = atomic_load(&pool->count), .thread = thread};
    for (int32_t i = 0; thread < employed && i < employed; i++) {
        queue *from = &pool->queues[(thread + i) % employed];
        while ((part.index = take(from, generation, i == 0)) >= 0) {
            task(argument, &part);
            done++;
        }
    }
    if (done > 0) atomic_fetch_sub_explicit(&pool->unfinished, done, memory_order_release);
}

void pcl_pool_help(pcl_pool *pool, int32_t index) {
    uint32_t seen = 0;
    for (;;) {
        int32_t spins = 0;
        uint32_t generation;
        while ((generation = atomic_load_explicit(&pool->generation, memory_order_acquire)) == seen) {
            if (++spins > SPINS) sleep_while(pool, seen);
            else relax();
        }
        seen = generation;
        if (atomic_load(&pool->closing)) return;
        work(pool, index, generation);
    }
}

/* The caller spins: a page's main thread may not sleep, and the others are at
 * their last parts. */
static void wait_for_helpers(pcl_pool *pool) {
    while (atomic_load_explicit(&pool->unfinished, memory_order_acquire) > 0) relax();
}

static int32_t parts_for(int32_t employed, int32_t max_parts) {
    int32_t each = max_parts / employed;
    return employed * (each < PCL_PARTS_EACH ? each : PCL_PARTS_EACH);
}

void pcl_pool_run(pcl_pool *pool, pcl_task task, void *argument, int32_t max_parts) {
    int32_t employed = pcl_employed(pcl_pool_threads(pool), max_parts);
    if (employed <= 1) {
        task(argument, &(pcl_part){0, 1, 0});
        return;
    }
    int32_t count = parts_for(employed, max_parts);
    uint32_t generation = atomic_load(&pool->generation) + 1;
    atomic_store(&pool->task, task);
    atomic_store(&pool->argument, argument);
    atomic_store(&pool->employed, employed);
    atomic_store(&pool->count, count);
    atomic_store(&pool->unfinished, count);
    for (int32_t i = 0; i < employed; i++)
        atomic_store(&pool->queues[i].parts, queue_of(generation, count / employed * i, count / employed * (i + 1)));
    publish(pool);
    work(pool, 0, generation);
    wait_for_helpers(pool);
}

#else /* no threads in this build */

void pcl_pool_help(pcl_pool *pool, int32_t index) { (void)pool, (void)index; }

void pcl_pool_run(pcl_pool *pool, pcl_task task, void *argument, int32_t max_parts) {
    (void)pool, (void)max_parts;
    task(argument, &(pcl_part){0, 1, 0});
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
    pcl_pool *pool = calloc(1, sizeof *pool + (size_t)threads * sizeof *pool->queues);
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
