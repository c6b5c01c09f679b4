/* tests/kernels/test_cross_entropy_double.c - runs check_cross_entropy.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(cross_entropy)
