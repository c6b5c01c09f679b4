/* tests/kernels/test_conv_backward_weights_double.c - runs check_conv_backward_weights.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(conv_backward_weights)
