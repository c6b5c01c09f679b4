#!/usr/bin/env bash
# check_images on sound and on broken files: a line each, and the exit status says whether all are sound.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

images=$repository/tests/data/images
run 0 "$bin/check_images" "$sdss"/images/QSO/*.jpg
[ "$(grep -c ': ok 200 200 3$' "$log/out")" -eq "$(find "$sdss/images/QSO" -name '*.jpg' | wc -l)" ] ||
    fail "not every cut-out is 200 x 200: $(grep -v ': ok 200 200 3$' "$log/out")"

run 0 "$bin/check_images" "$images"/good/*
[ "$(grep -cE ': ok [0-9]+ [0-9]+ [1-4]$' "$log/out")" -eq "$(find "$images/good" -type f | wc -l)" ] ||
    fail "not every sound image is ok: $(cat "$log/out")"
grep -qF "$images/good/noise_422.jpg: ok 17 33 3" "$log/out" || fail "height, width, channels: $(cat "$log/out")"
grep -qF "$images/good/jpg-gray.jpg: ok" "$log/out" || fail "no line for a gray image"

for image in "$images"/bad/*; do
    run 1 "$bin/check_images" "$image"
    [ "$(wc -l <"$log/out")" -eq 1 ] || fail "not one line for $image"
    grep -qE "^.*/$(basename "$image"): [^ ].{8,}" "$log/out" || fail "no reason: $(cat "$log/out")"
    ! grep -q ': ok ' "$log/out" || fail "$image is said to be ok"
    [ ! -s "$log/err" ] || fail "the reason is on stderr"
done

# One bad file among good ones does not keep the others from being looked at.
run 1 "$bin/check_images" "$images/good/jpg-gray.jpg" none.jpg "$images/good/noise_422.jpg"
[ "$(grep -c ': ok ' "$log/out")" -eq 2 ] || fail "two of three are good: $(cat "$log/out")"
grep -q '^none.jpg: .*No such file' "$log/out" || fail "a missing file: $(cat "$log/out")"
cp "$images/good/noise_422.jpg" ./--odd.jpg
run 0 "$bin/check_images" -- --odd.jpg
status=0
"$bin/check_images" "$images/good/jpg-gray.jpg" >/dev/full 2>"$log/err" || status=$?
if [ $status -ne 1 ] || ! grep -q 'standard output: cannot be written' "$log/err"; then
    fail "a full standard output goes unnoticed"
fi
