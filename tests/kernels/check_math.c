/* tests/kernels/check_math.c - exp, log, tanh, sigmoid and silu against long double, over the whole range of arguments. */
#include "tests/kernels/kernel_checks.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef ALCOR_DOUBLE
typedef uint64_t pattern;
#define MANTISSA 52
#define LEAST_EXPONENT (-1074)
#define LARGEST DBL_MAX
#else
typedef uint32_t pattern;
#define MANTISSA 23
#define LEAST_EXPONENT (-149)
#define LARGEST FLT_MAX
#endif

#define MOST_ULPS 2.0

/* The distance in units of the last place of the build's number nearest to want; infinite where the class differs. */
static double ulps(alck_real got, long double want)
{
    if (isnan(want))
        return isnan(got) ? 0 : INFINITY;
    if (fabsl(want) > (long double)LARGEST)
        return isinf(got) && !signbit(got) == !signbit(want) ? 0 : INFINITY;
    if (want == 0)
        return got == 0 && !signbit(got) == !signbit(want) ? 0 : INFINITY;
    int exponent;
    frexpl(want, &exponent);
    exponent -= 1 + MANTISSA;
    return (double)(fabsl((long double)got - want) / ldexpl(1, exponent > LEAST_EXPONENT ? exponent : LEAST_EXPONENT));
}

static long double sigmoid(long double x)
{
    return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}

/* x sigmoid(x): no number at -infinity, by that formula. */
static long double silu(long double x)
{
    return x < 0 && !isinf(x) ? x * expl(x) / (1 + expl(x)) : x / (1 + expl(-x));
}

/* A step of Newton's method from the double. For logl x86 has FYL2X, which Bochs 3.0 computes to a double's bits. */
static long double precise_log(long double x)
{
    const long double y = log((double)x);
    if (!isfinite(y))
        return y;
    return fabsl(x - 1) < 0.5L ? y + (x - 1 - expm1l(y)) * expl(-y) : y + (x * expl(-y) - 1);
}

static void exponential(const kernel_run *run, int64_t count, const alck_real *x, alck_real *y)
{
    run->table->exponential(count, x, y);
}

static void logarithm(const kernel_run *run, int64_t count, const alck_real *x, alck_real *y)
{
    run->table->logarithm(count, x, y);
}

#define ACTIVATION(name, f)                                                                            \
    static void name(const kernel_run *run, int64_t count, const alck_real *x, alck_real *y)           \
    {                                                                                                  \
        run->table->activation_forward(run->par, f, 1, count, x, count, y, count);                     \
    }
ACTIVATION(tanh_kernel, ALCK_TANH)
ACTIVATION(sigmoid_kernel, ALCK_SIGMOID)
ACTIVATION(silu_kernel, ALCK_SILU)

typedef struct math_function {
    const char *name;
    void (*kernel)(const kernel_run *run, int64_t count, const alck_real *x, alck_real *y);
    long double (*truth)(long double x);
} math_function;

static const math_function functions[] = {{"exp", exponential, expl},
                                          {"log", logarithm, precise_log},
                                          {"tanh", tanh_kernel, tanhl},
                                          {"sigmoid", sigmoid_kernel, sigmoid},
                                          {"silu", silu_kernel, silu}};

static void compare(kernel_run *run, const math_function *f, kernel_tensor *x)
{
    kernel_tensor y = kernel_tensor_new(1, x->channels, x->channels);
    f->kernel(run, x->channels, x->data, y.data);
    for (int64_t i = 0; i < x->channels; i++) {
        const double error = ulps(y.data[i], f->truth((long double)x->data[i]));
        if (!(error <= MOST_ULPS))
            kernel_fail(run, "%s(%a) = %a is wrong by %g units of the last place", f->name, (double)x->data[i],
                        (double)y.data[i], error);
    }
    kernel_tensor_output(run, &y, f->name);
}

static void compare_all(kernel_run *run, kernel_tensor *x)
{
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
        compare(run, &functions[f], x);
    kernel_tensor_free(run, x, "x");
}

/* Every bit pattern in equal steps: all exponents, subnormals, infinities and NaNs, both signs. */
static void check_all_exponents(kernel_run *run)
{
    enum { COUNT = 20011 };
    kernel_tensor x = kernel_tensor_new(1, COUNT, COUNT);
    const pattern step = (pattern)-1 / COUNT;
    for (int64_t i = 0; i < COUNT; i++) {
        const pattern bits = (pattern)i * step;
        memcpy(&x.data[i], &bits, sizeof bits);
    }
    compare_all(run, &x);
}

/* The range where all of them have their turns, from one subnormal end of exp to its overflow. */
static void check_working_range(kernel_run *run)
{
    enum { COUNT = 20011 };
    const double range = sizeof(alck_real) == 8 ? 750 : 110;
    kernel_tensor x = kernel_tensor_reals(run, 1, COUNT, COUNT, range);
    for (int64_t i = 0; i < COUNT / 2; i++)
        x.data[i] = (alck_real)(4 * (double)kernel_random_real(run));
    compare_all(run, &x);
}

static void check_special_lanes(kernel_run *run)
{
    for (int64_t count = 1; count < 70; count++) {
        kernel_tensor x = kernel_tensor_specials(run, 1, count, count);
        compare_all(run, &x);
    }
}

const kernel_check kernel_checks_math[] = {{"all exponents", check_all_exponents},
                                           {"working range", check_working_range},
                                           {"special lanes", check_special_lanes},
                                           {NULL, NULL}};
