#!/usr/bin/env bash
# The short form of the experiment on real sky objects: how well do the table, the image and both tell stars, galaxies and quasars
# apart? What is missing is installed first, and the programs are built.
#
#     scripts/demo.sh
#
# The report is left in out/report.html, and everything that it was made from beside it. The image network is a small one that
# starts from random values; where scripts/fetch_weights.sh has left ImageNet weights here, it is an EfficientNet-Lite0 that starts
# from them (its report is out/imagenet/report.html). Classical algorithms join in where Python 3 is there (they are installed from
# PyPI into build/classical_baselines). What is done is kept: the script may be stopped and started again. Exit status 0: all went
# well.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-deps.sh
scripts/build.sh build/release -DCMAKE_BUILD_TYPE=Release -DALCOR_BUILD_TESTS=OFF \
    --target sky_experiment train_table predict check_images compare_predictions compare_reports

programs=build/release/bin
table=examples/data/sdss/metadata.csv
weights=efficientnet_lite0_imagenet.pth
output=out
options=()
if python3 -c 'import venv, ensurepip' 2>/dev/null; then
    options+=(--baselines)
else
    echo "Python 3 with venv is not there: no classical algorithms"
fi
if [ -e "$weights" ]; then
    output=out/imagenet
    options+=(--backbones efficientnet_lite0 --weights "efficientnet_lite0=$weights" --size 64 --pretrained-epochs 4)
    echo "The image network starts from ImageNet weights: $weights"
else
    echo "scripts/fetch_weights.sh was not run: the image network starts from random values"
fi

echo
start=$SECONDS
"$programs/sky_experiment" --quick --table "$table" --output "$output" "${options[@]}"
"$programs/compare_predictions" "$output"/predictions/*.csv
echo
echo "$((SECONDS - start)) seconds after the build. The report: $PWD/$output/report.html"
model=$(ls "$output"/models/joint-*-s1-f1.safetensors)
echo "To use a model: $programs/predict --model $model --table $table --output predictions.csv"
