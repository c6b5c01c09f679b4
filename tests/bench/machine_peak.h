/* tests/bench/machine_peak.h - what the machine can do at most: multiply-adds per second with one instruction set, and
 * bytes per second through memory. Both take a few milliseconds, so that they can be measured between two kernels.
 */
#ifndef MACHINE_PEAK_H
#define MACHINE_PEAK_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* Chains that hide the latency of an FMA on any of the machines, and few enough for 16 registers. */
#define PEAK_CHAINS 12
#define PEAK_STEPS 4000
#define EACH_CHAIN(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

/* One function: PEAK_STEPS times PEAK_CHAINS FMAs of `lanes` lanes. Two factors and the chains' starts come from memory
 * and the sum goes there; the starts must differ, or a compiler may see that one chain is enough. */
#define DEFINE_PEAK(name, attributes, vector, lanes, set1, sum)                           \
    attributes static inline double name(const float *factors, float *result)             \
    {                                                                                     \
        const vector a = set1(factors[0]), b = set1(factors[1]);                          \
        EACH_CHAIN(PEAK_DECLARE)                                                          \
        for (int i = 0; i < PEAK_STEPS; i++) {                                            \
            EACH_CHAIN(PEAK_STEP)                                                         \
        }                                                                                 \
        EACH_CHAIN(PEAK_ADD)                                                              \
        sum(result, s0);                                                                  \
        return 2.0 * PEAK_STEPS * PEAK_CHAINS * (lanes);                                  \
    }

#if defined(__x86_64__)
#define PEAK_DECLARE(c) __m256 s##c = _mm256_set1_ps(factors[2 + c]);
#define PEAK_STEP(c) s##c = _mm256_fmadd_ps(s##c, b, a);
#define PEAK_ADD(c) s0 = _mm256_add_ps(s0, s##c);
DEFINE_PEAK(peak_avx2, __attribute__((target("avx2,fma"))), __m256, 8, _mm256_set1_ps,
            _mm256_storeu_ps)
#undef PEAK_DECLARE
#undef PEAK_STEP
#undef PEAK_ADD
#define PEAK_DECLARE(c) __m512 s##c = _mm512_set1_ps(factors[2 + c]);
#define PEAK_STEP(c) s##c = _mm512_fmadd_ps(s##c, b, a);
#define PEAK_ADD(c) s0 = _mm512_add_ps(s0, s##c);
DEFINE_PEAK(peak_avx512, __attribute__((target("avx512f"))), __m512, 16, _mm512_set1_ps,
            _mm512_storeu_ps)
#undef PEAK_DECLARE
#undef PEAK_STEP
#undef PEAK_ADD
#elif defined(__aarch64__)
#define PEAK_DECLARE(c) float32x4_t s##c = vdupq_n_f32(factors[2 + c]);
#define PEAK_STEP(c) s##c = vfmaq_f32(a, s##c, b);
#define PEAK_ADD(c) s0 = vaddq_f32(s0, s##c);
DEFINE_PEAK(peak_neon, , float32x4_t, 4, vdupq_n_f32, vst1q_f32)
#undef PEAK_DECLARE
#undef PEAK_STEP
#undef PEAK_ADD
#endif
#define PEAK_ITSELF(x) (x)
#define PEAK_STORE(result, x) (*(result) = (x))
#define PEAK_DECLARE(c) float s##c = factors[2 + c];
#define PEAK_STEP(c) s##c = fmaf(s##c, b, a);
#define PEAK_ADD(c) s0 += s##c;
DEFINE_PEAK(peak_scalar, , float, 1, PEAK_ITSELF, PEAK_STORE)
#undef PEAK_DECLARE
#undef PEAK_STEP
#undef PEAK_ADD

typedef double (*peak_function)(const float *factors, float *result);

static inline peak_function find_peak(const char *isa)
{
#if defined(__x86_64__)
    if (strcmp(isa, "avx512") == 0)
        return peak_avx512;
    if (strcmp(isa, "avx2") == 0)
        return peak_avx2;
#elif defined(__aarch64__)
    if (strcmp(isa, "neon") == 0)
        return peak_neon;
#endif
    return peak_scalar;
}

/* --- the two ceilings of a context's threads, to be timed by the caller --- */

#define CEILING_TASKS 16

typedef struct ceiling_job {
    peak_function peak;
    double work[CEILING_TASKS];
    volatile float kept[CEILING_TASKS]; /* results that no compiler may leave out */
    const char *from;
    char *to;
    size_t bytes;
} ceiling_job;

static inline void peak_task(void *argument, int64_t task, int worker)
{
    ceiling_job *job = argument;
    float factors[2 + PEAK_CHAINS] = {1.0F, 0.5F}, result[16];
    (void)worker;
    for (int c = 0; c < PEAK_CHAINS; c++)
        factors[2 + c] = (float)(task + c);
    for (int i = 0; i < 4; i++)
        job->work[task] += job->peak(factors, result);
    job->kept[task] = result[0];
}

/* Multiplies and adds on all threads; returns how many operations it did. */
static inline double spread_peak(const alck_parallel *par, peak_function peak)
{
    ceiling_job job = {.peak = peak};
    double work = 0;
    par->run(par->pool, CEILING_TASKS, peak_task, &job);
    for (int i = 0; i < CEILING_TASKS; i++)
        work += job.work[i];
    return work;
}

static inline void copy_task(void *argument, int64_t task, int worker)
{
    const ceiling_job *job = argument;
    const size_t part = job->bytes / CEILING_TASKS;
    (void)worker;
    memcpy(job->to + (size_t)task * part, job->from + (size_t)task * part, part);
}

/* Copies on all threads; returns how many bytes it read and wrote. */
static inline double spread_copy(const alck_parallel *par, void *to, const void *from, size_t bytes)
{
    ceiling_job job = {.from = from, .to = to, .bytes = bytes};
    par->run(par->pool, CEILING_TASKS, copy_task, &job);
    return 2.0 * (double)bytes;
}

#endif
