#!/usr/bin/env bash
# Configures and builds in a folder: what demo.sh, test.sh and the other scripts share.
#
#     scripts/build.sh FOLDER [CMAKE OPTION]... [--target NAME...]
#
# Without a terminal only what goes wrong is printed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$1
shift
options=()
while [ $# -gt 0 ] && [ "$1" != --target ]; do
    options+=("$1")
    shift
done

mkdir -p "$folder"
if ! cmake -S . -B "$folder" -G Ninja "${options[@]}" >"$folder/configure.log" 2>&1; then
    cat "$folder/configure.log" >&2
    exit 1
fi

echo "building in $folder"
if [ -t 1 ]; then
    cmake --build "$folder" --parallel "$(nproc)" "$@"
else
    cmake --build "$folder" --parallel "$(nproc)" "$@" -- --quiet
fi
