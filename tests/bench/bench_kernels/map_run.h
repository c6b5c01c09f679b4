/* map_run.h - memory-bound kernels on the maps of channels that ResNet-50 has early and late. A group gives a
 * table of its kernels; all of them work on the same prepared tensors. */
#ifndef BENCH_KERNELS_MAP_RUN_H
#define BENCH_KERNELS_MAP_RUN_H

#include "tests/bench/bench_kernels/measure.h"

typedef struct map_run {
    int64_t rows, pixels, channels;
    alck_pool pool; /* 3x3 with stride 2 */
    alck_norm_backward norm;
    alck_real *x, *y, *third, *fourth, *parameters, *scratch;
    uint8_t *positions; /* the maxima's */
} map_run;

/* A kernel and how many times the map's bytes it moves; pools move a quarter for the smaller map. */
typedef struct map_kernel {
    const char *name;
    timed run; /* its argument is a map_run */
    double maps;
} map_kernel;

/* Measures every kernel on every map and prints a line for each. */
void bench_maps(bench *b, const map_kernel *kernels, size_t count);

#endif
