/* tests/kernels/test_gemm_double.c - runs check_gemm.c in double precision. */
#include "tests/kernels/run_kernel_checks.h"

KERNEL_CHECK_PROGRAM(gemm)
