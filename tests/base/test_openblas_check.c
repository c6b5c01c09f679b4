/* tests/base/test_openblas_check.c - OpenBLAS is either there and safe under threads, or asking for
 * it is an error. */
#include <string.h>

#include "lib/base/base.h"
#include "support/run_tests.h"

static void keep_line(void *user, const char *line)
{
    strcpy(user, line);
}

/* What the linked OpenBLAS says of itself; the program's own function comes before the shared library's. */
static int flavour = 1;

int openblas_get_parallel(void);
int openblas_get_parallel(void)
{
    return flavour;
}

START_TEST(asking_for_openblas_is_answered_clearly)
{
    char line[1024] = "", message[256] = "";
    alc_context *context;
    alc_status status = alc_context_create((alc_context_options){.threads = 1,
                                                                 .gemm = ALC_GEMM_OPENBLAS,
                                                                 .log = keep_line,
                                                                 .log_user = line,
                                                                 .message = message,
                                                                 .message_size = sizeof message},
                                           &context);
    if (status == ALC_OK) {
        ck_assert_int_eq(alc_context_gemm(context), ALC_GEMM_OPENBLAS);
        ck_assert_ptr_nonnull(strstr(line, "OpenBLAS"));
    } else {
        ck_assert_int_eq(status, ALC_UNSUPPORTED);
        ck_assert_ptr_null(context);
        ck_assert_ptr_nonnull(strstr(message, "OpenBLAS"));
    }
    alc_context_destroy(context);
}
END_TEST

START_TEST(a_flavour_that_threads_break_is_refused)
{
    static const char *const names[] = {"serial", "pthread", "OpenMP"};
    for (flavour = 0; flavour < 3; flavour++) {
        char message[512] = "";
        alc_context *context;
        alc_status status = alc_context_create((alc_context_options){.threads = 1,
                                                                     .gemm = ALC_GEMM_OPENBLAS,
                                                                     .message = message,
                                                                     .message_size = sizeof message},
                                               &context);
        if (status != ALC_OK && strstr(message, "made without it") == NULL) {
            ck_assert_int_ne(flavour, 1);
            ck_assert_int_eq(status, ALC_UNSUPPORTED);
            ck_assert_ptr_nonnull(strstr(message, names[flavour]));
            ck_assert_ptr_nonnull(strstr(message, "link the pthread build"));
        } else {
            ck_assert(status != ALC_OK || flavour == 1);
        }
        alc_context_destroy(context);
    }
    flavour = 1;
}
END_TEST

int main(void)
{
    return RUN_TESTS("openblas_check", asking_for_openblas_is_answered_clearly,
                     a_flavour_that_threads_break_is_refused);
}
