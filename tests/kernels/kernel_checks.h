/* tests/kernels/kernel_checks.h - all lists of checks, each of a file check_NAME.c and ended by a NULL name. */
#ifndef KERNEL_CHECKS_H
#define KERNEL_CHECKS_H

#include "tests/kernels/kernel_test.h"

/* X(NAME): kernel_checks_NAME is defined in check_NAME.c and run by test_NAME.c and by neon_main.c. */
#define KERNEL_CHECK_LISTS(X) \
    X(activation)             \
    X(channel_sums)           \
    X(conv_backward_data)     \
    X(conv_backward_weights)  \
    X(conv_forward)           \
    X(conv_winograd)          \
    X(cross_entropy)          \
    X(depthwise)              \
    X(dropout)                \
    X(elementwise)            \
    X(gemm)                   \
    X(math)                   \
    X(norm)                   \
    X(optimizer)              \
    X(pairs)                  \
    X(pool)                   \
    X(reduce)                 \
    X(softmax)

#define DECLARE_KERNEL_CHECKS(name) extern const kernel_check kernel_checks_##name[];
KERNEL_CHECK_LISTS(DECLARE_KERNEL_CHECKS)
#undef DECLARE_KERNEL_CHECKS

#endif
