/* tests/support/run_tests.h - the main function of a test program:
 *     int main(void) { return RUN_TESTS("arena", test_one, test_two); }
 * Tests may run in one process (CK_FORK=no), so each cleans up after itself. */
#ifndef ALC_TESTS_RUN_TESTS_H
#define ALC_TESTS_RUN_TESTS_H

#include <check.h>
#include <stddef.h>

/* The exit status: 0 if all passed. */
int run_tests(const char *name, const TTest *const *tests, size_t count);

#define RUN_TESTS(name, ...)                                                                       \
    run_tests(name, (const TTest *const[]){__VA_ARGS__},                                           \
              sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *))

#endif
