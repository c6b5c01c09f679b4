/* tests/kernels/check_harness.c - the machinery behind kernel_test.h. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "tests/kernels/kernel_test.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_BYTE 0xA5
#define GUARD_BYTES 256

void kernel_fail(kernel_run *run, const char *format, ...)
{
    if (run->error[0] != '\0')
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run->error, sizeof run->error, format, arguments);
    va_end(arguments);
}

/* --- workers --- */

typedef struct crew {
    int64_t tasks;
    void (*body)(void *argument, int64_t task, int worker);
    void *argument;
    atomic_llong next;
    atomic_int workers;
} crew;

static void *crew_member(void *argument)
{
    crew *c = argument;
    const int worker = atomic_fetch_add(&c->workers, 1);
    for (;;) {
        const int64_t task = atomic_fetch_add(&c->next, 1);
        if (task >= c->tasks)
            return NULL;
        c->body(c->argument, task, worker);
    }
}

static void run_serially(void *pool, int64_t tasks, void (*body)(void *argument, int64_t task, int worker),
                         void *argument)
{
    (void)pool;
    /* last task first: an order that no thread pool would choose, and that must not matter */
    for (int64_t task = tasks; task-- > 0;)
        body(argument, task, 0);
}

static void run_in_threads(void *pool, int64_t tasks, void (*body)(void *argument, int64_t task, int worker),
                           void *argument)
{
    const int workers = *(const int *)pool;
    crew c = {.tasks = tasks, .body = body, .argument = argument};
    pthread_t threads[16];
    int started = 0;
    while (started < workers - 1 && pthread_create(&threads[started], NULL, crew_member, &c) == 0)
        started++;
    crew_member(&c);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

/* --- the same check everywhere --- */

static kernel_run one_run(const kernel_check *check, const alck_table *table, const alck_parallel *par)
{
    kernel_run run = {.table = table, .par = par, .random = 1, .digest = UINT64_C(0xCBF29CE484222325)};
    check->body(&run);
    return run;
}

const char *kernel_check_everywhere(const kernel_check *check)
{
    uint64_t digest;
    return kernel_check_on(check, NULL, &digest);
}

const char *kernel_check_on(const kernel_check *check, const char *isa, uint64_t *digest)
{
    static const int worker_counts[] = {1, 2, 3, 7};
    static char message[600];
    bool have_digest = false;
    *digest = 0;
    for (const alck_table *const *table = alck_tables(); *table != NULL; table++) {
        if (!alck_table_supported(*table) || (isa != NULL && strcmp((*table)->isa, isa) != 0))
            continue;
#ifdef ALCOR_DOUBLE
        have_digest = false;
#endif
        for (size_t i = 0; i <= sizeof worker_counts / sizeof *worker_counts; i++) {
            int workers = i == 0 ? 1 : worker_counts[i - 1];
            const alck_parallel par = {i == 0 ? run_serially : run_in_threads, &workers, workers};
            const kernel_run run = one_run(check, *table, &par);
            if (run.error[0] != '\0') {
                snprintf(message, sizeof message, "%s, %s, %d workers: %s", check->name, (*table)->isa, workers,
                         run.error);
                return message;
            }
            if (have_digest && run.digest != *digest) {
                snprintf(message, sizeof message, "%s, %s, %d workers: other bits than elsewhere", check->name,
                         (*table)->isa, workers);
                return message;
            }
            *digest = run.digest;
            have_digest = true;
        }
    }
    return NULL;
}

/* --- random data: splitmix64 (Steele, Lea, Flood 2014) --- */

uint32_t kernel_random(kernel_run *run)
{
    run->random += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = run->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

int64_t kernel_random_between(kernel_run *run, int64_t least, int64_t most)
{
    return least + (int64_t)(kernel_random(run) % (uint64_t)(most - least + 1));
}

alck_real kernel_random_real(kernel_run *run)
{
    return (alck_real)((double)(kernel_random(run) >> 8) * 0x1p-23 - 1.0);
}

int64_t kernel_random_extent(kernel_run *run)
{
    static const int64_t extents[] = {1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 47, 63, 64, 65};
    return extents[kernel_random(run) % (sizeof extents / sizeof *extents)];
}

alck_real kernel_random_special(kernel_run *run)
{
#ifdef ALCOR_DOUBLE
    const alck_real tiny = 0x1p-1060, huge = 0x1.8p1023;
#else
    const alck_real tiny = 0x1p-140F, huge = 0x1.8p127F;
#endif
    const alck_real values[] = {(alck_real)NAN, (alck_real)INFINITY, -(alck_real)INFINITY, 0, -(alck_real)0.0,
                                tiny, -tiny, huge, -huge, 1};
    return values[kernel_random(run) % (sizeof values / sizeof *values)];
}

/* --- buffers --- */

kernel_buffer kernel_buffer_new(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t used = (bytes + GUARD_BYTES + page - 1) / page * page;
    kernel_buffer b = {.pages_bytes = used + page, .bytes = bytes};
    void *pages = mmap(NULL, b.pages_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect((unsigned char *)pages + used, page, PROT_NONE) != 0) {
        perror("kernel_buffer_new");
        exit(EXIT_FAILURE);
    }
    b.pages = pages;
    b.data = b.pages + used - bytes;
    memset(b.pages, GUARD_BYTE, used);
    return b;
}

void kernel_buffer_free(kernel_run *run, kernel_buffer *b, const char *name)
{
    for (const unsigned char *p = b->data - GUARD_BYTES; p < b->data; p++)
        if (*p != GUARD_BYTE) {
            kernel_fail(run, "%s: written %td bytes before its start", name, b->data - p);
            break;
        }
    munmap(b->pages, b->pages_bytes);
    *b = (kernel_buffer){0};
}

kernel_buffer kernel_scratch(size_t bytes)
{
    return kernel_buffer_new((bytes + 63) / 64 * 64);
}

kernel_tensor kernel_tensor_new(int64_t pixels, int64_t channels, int64_t stride)
{
    kernel_tensor t = {.pixels = pixels, .channels = channels, .stride = stride};
    /* nothing follows the last pixel's channels: its gap is not part of the tensor */
    const int64_t values = pixels > 0 ? (pixels - 1) * stride + channels : 0;
    t.buffer = kernel_buffer_new((size_t)values * sizeof(alck_real));
    t.data = (alck_real *)(void *)t.buffer.data;
    return t;
}

alck_real *kernel_at(const kernel_tensor *t, int64_t pixel, int64_t channel)
{
    return t->data + pixel * t->stride + channel;
}

kernel_tensor kernel_tensor_reals(kernel_run *run, int64_t pixels, int64_t channels, int64_t stride, double scale)
{
    kernel_tensor t = kernel_tensor_new(pixels, channels, stride);
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c++)
            *kernel_at(&t, p, c) = (alck_real)(scale * (double)kernel_random_real(run));
    return t;
}

kernel_tensor kernel_tensor_integers(kernel_run *run, int64_t pixels, int64_t channels, int64_t stride, int64_t most)
{
    kernel_tensor t = kernel_tensor_new(pixels, channels, stride);
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c++)
            *kernel_at(&t, p, c) = (alck_real)kernel_random_between(run, -most, most);
    return t;
}

