/* buffers.h - the memory that kernels work on, kept from one measurement to the next. */
#ifndef BENCH_KERNELS_BUFFERS_H
#define BENCH_KERNELS_BUFFERS_H

#include "tests/bench/bench_kernels/bench.h"

/* A buffer of at least so many elements, random within [-1, 1) when it is new; allocated as a plan's memory is. What
 * it held before is lost when it grows. Without memory the program ends. */
alck_real *get_buffer(bench *b, int index, int64_t count);
void free_buffers(bench *b);

/* Random numbers within [-1, 1), the same ones for the same seed. */
void fill_random(alck_real *values, size_t count, uint32_t seed);

#endif
