#!/usr/bin/env bash
# sky_experiment: what it writes, that it goes on after 20 kills at any time to the same figures, what it refuses.
. "$(dirname "$0")/common.sh"

small_table 20 >table.csv
experiment=("$bin/sky_experiment" --table table.csv --images "$sdss" --threads 2)
small=(--backbones sky_cnn --size 16 --crop 64 --folds 2 --seeds 2 --table-epochs 4 --image-epochs 2 --late-epochs 2
       --sweep sky_cnn --sweep-epochs 3 --views 1)
value() { "$tools/json_value" "$@"; }
# Figures without measured times.
figures() { grep -v second "$1"; }

# 1. An undisturbed run.
run 0 "${experiment[@]}" "${small[@]}" --output whole
[ "$(value whole/report.json models 0 name)" = table ] || fail "the first model is not the table's"
[ "$(value whole/report.json models 4 name)" = stacked-sky_cnn ] || fail "the fifth model is not the stacked fusion"
for model in 0 1 2 3 4; do
    [ "$(value whole/report.json models $model n)" -eq 60 ] || fail "model $model was not judged on all objects"
    for figure in accuracy balanced_accuracy macro_f1 log_loss ece; do
        value whole/report.json models $model $figure low >/dev/null || fail "model $model has no $figure"
    done
done
[ "$(value whole/report.json depth 0 start)" = random ] || fail "the sweep does not say where it starts"
# What the sweep cost, and what it is compared with: every depth from the image up, for all epochs. What it kept is gone.
for figure in sweep_seconds every_depth_in_full_seconds seconds_ratio; do
    awk -v a="$(value whole/report.json depth 0 $figure)" 'BEGIN { exit !(a > 0) }' || fail "the sweep has no $figure"
done
for depth in 0 1 2 3 4; do
    for figure in trained_values ratio seconds epoch_from_image_seconds epochs_to_best balanced_accuracy; do
        value whole/report.json depth 0 depths $depth $figure >/dev/null || fail "depth $depth has no $figure"
    done
