/* tests/base/test_thread_pool.c - every task runs once, whatever the number of threads; nested and
 * concurrent regions work; the floating-point mode is right in every task and the caller's own
 * comes back. */
#define _GNU_SOURCE /* pthread_setattr_default_np */
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/base.h"
#include "support/failing_hooks.h"
#include "support/float_settings.h"
#include "support/run_tests.h"

enum { MOST_TASKS = 1000 };
static const int thread_counts[] = {1, 2, 3, 4, 7, 16};
#define THREAD_COUNTS (sizeof thread_counts / sizeof thread_counts[0])

static alc_context *make_context(int threads)
{
    alc_context *context;
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = threads}, &context),
                     ALC_OK);
    return context;
}

typedef struct tally {
    int threads;
    atomic_int runs[MOST_TASKS];
    atomic_int wrong_workers;
    atomic_int busy[ALC_MAX_THREADS]; /* tasks running as this worker */
} tally;

static void count_task(void *argument, int64_t task, int worker)
{
    tally *t = argument;
    if (worker < 0 || worker >= t->threads || atomic_fetch_add(&t->busy[worker], 1) != 0)
        atomic_fetch_add(&t->wrong_workers, 1);
    atomic_fetch_add(&t->runs[task], 1);
    atomic_fetch_sub(&t->busy[worker], 1);
}

START_TEST(each_task_runs_once)
{
    static const int task_counts[] = {0, 1, 2, 3, 5, 16, 17, 100, MOST_TASKS};
    for (size_t i = 0; i < THREAD_COUNTS; i++) {
        alc_context *context = make_context(thread_counts[i]);
        for (size_t j = 0; j < sizeof task_counts / sizeof task_counts[0]; j++) {
            tally t = {.threads = thread_counts[i]};
            alc_parallel_run(context, task_counts[j], count_task, &t);
            for (int task = 0; task < MOST_TASKS; task++)
                ck_assert_int_eq(atomic_load(&t.runs[task]), task < task_counts[j]);
            ck_assert_int_eq(atomic_load(&t.wrong_workers), 0);
        }
        alc_context_destroy(context);
    }
}
END_TEST

START_TEST(many_short_regions_lose_no_task)
{
    alc_context *context = make_context(4);
    for (int region = 0; region < 20000; region++) {
        tally t = {.threads = 4};
        alc_parallel_run(context, 5, count_task, &t);
        for (int task = 0; task < 5; task++)
            ck_assert_int_eq(atomic_load(&t.runs[task]), 1);
    }
    alc_context_destroy(context);
}
END_TEST

static void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

START_TEST(sleeping_workers_wake_up)
{
    alc_context *context = make_context(3);
    for (int region = 0; region < 50; region++) {
        tally t = {.threads = 3};
        pause_briefly();
        alc_parallel_run(context, 7, count_task, &t);
        for (int task = 0; task < 7; task++)
            ck_assert_int_eq(atomic_load(&t.runs[task]), 1);
    }
    alc_context_destroy(context);
}
END_TEST

typedef struct meeting {
    int expected;
    atomic_int arrived;
    atomic_bool too_few;
} meeting;

/* Returns only when as many tasks as there are threads are running at once, or after ten seconds.
 */
static void meet(void *argument, int64_t task, int worker)
{
    meeting *m = argument;
    (void)task;
    (void)worker;
    atomic_fetch_add(&m->arrived, 1);
    for (int i = 0; atomic_load(&m->arrived) < m->expected; i++) {
        if (i == 5000) {
            atomic_store(&m->too_few, true);
            return;
        }
        pause_briefly();
    }
}

START_TEST(all_threads_take_part)
{
    for (size_t i = 0; i < THREAD_COUNTS; i++) {
        alc_context *context = make_context(thread_counts[i]);
        meeting m = {.expected = thread_counts[i]};
        alc_parallel_run(context, thread_counts[i], meet, &m);
        ck_assert(!atomic_load(&m.too_few));
        alc_context_destroy(context);
    }
}
END_TEST

typedef struct nest {
    alc_context *context;
    atomic_int inner;
} nest;

static void inner_task(void *argument, int64_t task, int worker)
{
    (void)task;
    (void)worker;
    atomic_fetch_add(&((nest *)argument)->inner, 1);
}

static void outer_task(void *argument, int64_t task, int worker)
{
    nest *n = argument;
    (void)task;
    (void)worker;
    alc_parallel_run(n->context, 10, inner_task, n);
}

START_TEST(regions_may_nest)
{
    for (size_t i = 0; i < THREAD_COUNTS; i++) {
        alc_context *context = make_context(thread_counts[i]);
        nest n = {.context = context};
        alc_parallel_run(context, 30, outer_task, &n);
        ck_assert_int_eq(atomic_load(&n.inner), 300);
        alc_context_destroy(context);
    }
}
END_TEST

