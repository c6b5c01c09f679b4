/* tests/kernels/test_pairs.c - runs check_pairs.c in single precision: the double build has no bf16. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(pairs)