kernel_tensor kernel_tensor_specials(kernel_run *run, int64_t pixels, int64_t channels, int64_t stride)
{
    kernel_tensor t = kernel_tensor_reals(run, pixels, channels, stride, 8);
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c++)
            if (kernel_random(run) % 4 == 0)
                *kernel_at(&t, p, c) = kernel_random_special(run);
    return t;
}

kernel_tensor kernel_tensor_copy(const kernel_tensor *from)
{
    kernel_tensor t = kernel_tensor_new(from->pixels, from->channels, from->stride);
    memcpy(t.data, from->data, from->buffer.bytes);
    return t;
}

void kernel_tensor_free(kernel_run *run, kernel_tensor *t, const char *name)
{
    for (int64_t p = 0; p + 1 < t->pixels; p++) {
        const unsigned char *gap = (const unsigned char *)(t->data + p * t->stride + t->channels);
        for (size_t i = 0; i < (size_t)(t->stride - t->channels) * sizeof(alck_real); i++)
            if (gap[i] != GUARD_BYTE) {
                kernel_fail(run, "%s: written in the gap after pixel %lld", name, (long long)p);
                p = t->pixels;
                break;
            }
    }
    kernel_buffer_free(run, &t->buffer, name);
}

void kernel_tensor_output(kernel_run *run, kernel_tensor *t, const char *name)
{
    for (int64_t p = 0; p < t->pixels; p++)
        kernel_digest(run, kernel_at(t, p, 0), t->channels);
    kernel_tensor_free(run, t, name);
}

/* --- comparing --- */

void kernel_digest_bytes(kernel_run *run, const void *bytes, size_t count)
{
    const unsigned char *p = bytes;
    uint64_t digest = run->digest; /* FNV-1a */
    for (size_t i = 0; i < count; i++)
        digest = (digest ^ p[i]) * UINT64_C(0x100000001B3);
    run->digest = digest;
}

void kernel_digest(kernel_run *run, const alck_real *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const alck_real value = isnan(values[i]) ? (alck_real)NAN : values[i];
        kernel_digest_bytes(run, &value, sizeof value);
    }
}

void kernel_expect(kernel_run *run, double got, double want, double tolerance, const char *what, int64_t pixel,
                   int64_t channel)
{
    const bool fine = isnan(want) ? isnan(got) : isinf(want) ? got == want : fabs(got - want) <= tolerance;
    if (!fine)
        kernel_fail(run, "%s at pixel %lld, channel %lld: %.17g instead of %.17g (tolerance %g)", what,
                    (long long)pixel, (long long)channel, got, want, tolerance);
}