done
[ "$(value whole/report.json depth 0 depths 4 rounds)" -eq 3 ] || fail "the head alone was left out"
if ls whole/units/*.features 2>/dev/null; then fail "the sweep left its frozen parts' files behind"; fi
value whole/report.json fusion verdict >/dev/null || fail "there is no verdict on fusion"
[ "$(value whole/report.json data divisions 0 split)" = "$(value whole/plan.json split)" ] || fail "the plan has another split"
for model in whole/models/*.safetensors; do
    grep -aq "\"split\":\"$(value whole/plan.json split)\"" "$model" || fail "$model does not have the split's hash"
done

# Every object is in one fold of the exported split, and predicted once.
[ "$(tail -n +2 whole/split.csv | wc -l)" -eq 60 ] || fail "split.csv does not have all objects"
cut -d, -f1 whole/split.csv | tail -n +2 | sort >ids
cut -d, -f1 whole/predictions/joint-sky_cnn.csv | tail -n +2 | sort | cmp - ids || fail "not every object was predicted once"

# The predictions are what compare_predictions judges in the same way.
run 0 "$bin/compare_predictions" whole/predictions/table.csv --json compared.json
[ "$(value compared.json files 0 accuracy)" = "$(value whole/report.json models 0 accuracy)" ] || fail "accuracies differ"
awk -v a="$(value compared.json files 0 log_loss value)" -v b="$(value whole/report.json models 0 log_loss value)" \
    'BEGIN { d = a - b; exit !(d < 1e-7 && d > -1e-7) }' || fail "log-losses differ by what the predictions' file leaves out"

# The page is one file.
grep -q '<svg class="plot" data-plot="curve"' whole/report.html || fail "the page has no curves"
if grep -E -o '(src|href)="[^d"][^"]*' whole/report.html; then fail "the page refers to other files"; fi
if grep -q '<script' whole/report.html; then fail "the page has a script"; fi

# 2. Killed 20 times at random moments, then left alone: the same figures.
RANDOM=7
for kill in $(seq 20); do
    "${experiment[@]}" "${small[@]}" --output killed >/dev/null 2>&1 &
    child=$!
    sleep "0.$(printf '%02d' $((RANDOM % 40 + 3)))"
    kill -9 $child 2>/dev/null || true
    wait $child 2>/dev/null || true
done
run 0 "${experiment[@]}" "${small[@]}" --output killed
figures whole/report.json >a
figures killed/report.json >b
same a b "after 20 kills"
cmp whole/split.csv killed/split.csv || fail "the splits differ"
for unit in whole/predictions/*.csv; do
    same "$unit" "killed/predictions/$(basename "$unit")" "predictions after 20 kills"
done

# Two at once in one folder: the second is refused, and the first goes on. (A killed one, as above, holds nothing up.)
"${experiment[@]}" --backbones none --table-epochs 1000000 --folds 2 --output busy >/dev/null 2>&1 &
child=$!
trap 'result=$?; [ -z "$child" ] || kill -KILL "$child" 2>/dev/null; [ $result -ne 0 ] || rm -rf "$folder"; exit $result' EXIT
for _ in {1..600}; do
    [ ! -e busy/plan.json ] || break
    sleep 0.1
done
run 1 "${experiment[@]}" --backbones none --table-epochs 1000000 --folds 2 --output ./busy
[ "$(cat "$log/err")" = "sky_experiment: ./busy: another sky_experiment is at work there" ] ||
    fail "a second experiment is not refused: $(cat "$log/err")"
kill -INT $child
status=0
wait $child || status=$?
child=
[ $status -eq 130 ] || fail "the first experiment ended with $status"
[ -z "$(find . -name '*.lock' -o -name '*.partial')" ] || fail "left behind: $(find . -name '*.lock' -o -name '*.partial')"

# A run of a finished experiment trains nothing and gives the same report. One with more models keeps what is done.
run 0 "${experiment[@]}" "${small[@]}" --output whole
figures whole/report.json | cmp a - || fail "a second run changed the report"

# The sweep keeps what is frozen in files of its own; one that is another's is not overwritten.
mkdir -p foreign/units
echo "not a cache" >foreign/units/depth-sky_cnn-fc.features
run 1 "${experiment[@]}" --backbones none --size 16 --crop 64 --folds 2 --seeds 1 --table-epochs 1 --sweep sky_cnn --sweep-epochs 3 \
    --views 1 --output foreign
grep -q 'depth-sky_cnn-fc.features is no feature cache' "$log/err" || fail "another file was taken: $(cat "$log/err")"
[ "$(cat foreign/units/depth-sky_cnn-fc.features)" = "not a cache" ] || fail "another file was overwritten"
rm foreign/units/depth-sky_cnn-fc.features
run 0 "${experiment[@]}" --backbones none --size 16 --crop 64 --folds 2 --seeds 1 --table-epochs 1 --sweep sky_cnn --sweep-epochs 3 \
    --views 1 --output foreign

# A fusion that is asked for later finds its parts, or trains them again: the same figures.
small_without_late=("${small[@]}" --fusion joint,stacked)
run 0 "${experiment[@]}" "${small_without_late[@]}" --output later
[ ! -e later/models/image-sky_cnn-s2-f2.safetensors ] || fail "the model of a part was not tidied away"
run 0 "${experiment[@]}" "${small[@]}" --output later
figures later/report.json | cmp a - || fail "a fusion that was asked for later has other figures"

# A single model can be left out: nothing is trained again, and the report is of the others.
run 0 "${experiment[@]}" "${small[@]}" --without late-sky_cnn --output later
[ "$(value later/report.json plan rows)" = '["table","image-sky_cnn","joint-sky_cnn","stacked-sky_cnn"]' ] ||
    fail "--without leaves other models: $(value later/report.json plan rows)"

# 3. A second division, a budget, a configuration file, other names of columns.
sed '1s/class/kind/;1s/,id,/,name,/' table.csv >named.csv
cat >settings.json <<'END'
{"label": "kind", "id": "name", "features": ["u", "g", "u-g"], "backbones": "none", "folds": 2, "seeds": 1, "table-epochs": 2,
 "also-group": "run", "class-weights": "balanced", "missing": "-1"}
END
run 0 "$bin/sky_experiment" --config settings.json --table named.csv --output named
[ "$(value named/report.json models 1 name)" = also-table ] || fail "there is no second division"
head -n 1 named/split.csv | grep -q also_fold || fail "the second division is not in split.csv"
# The report's configuration is a file for --config: with null for what was not given, and no budget.
value named/report.json plan configuration >again.json
grep -q '"images": *null' again.json || fail "nothing is null in the configuration: $(cat again.json)"
run 0 "$bin/sky_experiment" --config again.json --output again
[ "$(value again/report.json plan)" = "$(value named/report.json plan)" ] || fail "the report's configuration does not repeat it"
echo '{"image-epochs": 1, "quick": true}' >quick.json
run 0 "${experiment[@]}" --config quick.json --table-epochs 1 --output quick_file
[ "$(value quick_file/report.json plan rows)" = '["table","image-sky_cnn","joint-sky_cnn"]' ] ||
    fail "a file's \"quick\" is not heeded: $(value quick_file/report.json plan rows)"
[ "$(value quick_file/report.json plan configuration image-epochs)" -eq 1 ] || fail "\"quick\" overrides what stands before it"
run 0 "$bin/sky_experiment" --config settings.json --table named.csv --output budget --time-budget 10 --seeds 3
value budget/plan.json rows 0 >/dev/null || fail "there is no plan"

# A single column that decides the class is reported: a code that was made from it, which is no feature; a magnitude does not.
awk -F, -v OFS=, 'NR == 1 { print $0, "code"; next }
    { print $0, ($16 == "STAR" ? 0 : $16 == "QSO" ? 3 : 6) + NR % 3 - 1 }' table.csv >coded.csv
run 0 "$bin/sky_experiment" --table coded.csv --backbones none --folds 2 --seeds 1 --table-epochs 1 --output coded
deciding=$(for i in 0 1 2 3 4 5; do value coded/report.json data deciding_columns $i column 2>/dev/null || true; done)
grep -qx code <<<"$deciding" || fail "a column that decides the class was not found: $deciding"
if grep -qx u <<<"$deciding"; then fail "a magnitude is said to decide the class"; fi

# Classical algorithms: without Python the report says so; what the script leaves is merged. (A stand-in for Python, which gives
# back the table's own predictions.)
run 0 "$bin/sky_experiment" --config settings.json --table named.csv --output named --baselines --python no-such-python
[ "$(value named/report.json baselines)" = "Python is not there" ] || fail "the report does not say that Python is not there"
cat >failing_python <<'END'
#!/bin/sh
exit 3
END
cat >python <<'END'
#!/bin/sh
[ "$2 $3" = "--table named.csv" ] && [ "$4 $5" = "--split named/split.csv" ] && [ "$6" = --output ] || exit 1
mkdir -p "$7"
cp named/predictions/table.csv "$7/again.csv"
echo '[{"name": "again", "file": "again.csv", "library": "stand-in 1.0", "train_seconds": 1.5}]' >"$7/index.json"
END
chmod +x python failing_python
run 0 "$bin/sky_experiment" --config settings.json --table named.csv --output named --baselines --python ./failing_python
grep -q 'classical_baselines.py failed' named/report.json || fail "the report does not say that the script failed"
run 0 "$bin/sky_experiment" --config settings.json --table named.csv --output named --baselines --python ./python
[ "$(value named/report.json models 2 library)" = "stand-in 1.0" ] || fail "the classical row was not merged"
[ "$(value named/report.json models 2 accuracy)" = "$(value named/report.json models 0 accuracy)" ] || fail "it was misread"
sed -i 's/,STAR,/,QSO,/' named/baselines/again.csv
run 1 "$bin/sky_experiment" --config settings.json --table named.csv --output named --baselines
grep -q 'again.csv: is about other objects or classes' "$log/err" || fail "predictions of other labels were merged"

# What the script itself writes keeps every digit, where there is a Python to ask.
if command -v python3 >/dev/null; then
    python3 -B - "$repository/scripts/classical_baselines.py" <<'END'
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("classical_baselines", sys.argv[1])
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)
class Row(list):
    def argmax(self):
        return self.index(max(self))
script.write_predictions(pathlib.Path("digits.csv"), ["a"], ["x"], ["x", "y"], [Row([2.0 ** -30, 1 - 2.0 ** -30])])
END
    run 0 "$bin/compare_predictions" digits.csv --json digits.json
    awk -v loss="$(value digits.json files 0 log_loss value)" \
        'BEGIN { d = loss - 30 * log(2); exit !(d < 1e-6 && d > -1e-6) }' || fail "a small probability became another"
fi

# In parts of the objects, too, a file's own predictions count, and not its largest probabilities.
run 0 "$bin/sky_experiment" --table table.csv --backbones none --folds 2 --seeds 1 --table-epochs 1 --output bins
cat >python <<'END'
#!/bin/sh
mkdir -p "$7"
awk -F, -v OFS=, 'NR > 1 { $3 = $2 } 1' bins/predictions/table.csv >"$7/knows.csv"
echo '[{"name": "knows", "file": "knows.csv", "library": "stand-in 1.0", "train_seconds": 1.5}]' >"$7/index.json"
END
run 0 "$bin/sky_experiment" --table table.csv --backbones none --folds 2 --seeds 1 --table-epochs 1 --output bins --baselines \
    --python ./python
[ "$(value bins/report.json models 1 accuracy value)" = 1.0 ] || fail "a file's predictions do not count"
for bin_number in 0 1 2 3 4; do
    [ "$(value bins/report.json models 1 by_magnitude $bin_number accuracy value)" = 1.0 ] ||
        fail "a file's predictions do not count in bin $bin_number of magnitude"
done

# A seed alone is judged as all together are, where the folds that a budget allows lack a class.
awk -F, -v OFS=, 'NR == 1 { print $0, "set"; next }
    $16 == "QSO" && q++ > 2 { next }
    { set = NR }
    $16 == "GALAXY" { set = ++g <= 12 ? "a" : g <= 17 ? "b" : g == 18 ? "c" : g == 19 ? "d" : NR }
    $16 == "QSO" { set = q < 3 ? "c" : "d" }
    { print $0, set }' table.csv >rare.csv
rare=("$bin/sky_experiment" --table rare.csv --group set --backbones none --folds 3 --seeds 1 --table-epochs 2 --output rare)
run 0 "${rare[@]}"
sed -i 's/^  "folds": 3,$/  "folds": 1,/' rare/plan.json
run 0 "${rare[@]}"
[ "$(value rare/report.json models 0 classes QSO recall value)" = 0.0 ] || fail "the first fold has every class"
[ "$(value rare/report.json models 0 single_seeds 0 balanced_accuracy)" = \
    "$(value rare/report.json models 0 balanced_accuracy value)" ] || fail "one seed is judged otherwise than the only one"

# What trains sees the blind view alone: the data set with all labels is not even named there.
if grep -nE -- '(->|\.)objects\b' "$repository"/examples/sky_experiment/{network,unit,unit_file,stack,depth_sweep}.c; then
    fail "training code reaches for the labels of the test part"
fi

# 4. What is refused: one sentence, nothing lost.
refused 1 '--features ra|where the object is|--allow ra' "${experiment[@]}" --features u,g,ra --output no
refused 1 '--features u-redshift|redshift' "${experiment[@]}" --features u-redshift --output no
refused 1 '--features class|label' "${experiment[@]}" --features class --output no
refused 1 '--features nothing|no such column' "${experiment[@]}" --features nothing --output no
allowed=("${experiment[@]}" --features u,g,ra --allow ra --backbones none --table-epochs 1 --seeds 1 --folds 2 --output allowed)
run 0 "${allowed[@]}"
# What stands in a unit's file is no probability.
cp allowed/units/table-s1-f2.json unit.json
for wrong in 1e300 -0.5 '"0.5"' null; do
    sed "s/\"test\":\[\[[^,]*/\"test\":[[$wrong/" unit.json >allowed/units/table-s1-f2.json
    refused 1 "allowed/units/table-s1-f2.json: does not hold this fold's predictions; remove it" "${allowed[@]}"
