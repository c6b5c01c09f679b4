/* tests/base/test_context.c - options: what they mean, what is refused and how it is said. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/base.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

START_TEST(zero_options_give_a_working_context)
{
    alc_context *context = NULL;
    ck_assert_int_eq(alc_context_create((alc_context_options){0}, &context), ALC_OK);
    ck_assert_ptr_nonnull(context);
    ck_assert_int_ge(alc_context_threads(context), 1);
    ck_assert_uint_eq(alc_context_seed(context), 0);
    ck_assert_int_ne(alc_context_isa(context), ALC_ISA_AUTO);
    ck_assert_str_eq(alc_context_kernels(context)->isa, alc_isa_name(alc_context_isa(context)));
    ck_assert_int_eq(alc_context_gemm(context), ALC_GEMM_ALCOR);
    ck_assert_int_eq(alc_context_convolution(context), ALC_CONVOLUTION_DEFAULT);
    alc_context_destroy(context);
}
END_TEST

START_TEST(options_are_kept)
{
    alc_context *context = NULL;
    ck_assert_int_eq(
        alc_context_create((alc_context_options){.threads = 3,
                                                 .isa = ALC_ISA_SCALAR,
                                                 .seed = UINT64_MAX,
                                                 .convolution = ALC_CONVOLUTION_DIRECT},
                           &context),
        ALC_OK);
    ck_assert_int_eq(alc_context_threads(context), 3);
    ck_assert_int_eq(alc_context_parallel(context).workers, 3);
    ck_assert_uint_eq(alc_context_seed(context), UINT64_MAX);
    ck_assert_int_eq(alc_context_isa(context), ALC_ISA_SCALAR);
    ck_assert_int_eq(alc_context_convolution(context), ALC_CONVOLUTION_DIRECT);
    alc_context_destroy(context);
}
END_TEST

static void expect_refusal(alc_context_options options, const char *part_of_message)
{
    char message[256] = "untouched";
    alc_context *context = (alc_context *)message;
    options.message = message;
    options.message_size = sizeof message;
    ck_assert_int_eq(alc_context_create(options, &context), ALC_INVALID_ARGUMENT);
    ck_assert_ptr_null(context);
    ck_assert_msg(strstr(message, part_of_message) != NULL, "the message is '%s'", message);
}

START_TEST(wrong_options_are_refused_with_a_sentence)
{
    alc_allocator no_allocator = {0};
    alc_file_system no_files = {0};
    expect_refusal((alc_context_options){.threads = -1}, "threads");
    expect_refusal((alc_context_options){.threads = ALC_MAX_THREADS + 1}, "threads");
    expect_refusal((alc_context_options){.gemm = (alc_gemm_backend)7}, "gemm");
    expect_refusal((alc_context_options){.convolution = (alc_convolution_choice)-1}, "convolution");
    expect_refusal((alc_context_options){.precision = (alc_precision)2}, "precision");
    expect_refusal((alc_context_options){.isa = ALC_ISA_COUNT, .threads = 1}, "isa");
    expect_refusal((alc_context_options){.allocator = &no_allocator}, "allocator");
    expect_refusal((alc_context_options){.files = &no_files}, "file system");
    ck_assert_int_eq(alc_context_create((alc_context_options){0}, NULL), ALC_INVALID_ARGUMENT);
}
END_TEST

START_TEST(openblas_has_no_bf16)
{
    char message[64];
    alc_context *context = NULL;
    const alc_context_options options = {.gemm = ALC_GEMM_OPENBLAS, .precision = ALC_PRECISION_BF16, .threads = 1,
                                         .message = message, .message_size = sizeof message};
    ck_assert_int_eq(alc_context_create(options, &context), ALC_UNSUPPORTED);
    ck_assert_ptr_null(context);
    ck_assert_str_eq(message, "there is no bf16 in OpenBLAS's products");
}
END_TEST

START_TEST(a_short_message_buffer_is_never_overrun)
{
    char message[8] = "abcdefg";
    alc_context *context;
    ck_assert_int_eq(
        alc_context_create(
            (alc_context_options){.threads = -1, .message = message, .message_size = 4}, &context),
        ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(message, "thr");
    ck_assert_str_eq(message + 4, "efg");
}
END_TEST

START_TEST(the_message_is_empty_after_success)
{
    char message[16] = "old";
    alc_context *context;
    ck_assert_int_eq(
        alc_context_create(
            (alc_context_options){.threads = 1, .message = message, .message_size = sizeof message},
            &context),
        ALC_OK);
    ck_assert_str_eq(message, "");
    alc_context_destroy(context);
}
END_TEST

START_TEST(every_failing_allocation_is_survived)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    int failures = 0;
    for (hooks.fail_allocation = 1;; hooks.fail_allocation++) {
        char message[256] = "";
        alc_context *context = NULL;
        failing_hooks_restart(&hooks);
        alc_status status =
            alc_context_create((alc_context_options){.threads = 2,
                                                     .allocator = &hooks.allocator,
                                                     .files = &hooks.files,
                                                     .message = message,
                                                     .message_size = sizeof message},
                               &context);
        if (status == ALC_OK) {
            alc_context_destroy(context);
            break;
        }
        failures++;
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        ck_assert_ptr_null(context);
        ck_assert_str_ne(message, "");
        ck_assert_int_eq(hooks.blocks_outstanding, 0);
    }
    ck_assert_int_ge(failures, 2);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(null_is_allowed_where_it_says_so)
{
    alc_context_destroy(NULL);
    ck_assert_int_eq(alc_context_isa(NULL), ALC_ISA_AUTO);
    ck_assert_int_eq(alc_context_threads(NULL), 0);
    ck_assert_uint_eq(alc_context_seed(NULL), 0);
}
END_TEST

START_TEST(the_version_has_three_numbers)
{
    int dots = 0;
    for (const char *c = alc_version(); *c != '\0'; c++)
        dots += *c == '.';
    ck_assert_int_eq(dots, 2);
}
END_TEST

int main(void)
{
    unsetenv("ALCOR_ISA");
    return RUN_TESTS("context", zero_options_give_a_working_context, options_are_kept,
                     wrong_options_are_refused_with_a_sentence, openblas_has_no_bf16,
                     a_short_message_buffer_is_never_overrun, the_message_is_empty_after_success,
                     every_failing_allocation_is_survived, null_is_allowed_where_it_says_so,
                     the_version_has_three_numbers);
}
