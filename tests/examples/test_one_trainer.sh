#!/usr/bin/env bash
# Two trainers that save to one file: the second is refused, the first goes on, and nothing stays behind.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_table 12 >table.csv
# Whatever happens, no trainer stays.
first=
trap 'result=$?; [ -z "$first" ] || kill -KILL "$first" 2>/dev/null; [ $result -ne 0 ] || rm -rf "$folder"; exit $result' EXIT
train=("$bin/train_table" --table table.csv --threads 1 --save model.safetensors)

"${train[@]}" --epochs 1000000 >"$log/first" 2>&1 &
first=$!
for _ in {1..600}; do
    [ ! -e model.safetensors ] || break
    sleep 0.1
done
[ -e model.safetensors ] || fail "the first trainer saves nothing: $(cat "$log/first")"
for more in "--epochs 1" "--epochs 1000000 --resume"; do
    # shellcheck disable=SC2086
    run 1 "${train[@]}" $more
    [ "$(cat "$log/err")" = "train_table: model.safetensors: another program is training it" ] ||
        fail "a second trainer is not refused: $(cat "$log/err")"
done
# It would be another model, but has the same state.
run 1 "${train[@]}" --epochs 1 --save model
[ "$(cat "$log/err")" = "train_table: model: another program is training it" ] || fail "one state, two trainers: $(cat "$log/err")"
run 0 "${train[@]}" --epochs 1 --save other.safetensors
kill -INT $first
status=0
wait $first || status=$?
first=
[ $status -eq 130 ] || fail "the first trainer ended with $status: $(cat "$log/first")"
[ -z "$(find . -name '*.lock' -o -name '*.partial')" ] || fail "left behind: $(ls)"

# Nor do two add to one cache of a frozen part, whatever else they write.
cached=("$bin/train_image" --table table.csv --images "$sdss" --size 16 --batch 8 --threads 1 --train-from fc --prefix-cache cache)
"${cached[@]}" --save model.safetensors --epochs 1000000 >"$log/first" 2>&1 &
first=$!
for _ in {1..600}; do
    [ ! -e cache ] || break
    sleep 0.1
done
[ -e cache ] || fail "the first trainer keeps nothing: $(cat "$log/first")"
run 1 "${cached[@]}" --save second.safetensors --epochs 1
[ "$(cat "$log/err")" = "train_image: cache: another program is adding to it" ] ||
    fail "a second trainer adds to a cache: $(cat "$log/err")"
kill -INT $first
wait $first || true
first=
run 0 "${cached[@]}" --save second.safetensors --epochs 1
refused 1 'cache.lock|another result' "${cached[@]}" --save second.safetensors --epochs 1 --report cache.lock
[ -z "$(find . -name '*.lock' -o -name '*.partial')" ] || fail "left behind: $(ls)"

# Whoever was killed holds nothing up, though its lock's file is there. Nor was anything printed into that or another file where
# the standard streams were closed, whose numbers the next files that are opened would get.
rm model*
"${train[@]}" --epochs 1000000 >&- 2>&- &
first=$!
for _ in {1..600}; do
    [ ! -e model.previous.safetensors ] || break
    sleep 0.1
done
kill -KILL $first
wait $first 2>/dev/null || true
first=
[ ! -s model.state.safetensors.lock ] || fail "the lock is not empty: $(cat model.state.safetensors.lock)"
run 0 "${train[@]}" --epochs 1
[ -z "$(find . -name '*.lock' -o -name '*.partial')" ] || fail "left behind: $(ls)"
