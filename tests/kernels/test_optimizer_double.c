/* tests/kernels/test_optimizer_double.c - runs check_optimizer.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(optimizer)
