#!/usr/bin/env bash
# --prefix-cache, --layer-decay and --batch-norm of the trainers: a cache changes no bit, whatever is in its file; the other two do
# what they say.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

says() { grep -qF -- "$1" "$log/out" || fail "does not say '$1': $(cat "$log/out")"; }
same() { cmp -s "$1" "$2" || fail "$1 and $2 differ"; }

small_table 8 >table.csv
train=("$bin/train_image" --table table.csv --images "$sdss" --size 32 --epochs 3 --batch 8 --threads 2 --views 2 --train-from stage3)

run 0 "${train[@]}" --save without.safetensors --predictions without.csv
run 0 "${train[@]}" --save with.safetensors --predictions with.csv --prefix-cache cache
says 'cache: keeps the output of stage2_pool; 0 there already'
says ' taken from it; it has '
same without.safetensors with.safetensors
same without.csv with.csv

# The second time all is there; a cache that is too small, damaged or another one's serves as well.
run 0 "${train[@]}" --save again.safetensors --prefix-cache cache
says 'cache: 0 images and views computed'
same without.safetensors again.safetensors
run 0 "${train[@]}" --save again.safetensors --prefix-cache cache --prefix-cache-limit 100K
same without.safetensors again.safetensors
[ "$(stat -c %s cache)" -le 102400 ] || fail "the file has $(stat -c %s cache) bytes"
printf 'x' | dd of=cache bs=1 seek=5000 conv=notrunc status=none
run 0 "${train[@]}" --save again.safetensors --prefix-cache cache
grep -q 'records are whole' "$log/err" || fail "damage is not told: $(cat "$log/err")"
same without.safetensors again.safetensors
run 0 "${train[@]}" --save deeper.safetensors --prefix-cache cache --train-from stage4
grep -q 'cache is of other weights' "$log/err" || fail "another cache is not told: $(cat "$log/err")"

# Stopped and resumed, with the cache and without it, it is one training.
run 0 "${train[@]}" --schedule constant --save whole.safetensors
run 0 "${train[@]}" --schedule constant --save parts.safetensors --epochs 1 --prefix-cache cache
run 0 "${train[@]}" --schedule constant --save parts.safetensors --epochs 2 --resume
run 0 "${train[@]}" --schedule constant --save parts.safetensors --resume --prefix-cache cache
same whole.safetensors parts.safetensors

# Halves are other values, the same ones every time.
run 0 "${train[@]}" --save half.safetensors --prefix-cache half --prefix-cache-type f16
! cmp -s half.safetensors without.safetensors || fail "16-bit floats change nothing"
run 0 "${train[@]}" --save half2.safetensors --prefix-cache half --prefix-cache-type f16
same half.safetensors half2.safetensors
refused 1 'has prefix-cache-type "f16", not "f32"' "${train[@]}" --save half.safetensors --resume

# A fusion: the image's part alone is kept.
run 0 "$bin/train_fusion" --table table.csv --images "$sdss" --size 32 --epochs 1 --batch 8 --views 1 --train-from image.stage4 \
    --save fused.safetensors
run 0 "$bin/train_fusion" --table table.csv --images "$sdss" --size 32 --epochs 1 --batch 8 --views 1 --train-from image.stage4 \
    --save fused2.safetensors --prefix-cache fused
says 'fused: keeps the output of image.stage3_pool'
same fused.safetensors fused2.safetensors

# Other modes and rates are other trainings, and no fewer epochs of them go wrong.
run 0 "${train[@]}" --save frozen.safetensors --batch-norm frozen --layer-decay 0.5
refused 1 'has batch-norm "frozen", not "auto"' "${train[@]}" --save frozen.safetensors --resume --layer-decay 0.5
refused 1 'has layer-decay 0.5, not 1.0' "${train[@]}" --save frozen.safetensors --resume --batch-norm frozen

# What is refused.
refused 1 'nothing that images pass through is frozen' "$bin/train_image" --table table.csv --images "$sdss" --size 32 --batch 8 \
    --save x.safetensors --prefix-cache new
refused 1 'is no feature cache; it is not overwritten' "${train[@]}" --save x.safetensors --prefix-cache "$sdss/PROVENANCE.md"
refused 1 'is also the table' "${train[@]}" --save x.safetensors --prefix-cache table.csv
refused 1 'cannot write there' "${train[@]}" --save x.safetensors --prefix-cache no/folder/cache
refused 2 'for --prefix-cache, which is missing' "${train[@]}" --save x.safetensors --prefix-cache-limit 2G
refused 2 'a number of bytes, such as 700M or 2G' "${train[@]}" --save x.safetensors --prefix-cache c --prefix-cache-limit 2T
refused 2 'a number of bytes' "${train[@]}" --save x.safetensors --prefix-cache c --prefix-cache-limit 0
refused 2 'f32 or f16' "${train[@]}" --save x.safetensors --prefix-cache c --prefix-cache-type f8

# Images whose bytes are 0 and 1, divided by 255 once already, are told before time is lost, where weights expect others.
awk -F, -v OFS=, 'NR > 1 { $1 = "tests/examples/ones.png" } 1' table.csv >black.csv
refused 1 'divided by 255 twice, or are all black' "$bin/train_image" --table black.csv --images "$repository" --size 32 --epochs 1 --batch 8 \
    --weights without.safetensors --save x.safetensors
