/* tests/kernels/test_softmax.c - runs check_softmax.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(softmax)