static void *host_thread(void *argument)
{
    alc_context *context = argument;
    intptr_t wrong = 0;
    for (int region = 0; region < 2000; region++) {
        tally *t = calloc(1, sizeof *t);
        if (t == NULL)
            return (void *)(intptr_t)-1;
        t->threads = alc_context_threads(context);
        alc_parallel_run(context, 9, count_task, t);
        for (int task = 0; task < 9; task++)
            wrong += atomic_load(&t->runs[task]) != 1;
        free(t);
    }
    return (void *)wrong;
}

START_TEST(several_host_threads_may_share_a_context)
{
    alc_context *context = make_context(3);
    pthread_t hosts[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&hosts[i], NULL, host_thread, context), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(hosts[i], &wrong);
        ck_assert_ptr_null(wrong);
    }
    alc_context_destroy(context);
}
END_TEST

static void check_mode(void *argument, int64_t task, int worker)
{
    (void)task;
    (void)worker;
    if (fegetround() != FE_TONEAREST || !subnormals_survive())
        atomic_fetch_add((atomic_int *)argument, 1);
}

START_TEST(the_hosts_float_mode_stays_outside)
{
    for (size_t i = 0; i < THREAD_COUNTS; i++) {
        /* Workers inherit the mode of the thread that makes the context. */
        fesetround(FE_DOWNWARD);
        flush_subnormals();
        unsigned long hosts = float_settings();
        alc_context *context = make_context(thread_counts[i]);
        atomic_int wrong = 0;
        alc_parallel_run(context, 100, check_mode, &wrong);
        alc_parallel_run(context, 1, check_mode, &wrong);
        unsigned long after = float_settings();
        fesetenv(FE_DFL_ENV);
        ck_assert_uint_eq(after, hosts);
        ck_assert_int_eq(atomic_load(&wrong), 0);
        alc_context_destroy(context);
    }
}
END_TEST

START_TEST(idle_workers_use_no_processor_time)
{
    alc_context *context = make_context(2);
    tally t = {.threads = 2};
    struct timespec before, after;
    alc_parallel_run(context, 10, count_task, &t);
    pause_briefly();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    for (int i = 0; i < 100; i++)
        pause_briefly();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    double seconds =
        (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
    ck_assert_double_lt(seconds, 0.1);
    alc_context_destroy(context);
}
END_TEST

START_TEST(regions_allocate_nothing)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 3);
    failing_hooks_restart(&hooks);
    tally t = {.threads = 3};
    alc_parallel_run(context, 100, count_task, &t);
    ck_assert_int_eq(hooks.allocations, 0);
    alck_parallel parallel = alc_context_parallel(context);
    parallel.run(parallel.pool, 100, count_task, &t);
    for (int task = 0; task < 100; task++)
        ck_assert_int_eq(atomic_load(&t.runs[task]), 2);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

/* The program's own function comes before the system's, which never fails. */
static int condition_that_fails, conditions;

int pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    (void)attributes; /* nobody here has any */
    if (++conditions == condition_that_fails)
        return EAGAIN;
    *condition = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    return 0;
}

static void expect_no_context(failing_hooks *hooks, const char *sentence, alc_status expected)
{
    char message[256] = "";
    alc_context *context;
    alc_status status = alc_context_create((alc_context_options){.threads = 4, .allocator = &hooks->allocator,
                                                                 .message = message, .message_size = sizeof message},
                                           &context);
    ck_assert_int_eq(status, expected);
    ck_assert_ptr_null(context);
    ck_assert_msg(strncmp(message, sentence, strlen(sentence)) == 0, "'%s'", message);
}

START_TEST(a_pool_without_locks_is_refused)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    for (condition_that_fails = 1; condition_that_fails <= 2; condition_that_fails++) {
        conditions = 0;
        expect_no_context(&hooks, "cannot make the locks of the thread pool", ALC_OUT_OF_MEMORY);
    }
    condition_that_fails = 0;
    failing_hooks_check(&hooks);
}
END_TEST

/* A stack that no address space has room for. */
START_TEST(a_pool_without_threads_is_refused)
{
    pthread_attr_t usual, huge;
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    ck_assert_int_eq(pthread_getattr_default_np(&usual), 0);
    ck_assert_int_eq(pthread_attr_init(&huge), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&huge, (size_t)1 << 52), 0);
    ck_assert_int_eq(pthread_setattr_default_np(&huge), 0);
    expect_no_context(&hooks, "the system refused worker thread 1 of 3 (error ", ALC_UNSUPPORTED);
    ck_assert_int_eq(pthread_setattr_default_np(&usual), 0);
    pthread_attr_destroy(&huge);
    pthread_attr_destroy(&usual);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("thread_pool", each_task_runs_once, many_short_regions_lose_no_task,
                     sleeping_workers_wake_up, all_threads_take_part, regions_may_nest,
                     several_host_threads_may_share_a_context, the_hosts_float_mode_stays_outside,
                     idle_workers_use_no_processor_time, regions_allocate_nothing,
                     a_pool_without_locks_is_refused, a_pool_without_threads_is_refused);
}
