# tests/AREA/test_*.c: one Check executable each, run from the repository's root. tests/tools and tests/bench are programs.
pkg_check_modules(CHECK REQUIRED IMPORTED_TARGET check)

file(GLOB ALCOR_TEST_SUPPORT CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/*.c)
file(GLOB ALCOR_KERNEL_REFERENCE CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/reference/*.c)
file(GLOB ALCOR_KERNEL_CHECKS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/kernels/check_*.c)
file(GLOB ALCOR_OP_CASES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/ops/op_*.c
     ${PROJECT_SOURCE_DIR}/tests/ops/reference_*.c)

function(alcor_test_program target library)
    get_target_property(double ${library} INTERFACE_COMPILE_DEFINITIONS)
    string(FIND "${double}" ALCOR_DOUBLE found)
    if(found EQUAL -1)
        alcor_target_settings(${target} OFF)
    else()
        alcor_target_settings(${target} ON)
    endif()
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${target} PRIVATE ${library} PkgConfig::CHECK PkgConfig::JANSSON ZLIB::ZLIB Threads::Threads m)
endfunction()

add_library(alcor_test_support STATIC ${ALCOR_TEST_SUPPORT} ${ALCOR_KERNEL_REFERENCE} ${ALCOR_KERNEL_CHECKS}
            ${ALCOR_OP_CASES})
alcor_test_program(alcor_test_support alcor)
add_library(alcor_test_support_double STATIC ${ALCOR_TEST_SUPPORT} ${ALCOR_KERNEL_REFERENCE}
            ${ALCOR_KERNEL_CHECKS} ${ALCOR_OP_CASES})
alcor_test_program(alcor_test_support_double alcor_double)

# A test named *_double.c is linked against the double build.
file(GLOB ALCOR_TESTS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*/test_*.c)
foreach(source IN LISTS ALCOR_TESTS)
    # tests/kernels/test_optimizer.c -> kernels_test_optimizer: areas may use the same names.
    get_filename_component(area ${source} DIRECTORY)
    get_filename_component(area ${area} NAME)
    get_filename_component(program ${source} NAME_WE)
    set(program ${area}_${program})
    add_executable(${program} ${source})
    if(program MATCHES "_double$")
        target_link_libraries(${program} PRIVATE alcor_test_support_double)
        alcor_test_program(${program} alcor_double)
    else()
        target_link_libraries(${program} PRIVATE alcor_test_support)
        alcor_test_program(${program} alcor)
    endif()
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    add_test(NAME ${program} COMMAND ${program} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endforeach()

# Validation tools and benchmarks.
file(GLOB ALCOR_TOOLS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/tools/*.c ${PROJECT_SOURCE_DIR}/tests/bench/*.c)
foreach(source IN LISTS ALCOR_TOOLS)
    get_filename_component(program ${source} NAME_WE)
    get_filename_component(folder ${source} DIRECTORY)
    # A larger program has a folder of its own, as the examples have: tests/bench/NAME or tests/tools/NAME.
    file(GLOB parts CONFIGURE_DEPENDS ${folder}/${program}/*.c)
    add_executable(${program} ${source} ${parts})
    alcor_test_program(${program} alcor)
    if(ALCOR_HAVE_OPENBLAS)
        target_compile_definitions(${program} PRIVATE ALCOR_HAVE_OPENBLAS)
        target_include_directories(${program} SYSTEM PRIVATE ${OPENBLAS_INCLUDE_DIR})
        target_link_libraries(${program} PRIVATE ${OPENBLAS_LIBRARY})
    endif()
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endforeach()
if(EXISTS ${PROJECT_SOURCE_DIR}/tests/tools/reference_run.c)
    add_executable(reference_run_double tests/tools/reference_run.c)
    alcor_test_program(reference_run_double alcor_double)
    set_target_properties(reference_run_double PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endif()
