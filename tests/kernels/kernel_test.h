/* tests/kernels/kernel_test.h - what every kernel check stands on: guarded buffers, random data, workers, a digest.
 *
 * A check is a function that fills guarded buffers with random data, calls one kernel of run->table through run->par,
 * compares with a naive reference, and gives every output to kernel_digest. kernel_check_everywhere calls it for every
 * table this machine can run and for several worker counts, always with the same random numbers: the digests must then
 * be equal, bit for bit. (In the double build they must be for one table only: docs/determinism.md.)
 *
 * Nothing here needs a test framework, so that the same checks run in a plain program under an emulator.
 */
#ifndef KERNEL_TEST_H
#define KERNEL_TEST_H

#include "kernels/kernels.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct kernel_run {
    const alck_table *table;
    const alck_parallel *par;
    uint64_t random; /* state of the generator */
    uint64_t digest; /* of all outputs so far */
    char error[400]; /* the first complaint; empty while all is well */
} kernel_run;

typedef struct kernel_check {
    const char *name;
    void (*body)(kernel_run *run);
} kernel_check;

/* Keeps the first complaint of a run. */
void kernel_fail(kernel_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs a check for every supported table and worker count. NULL, or what went wrong, until the next call. */
const char *kernel_check_everywhere(const kernel_check *check);
/* The same for the table of one instruction set (NULL: every supported one), with the digest that all its runs gave; in
 * the double build it is the last table's. */
const char *kernel_check_on(const kernel_check *check, const char *isa, uint64_t *digest);

/* --- random data --- */
uint32_t kernel_random(kernel_run *run);
int64_t kernel_random_between(kernel_run *run, int64_t least, int64_t most); /* both included */
alck_real kernel_random_real(kernel_run *run);                               /* within [-1, 1) */
/* An extent that vectors stumble on: 1, a prime, or near a multiple of a vector's lanes. */
int64_t kernel_random_extent(kernel_run *run);
/* NaN, an infinity, a zero of either sign, a subnormal, a huge or an ordinary number. */
alck_real kernel_random_special(kernel_run *run);

/* --- buffers: the last byte is followed by a page that may not be touched, the first is preceded by a pattern --- */
typedef struct kernel_buffer {
    unsigned char *pages, *data;
    size_t pages_bytes, bytes;
} kernel_buffer;

kernel_buffer kernel_buffer_new(size_t bytes);
/* Fails the run if the bytes before the data changed; frees the buffer. */
void kernel_buffer_free(kernel_run *run, kernel_buffer *buffer, const char *name);

/* A tensor of pixels x channels in a guarded buffer whose gaps between channels and stride hold a pattern too. */
typedef struct kernel_tensor {
    kernel_buffer buffer;
    alck_real *data;
    int64_t pixels, channels, stride;
} kernel_tensor;

kernel_tensor kernel_tensor_new(int64_t pixels, int64_t channels, int64_t stride);
/* The same, filled: real values within [-scale, scale), or integers within [-most, most]. */
kernel_tensor kernel_tensor_reals(kernel_run *run, int64_t pixels, int64_t channels, int64_t stride, double scale);
kernel_tensor kernel_tensor_integers(kernel_run *run, int64_t pixels, int64_t channels, int64_t stride, int64_t most);
/* The same, one value in four a special one. */
kernel_tensor kernel_tensor_specials(kernel_run *run, int64_t pixels, int64_t channels, int64_t stride);
/* A copy with the same values and stride. */
kernel_tensor kernel_tensor_copy(const kernel_tensor *from);
alck_real *kernel_at(const kernel_tensor *t, int64_t pixel, int64_t channel);
/* Adds an output's values to the digest, checks gaps and guards, frees it. */
void kernel_tensor_output(kernel_run *run, kernel_tensor *t, const char *name);
/* Checks gaps and guards of an input, frees it. */
void kernel_tensor_free(kernel_run *run, kernel_tensor *t, const char *name);

/* Scratch for a kernel, aligned to 64 bytes; `bytes` may be 0. Freed by kernel_buffer_free. */
kernel_buffer kernel_scratch(size_t bytes);

/* Adds values to the run's digest; all NaNs count as one. */
void kernel_digest(kernel_run *run, const alck_real *values, int64_t count);
void kernel_digest_bytes(kernel_run *run, const void *bytes, size_t count);

/* Fails the run unless got is within `tolerance` of want; a NaN or infinity wanted must be got. */
void kernel_expect(kernel_run *run, double got, double want, double tolerance, const char *what, int64_t pixel,
                   int64_t channel);

/* The unit roundoff of the build: tolerances are multiples of it. */
#ifdef ALCOR_DOUBLE
#define KERNEL_UNIT 0x1p-53
#else
#define KERNEL_UNIT 0x1p-24
#endif

#endif
