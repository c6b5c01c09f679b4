# One program per examples/*.c; what they share is in examples/common. They see the public headers only.
file(GLOB ALCOR_EXAMPLE_COMMON CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/common/*.c)
file(GLOB ALCOR_EXAMPLES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.c)
if(ALCOR_EXAMPLE_COMMON)
    add_library(example_common STATIC ${ALCOR_EXAMPLE_COMMON})
    alcor_target_settings(example_common OFF)
    target_include_directories(example_common PUBLIC ${PROJECT_SOURCE_DIR}/examples)
    target_link_libraries(example_common PUBLIC alcor PkgConfig::JANSSON)
endif()
# Where the programs find what they need beside their arguments.
set_source_files_properties(${PROJECT_SOURCE_DIR}/examples/classify_image.c PROPERTIES
                            COMPILE_DEFINITIONS EXAMPLES_DATA="${PROJECT_SOURCE_DIR}/examples/data")
set_source_files_properties(${PROJECT_SOURCE_DIR}/examples/sky_experiment/baselines.c PROPERTIES
                            COMPILE_DEFINITIONS CLASSICAL_BASELINES="${PROJECT_SOURCE_DIR}/scripts/classical_baselines.py")
foreach(source IN LISTS ALCOR_EXAMPLES)
    get_filename_component(program ${source} NAME_WE)
    # A larger program has a folder of its own, examples/NAME.
    file(GLOB parts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/${program}/*.c)
    add_executable(${program} ${source} ${parts})
    alcor_target_settings(${program} OFF)
    target_link_libraries(${program} PRIVATE alcor $<TARGET_NAME_IF_EXISTS:example_common>)
    if(parts)
        target_link_libraries(${program} PRIVATE m)
    endif()
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endforeach()