done
refused 1 'holds an experiment with --table-epochs 4, not 5' "${experiment[@]}" "${small[@]}" --table-epochs 5 --output whole
change_cell table.csv 3 u 20.5 | sed '5d' >other.csv
refused 1 'holds an experiment with --table' "$bin/sky_experiment" --table other.csv --images "$sdss" "${small[@]}" --output whole
# What is read may change under its name: the table, an image, a second division, weights.
cp table.csv moving.csv
mkdir -p moved/images
cp -r "$sdss/images" moved/
run 0 "$bin/train_image" --table moving.csv --images moved --size 16 --crop 64 --epochs 1 --batch 16 --save w.safetensors
moving=("$bin/sky_experiment" --table moving.csv --images moved --size 16 --crop 64 --backbones sky_cnn --fusion none
        --folds 2 --seeds 1 --table-epochs 1 --pretrained-epochs 1 --views 1 --sweep none --weights sky_cnn=w.safetensors
        --output moving)
run 0 "${moving[@]}" --also-group fiberid
# Images are prepared as the weights know them.
[ "$(grep -ao 'mean[^]]*' moving/models/image-sky_cnn-s1-f1.safetensors)" = "$(grep -ao 'mean[^]]*' w.safetensors)" ] ||
    fail "images are not normalised as the weights want it"
