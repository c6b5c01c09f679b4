/* tests/kernels/check_dropout.c - Philox against its published vectors, and masks drawn from it. */
#include "kernels/reference/elementwise_reference.h"
#include "tests/kernels/kernel_checks.h"

#include <math.h>

/* The known answers that Salmon et al. publish with their Random123 library for philox4x32-10. */
static void check_philox(kernel_run *run)
{
    static const struct {
        uint64_t seed, stream, block;
        uint32_t words[4];
    } known[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {UINT64_C(0x299f31d0a4093822), UINT64_C(0x0370734413198a2e), UINT64_C(0x85a308d3243f6a88),
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (int i = 0; i < 3; i++) {
        uint32_t words[4];
        alck_philox(known[i].seed, known[i].stream, known[i].block, words);
        for (int w = 0; w < 4; w++)
            if (words[w] != known[i].words[w])
                kernel_fail(run, "vector %d, word %d: %08x instead of %08x", i, w, words[w], known[i].words[w]);
    }
}

static void once(kernel_run *run, const alck_dropout *s, bool add)
{
    kernel_tensor x = kernel_tensor_specials(run, s->samples, s->elements, s->elements);
    kernel_tensor y = kernel_tensor_reals(run, s->samples, s->elements, s->elements, 1);
    kernel_tensor old = kernel_tensor_copy(&y);
    run->table->dropout(run->par, s, x.data, y.data, add);
    for (int64_t n = 0; n < s->samples; n++)
        for (int64_t e = 0; e < s->elements; e++) {
            const alck_real factor = (alck_real)alck_reference_dropout_factor(s, n, e);
            const alck_real product = *kernel_at(&x, n, e) * factor;
            const double before = add ? (double)*kernel_at(&old, n, e) : 0;
            kernel_expect(run, (double)*kernel_at(&y, n, e), before + (double)product,
                          add ? 4 * KERNEL_UNIT * (fabs((double)product) + 1) : 0, "dropped", n, e);
        }
    kernel_tensor_free(run, &x, "x");
    kernel_tensor_free(run, &old, "old");
    kernel_tensor_output(run, &y, "y");
}

static void check_masks(kernel_run *run)
{
    static const uint64_t streams[] = {7, UINT64_C(0xFFFFFFFF00000001), 0, 12345678901234567ULL, 3};
    static const int64_t elements[] = {1, 3, 4, 5, 127, 128, 129, 1000, 8192, 8193, 20000};
    static const double rates[] = {0.5, 0.2, 0, 0.9375};
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        for (int per_sample = 0; per_sample < 2; per_sample++) {
            const alck_dropout s = {.samples = 1 + (int64_t)i % 5,
                                    .elements = elements[i],
                                    .per_sample = per_sample,
                                    .rate = rates[i % 4],
                                    .seed = UINT64_C(0x123456789ABCDEF0),
                                    .streams = streams};
            once(run, &s, i % 3 == 1);
        }
}

/* How often elements stay: within five deviations of what the rate says. */
static void check_rate(kernel_run *run)
{
    enum { COUNT = 40000 };
    static const uint64_t stream = 1;
    const alck_dropout s = {.samples = 1, .elements = COUNT, .rate = 0.3, .seed = 5, .streams = &stream};
    kernel_tensor x = kernel_tensor_new(1, COUNT, COUNT), y = kernel_tensor_new(1, COUNT, COUNT);
    run->table->fill(run->par, COUNT, 1, x.data);
    run->table->dropout(run->par, &s, x.data, y.data, false);
    int kept = 0;
    for (int i = 0; i < COUNT; i++)
        kept += y.data[i] > 0;
    if (fabs(kept - 0.7 * COUNT) > 5 * sqrt(COUNT * 0.3 * 0.7))
        kernel_fail(run, "%d of %d elements stayed at rate 0.3", kept, (int)COUNT);
    kernel_tensor_free(run, &x, "x");
    kernel_tensor_output(run, &y, "y");
}

const kernel_check kernel_checks_dropout[] = {
    {"philox", check_philox}, {"masks", check_masks}, {"rate", check_rate}, {NULL, NULL}};
