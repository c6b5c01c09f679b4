/* output_line.c - writes measurements as lines with aligned columns. */
#include <stdio.h>
#include <string.h>

#include "tests/bench/bench_kernels/output_line.h"

bool line_wanted(const bench *b, const char *what)
{
    return b->match == NULL || strstr(what, b->match) != NULL;
}

void print_flops(const char *what, const char *kernel, double flops, const timing *t)
{
    printf("%-58s %-24s %7.1f GFLOP/s %5.1f %% of the peak", what, kernel, flops / t->seconds * 1e-9,
           100 * flops / t->seconds / t->ceiling);
}

void print_bytes(const char *what, const char *kernel, double bytes, const timing *t)
{
    printf("%-58s %-24s %7.1f GB/s    %5.1f %% of a copy's bandwidth\n", what, kernel, bytes / t->seconds * 1e-9,
           100 * bytes / t->seconds / t->ceiling);
}
