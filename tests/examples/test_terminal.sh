#!/usr/bin/env bash
# What a trainer shows while it works: on a terminal a line that is rewritten and no longer than the terminal is wide,
# elsewhere one plain line for each epoch; and Ctrl-C.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_table 8 >table.csv
train=("$bin/train_image" --table table.csv --images "$sdss" --size 16 --batch 6 --epochs 3 --views 1 --save m.safetensors)

# What is written over and over, a line each.
rewritten() { tr -d '\n' <"$log/out" | tr '\r' '\n' | grep -a $'^\033\\[K' | sed 's/^\x1b\[K//'; }

epoch='epoch 3/3  loss [0-9.]+  accuracy [0-9.]+ %  validation: loss [0-9.]+  accuracy [0-9.]+ %  balanced [0-9.]+ %'
run 0 "$tools/run_on_terminal" 120 '' "${train[@]}"
rewritten >lines
grep -qE '^epoch 2/3  batch 3/3  loss [0-9.]+  accuracy [0-9.]+ %  [0-9]+ images/s  [0-9]+:[0-9]{2} left$' lines ||
    fail "no progress line: $(cat -v "$log/out")"
grep -qE "^$epoch  [0-9]+ images/s  [0-9]+:[0-9]{2}" lines || fail "no line of the last epoch: $(cat -v "$log/out")"
[ "$(grep -cE '^epoch [123]/3  loss' lines)" -eq 3 ] || fail "not a line for each epoch: $(cat -v "$log/out")"

run 0 "$tools/run_on_terminal" 50 '' "${train[@]}"
rewritten | grep -E '^epoch [0-9]+/[0-9]+  batch' >lines
awk 'length > 49 { print; bad = 1 } END { exit bad || NR < 3 }' lines >&2 || fail "a line is wider than the terminal"

run 0 "${train[@]}"
if grep -q $'[\r\033]' "$log/out"; then
    fail "what is piped has control characters: $(cat -v "$log/out")"
fi
[ "$(grep -c '^epoch ' "$log/out")" -eq 3 ] || fail "not one plain line for each epoch: $(cat "$log/out")"
grep -qE "^$epoch  [0-9]+ images/s  [0-9]+:[0-9]{2}$" "$log/out" || fail "the plain line: $(cat "$log/out")"

# Ctrl-C in the first epoch that is shown; the same again with --resume ends as if nothing had been.
cp m.safetensors whole.safetensors
cp m.state.safetensors whole.state.safetensors
rm m.*
run 130 "$tools/run_on_terminal" 80 'batch 1/3' "${train[@]}"
tr -d '\r' <"$log/out" | grep -q '^train_image: interrupted in epoch [12]; --resume goes on from m.safetensors$' ||
    fail "Ctrl-C: $(cat -v "$log/out")"
run 0 "$tools/run_on_terminal" 80 '' "${train[@]}" --resume
same whole.safetensors m.safetensors "after Ctrl-C"
same whole.state.safetensors m.state.safetensors "after Ctrl-C"
