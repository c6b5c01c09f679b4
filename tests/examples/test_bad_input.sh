#!/usr/bin/env bash
# Whatever a user can give wrong, file by file: one sentence that names the file, the row or byte and what was expected,
# exit status 1, and every file as it was before.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_table 12 >table.csv
train_table=("$bin/train_table" --epochs 2 --threads 1 --save model.safetensors)
train_image=("$bin/train_image" --epochs 1 --threads 1 --size 16 --images "$sdss" --save model.safetensors)

# ---- the table ----

change_cell table.csv 0 class kind >bad.csv
refused 1 'bad.csv|no column "class"|the columns are|kind' "${train_table[@]}" --table bad.csv
refused 1 'table.csv|no column "nope"|the columns are' "${train_table[@]}" --table table.csv --features u,nope
refused 1 'table.csv|no column "nope"' "${train_table[@]}" --table table.csv --id nope
change_cell table.csv 0 g green >bad.csv
refused 1 'bad.csv|no columns u, g, r, i, z|--features' "${train_table[@]}" --table bad.csv

# The class is no feature, nor has it a part in one: all would be told apart.
awk -F, -v OFS=, 'NR == 1 { print $0, "kind"; next } { print $0, ($16 == "STAR") }' table.csv >bad.csv
refused 1 '--features kind: kind is the label' "${train_table[@]}" --table bad.csv --label kind --features u,kind
refused 1 '--features g-kind: kind is the label' "${train_table[@]}" --table bad.csv --label kind --features u,g-kind
refused 1 '--features class: class is the label' "${train_table[@]}" --table bad.csv --features u,class

change_cell table.csv 8 g bright >bad.csv
refused 1 'bad.csv|line 9 (row 8)|column "g"|"bright" is not a number' "${train_table[@]}" --table bad.csv
# Whatever part its row falls into, it is told before anything is trained.
for row in {1..36}; do
    change_cell table.csv $row g bright >bad.csv
    refused 1 "bad.csv|line $((row + 1)) (row $row)|column \"g\"" "${train_table[@]}" --table bad.csv
    ! grep -q epoch "$log/out" || fail "a bad cell in row $row is told after training"
done
change_cell table.csv 8 g '"17,25"' >bad.csv
refused 1 'bad.csv|line 9 (row 8)|column "g"|decimal comma' "${train_table[@]}" --table bad.csv
change_cell table.csv 8 g '17,25' >bad.csv
refused 1 'bad.csv|line 9 (row 8)|23 cells|header has 22' "${train_table[@]}" --table bad.csv

# The identifier of row 3 again in row 20.
change_cell table.csv 20 id "$(awk -F, 'NR == 4 { print $2 }' table.csv)" >bad.csv
refused 1 'bad.csv|line 21 (row 20)|column "id"|line 4 (row 3)' "${train_table[@]}" --table bad.csv
refused 1 'bad.csv|line 21 (row 20)|column "id"|line 4 (row 3)' "${train_table[@]}" --table bad.csv --id id
refused 1 'table.csv|no identifier in column "objid"' "${train_table[@]}" --table table.csv --id objid

# A class of one object would only be in one part, such as the test part; without objects it is no class.
awk -F, 'NR == 1 || $16 != "QSO" || !seen++' table.csv >bad.csv
refused 1 'bad.csv|class "QSO"|1 sample|3 parts' "${train_table[@]}" --table bad.csv
refused 1 'bad.csv|class "QSO"|1 sample|2 parts' "${train_table[@]}" --table bad.csv --split 80,0,20
refused 1 'table.csv|12 samples|20 parts' "${train_table[@]}" --table table.csv --fold 1/20
awk -F, 'NR == 1 || $16 == "QSO"' table.csv >bad.csv
refused 1 'bad.csv|column "class"|only the value "QSO"|two classes' "${train_table[@]}" --table bad.csv
awk -F, -v OFS=, 'NR > 1 { $16 = "" } 1' table.csv >bad.csv
refused 1 'bad.csv|column "class"|no value' "${train_table[@]}" --table bad.csv
head -n 1 table.csv >bad.csv
refused 1 'bad.csv|no value' "${train_table[@]}" --table bad.csv
: >bad.csv
refused 1 'bad.csv|no header' "${train_table[@]}" --table bad.csv
refused 1 'none.csv|No such file' "${train_table[@]}" --table none.csv
refused 1 '.|Is a directory' "${train_table[@]}" --table .
head -c 3000 /dev/urandom | sed '1s/^/\xff/' >bad.csv
refused 1 'bad.csv' "${train_table[@]}" --table bad.csv

