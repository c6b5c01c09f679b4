/* tests/kernels/test_conv_winograd_double.c - runs check_conv_winograd.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(conv_winograd)
