/* tests/base/test_openblas_check.c - OpenBLAS is either there and safe under threads, or asking for
 * it is an error. */
#include <string.h>

#include "lib/base/base.h"
#include "support/run_tests.h"

static void keep_line(void *user, const char *line)
{
    strcpy(user, line);
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

int main(void)
{
    return RUN_TESTS("openblas_check", asking_for_openblas_is_answered_clearly);
}
