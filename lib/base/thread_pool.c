/* lib/base/thread_pool.c - runs the tasks of one parallel region on the calling thread and on
 * workers that wait between regions. It is no task scheduler: no queues, no nesting; one region at a
 * time, everything else inline.
 *
 * Each thread has its share of a region's tasks, consecutive ones, and when those are done takes what is
 * left of the others'. Tasks that lie side by side touch memory that lies side by side, so what a layer
 * wrote is in the caches of the thread that reads it in the next one.
 *
 * A region is announced by one atomic word, the gate: a count of regions, a bit that says "open",
 * and the number of workers inside. A worker may enter only while the gate is open, by raising that
 * number in the same compare-exchange that saw the bit. The caller works too, closes the gate when
 * no task is left, and waits for the workers inside. So a worker that wakes late finds the gate
 * closed and never touches a region that is over, and a region so short that nobody woke in time
 * costs the caller no waiting at all.
 *
 * Waiting is a short spin (a region of a plan is usually followed by the next within microseconds),
 * then sleep. With more threads than processors the spin would take time from those who work, so it
 * is left out.
 */
#include <signal.h>
#include <string.h>

#include "lib/base/context_private.h"
#include "lib/base/float_mode.h"

#define INSIDE_MASK UINT64_C(0xffff)
#define OPEN_BIT UINT64_C(0x10000)
#define REGION_ONE UINT64_C(0x20000)

/* About 20 to 100 microseconds, by the length of the CPU's pause. */
#define SPINS 2000

typedef struct alc_pool_worker {
    struct alc_pool *pool;
    int index; /* 1 .. threads-1; 0 is the caller */
    pthread_t thread;
} alc_pool_worker;

/* A thread's tasks that nobody has begun: [next, end), empty where next is beyond. */
typedef struct alc_pool_share {
    _Alignas(ALC_ALIGNMENT) atomic_int_least64_t next;
    int64_t end;
} alc_pool_share;

struct alc_pool {
    /* The region; written by the caller while the gate is closed and nobody is inside. */
    void (*body)(void *argument, int64_t task, int worker);
    void *argument;
    alc_pool_share shares[ALC_MAX_THREADS];
    /* Each on a cache line of its own: all threads write them. */
    _Alignas(ALC_ALIGNMENT) _Atomic uint64_t gate;
    _Alignas(ALC_ALIGNMENT) atomic_bool in_use;
    atomic_int sleeping;       /* workers that wait for `opened`, or are about to */
    atomic_bool caller_sleeps; /* the caller waits for `left`, or is about to */
    atomic_bool stop;
    int spins;
    int started; /* workers whose thread runs */
    int threads;
    pthread_mutex_t mutex;
    pthread_cond_t opened, left;
    alc_pool_worker workers[ALC_MAX_THREADS];
};

static void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

static void do_tasks(alc_pool *pool, int worker)
{
    for (int i = 0; i < pool->threads; i++) {
        alc_pool_share *share = &pool->shares[(worker + i) % pool->threads];
        for (int64_t task; (task = atomic_fetch_add(&share->next, 1)) < share->end;)
            pool->body(pool->argument, task, worker);
    }
}

/* True if the worker is inside a region other than `*seen`, which is then that region. */
static bool try_enter(alc_pool *pool, uint64_t *seen)
{
    uint64_t gate = atomic_load(&pool->gate);
    while ((gate & OPEN_BIT) != 0 && gate / REGION_ONE != *seen) {
        if (atomic_compare_exchange_weak(&pool->gate, &gate, gate + 1)) {
            *seen = gate / REGION_ONE;
            return true;
        }
    }
    return false;
}

static void leave(alc_pool *pool)
{
    uint64_t gate = atomic_fetch_sub(&pool->gate, 1) - 1;
    if ((gate & (OPEN_BIT | INSIDE_MASK)) != 0 || !atomic_load(&pool->caller_sleeps))
        return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->left);
    pthread_mutex_unlock(&pool->mutex);
}

/* Waits for a region that the worker has not seen; false if the pool ends. */
static bool wait_for_region(alc_pool *pool, uint64_t *seen)
{
    for (int spin = 0; spin < pool->spins; spin++) {
        if (try_enter(pool, seen))
            return true;
        spin_pause();
    }
    bool entered = false;
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleeping, 1);
    while (!(entered = try_enter(pool, seen)) && !atomic_load(&pool->stop))
        pthread_cond_wait(&pool->opened, &pool->mutex);
    atomic_fetch_sub(&pool->sleeping, 1);
    pthread_mutex_unlock(&pool->mutex);
    return entered;
}

static void *work(void *argument)
{
    alc_pool_worker *worker = argument;
    alc_pool *pool = worker->pool;
    alc_float_mode inherited;
    uint64_t seen = 0;
    alc_float_mode_enter(&inherited);
    while (wait_for_region(pool, &seen)) {
        do_tasks(pool, worker->index);
        leave(pool);
    }
    return NULL;
}

