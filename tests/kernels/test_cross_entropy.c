/* tests/kernels/test_cross_entropy.c - runs check_cross_entropy.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(cross_entropy)
