/* measure.c - times kernels and, between their repetitions, the machine's ceilings. */
#include "tests/bench/bench_kernels/buffers.h"
#include "tests/bench/bench_kernels/measure.h"
#include "tests/bench/read_clock.h"

#define REPETITIONS_LEAST 3
#define COPY_BYTES ((size_t)48 << 20)

/* The clock of a measurement: with one thread its own time, without what other programs took from it. */
static double work_seconds(const bench *b)
{
    return read_clock(b->par.workers == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC);
}

static double measure_peak(const bench *b)
{
    const double start = work_seconds(b), work = spread_peak(&b->par, b->peak);
    return work / (work_seconds(b) - start);
}

/* Bytes read and written by a copy, per second. */
static double measure_bandwidth(bench *b)
{
    const alck_real *from = get_buffer(b, BUFFER_COPY_FROM, (int64_t)(COPY_BYTES / sizeof(alck_real)));
    alck_real *to = get_buffer(b, BUFFER_COPY_TO, (int64_t)(COPY_BYTES / sizeof(alck_real)));
    const double start = work_seconds(b), bytes = spread_copy(&b->par, to, from, COPY_BYTES);
    return bytes / (work_seconds(b) - start);
}

/* How often to call what takes long enough for the clock already once, or does not. */
static int calls_for(bench *b, timed run, void *argument)
{
    run(b, argument);
    const double start = work_seconds(b);
    run(b, argument);
    const double once = work_seconds(b) - start;
    return once > 5e-4 ? 1 : (int)(5e-4 / (once + 1e-8)) + 1;
}

void measure_by_turns(bench *b, int count, const timed *run, void *argument, bool memory_bound, timing *t)
{
    int calls[MEASURED_TOGETHER_MOST];
    double ceiling = 0;
    for (int i = 0; i < count; i++) {
        calls[i] = calls_for(b, run[i], argument);
        t[i].seconds = 1e30;
    }
    const double begin = seconds_now();
    for (int turn = 0; turn < REPETITIONS_LEAST || seconds_now() - begin < b->seconds; turn++)
        for (int i = 0; i < count; i++) {
            const double now = memory_bound ? measure_bandwidth(b) : measure_peak(b);
            const double start = work_seconds(b);
            for (int call = 0; call < calls[i]; call++)
                run[i](b, argument);
            const double took = (work_seconds(b) - start) / calls[i];
            t[i].seconds = took < t[i].seconds ? took : t[i].seconds;
            ceiling = now > ceiling ? now : ceiling;
        }
    for (int i = 0; i < count; i++)
        t[i].ceiling = ceiling;
    double *best = memory_bound ? &b->best_bandwidth : &b->best_peak;
    *best = ceiling > *best ? ceiling : *best;
}

timing measure(bench *b, timed run, void *argument, bool memory_bound)
{
    timing t;
    measure_by_turns(b, 1, &run, argument, memory_bound, &t);
    return t;
}
