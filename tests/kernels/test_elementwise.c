/* tests/kernels/test_elementwise.c - runs check_elementwise.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(elementwise)