static void open_gate(alc_pool *pool, int64_t tasks)
{
    uint64_t region = atomic_load(&pool->gate) / REGION_ONE + 1;
    atomic_store(&pool->gate, region * REGION_ONE | OPEN_BIT);
    /* Sequentially consistent with `sleeping`: whoever is not counted here sees the gate open
     * before it sleeps. */
    int sleeping = atomic_load(&pool->sleeping);
    if (sleeping == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    if (tasks - 1 >= sleeping)
        pthread_cond_broadcast(&pool->opened);
    else
        for (int64_t i = 1; i < tasks; i++)
            pthread_cond_signal(&pool->opened);
    pthread_mutex_unlock(&pool->mutex);
}

static void close_gate(alc_pool *pool)
{
    uint64_t gate = atomic_fetch_and(&pool->gate, ~OPEN_BIT) & ~OPEN_BIT;
    for (int spin = 0; spin < pool->spins && (gate & INSIDE_MASK) != 0; spin++) {
        spin_pause();
        gate = atomic_load(&pool->gate);
    }
    if ((gate & INSIDE_MASK) == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->caller_sleeps, true);
    while ((atomic_load(&pool->gate) & INSIDE_MASK) != 0)
        pthread_cond_wait(&pool->left, &pool->mutex);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->mutex);
}

bool alc_pool_run(alc_pool *pool, int64_t tasks,
                  void (*body)(void *argument, int64_t task, int worker), void *argument)
{
    if (atomic_exchange(&pool->in_use, true))
        return false;
    pool->body = body;
    pool->argument = argument;
    const int64_t each = tasks / pool->threads, more = tasks % pool->threads;
    for (int64_t i = 0, first = 0; i < pool->threads; first = pool->shares[i++].end) {
        pool->shares[i].end = first + each + (i < more);
        atomic_store(&pool->shares[i].next, first);
    }
    open_gate(pool, tasks);
    do_tasks(pool, 0);
    close_gate(pool);
    atomic_store(&pool->in_use, false);
    return true;
}

void alc_parallel_run(alc_context *context, int64_t tasks,
                      void (*body)(void *argument, int64_t task, int worker), void *argument)
{
    alc_float_mode saved;
    alc_float_mode_enter(&saved);
    bool done =
        tasks > 1 && context->pool != NULL && alc_pool_run(context->pool, tasks, body, argument);
    for (int64_t task = 0; !done && task < tasks; task++)
        body(argument, task, 0);
    alc_float_mode_leave(&saved);
}

static void run_for_kernels(void *context, int64_t tasks,
                            void (*body)(void *argument, int64_t task, int worker), void *argument)
{
    alc_parallel_run(context, tasks, body, argument);
}

alck_parallel alc_context_parallel(alc_context *context)
{
    return (alck_parallel){run_for_kernels, context, context->threads};
}

/* Signals are the host's business: workers block them all, so that its handlers run on its own
 * threads. */
static int start_workers(alc_pool *pool)
{
    sigset_t all, before;
    int error = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 1; i < pool->threads && error == 0; i++) {
        alc_pool_worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->index = i;
        error = pthread_create(&worker->thread, NULL, work, worker);
        pool->started += error == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void stop_workers(alc_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stop, true);
    pthread_cond_broadcast(&pool->opened);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 1; i <= pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
}

static int make_locks(alc_pool *pool)
{
    int error = pthread_mutex_init(&pool->mutex, NULL);
    if (error != 0)
        return error;
    error = pthread_cond_init(&pool->opened, NULL);
    if (error == 0) {
        error = pthread_cond_init(&pool->left, NULL);
        if (error == 0)
            return 0;
        pthread_cond_destroy(&pool->opened);
    }
    pthread_mutex_destroy(&pool->mutex);
    return error;
}

alc_status alc_pool_create(alc_context *context, int threads, alc_pool **result)
{
    alc_pool *pool = alc_allocate(context, sizeof *pool, "the thread pool");
    if (pool == NULL)
        return ALC_OUT_OF_MEMORY;
    pool->threads = threads;
    pool->spins = threads <= alc_available_processors() ? SPINS : 0;
    if (make_locks(pool) != 0) {
        alc_free(context, pool);
        return alc_fail(context, ALC_OUT_OF_MEMORY, "cannot make the locks of the thread pool");
    }
    int error = start_workers(pool);
    if (error != 0) {
        int failed = pool->started + 1;
        alc_pool_destroy(context, pool);
        return alc_fail(context, ALC_UNSUPPORTED,
                        "the system refused worker thread %d of %d (error %d)", failed, threads - 1,
                        error);
    }
    *result = pool;
    return ALC_OK;
}

void alc_pool_destroy(alc_context *context, alc_pool *pool)
{
    if (pool == NULL)
        return;
    stop_workers(pool);
    pthread_cond_destroy(&pool->left);
    pthread_cond_destroy(&pool->opened);
    pthread_mutex_destroy(&pool->mutex);
    alc_free(context, pool);
}
