/* tests/neon/include/check.h - stands for the test framework where there is none for the machine: what the shared test code
 * asserts ends the program with a sentence. */
#ifndef ALC_TESTS_NEON_CHECK_H
#define ALC_TESTS_NEON_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define ck_assert_msg(condition, ...)                                                              \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                                        \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)
#define ck_assert(condition) ck_assert_msg(condition, "%s is false", #condition)
#define ck_assert_int_eq(a, b) ck_assert_msg((a) == (b), "%s is not %s", #a, #b)
#define ck_assert_ptr_null(a) ck_assert_msg((a) == NULL, "%s is not NULL", #a)
#define ck_assert_ptr_nonnull(a) ck_assert_msg((a) != NULL, "%s is NULL", #a)

#endif
