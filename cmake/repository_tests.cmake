# Tests of the repository as a whole, by scripts: who includes whom, what the object code holds, what the installed
# package gives to others, and whether the pages say what is true. They see the build as its users do.
set(ALCOR_PREFIX ${PROJECT_BINARY_DIR}/installed)
string(REPLACE "," ";" sanitizers "${ALCOR_SANITIZE}")
list(TRANSFORM sanitizers PREPEND -fsanitize=)

add_test(NAME install_package
         COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${ALCOR_PREFIX})
set_tests_properties(install_package PROPERTIES FIXTURES_SETUP installed_package)

add_test(NAME public_consumer COMMAND tests/public/consume.sh ${ALCOR_PREFIX} ${sanitizers}
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set(repository_tests public_consumer)

file(GLOB pages RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/docs/*.md ${PROJECT_SOURCE_DIR}/docs/design/*.md)
foreach(page IN LISTS pages)
    string(REGEX REPLACE "[/.]" "_" name ${page})
    string(REGEX REPLACE "_md$" "" name page_${name})
    add_test(NAME ${name}
             COMMAND tests/docs/check_page.sh ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} ${ALCOR_PREFIX}
                     ${CMAKE_C_COMPILER} ${page} ${sanitizers}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    list(APPEND repository_tests ${name})
endforeach()
set_tests_properties(${repository_tests} PROPERTIES FIXTURES_REQUIRED installed_package)

add_test(NAME architecture_includes COMMAND tests/architecture/check_includes.sh ${PROJECT_SOURCE_DIR}
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
list(APPEND repository_tests architecture_includes)

# Instrumented objects hold and call what the instrumentation needs.
if(NOT ALCOR_SANITIZE AND NOT CMAKE_C_FLAGS MATCHES coverage)
    set(kernels "")
    foreach(isa IN LISTS ALCOR_ISAS)
        string(TOLOWER ${isa} suffix)
        list(APPEND kernels --isa ${suffix} $<TARGET_OBJECTS:alcor_kernels_${suffix}>)
    endforeach()
    add_test(NAME architecture_symbols
             COMMAND tests/architecture/check_symbols.sh $<TARGET_FILE:alcor> ${kernels}
             COMMAND_EXPAND_LISTS WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    list(APPEND repository_tests architecture_symbols)
endif()
set_tests_properties(install_package ${repository_tests} PROPERTIES LABELS repository)
