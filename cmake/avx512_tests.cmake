# What scripts/test_avx512.sh runs on an emulated CPU beside print_digests and reference_run: all kernel checks in one
# program. ctest's own tests cover AVX-512 wherever the CPU has it.
foreach(suffix IN ITEMS "" _double)
    set(program kernel_checks${suffix})
    add_executable(${program} EXCLUDE_FROM_ALL tests/kernels/neon_main.c)
    target_link_libraries(${program} PRIVATE alcor_test_support${suffix})
    alcor_test_program(${program} alcor${suffix})
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endforeach()
