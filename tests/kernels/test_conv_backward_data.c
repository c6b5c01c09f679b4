/* tests/kernels/test_conv_backward_data.c - runs check_conv_backward_data.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(conv_backward_data)
