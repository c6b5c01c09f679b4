#!/usr/bin/env bash
# Feeds the readers of files with what a fuzzer makes up (libFuzzer with the address and undefined behaviour sanitizers),
# for longer than the ten seconds that the tests give to each.
#
#     scripts/fuzz.sh [SECONDS] [TARGET]...        60 seconds for each target where none is named
#
# Targets are the files tests/fuzz/fuzz_TARGET.c. It stops at the first finding; the input is left in build/fuzz/fuzz/findings
# and `build/fuzz/fuzz/fuzz_TARGET FILE` repeats it. What is learned is kept in build/fuzz/fuzz/corpus for the next time.
#
# Exit status 0: no finding.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=60
if [[ "${1:-}" =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
fi
if [ $# -eq 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do
        name=$(basename "$source" .c)
        set -- "$@" "${name#fuzz_}"
    done
fi
for target in "$@"; do
    if [ ! -e "tests/fuzz/fuzz_$target.c" ]; then
        echo "there is no target $target; see tests/fuzz" >&2
        exit 2
    fi
done

scripts/install-deps.sh --tests
scripts/build.sh build/fuzz -DCMAKE_BUILD_TYPE=Release --target fuzz_targets
folder=build/fuzz/fuzz
for target in "$@"; do
    echo "$target, $seconds seconds"
    "$folder/fuzz_$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$folder/findings/fuzz_$target-" "$folder/corpus/$target" "tests/fuzz/corpus/$target"
done
