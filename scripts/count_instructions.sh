#!/usr/bin/env bash
# How many instructions the kernels take with NEON, beside the scalar kernels of the same machine, AVX2's and, for matrix
# products, OpenBLAS's: what no clock can tell where there is no ARM machine. QEMU emulates both CPUs and a plugin counts;
# count_kernel runs each kernel once and twice, and the difference is one run of the kernel.
#
#     scripts/count_instructions.sh [TEXT]        cases whose name has TEXT, or all: five minutes after the build
#
# Prints two tables when all is counted. Everything lies in build/instructions. OpenBLAS is fetched from Debian for both
# architectures and unpacked there, not installed.
#
# Exit status 0: no kernel is left scalar, which is to say takes more than 60 % of the scalar kernel's instructions or more
# than 3 times AVX2's.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ "$(uname -m)" != x86_64 ]; then
    echo "AVX2 is to be compared with: this needs x86-64, this is $(uname -m)" >&2
    exit 1
fi
text=${1:-}
scripts/install-deps.sh --tests
folder=$PWD/build/instructions
mkdir -p "$folder"

compiler_of() {
    case "$1" in arm64) echo aarch64-linux-gnu-gcc ;; amd64) echo gcc ;; esac
}

# fetch_openblas ARCHITECTURE: its static library and headers, by package lists of our own, so that the system's stay as
# they are.
fetch_openblas() {
    local lists=$folder/openblas/$1
    local options=(-o "APT::Architectures::=$1" -o "Dir::State::Lists=$lists/lists" -o "Dir::Cache=$lists"
                   -o APT::Sandbox::User=)
    [ ! -e "$lists/usr" ] || return 0
    mkdir -p "$lists"/{lists,archives}/partial
    (cd "$lists" && apt-get "${options[@]}" update && apt-get "${options[@]}" download "libopenblas-pthread-dev:$1" &&
        dpkg-deb -x libopenblas-pthread-dev_*.deb unpacked && mv unpacked/usr usr) >"$lists/log" 2>&1 || {
        cat "$lists/log" >&2
        return 1
    }
}

# build ARCHITECTURE [CMAKE OPTION]...: the kernels as tests/neon builds them, and count_kernel.
build() {
    local architecture=$1 openblas=$folder/openblas/$1/usr
    shift
    cmake -S tests/neon -B "$folder/$architecture" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DXXHASH_HEADER="$(pkg-config --variable=includedir libxxhash)/xxhash.h" "$@" >"$folder/configure.log"
    cmake --build "$folder/$architecture" --parallel "$(nproc)" --target alcor_computing -- --quiet >"$folder/build.log" || {
        cat "$folder/build.log" >&2
        return 1
    }
    "$(compiler_of "$architecture")" -std=c11 -O2 -I. -DALCOR_HAVE_OPENBLAS -isystem "$openblas"/include/*/openblas-pthread \
        tests/bench/count_kernel.c tests/bench/count_kernel/*.c "$folder/$architecture/libalcor_computing.a" \
        "$openblas"/lib/*/openblas-pthread/libopenblas.a -lm -pthread -o "$folder/$architecture/count_kernel"
}

# emulate ARCHITECTURE ISA CASE RUNS: leaves the instructions in $folder/count, prints what count_kernel says. OpenBLAS is
# told which CPU to be made for: the emulated ones are like none that it knows.
emulate() {
    local emulator=(qemu-x86_64 -cpu max -E OPENBLAS_CORETYPE=ZEN)
    [ "$1" = amd64 ] || emulator=(qemu-aarch64 -L /usr/aarch64-linux-gnu -E OPENBLAS_CORETYPE=NEOVERSEN1)
    "${emulator[@]}" -E OPENBLAS_NUM_THREADS=1 -plugin "$folder/instruction_counter.so" -d plugin -D "$folder/count" \
        "$folder/$1/count_kernel" "${@:2}"
}

# count ARCHITECTURE ISA CASE: sets `counted` to the instructions of one run, `work` and `unit` to what it did.
count() {
    local said once
    said=$(emulate "$@" 1)
    read -r work unit <<<"$said"
    once=$(<"$folder/count")
    emulate "$@" 2 >/dev/null
    counted=$(($(<"$folder/count") - once))
}

# count_all START ARCHITECTURE:ISA...: a line CASE;UNIT;WORK;COUNT;... for each case whose name begins with START, with a
# count for each instruction set.
count_all() {
    local name counts way
    while read -r name; do
        [ ! -t 2 ] || echo "$name" >&2
        counts=
        for way in "${@:2}"; do
            count "${way%:*}" "${way#*:}" "$name"
            counts+=";$counted"
        done
        echo "$name;$unit;$work$counts"
    done < <("$folder/amd64/count_kernel" | grep -F -- "$text" | grep "^$1")
}

fetch_openblas arm64
fetch_openblas amd64
gcc -std=c11 -O2 -shared -fPIC tests/neon/instruction_counter.c -o "$folder/instruction_counter.so"
build arm64 -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/aarch64-linux-gnu.cmake"
build amd64

count_all '' arm64:neon arm64:scalar amd64:avx2 amd64:scalar >"$folder/kernels"
[ -s "$folder/kernels" ] || { echo "no case has \"$text\" in its name" >&2; exit 2; }
count_all 'gemm ' arm64:neon arm64:openblas amd64:avx2 amd64:openblas >"$folder/products"

echo "Instructions for each FMA of a matrix product"
echo
echo "| | NEON | OpenBLAS, NEON | ours / OpenBLAS | AVX2 | OpenBLAS, AVX2 | ours / OpenBLAS |"
echo "|---|---|---|---|---|---|---|"
awk -F ';' '
    { printf "| %s | %.3f | %.3f | %.2f | %.3f | %.3f | %.2f |\n", $1, $4 / $3, $5 / $3, $4 / $5, $6 / $3, $7 / $3,
             $6 / $7 }' "$folder/products"

echo
echo "Instructions for each FMA or value"
echo
echo "| | of | NEON | scalar, ARM | AVX2 | scalar, x86 | NEON / scalar | NEON / AVX2 | |"
echo "|---|---|---|---|---|---|---|---|---|"
awk -F ';' '
    { left = $4 > 0.6 * $5 || $4 > 3 * $6
      printf "| %s | %s | %.3f | %.2f | %.3f | %.2f | %.2f | %.2f | %s |\n", $1, $2, $4 / $3, $5 / $3, $6 / $3, $7 / $3,
             $4 / $5, $4 / $6, left ? "left scalar" : ""
      lefts += left }
    END { exit lefts > 0 }' "$folder/kernels"
