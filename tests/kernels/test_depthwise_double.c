/* tests/kernels/test_depthwise_double.c - runs check_depthwise.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(depthwise)
