/* tests/kernels/test_dropout.c - runs check_dropout.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(dropout)
