# What scripts/test_avx512.sh runs on an emulated CPU beside kernel_checks, print_digests (digest_programs.cmake) and
# reference_run: all kernel checks in double precision. ctest's own tests cover AVX-512 wherever the CPU has it.
add_executable(kernel_checks_double EXCLUDE_FROM_ALL tests/kernels/neon_main.c)
target_link_libraries(kernel_checks_double PRIVATE alcor_test_support_double)
alcor_test_program(kernel_checks_double alcor_double)
set_target_properties(kernel_checks_double PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
