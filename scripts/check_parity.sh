#!/usr/bin/env bash
# Compares the models with PyTorch: evaluation, gradients, running statistics and weights after five steps, in the double and in the
# float build, whole and with a frozen part.
#
#     scripts/check_parity.sh PEERS [FOLDER]
#
# PEERS holds reference.py and compare.py, which compute with PyTorch and judge; PYTHON (python3 where it is not set) must have
# torch, torchvision, timm and safetensors. What PyTorch computed is kept in FOLDER (build/parity) for the next time; BIN
# (build/release/tests) has the programs. CASES names a file of lines "MODEL BATCH SIZE [EDGE]" in place of those below.
#
# A line for every case: the double build, the float build as it is, the float build with direct convolutions. Exit status 0: all
# pass; 1: some do not, and FOLDER has why.
set -euo pipefail

peers=$1
folder=${2:-build/parity}
python=${PYTHON:-python3}
bin=${BIN:-build/release/tests}
cases=${CASES:-}
classes=3
failed=0

list_cases() {
    if [ -n "$cases" ]; then
        cat "$cases"
        return
    fi
    cat <<'END'
efficientnet_lite0 4 64
efficientnet_lite0 3 75
efficientnet_lite0 4 64 blocks.3
efficientnet_lite0 3 75 blocks.5
efficientnet_b0 4 64
efficientnet_b0 3 75
efficientnet_b0 4 96 features.4
efficientnet_b0 3 75 features.6
efficientnet_b2 4 64
efficientnet_b2 3 75
efficientnet_b2 4 96 features.4
efficientnet_b2 3 75 features.6
resnet50 4 64
resnet50 3 75
resnet50 4 64 layer3
resnet50 3 75 layer4
densenet121 4 64
densenet121 3 75
densenet121 4 64 features.denseblock3
densenet121 3 75 features.denseblock4
xception 4 96
xception 3 75
xception 4 96 block8
xception 3 75 conv3
vgg16 2 64
vgg16 3 75
vgg16 2 64 features.17
vgg16 3 75 classifier.0
efficientnet_b1 2 64
efficientnet_b3 2 64
efficientnet_b4 2 64
efficientnet_b5 2 64
efficientnet_b6 2 64
efficientnet_b7 2 64
END
}

# judge CASE PROGRAM OUTPUT [compare.py's options]...: writes "pass", or how many tensors fail.
judge() {
    local reference=$1 actual=$2
    shift 2
    if "$python" "$peers/compare.py" "$reference" "$actual" "$@" >"$actual.log" 2>&1; then
        echo pass
    else
        echo "FAIL($(grep -o 'failed [0-9]*' "$actual.log" | awk '{n += $2} END {print n + 0}'))"
    fi
}

run_case() {
    local model=$1 batch=$2 size=$3 edge=${4:-}
    local reference="$folder/$model-${batch}x$size${edge:+-$edge}"
    local common=(--model "$model" --classes $classes --weights "$reference/weights.safetensors"
                  --input "$reference/input.safetensors" ${edge:+--train-from "$edge"})
    if [ ! -e "$reference/yardstick.json" ]; then
        "$python" "$peers/reference.py" "$model" "$reference" --batch "$batch" --size "$size" --classes $classes \
            ${edge:+--train-from "$edge"} >/dev/null
    fi
    local results=()
    "$bin/reference_run_double" "${common[@]}" --output "$reference/double"
    results+=("double $(judge "$reference" "$reference/double" --double)")
    for convolution in default direct; do
        "$bin/reference_run" "${common[@]}" --convolution $convolution --output "$reference/$convolution"
        results+=("$convolution $(judge "$reference" "$reference/$convolution")")
    done
    rm -f "$reference/double" "$reference/default" "$reference/direct"
    echo "$model $batch x $size${edge:+ from $edge}: ${results[*]}"
    case "${results[*]}" in *FAIL*) failed=1 ;; esac
}

mkdir -p "$folder"
while read -r line; do
    # shellcheck disable=SC2086  # a line is several words
    run_case $line </dev/null
done < <(list_cases)
exit $failed
