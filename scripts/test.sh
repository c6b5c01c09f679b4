#!/usr/bin/env bash
# Builds everything, warnings being errors, and runs the whole test suite. What is missing is installed first.
#
#     scripts/test.sh [CTEST OPTION]...        such as -R gradcheck
#
# Exit status 0: every test passed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-deps.sh --tests
scripts/build.sh build/test -DCMAKE_BUILD_TYPE=Release -DALCOR_WERROR=ON
ctest --test-dir build/test --output-on-failure --parallel "$(nproc)" "$@"
