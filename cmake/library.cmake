# The static library in one precision: lib, models, and the kernels compiled once per instruction set.
get_filename_component(ALCOR_ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
set(ALCOR_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes)
set(ALCOR_C_FLAGS ${ALCOR_WARNINGS} -ffp-contract=off -fno-math-errno -fno-asynchronous-unwind-tables -fno-ident)
if(ALCOR_WERROR)
    list(APPEND ALCOR_C_FLAGS -Werror)
endif()
if(ALCOR_SANITIZE)
    list(APPEND ALCOR_C_FLAGS -fsanitize=${ALCOR_SANITIZE} -fno-omit-frame-pointer
         -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${ALCOR_SANITIZE})
endif()

file(GLOB_RECURSE ALCOR_LIB_SOURCES CONFIGURE_DEPENDS ${ALCOR_ROOT}/lib/*.c)
file(GLOB ALCOR_MODEL_SOURCES CONFIGURE_DEPENDS ${ALCOR_ROOT}/models/*.c)
file(GLOB ALCOR_KERNEL_COMMON CONFIGURE_DEPENDS ${ALCOR_ROOT}/kernels/*.c)
list(REMOVE_ITEM ALCOR_KERNEL_COMMON ${ALCOR_ROOT}/kernels/table.c)
file(GLOB ALCOR_KERNEL_BODIES CONFIGURE_DEPENDS ${ALCOR_ROOT}/kernels/f32/*.c)
list(REMOVE_ITEM ALCOR_KERNEL_BODIES ${ALCOR_ROOT}/kernels/f32/epilogue_bf16.c ${ALCOR_ROOT}/kernels/f32/pairs_bf16.c)
list(APPEND ALCOR_KERNEL_BODIES ${ALCOR_ROOT}/kernels/table.c)

# What runs once per plan, file or epoch is compiled for size; what runs once per pixel or value is not.
set(ALCOR_SMALL_SOURCES ${ALCOR_LIB_SOURCES} ${ALCOR_MODEL_SOURCES})
foreach(hot data/decode_stb data/image_resize data/image_transform data/jpeg_scan data/png_structure io/stored_dtype)
    list(REMOVE_ITEM ALCOR_SMALL_SOURCES ${ALCOR_ROOT}/lib/${hot}.c)
endforeach()
set_source_files_properties(${ALCOR_SMALL_SOURCES} PROPERTIES COMPILE_OPTIONS $<$<CONFIG:Release>:-Os>)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(ALCOR_ISAS SCALAR AVX2 AVX512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(ALCOR_ISAS SCALAR NEON)
else()
    set(ALCOR_ISAS SCALAR)
endif()
# For size: each fused multiply-add is a call of fmaf, which no unrolling makes faster.
set(ALCOR_ISA_FLAGS_SCALAR -Os)
set(ALCOR_ISA_FLAGS_AVX2 -mavx2 -mfma)
set(ALCOR_ISA_FLAGS_AVX512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512)
set(ALCOR_ISA_FLAGS_NEON "")

function(alcor_target_settings target double)
    target_compile_options(${target} PRIVATE ${ALCOR_C_FLAGS})
    target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
    if(double)
        target_compile_definitions(${target} PRIVATE ALCOR_DOUBLE)
    endif()
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()

# gcc 12 moves the tile's loads ahead until four of NEON's 24 sums are stored and read again for every k, and does not unroll it:
# a quarter more instructions.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64" AND CMAKE_C_COMPILER_ID STREQUAL GNU)
    set_source_files_properties(${ALCOR_ROOT}/kernels/f32/tile.c PROPERTIES
                                COMPILE_OPTIONS "-fno-schedule-insns;--param=max-average-unrolled-insns=160")
endif()

# Where the loops of the tiles begin, which else any change of the library moves, is worth a hundredth of the time. So is it that gcc 12
# gives registers to the whole function at once: region by region, it stores a sum of AVX-512's largest tile, and reads it again, every
# four k. And nothing but addresses is left for it to vectorise. Steps are written out in the source, as many as pay.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(ALCOR_TILE_OPTIONS -falign-loops=32 -fno-tree-vectorize)
    if(CMAKE_C_COMPILER_ID STREQUAL GNU)
        list(APPEND ALCOR_TILE_OPTIONS -fira-region=one --param=max-completely-peel-times=3)
    endif()
    set_source_files_properties(${ALCOR_ROOT}/kernels/f32/tile.c PROPERTIES COMPILE_OPTIONS "${ALCOR_TILE_OPTIONS}")
endif()

# What stands in for an instruction that a CPU lacks is not made for speed.
set_source_files_properties(${ALCOR_ROOT}/kernels/f32/pairs.c PROPERTIES COMPILE_OPTIONS -Os)

# The register tiles once more, on pairs of bf16 values, for CPUs that make and multiply them. For size: all but the loops is a fifth
# of it.
function(alcor_add_bf16_kernels name)
    set(objects ${name}_kernels_avx512_bf16)
    add_library(${objects} OBJECT ${ALCOR_ROOT}/kernels/f32/tile.c ${ALCOR_ROOT}/kernels/f32/epilogue_bf16.c
                ${ALCOR_ROOT}/kernels/f32/pairs_bf16.c)
    alcor_target_settings(${objects} FALSE)
    target_compile_definitions(${objects} PRIVATE ALCK_AVX512 ALCK_BF16_TILES)
    target_include_directories(${objects} PRIVATE ${ALCOR_ROOT})
    target_compile_options(${objects} PRIVATE -Os -fno-trapping-math ${ALCOR_ISA_FLAGS_AVX512} -mavx512bf16)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:${objects}>)
endfunction()

# The kernels, once per instruction set, as part of the library `name`.
function(alcor_add_kernels name double)
    foreach(isa IN LISTS ALCOR_ISAS)
        string(TOLOWER ${isa} suffix)
        set(objects ${name}_kernels_${suffix})
        set(bodies ${ALCOR_KERNEL_BODIES})
        if(double)
            list(REMOVE_ITEM bodies ${ALCOR_ROOT}/kernels/f32/tile_pairs.c)
        endif()
        add_library(${objects} OBJECT ${bodies})
        alcor_target_settings(${objects} ${double})
        target_compile_definitions(${objects} PRIVATE ALCK_${isa})
        target_include_directories(${objects} PRIVATE ${ALCOR_ROOT})
        target_compile_options(${objects} PRIVATE -O3 -fno-trapping-math ${ALCOR_ISA_FLAGS_${isa}})
        target_sources(${name} PRIVATE $<TARGET_OBJECTS:${objects}>)
        if(isa STREQUAL AVX512 AND NOT double)
            alcor_add_bf16_kernels(${name})
        endif()
        target_compile_definitions(${name} PRIVATE ALCK_HAVE_${isa})
    endforeach()
endfunction()

function(alcor_add_library name double)
    add_library(${name} STATIC ${ALCOR_LIB_SOURCES} ${ALCOR_MODEL_SOURCES} ${ALCOR_KERNEL_COMMON})
    add_library(Alcor::${name} ALIAS ${name})
    alcor_target_settings(${name} ${double})
    target_include_directories(${name}
        PUBLIC $<BUILD_INTERFACE:${ALCOR_ROOT}/include> $<INSTALL_INTERFACE:include>
        PRIVATE ${ALCOR_ROOT})
    target_include_directories(${name} SYSTEM PRIVATE ${STB_INCLUDE_DIR})
    if(double)
        target_compile_definitions(${name} INTERFACE ALCOR_DOUBLE)
    endif()
    target_compile_definitions(${name} PRIVATE ALCOR_VERSION="${PROJECT_VERSION}")

    alcor_add_kernels(${name} ${double})

    target_link_libraries(${name} PRIVATE Threads::Threads PkgConfig::JANSSON PkgConfig::XXHASH ZLIB::ZLIB)
    if(ALCOR_IMAGE_DECODER STREQUAL "libjpeg-turbo")
        target_compile_definitions(${name} PRIVATE ALCOR_IMAGE_DECODER_LIBJPEG_TURBO)
        target_link_libraries(${name} PRIVATE JPEG::JPEG PNG::PNG)
    endif()
    if(ALCOR_HAVE_OPENBLAS)
        target_compile_definitions(${name} PRIVATE ALCOR_HAVE_OPENBLAS)
        target_include_directories(${name} SYSTEM PRIVATE ${OPENBLAS_INCLUDE_DIR})
        target_link_libraries(${name} PRIVATE ${OPENBLAS_LIBRARY})
    endif()
    target_link_libraries(${name} PRIVATE m)
endfunction()
