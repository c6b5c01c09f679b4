/* tests/kernels/test_conv_forward_double.c - runs check_conv_forward.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(conv_forward)
