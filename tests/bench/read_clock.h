/* tests/bench/read_clock.h - a clock of the system in seconds. */
#ifndef READ_CLOCK_H
#define READ_CLOCK_H

#include <time.h>

static inline double read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline double seconds_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

#endif
