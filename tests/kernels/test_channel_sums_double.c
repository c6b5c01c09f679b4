/* tests/kernels/test_channel_sums_double.c - runs check_channel_sums.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(channel_sums)