# ---- images ----

change_cell table.csv 8 image images/none.jpg >bad.csv
refused 1 'bad.csv|line 9 (row 8)|images/none.jpg|No such file' "${train_image[@]}" --table bad.csv
change_cell table.csv 8 image metadata.csv >bad.csv
refused 1 'bad.csv|line 9 (row 8)|metadata.csv|byte 0|JPEG' "${train_image[@]}" --table bad.csv
change_cell table.csv 8 image ../../../tests/data/images/good/noise_422.jpg >bad.csv
refused 1 'bad.csv|line 9 (row 8)|noise_422.jpg|17 pixels high and 33 wide|200 and 200' "${train_image[@]}" --table bad.csv
change_cell table.csv 8 image '' >bad.csv
refused 1 'bad.csv|line 9 (row 8)|image' "${train_image[@]}" --table bad.csv
change_cell table.csv 0 image picture >bad.csv
refused 1 'bad.csv|no column "image"' "${train_image[@]}" --table bad.csv
for image in "$repository"/tests/data/images/bad/*; do
    change_cell table.csv 8 image "../../../tests/data/images/bad/$(basename "$image")" >bad.csv
    refused 1 "bad.csv|line 9 (row 8)|$(basename "$image")" "${train_image[@]}" --table bad.csv
done
refused 1 'table.csv|line 2 (row 1)|200 pixels high|crop of 500' "${train_image[@]}" --table table.csv --crop 500
refused 1 'side 8|at least 16' "${train_image[@]}" --table table.csv --size 8

# ---- what is no regular file ----

mkfifo pipe pipe.jpg
refused 1 'pipe|no regular file' "${train_table[@]}" --table pipe
refused 1 '/dev/zero|no regular file' "${train_table[@]}" --table /dev/zero
change_cell table.csv 8 image "$PWD/pipe.jpg" >bad.csv
refused 1 'bad.csv|line 9 (row 8)|pipe.jpg|no regular file' "${train_image[@]}" --table bad.csv
refused 1 'pipe|no regular file' "${train_image[@]}" --table table.csv --weights pipe
refused 1 '/dev/zero|no regular file' "${train_image[@]}" --table table.csv --weights /dev/zero
refused 1 'pipe|no regular file' "$bin/predict" --table table.csv --output predictions.csv --model pipe
refused 1 'pipe|no regular file' "$bin/compare_reports" pipe
refused 1 'pipe|no regular file' "$bin/classify_image" --model resnet50 --weights pipe pipe.jpg
refused 1 'pipe|no regular file' "$bin/classify_image" --model resnet50 --weights table.csv --classes pipe pipe.jpg
refused 1 'pipe|cannot write there|no regular file' "${train_table[@]}" --table table.csv --resume --save pipe
run 1 "$bin/check_images" pipe.jpg /dev/zero
[ "$(grep -c 'no regular file' "$log/out")" -eq 2 ] || fail "check_images of a pipe and a device: $(cat "$log/out")"

# ---- where results go ----

mkdir folder
for path in none/out folder table.csv/out /dev/null; do
    refused 1 "$path|cannot write there" "${train_table[@]}" --table table.csv --save "$path"
    refused 1 "$path|cannot write there" "${train_table[@]}" --table table.csv --report "$path"
    refused 1 "$path|cannot write there" "${train_table[@]}" --table table.csv --predictions "$path"
done
refused 1 'table.csv|also the table' "${train_table[@]}" --table table.csv --save ./table.csv
refused 1 'model.safetensors|also another result' "${train_table[@]}" --table table.csv --report model.safetensors
refused 1 'folder/../model.safetensors|also another result' \
    "${train_table[@]}" --table table.csv --report folder/../model.safetensors
refused 1 'x.csv|also another result' "${train_table[@]}" --table table.csv --report ./x.csv --predictions x.csv
for kept in model.state model.previous model.previous.state; do
    refused 1 "$kept.safetensors|also another result" "${train_table[@]}" --table table.csv --report $kept.safetensors
    cp table.csv $kept.safetensors
    refused 1 "$kept.safetensors|also the table" "${train_table[@]}" --table $kept.safetensors
    rm $kept.safetensors
    mkdir $kept.safetensors
    refused 1 "$kept.safetensors|cannot write there|Is a directory" "${train_table[@]}" --table table.csv
    rmdir $kept.safetensors
done
# The lock beside it is removed in the end: it is no other file either.
refused 1 'model.state.safetensors.lock|also another result' "${train_table[@]}" --table table.csv --report model.state.safetensors.lock
cp table.csv model.state.safetensors.lock
refused 1 'model.state.safetensors.lock|also the table' "${train_table[@]}" --table model.state.safetensors.lock
refused 1 'model.state.safetensors.lock|it is no lock' "${train_table[@]}" --table table.csv
rm model.state.safetensors.lock
mkfifo model.state.safetensors.lock
refused 1 'model.state.safetensors.lock|cannot write there|no regular file' "${train_table[@]}" --table table.csv
[ -p model.state.safetensors.lock ] || fail "a pipe was removed"
rm model.state.safetensors.lock
ln -s table.csv soft.csv
ln table.csv hard.csv
for path in soft.csv hard.csv; do
    refused 1 "$path|also the table" "${train_table[@]}" --table table.csv --report $path
    refused 1 "$path|also the table" "${train_table[@]}" --table table.csv --save $path
done
rm soft.csv hard.csv
ln -s loop loop
refused 1 'loop|cannot write there|symbolic links' "${train_table[@]}" --table table.csv --save loop
refused 1 'cannot open loop|symbolic links' "${train_table[@]}" --table loop
rm loop
# Results are written under a temporary name first, and checkpoints leave two more files.
cp table.csv x.csv.partial
refused 1 'x.csv|also the table' "${train_table[@]}" --table x.csv.partial --predictions x.csv
refused 1 'x.csv.partial|also another result' "${train_table[@]}" --table table.csv --report x.csv --predictions x.csv.partial
refused 1 'model.safetensors.partial|also another result' \
    "${train_table[@]}" --table table.csv --report model.safetensors.partial
rm x.csv.partial
mkdir x.csv.partial
refused 1 'x.csv|cannot write there|Is a directory' "${train_table[@]}" --table table.csv --predictions x.csv
[ -d x.csv.partial ] || fail "a folder was removed"
rmdir x.csv.partial
cp "$sdss/images/QSO/$(ls "$sdss/images/QSO" | head -n 1)" image.jpg
change_cell table.csv 8 image "$PWD/image.jpg" >bad.csv
refused 1 'image.jpg|also one of the images' "${train_image[@]}" --table bad.csv --report image.jpg
refused 1 './image.jpg|also one of the images' "${train_image[@]}" --table bad.csv --save ./image.jpg
mv image.jpg image.csv.partial
change_cell table.csv 8 image "$PWD/image.csv.partial" >bad.csv
refused 1 'image.csv|also one of the images' "${train_image[@]}" --table bad.csv --predictions image.csv
rm image.csv.partial
# A disk that fills up: no file may be larger than so many KiB. A build that counts its coverage cannot write its counts
# then: it tries beside the log, and is not to speak of it.
limited() {
    GCOV_PREFIX=$log GCOV_ERROR_FILE=/dev/null \
        bash -c 'trap "" XFSZ; ulimit -f "$1"; shift; exec "$@"' limited "$@"
}
refused 1 'model.safetensors.partial|File too large' limited 4 "${train_table[@]}" --table table.csv

# ---- the training ----

refused 1 'epoch|batch|the loss is|first layer|hidden1' \
    "${train_table[@]}" --table table.csv --optimizer sgd --learning-rate 1e6 --schedule constant --epochs 50 --batch 4
refused 1 'epoch|validation|not a number|first layer' \
    "${train_table[@]}" --table table.csv --optimizer sgd --learning-rate 1e6 --schedule constant --epochs 50
refused 1 "'nope'|hidden1, hidden2, fc" "${train_table[@]}" --table table.csv --train-from nope

# ---- checkpoints ----

refused 1 'no checkpoint model.safetensors' "${train_table[@]}" --table table.csv --resume
run 0 "${train_table[@]}" --table table.csv
[ "$(ls model*)" = "$(printf '%s\n' model.safetensors model.state.safetensors)" ] || fail "more files than a pair: $(ls)"
resume=("${train_table[@]}" --resume)

refused 1 'model.safetensors|of the kind tabular_mlp, not sky_cnn' "${train_image[@]}" --table table.csv --resume
refused 1 'model.safetensors|hidden [128, 64], not [32]' "${resume[@]}" --table table.csv --hidden 32
refused 1 'model.safetensors|batch 64, not 32' "${resume[@]}" --table table.csv --batch 32
refused 1 'model.safetensors|seed "0", not "1"' "${resume[@]}" --table table.csv --seed 1
refused 1 'model.safetensors|convolution "default", not "direct"' "${resume[@]}" --table table.csv --convolution direct
refused 1 'model.safetensors|precision "default", not "bf16"' "${resume[@]}" --table table.csv --precision bf16
refused 1 'model.safetensors|split' "${resume[@]}" --table table.csv --split-seed 1
sed 's/,QSO,/,QUASAR,/' table.csv >other.csv
refused 1 'model.safetensors|["GALAXY","QSO","STAR"]|["GALAXY","QUASAR","STAR"]' "${resume[@]}" --table other.csv
awk -F, -v OFS=, 'NR > 1 { $7 += 0.5 } 1' table.csv >other.csv
refused 1 'model.safetensors|other values than other.csv' "${resume[@]}" --table other.csv

mkdir damaged
cp model.state.safetensors damaged/m.state.safetensors
damaged=("$bin/train_table" --epochs 2 --threads 1 --save damaged/m.safetensors --resume --table table.csv)
predict=("$bin/predict" --model damaged/m.safetensors --table table.csv --output predictions.csv)
bytes=$(wc -c <model.safetensors)
for keep in 0 7 8 300 $((bytes / 2)) $((bytes - 1)); do
    head -c "$keep" model.safetensors >damaged/m.safetensors
    refused 1 'damaged/m.safetensors' "${damaged[@]}"
    refused 1 'damaged/m.safetensors' "${predict[@]}"
done
# The last byte is another one.
{
    head -c $((bytes - 1)) model.safetensors
    tail -c 1 model.safetensors | tr '\000-\377' '\001-\377\000'
} >damaged/m.safetensors
refused 1 'damaged/m.safetensors|checksum' "${damaged[@]}"
refused 1 'damaged/m.safetensors|checksum' "${predict[@]}"
cp model.safetensors damaged/m.safetensors
bytes=$(wc -c <model.state.safetensors)
for keep in 0 300 $((bytes - 1)); do
    head -c "$keep" model.state.safetensors >damaged/m.state.safetensors
    refused 1 'damaged/m' "${damaged[@]}"
done
rm damaged/m.state.safetensors
refused 1 'damaged/m' "${damaged[@]}"

# ---- predict ----

predict=("$bin/predict" --output predictions.csv)
refused 1 'none.safetensors|No such file' "${predict[@]}" --model none.safetensors --table table.csv
refused 1 'table.csv' "${predict[@]}" --model table.csv --table table.csv
refused 1 'model.state.safetensors|does not describe its network' \
    "${predict[@]}" --model model.state.safetensors --table table.csv
model=("${predict[@]}" --model model.safetensors)
change_cell table.csv 0 g green >bad.csv
refused 1 'bad.csv|no column "g"' "${model[@]}" --table bad.csv
change_cell table.csv 8 g bright >bad.csv
refused 1 'bad.csv|line 9 (row 8)|column "g"|"bright" is not a number' "${model[@]}" --table bad.csv
refused 1 'table.csv|no column "nope"' "${model[@]}" --table table.csv --label nope
refused 1 'table.csv|no column "nope"' "${model[@]}" --table table.csv --id nope
head -n 1 table.csv >bad.csv
refused 1 'bad.csv|no row' "${model[@]}" --table bad.csv
refused 1 'none/out|cannot write there' "${model[@]}" --table table.csv --output none/out
refused 1 'folder|cannot write there' "${model[@]}" --table table.csv --output folder
# As /dev/stdout is one: where the shell sends what is printed to a file, the link would be replaced, and the file lost.
ln -s /proc/self/fd/1 standard_output
refused 1 'standard_output|cannot write there|standard input or output' "${model[@]}" --table table.csv --output standard_output
refused 1 'standard_output|standard input or output' "${train_table[@]}" --table table.csv --report standard_output
refused 1 'standard_output|standard input or output' "${train_table[@]}" --table table.csv --save standard_output
[ -L standard_output ] || fail "a link to the standard output was replaced"
rm standard_output
refused 1 'table.csv|also to be read' "${model[@]}" --table table.csv --output table.csv
refused 1 'model.safetensors|also to be read' "${model[@]}" --table table.csv --output model.safetensors
for part in model.state model.previous model.previous.state; do
    refused 1 "$part.safetensors|also to be read" "${model[@]}" --table table.csv --output $part.safetensors
done
cp table.csv y.csv.partial
refused 1 'y.csv|also to be read' "${model[@]}" --table y.csv.partial --output y.csv
rm y.csv.partial
refused 1 'predictions.csv|File too large' limited 1 "${model[@]}" --table table.csv
status=0
"${model[@]}" --table table.csv >/dev/full 2>"$log/err" || status=$?
if [ $status -ne 1 ] || ! grep -q 'standard output: cannot be written' "$log/err"; then
    fail "a full standard output goes unnoticed"
fi

# ---- compare_reports ----

echo '{"test": 3' >bad.json
refused 1 'bad.json|line 2|no JSON' "$bin/compare_reports" bad.json
echo '{"test": 3}' >bad.json
refused 1 'bad.json|no report' "$bin/compare_reports" bad.json
echo '{"test": {"accuracy": 1}, "settings": {}}' >bad.json
refused 1 'bad.json|no report' "$bin/compare_reports" bad.json
refused 1 'none.json' "$bin/compare_reports" none.json
run 0 "${train_table[@]}" --table table.csv --report first.json
run 0 "${train_table[@]}" --table table.csv --report second.json --split-seed 1
refused 1 'second.json|split|first.json|other objects' "$bin/compare_reports" first.json second.json
# Another column that names the same classes otherwise makes the same parts; its classes are in another order.
awk -F, -v OFS=, 'NR == 1 { print $0, "kind"; next } { print $0, ($16 == "GALAXY" ? 2 : $16 == "QSO" ? 0 : 1) }' table.csv >kinds.csv
run 0 "${train_table[@]}" --table kinds.csv --report first.json
run 0 "${train_table[@]}" --table kinds.csv --label kind --report second.json
refused 1 'second.json|its classes have other names' "$bin/compare_reports" first.json second.json
