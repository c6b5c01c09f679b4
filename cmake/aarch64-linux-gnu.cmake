# Cross-compiles for 64-bit ARM and runs what was built under qemu-user. tests/neon needs no more than this. The whole
# library needs what dependencies.cmake looks for, for that architecture too: on Debian `dpkg --add-architecture arm64` and
# packages such as libjansson-dev:arm64.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)

# pkg-config must answer for that architecture, not for this one.
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
