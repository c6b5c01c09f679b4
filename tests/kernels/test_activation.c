/* tests/kernels/test_activation.c - runs check_activation.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(activation)
