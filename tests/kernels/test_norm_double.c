/* tests/kernels/test_norm_double.c - runs check_norm.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(norm)
