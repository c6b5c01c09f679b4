/* tests/kernels/test_pool.c - runs check_pool.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(pool)