run 0 "${moving[@]}"
refused 1 'moving: holds an experiment in which --also-group stood for something else' "${moving[@]}" --also-group field
change_cell table.csv 3 u 20.5 >moving.csv
refused 1 'moving: holds an experiment in which --table stood for something else' "${moving[@]}"
cp table.csv moving.csv
mv w.safetensors kept.safetensors
run 0 "$bin/train_image" --table moving.csv --images moved --size 16 --crop 64 --epochs 1 --batch 16 --seed 1 --save w.safetensors
refused 1 'moving: holds an experiment in which --weights sky_cnn stood for something else' "${moving[@]}"
mv kept.safetensors w.safetensors
first=moved/$(sed -n 2p table.csv | cut -d, -f1)
cp "$first" first.jpg
cp "$sdss/$(tail -n 1 "$sdss/metadata.csv" | cut -d, -f1)" "$first"
refused 1 'moving: holds an experiment in which --images stood for something else' "${moving[@]}"
cp first.jpg "$first"
run 0 "${moving[@]}" --also-group fiberid

run 1 "${experiment[@]}" --backbones none --table-epochs 1000000 --time-budget 0.01 --output budget_too_small
grep -q 'time budget of 0.01 minutes is too small for anything' "$log/err" || fail "too small a budget: $(cat "$log/err")"
[ ! -e budget_too_small/plan.json ] || fail "a plan was kept that could not be made"
awk -F, 'NR == 1 || $16 != "QSO" || n++ < 2' table.csv >two.csv
refused 1 'class "QSO" has 2 objects; at least 3' "$bin/sky_experiment" --table two.csv --images "$sdss" --output no
echo '{"epochs": 3}' >unknown.json
refused 2 'unknown.json|there is no setting "epochs"' "${experiment[@]}" --config unknown.json --output no
echo '{"folds": "many"}' >wrong.json
refused 2 'wrong.json|"folds"|a whole number from 2 to 100' "${experiment[@]}" --config wrong.json --output no
echo '{"quick": 1}' >kind.json
refused 2 'kind.json|"quick" has a value of the wrong kind' "${experiment[@]}" --config kind.json --output no
echo '{"features": []}' >empty.json
refused 2 'empty.json|"features": expected LIST' "${experiment[@]}" --config empty.json --output no
awk 'BEGIN { printf "{\"features\": [\"u\""; for (i = 0; i < 2000; i++) printf ", \"g%d\"", i; print "]}" }' >long.json
refused 2 'long.json|"features" has a value of the wrong kind' "${experiment[@]}" --config long.json --output no
echo '[1]' >list.json
refused 2 'list.json|no JSON object' "${experiment[@]}" --config list.json --output no
refused 2 'none.json' "${experiment[@]}" --config none.json --output no
refused 2 'there is no backbone vgg' "${experiment[@]}" --backbones vgg --output no
refused 2 'sky_cnn,resnet50,sky_cnn: sky_cnn is named twice' "${experiment[@]}" --backbones sky_cnn,resnet50,sky_cnn --output no
refused 2 'sky_cnn is named twice' "${experiment[@]}" --sweep sky_cnn,sky_cnn --output no
refused 2 'sky_cnn is named twice' "${experiment[@]}" --weights sky_cnn=a.pth,sky_cnn=b.pth --output no
refused 2 'sky_cnn is named twice' "${experiment[@]}" --sizes sky_cnn=32,sky_cnn=64 --output no
refused 2 'sky_cnn is named twice' "${experiment[@]}" --rates sky_cnn=.1,sky_cnn=.2 --output no
refused 2 'a backbone and a learning rate' "${experiment[@]}" --rates sky_cnn=fast --output no
refused 2 'NAME=FILE' "${experiment[@]}" --weights sky_cnn --output no
refused 1 'none.pth' "${experiment[@]}" "${small[@]}" --weights sky_cnn=none.pth --output no
refused 1 'table.csv' "${experiment[@]}" "${small[@]}" --weights sky_cnn=table.csv --output no
refused 2 'NAME=PIXELS' "${experiment[@]}" --sizes sky_cnn=8 --output no
refused 2 'joint or late or stacked or none' "${experiment[@]}" --fusion early --output no
refused 1 'without late-vgg16' "${experiment[@]}" "${small[@]}" --without late-vgg16 --output no
refused 1 'no model is left' "${experiment[@]}" --backbones none --without table --output no
refused 2 'RA,DEC' "${experiment[@]}" --position ra --output no
refused 2 '--output DIR is missing' "${experiment[@]}"
# What is read is not written over, under whatever name.
mkdir -p mine/predictions
for input in split.csv report.json.partial predictions/table.csv; do
    mv table.csv mine/$input
    refused 1 "mine/$input|--output ./mine writes there" \
        "$bin/sky_experiment" --table mine/$input --images "$sdss" "${small[@]}" --output ./mine
    mv mine/$input table.csv
done
mv settings.json mine/plan.json
refused 1 'mine/plan.json|--output mine writes there' \
    "$bin/sky_experiment" --config mine/plan.json --table named.csv --output mine
