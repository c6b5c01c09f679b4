/* tests/kernels/test_norm.c - runs check_norm.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(norm)
