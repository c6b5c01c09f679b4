/* test_op_parity.c - every case of the table gives the same bits on every instruction set and with any number of threads:
 * outputs, gradients of inputs and parameters, running statistics. */
#include <math.h>

#include "support/run_tests.h"
#include "tests/ops/op_failures.h"
#include "tests/ops/op_run.h"

static const int thread_counts[] = {1, 2, 3, 7};

static void expect_same(const op_bits *expected, alc_context *context, const op_case *c, op_failures *failures)
{
    op_bits bits = {0};
    ck_assert_msg(op_case_run(c, context, &bits) == ALC_OK, "%s: %s", c->name, alc_error_message(context));
    if (!op_bits_equal(expected, &bits)) {
        size_t at = 0;
        while (at < bits.count && at < expected->count && bits.bytes[at] == expected->bytes[at])
            at++;
        op_failure(failures, "%s: %s with %d threads gives other bits than scalar with one, from value %zu of %zu on",
                   c->name, alc_isa_name(alc_context_isa(context)), alc_context_threads(context),
                   at / sizeof(alc_real), bits.count / sizeof(alc_real));
    }
    op_bits_free(&bits);
}

static void check_machines(alc_precision precision)
{
    op_failures failures = {0};
    alc_context *contexts[ALC_ISA_COUNT * 4];
    int count = 0;
    for (int isa = ALC_ISA_SCALAR; isa < ALC_ISA_COUNT; isa++) {
        for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts; t++) {
            alc_context *context = op_context((alc_isa)isa, thread_counts[t], precision);
            if (context)
                contexts[count++] = context;
        }
    }
    ck_assert_int_ge(count, 4);
    for (int i = 0; i < op_table_count; i++) {
        op_bits expected = {0};
        ck_assert_int_eq(op_case_run(&op_table[i], contexts[0], &expected), ALC_OK);
        for (int other = 1; other < count; other++)
            expect_same(&expected, contexts[other], &op_table[i], &failures);
        op_bits_free(&expected);
    }
    for (int i = 0; i < count; i++)
        alc_context_destroy(contexts[i]);
    op_failures_check(&failures);
}

START_TEST(bits_do_not_depend_on_the_machine)
{
    check_machines(ALC_PRECISION_DEFAULT);
    check_machines(ALC_PRECISION_BF16);
}
END_TEST

static double norm_of_difference(const op_bits *a, const op_bits *b)
{
    const alc_real *x = (const alc_real *)(const void *)a->bytes, *y = (const alc_real *)(const void *)b->bytes;
    double sum = 0;
    for (size_t i = 0; i < a->count / sizeof *x; i++)
        sum += ((double)x[i] - (y ? (double)y[i] : 0)) * ((double)x[i] - (y ? (double)y[i] : 0));
    return sqrt(sum);
}

/* Outputs, gradients and state as a whole: each product rounds its terms by up to 2^-8, and where that takes a value across an
 * activation's kink a gradient appears or goes. (Winograd's error is some times as large:
 * kernels_test_conv_winograd_accuracy.) */
START_TEST(bf16_is_near_to_reals)
{
    op_failures failures = {0};
    int differing = 0;
    alc_context *reals = op_context(ALC_ISA_AUTO, 2, ALC_PRECISION_DEFAULT);
    alc_context *bf16 = NULL;
    const alc_context_options options = {
        .threads = 2, .seed = 11, .precision = ALC_PRECISION_BF16, .convolution = ALC_CONVOLUTION_DIRECT};
    ck_assert_int_eq(alc_context_create(options, &bf16), ALC_OK);
    for (int i = 0; i < op_table_count; i++) {
        op_bits exact = {0}, rounded = {0}, none = {0};
        ck_assert_int_eq(op_case_run(&op_table[i], reals, &exact), ALC_OK);
        ck_assert_int_eq(op_case_run(&op_table[i], bf16, &rounded), ALC_OK);
        ck_assert_uint_eq(exact.count, rounded.count);
        differing += !op_bits_equal(&exact, &rounded);
        const double difference = norm_of_difference(&exact, &rounded), norm = norm_of_difference(&exact, &none);
        if (!(difference <= 0.05 * norm))
            op_failure(&failures, "%s: bf16 differs by %.3g of a norm of %.3g", op_table[i].name, difference, norm);
        op_bits_free(&exact);
        op_bits_free(&rounded);
    }
    ck_assert_int_ge(differing, 10);
    alc_context_destroy(reals);
    alc_context_destroy(bf16);
    op_failures_check(&failures);
}
END_TEST

START_TEST(running_twice_gives_the_same_bits)
{
    op_failures failures = {0};
    alc_context *context = op_context(ALC_ISA_AUTO, 2, ALC_PRECISION_DEFAULT);
    for (int i = 0; i < op_table_count; i++) {
        op_bits expected = {0};
        ck_assert_int_eq(op_case_run(&op_table[i], context, &expected), ALC_OK);
        expect_same(&expected, context, &op_table[i], &failures);
        op_bits_free(&expected);
    }
    alc_context_destroy(context);
    op_failures_check(&failures);
}
END_TEST

int main(void)
{
    return RUN_TESTS("op parity", bits_do_not_depend_on_the_machine, bf16_is_near_to_reals,
                     running_twice_gives_the_same_bits);
}
