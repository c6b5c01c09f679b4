# Everything that Alcor does not write itself, found on the system. scripts/install-deps.sh has the packages' names.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
find_package(ZLIB REQUIRED)
find_path(STB_INCLUDE_DIR stb/stb_image.h REQUIRED)

if(ALCOR_IMAGE_DECODER STREQUAL "libjpeg-turbo")
    find_package(JPEG REQUIRED)
    find_package(PNG REQUIRED)
elseif(NOT ALCOR_IMAGE_DECODER STREQUAL "stb")
    message(FATAL_ERROR "ALCOR_IMAGE_DECODER is '${ALCOR_IMAGE_DECODER}'; it must be stb or libjpeg-turbo")
endif()

set(ALCOR_HAVE_OPENBLAS OFF)
if(ALCOR_WITH_OPENBLAS)
    # The pthread flavour is asked for by its own path first: others are unsafe under our threads.
    find_library(OPENBLAS_LIBRARY openblas PATH_SUFFIXES openblas-pthread)
    find_path(OPENBLAS_INCLUDE_DIR openblas_config.h
              PATH_SUFFIXES openblas-pthread ${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread)
    if(OPENBLAS_LIBRARY AND OPENBLAS_INCLUDE_DIR)
        set(ALCOR_HAVE_OPENBLAS ON)
    endif()
endif()
