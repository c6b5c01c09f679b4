/* output_line.h - the lines that the program prints: which are wanted, and a measurement as one. */
#ifndef BENCH_KERNELS_OUTPUT_LINE_H
#define BENCH_KERNELS_OUTPUT_LINE_H

#include "tests/bench/bench_kernels/measure.h"

/* Whether --match lets the line through that `what` describes. */
bool line_wanted(const bench *b, const char *what);

/* `what` by `kernel` as a share of the peak; the line is left open, so that more may follow. */
void print_flops(const char *what, const char *kernel, double flops, const timing *t);
/* `what` by `kernel` as a share of a copy's bandwidth, a whole line. */
void print_bytes(const char *what, const char *kernel, double bytes, const timing *t);

#endif
