/* tests/kernels/check_reduce.c - sums of squares of any length and size, and the search for what is not finite. */
#include "tests/kernels/kernel_checks.h"

#include <math.h>

static void squares_once(kernel_run *run, int64_t count, double scale)
{
    kernel_tensor x = kernel_tensor_reals(run, 1, count, count, scale);
    kernel_buffer scratch = kernel_scratch((size_t)(count + 4095) / 4096 * sizeof(double));
    const double sum = run->table->sum_of_squares(run->par, count, x.data, (double *)(void *)scratch.data);
    long double want = 0;
    for (int64_t i = 0; i < count; i++)
        want += (long double)x.data[i] * (long double)x.data[i];
    kernel_expect(run, sum, (double)want, 1e-14 * (double)want, "sum of squares", 0, count);
    kernel_digest_bytes(run, &sum, sizeof sum);
    kernel_tensor_free(run, &x, "x");
    kernel_buffer_free(run, &scratch, "scratch");
}

static void check_sum_of_squares(kernel_run *run)
{
    static const int64_t counts[] = {0, 1, 2, 63, 64, 65, 127, 4095, 4096, 4097, 8192, 40000, 100003};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        squares_once(run, counts[i], 1);
        squares_once(run, counts[i], 1e25); /* squares beyond single precision */
    }
}

/* A single bad value anywhere is found; one in a gap between pixels is not looked at. */
static void check_all_finite(kernel_run *run)
{
    const alck_real bad[] = {(alck_real)NAN, (alck_real)INFINITY, -(alck_real)INFINITY};
    for (int64_t channels = 1; channels < 40; channels++) {
        const int64_t stride = channels + channels % 3, pixels = 3;
        kernel_tensor x = kernel_tensor_reals(run, pixels, stride, stride, 1e30);
        for (int64_t p = 0; p < pixels; p++)
            for (int64_t c = 0; c < stride; c++) {
                const alck_real old = *kernel_at(&x, p, c);
                *kernel_at(&x, p, c) = bad[kernel_random(run) % 3];
                if (run->table->all_finite(pixels, channels, x.data, stride) == (c < channels))
                    kernel_fail(run, "%lld channels, stride %lld: pixel %lld, channel %lld", (long long)channels,
                                (long long)stride, (long long)p, (long long)c);
                *kernel_at(&x, p, c) = old;
            }
        kernel_tensor_free(run, &x, "x");
    }
    if (!run->table->all_finite(0, 3, NULL, 3) || !run->table->all_finite(3, 0, NULL, 3))
        kernel_fail(run, "an empty tensor is finite");
}

const kernel_check kernel_checks_reduce[] = {
    {"sum of squares", check_sum_of_squares}, {"all finite", check_all_finite}, {NULL, NULL}};
