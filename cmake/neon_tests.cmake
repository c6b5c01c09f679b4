# The NEON kernels are tested where there is a cross-compiler and an emulator (scripts/install-deps.sh --tests): all kernel
# checks, and the digests of every op and of small models against those of this machine.
find_program(ALCOR_CROSS_COMPILER aarch64-linux-gnu-gcc)
find_program(ALCOR_EMULATOR qemu-aarch64)
find_file(XXHASH_HEADER xxhash.h HINTS ${XXHASH_INCLUDE_DIRS})

add_executable(print_digests tests/neon/print_digests.c)
target_link_libraries(print_digests PRIVATE alcor_test_support)
alcor_test_program(print_digests alcor)
set_target_properties(print_digests PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND ALCOR_CROSS_COMPILER AND ALCOR_EMULATOR)
    set(folder ${PROJECT_BINARY_DIR}/neon)
    set(emulator ${ALCOR_EMULATOR} -L /usr/aarch64-linux-gnu)
    add_test(NAME neon_build
             COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test ${PROJECT_SOURCE_DIR}/tests/neon ${folder}
                     --build-generator ${CMAKE_GENERATOR} --build-noclean
                     --build-options -DCMAKE_TOOLCHAIN_FILE=${PROJECT_SOURCE_DIR}/cmake/aarch64-linux-gnu.cmake
                     -DCMAKE_BUILD_TYPE=Release -DALCOR_WERROR=${ALCOR_WERROR} -DXXHASH_HEADER=${XXHASH_HEADER}
                     -DCMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER})
    add_test(NAME neon_kernels COMMAND ${emulator} ${folder}/neon_kernels)
    add_test(NAME neon_digests COMMAND tests/neon/compare.sh $<TARGET_FILE:print_digests> ${emulator} ${folder}/print_digests
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(neon_build PROPERTIES FIXTURES_SETUP neon_programs)
    set_tests_properties(neon_kernels neon_digests PROPERTIES FIXTURES_REQUIRED neon_programs)
else()
    message(STATUS "No aarch64-linux-gnu-gcc or qemu-aarch64: the NEON kernels are not tested")
endif()
