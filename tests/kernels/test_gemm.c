/* tests/kernels/test_gemm.c - runs check_gemm.c in single precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(gemm)
