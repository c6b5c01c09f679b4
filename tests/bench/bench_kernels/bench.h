/* bench.h - one run of bench_kernels: what was asked for, the context, and what it found the machine to do. */
#ifndef BENCH_KERNELS_BENCH_H
#define BENCH_KERNELS_BENCH_H

#include "alcor/context.h"
#include "lib/base/base.h"
#include "tests/bench/machine_peak.h"

/* A kernel's tensors and scratch are the first buffers, by number; the last two are the bandwidth's alone. */
enum { KERNEL_BUFFERS = 6, BUFFER_COPY_FROM = KERNEL_BUFFERS, BUFFER_COPY_TO, BUFFERS };

typedef struct bench {
    const char *only;  /* a group, or NULL */
    const char *match; /* lines with this text, or NULL */
    double seconds;    /* for each line */
    int passes;        /* over a network's shapes, so that each has a chance of a quiet moment */
    int64_t batch, size;
    alc_context_options options;
    alc_context *context;
    alck_parallel par;
    const alck_table *table;
    peak_function peak;
    double best_peak, best_bandwidth; /* of the whole run */
    struct {
        alck_real *data;
        size_t elements;
    } buffer[BUFFERS]; /* see buffers.h */
} bench;

#endif
