/* tests/kernels/run_kernel_checks.h - a Check program out of one list of kernel checks. */
#ifndef RUN_KERNEL_CHECKS_H
#define RUN_KERNEL_CHECKS_H

#include "support/run_tests.h"
#include "tests/kernels/kernel_checks.h"

#define KERNEL_CHECK_PROGRAM(list)                                                            \
    START_TEST(every_instruction_set_and_worker_count)                                        \
    {                                                                                         \
        for (const kernel_check *check = kernel_checks_##list; check->name != NULL; check++) { \
            const char *error = kernel_check_everywhere(check);                               \
            ck_assert_msg(error == NULL, "%s", error);                                        \
        }                                                                                     \
    }                                                                                         \
    END_TEST                                                                                  \
    int main(void)                                                                            \
    {                                                                                         \
        return RUN_TESTS(#list, every_instruction_set_and_worker_count);                      \
    }

#endif
