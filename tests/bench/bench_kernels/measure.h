/* measure.h - how long a kernel takes, and the ceiling to compare it with: the peak of the instruction set's fused
 * multiply-adds on the same threads or, for a memory-bound kernel, the bandwidth of a copy.
 *
 * Machines are shared and clocks wander: so the ceiling is measured again between the repetitions of every kernel, and
 * the best of several short repetitions counts, for the kernel as for the ceiling. */
#ifndef BENCH_KERNELS_MEASURE_H
#define BENCH_KERNELS_MEASURE_H

#include "tests/bench/bench_kernels/bench.h"

typedef struct timing {
    double seconds; /* the best of the repetitions */
    double ceiling; /* the best FLOP/s, or bytes/s, between them */
} timing;

typedef void (*timed)(bench *b, void *argument);

#define MEASURED_TOGETHER_MOST 2

/* Repeats `run` with `argument` for about b->seconds, a few times at least. */
timing measure(bench *b, timed run, void *argument, bool memory_bound);
/* The same for `count` ways of one job, at most MEASURED_TOGETHER_MOST, by turns, so that they meet the same machine;
 * t[i] is of run[i]. */
void measure_by_turns(bench *b, int count, const timed *run, void *argument, bool memory_bound, timing *t);

#endif
