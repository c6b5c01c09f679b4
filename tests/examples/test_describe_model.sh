#!/usr/bin/env bash
# list_models and describe_model: every network is listed, the layers and counts are there, and the memory foretold is what a
# counting allocator sees.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run 0 "$bin/list_models"
cp "$log/out" models
for name in sky_cnn resnet50 densenet121 vgg16 vgg16_bn xception efficientnet_b{0..7} efficientnet_lite{0..4}; do
    [ "$(grep -cE "^$name +[0-9]+ +[0-9]+ +[0-9]+  [a-z]" models)" -eq 1 ] || fail "$name is not listed: $(cat models)"
done
[ "$(wc -l <models)" -eq 20 ] || fail "other networks are listed: $(cat models)"
grep -qE '^resnet50 +224 +32 +25557032  conv1 layer1 layer2 layer3 layer4 fc$' models || fail "resnet50: $(cat models)"

run 0 "$bin/describe_model" resnet50 --size 64 --batch 2 --train-from layer4 --classes 10
head -n 1 "$log/out" | grep -qx 'resnet50, images of 64x64 pixels, 10 classes: 23528522 values, 14985226 of them trained' ||
    fail "the first line: $(head -n 1 "$log/out")"
grep -qE '^layer4\.0\.conv2 +\[2,2,512\] .* 2359296 +2359296$' "$log/out" || fail "a trained layer: $(cat "$log/out")"
grep -qE '^layer2\.0\.conv2 +\[8,8,128\] .* 147712 +0  frozen$' "$log/out" || fail "a frozen layer: $(cat "$log/out")"
grep -q '^training, batch 2$' "$log/out" || fail "nothing of training"
grep -q '^evaluation, batch 2$' "$log/out" || fail "nothing of inference"

# foretold MODEL SIZE BATCH CLASSES OPTIMIZER [BLOCK [BYTES]]: within one per cent of what is measured.
foretold() {
    run 0 "$bin/describe_model" "$1" --size "$2" --batch "$3" --classes "$4" --optimizer "$5" --threads 1 \
        ${6:+--train-from "$6"} ${7:+--max-memory "$7"}
    sed -nE 's/^peak memory for training: ([0-9]+) bytes, .* for inference: ([0-9]+) bytes, .*/\1\n\2/p' "$log/out" >said
    run 0 "$tools/measure_memory" "$@"
    paste said "$log/out" | awk '{ n++; if ($1 < 0.99 * $2 || $1 > 1.01 * $2) bad = 1 } END { exit bad || n != 2 }' ||
        fail "$*: $(paste -sd ' ' said) bytes are foretold and $(paste -sd ' ' "$log/out") measured"
}
foretold sky_cnn 64 8 3 adamw
foretold sky_cnn 64 8 3 sgd stage3
foretold resnet50 64 2 3 sgd
foretold resnet50 64 4 1000 adamw layer4
foretold densenet121 64 2 3 adamw
foretold densenet121 64 2 3 sgd features.denseblock3
foretold xception 71 1 3 sgd block12
foretold efficientnet_b0 64 2 3 adamw
foretold efficientnet_lite0 64 2 3 sgd blocks.4

# Less than all activations fit in: the rest is computed again.
foretold resnet50 64 32 3 sgd
unlimited=$(head -n 1 "$log/out")
allowed=$((unlimited * 9 / 10))
foretold resnet50 64 32 3 sgd "" "$allowed"
[ "$(head -n 1 "$log/out")" -le "$allowed" ] || fail "$(head -n 1 "$log/out") bytes, of $allowed allowed"
refused 1 'training 32 samples at a time takes at least |bytes of memory; 1048576 are allowed' \
    "$bin/describe_model" resnet50 --size 64 --batch 32 --max-memory 1M
refused 2 '--max-memory 2X|a number of bytes, such as 700M' "$bin/describe_model" resnet50 --max-memory 2X

refused 2 'expected the name of one network' "$bin/describe_model"
refused 2 'expected the name of one network' "$bin/describe_model" sky_cnn resnet50
refused 2 "no network is called 'resnet'|list_models" "$bin/describe_model" resnet
refused 2 '--batch 0|a whole number from 1 to' "$bin/describe_model" sky_cnn --batch 0
refused 2 '--optimizer lion|sgd or adam or adamw' "$bin/describe_model" sky_cnn --optimizer lion
refused 1 'side 8|at least 16' "$bin/describe_model" sky_cnn --size 8
refused 1 "'layer5'|conv1, layer1, layer2, layer3, layer4, fc" "$bin/describe_model" resnet50 --size 32 --train-from layer5
refused 1 "'layer3.2'|layer3.2.conv1.weight|inside a block|layer3 or layer4" \
    "$bin/describe_model" resnet50 --size 32 --train-from layer3.2
refused 2 "'x'" "$bin/list_models" x
