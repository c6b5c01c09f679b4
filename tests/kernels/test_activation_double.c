/* tests/kernels/test_activation_double.c - runs check_activation.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(activation)
