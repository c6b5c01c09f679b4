/* tests/kernels/test_optimizer.c - runs check_optimizer.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(optimizer)
