/* tests/kernels/test_pairs.c - runs check_pairs.c in single precision, the only one that has pairs. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(pairs)
