/* metrics_test.h - the samples that the tests of metrics judge, small enough to count by hand. */
#ifndef ALC_TESTS_METRICS_TEST_H
#define ALC_TESTS_METRICS_TEST_H

#include <check.h>
#include <math.h>

#include "alcor/metrics.h"

/* Ten samples of three classes. Predictions (argmax): G G G S | Q G | S S S G. */
static const int32_t labels[10] = {0, 0, 0, 0, 1, 1, 2, 2, 2, 2};
static const int32_t predicted[10] = {0, 0, 0, 2, 1, 0, 2, 2, 2, 0};

static inline void fill_probabilities(alc_real *p)
{
    for (int i = 0; i < 10; i++)
        for (int c = 0; c < 3; c++)
            p[3 * i + c] = (alc_real)(c == predicted[i] ? 0.5 : 0.25);
}

static inline void expect_near(double value, double expected, double tolerance)
{
    ck_assert_msg(fabs(value - expected) <= tolerance, "%.12g, expected %.12g", value, expected);
}

#endif
