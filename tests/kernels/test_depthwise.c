/* tests/kernels/test_depthwise.c - runs check_depthwise.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(depthwise)
