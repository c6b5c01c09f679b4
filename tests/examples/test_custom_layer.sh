#!/usr/bin/env bash
# custom_layer: its gradients are right, it learns the ring, and prints the same whatever it runs on.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run 0 "$bin/custom_layer"
grep -qE '^gradient check: [0-9]{3,} values, 0 off; ' "$log/out" || fail "gradients: $(cat "$log/out")"
grep -qE '^step 300  loss 0\.0[0-9]+  accuracy (9[5-9]|100)\.[0-9] %$' "$log/out" || fail "training: $(cat "$log/out")"
cp "$log/out" printed
for isa in $(supported_isas); do
    run 0 "$bin/custom_layer" --isa "$isa" --threads 3
    same printed "$log/out" "--isa $isa"
done
