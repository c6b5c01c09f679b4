/* tests/kernels/check_pairs.c - rounding to bf16 and pairing, against the definition: nearest, ties to even. */
#include "tests/kernels/kernel_checks.h"

#include <math.h>
#include <string.h>

/* By arithmetic: bf16 has 8 bits of precision and the exponents of float. */
static uint32_t rounded(alck_real value)
{
    const float single = (float)value;
    float result = single;
    uint32_t bits;
    if (fpclassify(single) == FP_SUBNORMAL) {
        result = copysignf(0, single);
    } else if (fpclassify(single) == FP_NORMAL) {
        int exponent;
        const double fraction = frexp((double)single, &exponent);
        result = (float)ldexp(nearbyint(ldexp(fraction, 8)), exponent - 8);
    }
    memcpy(&bits, &result, sizeof bits);
    return bits >> 16;
}

static bool is_nan(uint32_t half)
{
    return (half & 0x7fffU) > 0x7f80U;
}

static void expect(kernel_run *run, uint32_t pair, alck_real first, const alck_real *second, const char *what)
{
    const uint32_t lower = rounded(first), upper = second ? rounded(*second) : 0;
    if ((pair & 0xffffU) != lower && !(is_nan(pair & 0xffffU) && is_nan(lower)))
        kernel_fail(run, "%s: %a became %x instead of %x", what, (double)first, pair & 0xffffU, lower);
    if (pair >> 16 != upper && !(is_nan(pair >> 16) && is_nan(upper)))
        kernel_fail(run, "%s: the second became %x instead of %x", what, pair >> 16, upper);
}

static kernel_tensor any_values(kernel_run *run, int64_t pixels, int64_t channels, int64_t stride, int i)
{
    return i % 2 ? kernel_tensor_specials(run, pixels, channels, stride) : kernel_tensor_reals(run, pixels, channels, stride, 3);
}

static void check_channels(kernel_run *run)
{
    for (int i = 0; i < 40; i++) {
        const int64_t pixels = kernel_random_between(run, 0, 150), groups = kernel_random_between(run, 1, 3);
        const int64_t channels = kernel_random_extent(run), pairs = (channels + 1) / 2;
        kernel_tensor x = any_values(run, pixels, groups * channels, groups * channels + i % 3, i);
        kernel_buffer paired = kernel_scratch((size_t)(pixels * groups * pairs) * sizeof(uint32_t));
        const uint32_t *got = (const uint32_t *)(const void *)paired.data;
        run->table->pair_channels(run->par, pixels, groups, channels, x.data, x.stride, paired.data);
        for (int64_t p = 0; p < pixels; p++)
            for (int64_t g = 0; g < groups; g++)
                for (int64_t c = 0; c < channels; c += 2)
                    expect(run, got[(p * groups + g) * pairs + c / 2], *kernel_at(&x, p, g * channels + c),
                           c + 1 < channels ? kernel_at(&x, p, g * channels + c + 1) : NULL, "channels");
        kernel_digest_bytes(run, paired.data, paired.bytes);
        kernel_buffer_free(run, &paired, "paired");
        kernel_tensor_free(run, &x, "x");
    }
}

static void check_rows(kernel_run *run)
{
    for (int i = 0; i < 40; i++) {
        const int64_t blocks = kernel_random_between(run, 1, 3), rows = kernel_random_between(run, 0, 150);
        const int64_t columns = kernel_random_extent(run), pairs = (rows + 1) / 2 + (i % 4 == 0 ? 70 : 0);
        kernel_tensor x = any_values(run, blocks * rows, columns, columns + i % 3, i);
        kernel_buffer paired = kernel_scratch((size_t)(blocks * pairs * columns) * sizeof(uint32_t));
        const uint32_t *got = (const uint32_t *)(const void *)paired.data;
        run->table->pair_rows(run->par, blocks, rows, columns, x.data, x.stride, pairs, paired.data);
        for (int64_t b = 0; b < blocks; b++)
            for (int64_t pair = 0; pair < pairs; pair++)
                for (int64_t c = 0; c < columns; c++) {
                    const int64_t row = 2 * pair;
                    expect(run, got[(b * pairs + pair) * columns + c],
                           row < rows ? *kernel_at(&x, b * rows + row, c) : 0,
                           row + 1 < rows ? kernel_at(&x, b * rows + row + 1, c) : NULL, "rows");
                }
        kernel_digest_bytes(run, paired.data, paired.bytes);
        kernel_buffer_free(run, &paired, "paired");
        kernel_tensor_free(run, &x, "x");
    }
}

const kernel_check kernel_checks_pairs[] = {
    {"pair_channels", check_channels},
    {"pair_rows", check_rows},
    {NULL, NULL},
};
