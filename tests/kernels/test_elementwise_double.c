/* tests/kernels/test_elementwise_double.c - runs check_elementwise.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(elementwise)
