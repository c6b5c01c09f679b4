/* buffers.c - allocates the run's buffers as a plan's memory is and fills them with random numbers. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/bench_kernels/buffers.h"

void fill_random(alck_real *values, size_t count, uint32_t seed)
{
    uint32_t state = seed;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (alck_real)(state >> 8) / (alck_real)(1 << 23) - 1;
    }
}

alck_real *get_buffer(bench *b, int index, int64_t count)
{
    const size_t elements = ((size_t)count + 1024) / 16 * 16;
    if (b->buffer[index].elements < elements) {
        alc_free(b->context, b->buffer[index].data);
        b->buffer[index].elements = elements;
        b->buffer[index].data = alc_allocate(b->context, elements * sizeof(alck_real), "a buffer");
        if (b->buffer[index].data == NULL) {
            fprintf(stderr, "bench_kernels: no memory for %zu numbers\n", elements);
            exit(EXIT_FAILURE);
        }
        fill_random(b->buffer[index].data, elements, (uint32_t)index + 1);
    }
    return b->buffer[index].data;
}

void free_buffers(bench *b)
{
    for (int i = 0; i < BUFFERS; i++)
        alc_free(b->context, b->buffer[i].data);
}
