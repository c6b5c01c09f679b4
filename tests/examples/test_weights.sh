#!/usr/bin/env bash
# Weights that were trained elsewhere: --weights and --allow-partial of the trainers, and classify_image.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

says() { grep -qF -- "$1" "$log/out" || fail "does not say '$1': $(cat "$log/out")"; }

small_table 8 >table.csv
grep -v QSO table.csv >two.csv
options=(--images "$sdss" --epochs 1 --batch 8 --threads 2 --views 1)
train() { run 0 "$bin/train_image" --table table.csv --size 32 "${options[@]}" "$@"; }

train --save three.safetensors
# The same classes: all of it is loaded. Others: all but the classifier.
train --save again.safetensors --weights three.safetensors
says 'three.safetensors: 42 loaded (0 under other names), 0 missing, 0 unexpected, 0 of another shape'
! grep -q anew "$log/out" || fail "a classifier that fits is not loaded"
run 0 "$bin/train_image" --table two.csv --size 32 "${options[@]}" --save two.safetensors --weights three.safetensors
says 'three.safetensors: 40 loaded (0 under other names), 0 missing, 0 unexpected, 0 of another shape'
says 'the classifier starts anew: fc.weight is [3,256] in the file and [2,256] in the model, fc.bias'
run 0 "$bin/train_fusion" --table table.csv --size 32 "${options[@]}" --save fused.safetensors --weights three.safetensors
says 'three.safetensors: 40 loaded'
says "the file's classifier is not used: fc.weight, fc.bias"

# A training from weights is resumed as one from the same, and not as one from others.
train --save again.safetensors --weights three.safetensors --resume
refused 1 'has weights "three.safetensors", not "two.safetensors"' "$bin/train_image" --table table.csv --size 32 \
    "${options[@]}" --save again.safetensors --weights two.safetensors --resume
# Nor with other images, whose statistics are not those that the card has.
mkdir moved
cp -r "$sdss/images" moved/
for row in {2..25}; do
    cp "$sdss/$(tail -n 1 "$sdss/metadata.csv" | cut -d, -f1)" "moved/$(sed -n "${row}p" table.csv | cut -d, -f1)"
done
refused 1 'the training to be resumed has image-statistics' "$bin/train_image" --table table.csv --size 32 "${options[@]}" \
    --images moved --save again.safetensors --weights three.safetensors --resume

# What does not fit is refused, or loaded in part where that was asked for.
fused=("$bin/train_image" --table table.csv --size 32 "${options[@]}" --save new.safetensors --weights fused.safetensors)
refused 1 'fused.safetensors does not fit the model: the file lacks: stage1_conv1.weight' "${fused[@]}"
refused 1 'fused.safetensors does not fit the model' "${fused[@]}" --allow-partial
refused 2 '--allow-partial is for --weights' "$bin/train_image" --table table.csv --save new.safetensors --allow-partial
refused 1 'none.pth' "${fused[@]}" --weights none.pth
refused 1 'the pickle names torch.device' "${fused[@]}" --weights "$repository/tests/io/pth/refused.pth"
refused 1 'is also the weights' "${fused[@]}" --weights three.safetensors --save three.safetensors

# classify_image: a line for the image and one for each of the likeliest classes.
train --save lite.safetensors --backbone efficientnet_lite0
image=$sdss/images/STAR/0383-51818-0614.jpg
printf 'galaxy\nquasar\nstar\n' >classes.txt
classify=("$bin/classify_image" --weights lite.safetensors --classes classes.txt --threads 2)
refused 1 'lite.safetensors does not fit the model: the file lacks: blocks.1.2.conv_pw.weight' "$bin/train_image" \
    --table table.csv --size 32 "${options[@]}" --save new.safetensors --backbone efficientnet_lite1 --weights lite.safetensors
train --save lite1.safetensors --backbone efficientnet_lite1 --weights lite.safetensors --allow-partial
says 'lite.safetensors: the file lacks: blocks.1.2.conv_pw.weight, '
run 0 "${classify[@]}" --model efficientnet_lite0 "$image" "$repository/tests/data/images/good/noise_422.jpg"
[ "$(wc -l <"$log/out")" -eq 8 ] || fail "not four lines for each image: $(cat "$log/out")"
[ "$(grep -cE '^  (0\.[0-9]{4}|1\.0000)  (galaxy|quasar|star)$' "$log/out")" -eq 6 ] || fail "lines: $(cat "$log/out")"
awk '/^  / { sum += $1; if (last != "" && $1 > last) exit 1; last = $1; next } { last = "" }
     END { exit !(sum > 1.999 && sum < 2.001) }' "$log/out" || fail "probabilities, the highest first: $(cat "$log/out")"
[ "$(head -n 1 "$log/out")" = "$image" ] || fail "the image is not named"
refused 1 'thin.png: an image cannot be resized to 256 x 4194304' \
    "${classify[@]}" --model efficientnet_lite0 "$image" "$repository/tests/examples/thin.png"
refused 1 'no-image.jpg' "${classify[@]}" --model efficientnet_lite0 no-image.jpg
refused 1 'lite.safetensors does not fit the model' "${classify[@]}" --model resnet50 "$image"
refused 1 'lite.safetensors does not fit the model|classifier.weight is [3,1280] in the file and [1000,1280]' \
    "$bin/classify_image" --weights lite.safetensors --model efficientnet_lite0 "$image"
refused 1 'none.txt' "${classify[@]}" --model efficientnet_lite0 --classes none.txt "$image"
: >empty.txt
refused 1 'empty.txt: names no class' "${classify[@]}" --model efficientnet_lite0 --classes empty.txt "$image"
refused 2 'no image was named' "${classify[@]}" --model efficientnet_lite0
refused 2 '--model NAME is missing' "${classify[@]}" "$image"
refused 2 '--weights FILE is missing' "$bin/classify_image" --model resnet50 "$image"
refused 2 'sky_cnn has no weights that others trained' "${classify[@]}" --model sky_cnn "$image"
refused 2 '--model net' "${classify[@]}" --model net "$image"
