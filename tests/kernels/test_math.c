/* tests/kernels/test_math.c - runs check_math.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(math)
