/* tests/kernels/test_reduce.c - runs check_reduce.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(reduce)
