# tests/fuzz/fuzz_*.c: one libFuzzer program each, run for ten seconds by ctest and as long as one likes by
# scripts/fuzz.sh. They are built by clang with its address and undefined behaviour sanitizers whatever builds the rest,
# so the library's sources and the scalar kernels are compiled once more for them. Without a clang that has libFuzzer
# there are no such tests; scripts/test.sh installs one.
#
# Other machines' programs and builds with sanitizers or counters of their own go without: the programs would be the same.
find_program(ALCOR_FUZZ_COMPILER NAMES clang-14 clang)
mark_as_advanced(ALCOR_FUZZ_COMPILER)
if(NOT ALCOR_FUZZ_COMPILER OR CMAKE_CROSSCOMPILING OR ALCOR_SANITIZE OR CMAKE_C_FLAGS MATCHES coverage)
    return()
endif()

set(fuzz_folder ${PROJECT_BINARY_DIR}/fuzz)
set(fuzz_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
file(WRITE ${fuzz_folder}/probe.c
     "int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size) { return data == 0 && size > 0; }\n")
execute_process(COMMAND ${ALCOR_FUZZ_COMPILER} -fsanitize=fuzzer ${fuzz_sanitizers} ${fuzz_folder}/probe.c
                        -o ${fuzz_folder}/probe
                RESULT_VARIABLE fuzz_failed OUTPUT_QUIET ERROR_QUIET)
if(NOT fuzz_failed EQUAL 0)
    message(STATUS "${ALCOR_FUZZ_COMPILER} has no libFuzzer: the fuzz targets are left out")
    return()
endif()

set(fuzz_flags -std=c11 -O1 -g -ffp-contract=off -fno-math-errno -fno-omit-frame-pointer ${ALCOR_WARNINGS}
    ${fuzz_sanitizers} -D_POSIX_C_SOURCE=200809L -DALCOR_VERSION="${PROJECT_VERSION}" -DALCK_SCALAR -DALCK_HAVE_SCALAR
    -I${PROJECT_SOURCE_DIR} -I${PROJECT_SOURCE_DIR}/include -I${PROJECT_SOURCE_DIR}/tests
    -isystem ${STB_INCLUDE_DIR} ${JANSSON_CFLAGS} ${XXHASH_CFLAGS})
if(ALCOR_WERROR)
    list(APPEND fuzz_flags -Werror)
endif()
set(fuzz_libraries ${JANSSON_LINK_LIBRARIES} ${XXHASH_LINK_LIBRARIES} ${ZLIB_LIBRARIES} -lm -pthread)
if(ALCOR_IMAGE_DECODER STREQUAL "libjpeg-turbo")
    list(APPEND fuzz_flags -DALCOR_IMAGE_DECODER_LIBJPEG_TURBO)
    list(APPEND fuzz_libraries ${JPEG_LIBRARIES} ${PNG_LIBRARIES})
endif()

# Adds the rule that compiles `source`, and the object's path to the list `objects`.
function(alcor_fuzz_object source objects)
    file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR} ${source})
    set(compiled ${fuzz_folder}/${name}.o)
    get_filename_component(folder ${compiled} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(OUTPUT ${compiled}
                       COMMAND ${CMAKE_C_COMPILER_LAUNCHER} ${ALCOR_FUZZ_COMPILER} -fsanitize=fuzzer-no-link
                               ${fuzz_flags} -MD -MF ${compiled}.d -c ${source} -o ${compiled}
                       DEPENDS ${source} DEPFILE ${compiled}.d VERBATIM COMMENT "Fuzzing: ${name}")
    set(${objects} ${${objects}} ${compiled} PARENT_SCOPE)
endfunction()

set(fuzz_objects "")
foreach(source IN LISTS ALCOR_LIB_SOURCES ALCOR_KERNEL_COMMON ALCOR_KERNEL_BODIES)
    alcor_fuzz_object(${source} fuzz_objects)
endforeach()
set(fuzz_library ${fuzz_folder}/libalcor_fuzz.a)
add_custom_command(OUTPUT ${fuzz_library}
                   COMMAND ${CMAKE_COMMAND} -E rm -f ${fuzz_library}
                   COMMAND ${CMAKE_AR} rcs ${fuzz_library} ${fuzz_objects}
                   DEPENDS ${fuzz_objects} VERBATIM COMMENT "Fuzzing: the library")

set(fuzz_programs "")
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_*.c)
foreach(source IN LISTS fuzz_sources)
    get_filename_component(target ${source} NAME_WE)
    set(object "")
    alcor_fuzz_object(${source} object)
    set(program ${fuzz_folder}/${target})
    add_custom_command(OUTPUT ${program}
                       COMMAND ${ALCOR_FUZZ_COMPILER} -fsanitize=fuzzer ${fuzz_sanitizers} ${object} ${fuzz_library}
                               ${fuzz_libraries} -o ${program}
                       DEPENDS ${object} ${fuzz_library} VERBATIM COMMENT "Fuzzing: ${target}")
    list(APPEND fuzz_programs ${program})

    # New inputs that reach new code are kept in the first folder, so each run goes on where the last one ended.
    string(REGEX REPLACE "^fuzz_" "" corpus ${target})
    file(MAKE_DIRECTORY ${fuzz_folder}/corpus/${corpus} ${fuzz_folder}/findings)
    add_test(NAME ${target}
             COMMAND ${program} -max_total_time=10 -timeout=20 -rss_limit_mb=2048 -verbosity=0
                     -artifact_prefix=${fuzz_folder}/findings/${target}- ${fuzz_folder}/corpus/${corpus}
                     tests/fuzz/corpus/${corpus}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${target} PROPERTIES LABELS fuzz)
endforeach()
add_custom_target(fuzz_targets ALL DEPENDS ${fuzz_programs})
