/* tests/kernels/test_pool_double.c - runs check_pool.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(pool)
