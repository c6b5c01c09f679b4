# Tests of the example programs, by scripts that use them as people do: tests/examples/test_*.sh, and small tools for them.
file(GLOB tools CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/examples/*.c)
foreach(source IN LISTS tools)
    get_filename_component(tool ${source} NAME_WE)
    add_executable(${tool} ${source})
    alcor_target_settings(${tool} OFF)
    target_link_libraries(${tool} PRIVATE PkgConfig::JANSSON)
    set_target_properties(${tool} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endforeach()

file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/examples/test_*.sh)
foreach(script IN LISTS scripts)
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME examples_${name}
             COMMAND ${script} ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/bin ${PROJECT_BINARY_DIR}/tests)
    set_tests_properties(examples_${name} PROPERTIES LABELS examples)
endforeach()
