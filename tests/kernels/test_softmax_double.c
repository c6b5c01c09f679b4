/* tests/kernels/test_softmax_double.c - runs check_softmax.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(softmax)
