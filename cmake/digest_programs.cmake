# Two programs without the test framework, for machines that lack it or are emulated: all kernel checks, and digests of all
# ops and of small models. Both link `library` and print what must be the same everywhere.
function(alcor_add_digest_programs library)
    file(GLOB checks CONFIGURE_DEPENDS ${ALCOR_ROOT}/tests/kernels/check_*.c ${ALCOR_ROOT}/kernels/reference/*.c)
    file(GLOB cases CONFIGURE_DEPENDS ${ALCOR_ROOT}/tests/ops/op_*.c)
    set(support model_digest plan_fixture failing_hooks)
    list(TRANSFORM support PREPEND ${ALCOR_ROOT}/tests/support/)
    list(TRANSFORM support APPEND .c)
    add_executable(kernel_checks ${ALCOR_ROOT}/tests/kernels/neon_main.c ${checks})
    add_executable(print_digests ${ALCOR_ROOT}/tests/neon/print_digests.c ${cases} ${support})
    foreach(program IN ITEMS kernel_checks print_digests)
        alcor_target_settings(${program} OFF)
        # Before the test framework's own header.
        target_include_directories(${program} BEFORE PRIVATE ${ALCOR_ROOT}/tests/neon/include ${ALCOR_ROOT}
                                   ${ALCOR_ROOT}/include ${ALCOR_ROOT}/tests)
        target_link_libraries(${program} PRIVATE ${library} Threads::Threads m)
    endforeach()
endfunction()
