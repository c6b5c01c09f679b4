#!/usr/bin/env bash
# Builds and runs the consumer against an installed package, in C and C++, with both compilers, found by CMake and by
# pkg-config. Every program must print the same line: a compiler changes no bit of the library's.
#
#     consume.sh PREFIX [LINK FLAG]...
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prefix=$1
shift
flags=("$@")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pkgconfig=$(dirname "$(find "$prefix" -name alcor.pc)")
export PKG_CONFIG_PATH=$pkgconfig

expected=
check() {
    local line
    line=$("$2")
    echo "$1: $line"
    : "${expected:=$line}"
    if [ "$line" != "$expected" ]; then
        echo "the first program printed: $expected" >&2
        exit 1
    fi
}

for pair in gcc:g++ clang-14:clang++-14; do
    cc=${pair%:*}
    cxx=${pair#*:}
    cmake -S "$here" -B "$work/$cc" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
          -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_EXE_LINKER_FLAGS="${flags[*]}" >"$work/log" ||
        { cat "$work/log"; exit 1; }
    cmake --build "$work/$cc" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    check "find_package, $cc" "$work/$cc/consumer_c"
    check "find_package, $cxx" "$work/$cc/consumer_cxx"
    "$work/$cc/consumer_double"

    read -ra options < <(pkg-config --static --cflags --libs alcor)
    "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror "$here/consumer.c" -o "$work/c" "${options[@]}" "${flags[@]}"
    check "pkg-config, $cc" "$work/c"
    "$cxx" -std=c++11 -Wall -Wextra -Wpedantic -Werror "$here/consumer.cc" -o "$work/cxx" "${options[@]}" "${flags[@]}"
    check "pkg-config, $cxx" "$work/cxx"

    read -ra options < <(pkg-config --static --cflags --libs alcor_double)
    "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror "$here/consumer.c" -o "$work/double" "${options[@]}" "${flags[@]}"
    "$work/double"
done
