/* tests/kernels/test_reduce_double.c - runs check_reduce.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(reduce)
