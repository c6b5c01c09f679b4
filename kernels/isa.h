/* kernels/isa.h - what one compilation of a kernel file stands on: the vector header, the suffix, the prototypes.
 *
 * Every file in kernels/f32 is compiled once per instruction set, with exactly one of ALCK_SCALAR, ALCK_AVX2,
 * ALCK_AVX512 and ALCK_NEON defined. It includes this header, names what the table takes ALCK_NAME(job), and keeps all
 * else static: two objects must never offer one symbol, or the linker might put AVX-512 code into the scalar table.
 * It is not included outside kernels/f32 and kernels/table.c.
 */
#ifndef ALCK_ISA_H
#define ALCK_ISA_H

#include "kernels/kernels.h"

#include <stdint.h>
#include <string.h>

#define ALCK_INLINE static inline __attribute__((always_inline))
/* A function that the compiler shall not write once for each of its callers: for size. */
#ifdef __clang__
#define ALCK_ONCE static __attribute__((noinline))
#else
#define ALCK_ONCE static __attribute__((noinline, noclone))
#endif

/* An integer as wide as a real, for its bit patterns. */
#ifdef ALCOR_DOUBLE
typedef int64_t alck_int;
#else
typedef int32_t alck_int;
#endif

#if defined(ALCK_AVX512)
#define ALCK_ISA_TEXT "avx512"
#define ALCK_NAME(job) alck_##job##_avx512
#elif defined(ALCK_AVX2)
#define ALCK_ISA_TEXT "avx2"
#define ALCK_NAME(job) alck_##job##_avx2
#elif defined(ALCK_NEON)
#define ALCK_ISA_TEXT "neon"
#define ALCK_NAME(job) alck_##job##_neon
#elif defined(ALCK_SCALAR)
#define ALCK_ISA_TEXT "scalar"
#define ALCK_NAME(job) alck_##job##_scalar
#else
#error "define one of ALCK_SCALAR, ALCK_AVX2, ALCK_AVX512, ALCK_NEON"
#endif

#if defined(ALCOR_DOUBLE)
#include "kernels/vec/vec_double.h"
#elif defined(ALCK_AVX512)
#include "kernels/vec/vec_avx512.h"
#elif defined(ALCK_AVX2)
#include "kernels/vec/vec_avx2.h"
#elif defined(ALCK_NEON)
#include "kernels/vec/vec_neon.h"
#else
#include "kernels/vec/vec_scalar.h"
#endif

/* A definition that disagrees with kernels.h does not compile. */
#define ALCK_PROTOTYPE(type, name, arguments) type ALCK_NAME(name) arguments;
ALCK_KERNEL_LIST(ALCK_PROTOTYPE)
#undef ALCK_PROTOTYPE

ALCK_INLINE int64_t ceil_divide(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

ALCK_INLINE int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

ALCK_INLINE int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Runs the tasks over the workers; a single one in the caller, so that small tensors wake nobody. The number of tasks
 * must follow from the shape alone. */
static inline void alck_spread(const alck_parallel *par, int64_t tasks,
                               void (*body)(void *argument, int64_t task, int worker), void *argument)
{
    if (tasks == 1)
        body(argument, 0, 0);
    else if (tasks > 1)
        par->run(par->pool, tasks, body, argument);
}

#endif
