/* tests/kernels/test_math_double.c - runs check_math.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(math)
