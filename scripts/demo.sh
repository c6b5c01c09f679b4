#!/usr/bin/env bash
# Trains three classifiers of real sky objects on one split, and shows them side by side: from the catalogue row alone, from
# the image alone, and from both. What is missing is installed first, and the programs are built.
#
#     scripts/demo.sh
#
# Models and reports are left in the folder out. Exit status 0: all went well.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-deps.sh
scripts/build.sh build/release -DCMAKE_BUILD_TYPE=Release -DALCOR_BUILD_TESTS=OFF \
    --target train_table train_image train_fusion predict check_images compare_reports

programs=build/release/bin
table=examples/data/sdss/metadata.csv
mkdir -p out

echo
echo "== 1 of 3: stars, galaxies and quasars from the catalogue row (magnitudes and colours, no redshift)"
"$programs/train_table" --table "$table" --save out/table.safetensors --report out/table.json

echo
echo "== 2 of 3: from the image (a 128 pixel cut-out, resized to 64)"
"$programs/train_image" --table "$table" --backbone sky_cnn --size 64 --save out/image.safetensors --report out/image.json

echo
echo "== 3 of 3: from both"
"$programs/train_fusion" --table "$table" --backbone sky_cnn --size 64 --save out/fused.safetensors --report out/fused.json

echo
"$programs/compare_reports" out/table.json out/image.json out/fused.json
echo
echo "Models:  out/table.safetensors out/image.safetensors out/fused.safetensors"
echo "Reports: out/table.json out/image.json out/fused.json"
echo "To use one: $programs/predict --model out/fused.safetensors --table $table --output out/predictions.csv"
