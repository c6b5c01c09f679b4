/* tests/kernels/test_conv_backward_weights.c - runs check_conv_backward_weights.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(conv_backward_weights)
