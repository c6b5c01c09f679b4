/* tests/kernels/test_dropout_double.c - runs check_dropout.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(dropout)
