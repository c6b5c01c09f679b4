# What `cmake --install` puts in place: the static libraries, the public headers, and what find_package(Alcor) and
# pkg-config need to link them, the libraries behind them included. Nothing in it depends on the installation's prefix.
include(CMakePackageConfigHelpers)

install(DIRECTORY include/alcor DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS alcor alcor_double EXPORT AlcorTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(ALCOR_PACKAGE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/Alcor)
install(EXPORT AlcorTargets NAMESPACE Alcor:: DESTINATION ${ALCOR_PACKAGE_FOLDER})
configure_package_config_file(cmake/AlcorConfig.cmake.in ${PROJECT_BINARY_DIR}/AlcorConfig.cmake
                              INSTALL_DESTINATION ${ALCOR_PACKAGE_FOLDER})
# Below version 1.0.0 a new minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/AlcorConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/AlcorConfig.cmake ${PROJECT_BINARY_DIR}/AlcorConfigVersion.cmake
        DESTINATION ${ALCOR_PACKAGE_FOLDER})

set(ALCOR_PC_REQUIRES "jansson libxxhash zlib")
set(ALCOR_PC_LIBS "-lm -pthread")
if(ALCOR_IMAGE_DECODER STREQUAL "libjpeg-turbo")
    string(APPEND ALCOR_PC_REQUIRES " libjpeg libpng")
endif()
if(ALCOR_HAVE_OPENBLAS)
    get_filename_component(openblas_folder ${OPENBLAS_LIBRARY} DIRECTORY)
    string(PREPEND ALCOR_PC_LIBS "-L${openblas_folder} -lopenblas ")
endif()
file(RELATIVE_PATH ALCOR_PC_TO_PREFIX
     ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(name IN ITEMS alcor alcor_double)
    set(ALCOR_PC_NAME ${name})
    get_target_property(definitions ${name} INTERFACE_COMPILE_DEFINITIONS)
    set(ALCOR_PC_CFLAGS "")
    if(definitions)
        set(ALCOR_PC_CFLAGS "-D${definitions}")
    endif()
    configure_file(cmake/alcor.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
