#!/usr/bin/env bash
# Kills a training that saves after every step, at random moments, a thousand times (some minutes): what lies there must
# always load, and the resumed training must end with the same bytes as one that was left alone. The test suite does the
# same with 30 kills.
#
#     scripts/torture.sh [KILLS]
#
# Exit status 0: every training ended as it should.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
kills=${1:-1000}
if [ $# -gt 1 ] || ! [[ "$kills" =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: scripts/torture.sh [KILLS]" >&2
    exit 2
fi
scripts/install-deps.sh --tests
scripts/build.sh build/test -DCMAKE_BUILD_TYPE=Release -DALCOR_WERROR=ON --target train_table predict json_value
tests/examples/test_kill.sh "$PWD" "$PWD/build/test/bin" "$PWD/build/test/tests" "$kills"
