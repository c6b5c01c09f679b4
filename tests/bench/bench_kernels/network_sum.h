/* network_sum.h - a network's averages: the shares weighted by FLOPs, and all FLOPs over all time, which is stricter,
 * since slow shapes weigh more in it; each with the direct way only, and with Winograd's where there is one. */
#ifndef BENCH_KERNELS_NETWORK_SUM_H
#define BENCH_KERNELS_NETWORK_SUM_H

#include "tests/bench/bench_kernels/conv_direction.h"

typedef struct network_sum {
    double flops, seconds;
    double at_peak;  /* the seconds that the peak would take */
    double weighted; /* FLOPs times share */
} network_sum;

/* Adds a convolution that a pass runs `count` times; `flops` and `t` are of one run. */
void add_to_sum(network_sum *sum, int count, double flops, const timing *t);
/* A line for each direction that was measured, and one for all. */
void print_sums(const char *name, network_sum sums[DIRECTIONS][WAYS], conv_way way);

#endif
