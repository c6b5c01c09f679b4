#!/usr/bin/env bash
# Which lines of lib, kernels and models the test suite runs, and which error messages it triggers. Takes some times as long
# as test.sh and is not part of it. Needs the Debian package lcov.
#
#     scripts/coverage.sh [CTEST OPTION]...        such as -R checkpoint
#
# Broken off, it goes on where it was (scripts/run_tests.sh).
#
# Ends with the coverage of every file below the goal, every message that no test triggers, and the totals. Exit status 0:
# at least 90 % of the lines of lib and of kernels, and every message.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v lcov >/dev/null || { echo "lcov is not installed (Debian package lcov)" >&2; exit 1; }
goal=90
build=build/coverage
scripts/install-deps.sh --tests
scripts/build.sh $build -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS=--coverage -fprofile-update=atomic -O1"
# Counts of an older library are of no use; those of a run that was broken off are.
if [ ! -e $build/passed ] || [ $build/libalcor.a -nt $build/passed ]; then
    find $build -name '*.gcda' -delete
fi
# Counting slows tests down: Check's own time limits are for the release build.
CK_TIMEOUT_MULTIPLIER=10 scripts/run_tests.sh $build -LE repository "$@" || tests_failed=yes

lcov --quiet --capture --directory $build --base-directory . --no-external --output-file $build/all.info
# A vector header of an instruction set that this CPU lacks cannot be run.
left_out=()
grep -q avx512bw /proc/cpuinfo || left_out+=("$PWD/kernels/vec/vec_avx512.h")
lcov --quiet --extract $build/all.info "$PWD/lib/*" "$PWD/kernels/*" "$PWD/models/*" --output-file $build/some.info
lcov --quiet --remove $build/some.info "$PWD/kernels/reference/*" "${left_out[@]}" --output-file $build/coverage.info

awk -v goal=$goal -v root="$PWD/" '
    function is_call(line) {
        return line ~ /alc_(fail|fail_v|infer_fail|run_fail|poison|fail_memory|fail_operation)\(/
    }
    /^SF:/ { file = substr($0, 4); name = file; sub(root, "", name); number = 0; split("", source)
             while ((getline text < file) > 0) source[++number] = text
             close(file) }
    /^DA:/ { split(substr($0, 4), field, ","); folder = name; sub(/\/.*/, "", folder)
             lines[folder]++; hit[folder] += field[2] > 0
             lines_of[name]++; hit_of[name] += field[2] > 0
             if (field[2] == 0 && is_call(source[field[1]]))
                 silent[++silences] = name ":" field[1] ": " source[field[1]] }
    END {
        for (name in lines_of)
            if (100 * hit_of[name] < goal * lines_of[name])
                printf "%5.1f %%  %s\n", 100 * hit_of[name] / lines_of[name], name | "sort -n"
        close("sort -n")
        for (i = 1; i <= silences; i++)
            print "never triggered: " silent[i]
        for (folder in lines) {
            share = 100 * hit[folder] / lines[folder]
            printf "%s: %.1f %% of %d lines\n", folder, share, lines[folder]
            failed = failed || (share < goal && folder != "models")
        }
        exit failed || silences > 0
    }' $build/coverage.info
[ -z "${tests_failed:-}" ] || { echo "some tests failed" >&2; exit 1; }
