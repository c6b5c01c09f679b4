/* tests/base/test_processors.c - the number of processors follows the process's affinity mask.
 * _GNU_SOURCE: setting the mask is no part of POSIX. */
#define _GNU_SOURCE
#include <sched.h>

#include "lib/base/context_private.h"
#include "support/run_tests.h"

START_TEST(the_affinity_mask_counts)
{
    cpu_set_t before, one;
    int all = alc_available_processors();
    ck_assert_int_ge(all, 1);
    ck_assert_int_le(all, ALC_MAX_THREADS);
    ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
    size_t first = 0;
    while (!CPU_ISSET(first, &before))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ck_assert_int_eq(alc_available_processors(), 1);
    ck_assert_int_eq(sched_setaffinity(0, sizeof before, &before), 0);
    ck_assert_int_eq(alc_available_processors(), all);
}
END_TEST

int main(void)
{
    return RUN_TESTS("processors", the_affinity_mask_counts);
}
