#!/usr/bin/env bash
# Compares the digests that a program prints here with those that it prints on an emulated machine, line by line.
#
#     tests/neon/compare.sh NATIVE EMULATOR... PROGRAM
set -euo pipefail

native=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$native" > "$folder/native" &
"$@" neon > "$folder/neon"
wait $!
diff "$folder/native" "$folder/neon"
lines=$(wc -l < "$folder/neon")
if [ "$lines" -lt 50 ]; then
    echo "only $lines digests were printed" >&2
    exit 1
fi
