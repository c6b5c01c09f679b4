/* network_sum.c - adds up a network's convolutions and prints the averages. */
#include <stdio.h>

#include "tests/bench/bench_kernels/network_sum.h"

void add_to_sum(network_sum *sum, int count, double flops, const timing *t)
{
    sum->flops += count * flops;
    sum->seconds += count * t->seconds;
    sum->at_peak += count * flops / t->ceiling;
    sum->weighted += count * flops * flops / t->seconds / t->ceiling;
}

static void print_sum(const char *name, const char *what, conv_way way, const network_sum *sum)
{
    printf("%s, all convolutions%s, %s: shares weighted by FLOPs %.1f %%; in all %.1f GFLOP/s, %.1f %% of the peak, "
           "%.1f ms\n",
           name, way == WINOGRAD ? " with winograd" : "", what, 100 * sum->weighted / sum->flops,
           1e-9 * sum->flops / sum->seconds, 100 * sum->at_peak / sum->seconds, 1e3 * sum->seconds);
}

void print_sums(const char *name, network_sum sums[DIRECTIONS][WAYS], conv_way way)
{
    network_sum all = {0};
    for (direction d = 0; d < DIRECTIONS; d++) {
        const network_sum *sum = &sums[d][way];
        if (sum->seconds > 0)
            print_sum(name, direction_names[d], way, sum);
        all.flops += sum->flops;
        all.seconds += sum->seconds;
        all.at_peak += sum->at_peak;
        all.weighted += sum->weighted;
    }
    if (all.seconds > 0)
        print_sum(name, "all directions", way, &all);
}
