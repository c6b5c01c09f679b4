#!/usr/bin/env bash
# Runs the tests of a build folder one by one, and notes those that pass: where a run was broken off, or a test failed, the next
# one goes on with what is left. For instrumented builds, whose tests take hours. A new library begins a new run.
#
#     scripts/run_tests.sh FOLDER [CTEST OPTION]...        such as -R checkpoint, or -LE repository
#
# Exit status 0: all of these tests passed, now or before.
set -euo pipefail

folder=$1
shift
passed=$folder/passed
if [ ! -e "$passed" ] || [ "$folder/libalcor.a" -nt "$passed" ]; then
    : >"$passed"
fi

run_one() {
    local folder=$1 test=$2 log
    log=$folder/Testing/$test.log
    if ctest --test-dir "$folder" --output-on-failure --timeout 6000 --no-tests=error -R "^$test\$" >"$log" 2>&1; then
        echo "$test" >>"$folder/passed"
        echo "passed  $test"
    else
        echo "FAILED  $test, see $log"
        return 1
    fi
}
export -f run_one

mkdir -p "$folder/Testing"
mapfile -t tests < <(ctest --test-dir "$folder" --show-only "$@" | sed -n 's/^ *Test *#[0-9]*: //p' | grep -vxFf "$passed")
echo "${#tests[@]} tests to run, $(wc -l <"$passed") passed before"
[ ${#tests[@]} -eq 0 ] ||
    printf '%s\n' "${tests[@]}" | xargs -P "$(nproc)" -I '{}' bash -c 'run_one "$1" "$2"' run_one "$folder" '{}'
