# The NEON kernels are tested where there is a cross-compiler and an emulator (scripts/install-deps.sh --tests): all kernel
# checks, and the digests of every op and of small models against those of this machine.
find_program(ALCOR_CROSS_COMPILER aarch64-linux-gnu-gcc)
find_program(ALCOR_EMULATOR qemu-aarch64)
find_file(XXHASH_HEADER xxhash.h HINTS ${XXHASH_INCLUDE_DIRS})

include(cmake/digest_programs.cmake)
alcor_add_digest_programs(alcor)
set_target_properties(kernel_checks print_digests PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)

if(ALCOR_SANITIZE OR CMAKE_C_FLAGS MATCHES coverage)
    message(STATUS "The NEON kernels are not tested by instrumented builds, which know nothing of the emulated program")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND ALCOR_CROSS_COMPILER AND ALCOR_EMULATOR)
    set(folder ${PROJECT_BINARY_DIR}/neon)
    set(emulator ${ALCOR_EMULATOR} -L /usr/aarch64-linux-gnu)
    add_test(NAME neon_build
             COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test ${PROJECT_SOURCE_DIR}/tests/neon ${folder}
                     --build-generator ${CMAKE_GENERATOR} --build-noclean
                     --build-options -DCMAKE_TOOLCHAIN_FILE=${PROJECT_SOURCE_DIR}/cmake/aarch64-linux-gnu.cmake
                     -DCMAKE_BUILD_TYPE=Release -DALCOR_WERROR=${ALCOR_WERROR} -DXXHASH_HEADER=${XXHASH_HEADER}
                     -DCMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER})
    set_tests_properties(neon_build PROPERTIES FIXTURES_SETUP neon_programs)
    foreach(program IN ITEMS kernel_checks print_digests)
        add_test(NAME neon_${program}
                 COMMAND tests/neon/compare.sh $<TARGET_FILE:${program}> ${emulator} ${folder}/${program}
                 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
        set_tests_properties(neon_${program} PROPERTIES FIXTURES_REQUIRED neon_programs)
    endforeach()
else()
    message(STATUS "No aarch64-linux-gnu-gcc or qemu-aarch64: the NEON kernels are not tested")
endif()
