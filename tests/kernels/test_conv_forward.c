/* tests/kernels/test_conv_forward.c - runs check_conv_forward.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(conv_forward)
