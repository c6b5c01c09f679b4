#!/usr/bin/env bash
# Runs the tests under the sanitizers and under valgrind. This takes much longer than test.sh and is not part of it.
#
#     scripts/sanitize.sh [memory] [threads] [valgrind] [-- CTEST OPTION...]        all three where none is named
#
#     memory     address, undefined behaviour and leak sanitizers: every test
#     threads    thread sanitizer: every test program but that of the deep models in double precision, of whose memory the
#                sanitizer keeps a copy that takes more than 20 GB; the same models in single precision are among the others
#     valgrind   memcheck on the tests below; it knows no AVX-512, so they run with ALCOR_ISA=avx2
#
# What passed is remembered: broken off, it goes on where it was (scripts/run_tests.sh). The options of ctest choose tests, such
# as -R io.
#
# Exit status 0: no finding.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-deps.sh --tests

# Check's own time limits are for the release build.
export CK_FORK=no CK_TIMEOUT_MULTIPLIER=10
kinds=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    kinds+=("$1")
    shift
done
[ $# -eq 0 ] || shift
choice=("$@")

check_memory() {
    scripts/build.sh build/asan-ubsan -DCMAKE_BUILD_TYPE=Release -DALCOR_SANITIZE=address,undefined
    ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1 \
        UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 scripts/run_tests.sh build/asan-ubsan "${choice[@]}"
}

check_threads() {
    scripts/build.sh build/tsan -DCMAKE_BUILD_TYPE=Release -DALCOR_SANITIZE=thread
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 scripts/run_tests.sh build/tsan -LE repository -E model_goldens_double "${choice[@]}"
}

check_valgrind() {
    command -v valgrind >/dev/null || { echo "valgrind is not installed (Debian package valgrind)" >&2; return 1; }
    scripts/build.sh build/valgrind -DCMAKE_BUILD_TYPE=Release -DALCOR_WITH_OPENBLAS=OFF
    local test
    for test in base_test_context base_test_memory base_test_atomic_file base_test_thread_pool data_test_table_csv \
        io_test_safetensors_read io_test_checkpoint_load compile_test_compile run_test_executor optimizer_test_train_step \
        train_test_fit; do
        test=build/valgrind/tests/$test
        echo "valgrind $test"
        ALCOR_ISA=avx2 CK_DEFAULT_TIMEOUT=0 \
            valgrind --quiet --error-exitcode=1 --leak-check=full --show-leak-kinds=definite,indirect,possible \
                     "$test"
    done
}

if [ ${#kinds[@]} -eq 0 ]; then
    kinds=(memory threads valgrind)
fi
for what in "${kinds[@]}"; do
    case "$what" in
    memory) check_memory ;;
    threads) check_threads ;;
    valgrind) check_valgrind ;;
    *)
        echo "usage: scripts/sanitize.sh [memory] [threads] [valgrind] [-- CTEST OPTION...]" >&2
        exit 2
        ;;
    esac
done
