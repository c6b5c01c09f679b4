#!/usr/bin/env bash
# --report, --predictions, --fold, --train-from and compare_reports: what they write is there, and adds up.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

value() { "$tools/json_value" "$@" || fail "there is no '$*'"; }
is() { [ "$1" = "$2" ] || fail "$3 is $1, expected $2"; }

small_table 20 >table.csv
# Two rows without a label are left out, and said so.
change_cell table.csv 5 class '' >a.csv
change_cell a.csv 7 class '' >gaps.csv
train=("$bin/train_table" --table gaps.csv --epochs 30 --threads 2 --hidden 16)
run 0 "${train[@]}" --save table.safetensors --report table.json --predictions table_test.csv
grep -q '^gaps.csv: row 5 left out: the label is missing' "$log/out" || fail "row 5 is not said to be left out"
cp "$log/out" table.out

is "$(value table.json program)" train_table program
is "$(value table.json version)" 0.1.0 version
is "$(value table.json threads)" 2 threads
is "$(value table.json settings epochs)" 30 epochs
is "$(value table.json settings learning-rate)" 0.005 learning-rate
is "$(value table.json settings convolution)" default convolution
is "$(value table.json data rows)" 60 rows
is "$(value table.json data samples)" 58 samples
is "$(value table.json data dropped)" \
    '[{"reason":"the label is missing","row":5},{"reason":"the label is missing","row":7}]' dropped
is "$(value table.json data classes)" '["GALAXY","QSO","STAR"]' classes
is "$(value table.json model name)" tabular_mlp model
value table.json isa >/dev/null
value table.json model values >/dev/null
value table.json training seconds >/dev/null
value table.json training samples_per_second >/dev/null
value table.json training best_validation_epoch >/dev/null
test_count=$(value table.json data parts test)
is $((test_count + $(value table.json data parts training) + $(value table.json data parts validation))) 58 parts
is "$(value table.json test samples)" "$test_count" "samples of the test part"

# Figures: each with its interval around it; the confusion matrix, the predictions and the printed table say the same.
for figure in accuracy balanced_accuracy macro_f1 "classes 0 precision" "classes 1 recall" "classes 2 f1"; do
    read -ra path <<<"$figure"
    awk -v v="$(value table.json test "${path[@]}" value)" -v low="$(value table.json test "${path[@]}" low)" \
        -v high="$(value table.json test "${path[@]}" high)" \
        'BEGIN { exit !(0 <= low && low <= v && v <= high && high <= 1 && low < high) }' || fail "the interval of $figure"
done
awk -F, '
    NR > 1 { n[$2 "," $3]++; hits += $2 == $3; all++ }
    END {
        split("GALAXY QSO STAR", c, " ")
        for (i = 1; i <= 3; i++) {
            row = ""
            for (j = 1; j <= 3; j++) row = row (j > 1 ? "," : "") n[c[i] "," c[j]] + 0
            text = text (i > 1 ? "," : "") "[" row "]"
        }
        printf "[%s]\n%.6f\n", text, hits / all
    }' table_test.csv >counted
is "$(value table.json test confusion)" "$(sed -n 1p counted)" "the confusion matrix"
is "$(printf %.6f "$(value table.json test accuracy value)")" "$(sed -n 2p counted)" accuracy
percent=$(awk -v v="$(sed -n 2p counted)" 'BEGIN { printf "%.1f", 100 * v }')
grep -qE "^accuracy +$percent \([0-9.]+ - [0-9.]+\)" table.out || fail "the printed accuracy: $(cat table.out)"
grep -q '^label (rows) and prediction (columns)' table.out || fail "no confusion matrix is printed"
for name in GALAXY QSO STAR; do
    [ "$(grep -cE "^$name +[0-9]" table.out)" -eq 2 ] || fail "$name is not in both printed tables"
done

# Three models of one split, side by side.
images=(--table gaps.csv --images "$sdss" --size 16 --epochs 1 --threads 2)
run 0 "$bin/train_image" "${images[@]}" --save image.safetensors --report image.json
run 0 "$bin/train_fusion" "${images[@]}" --save fused.safetensors --report fused.json
is "$(value image.json model views)" 8 views
is "$(value fused.json settings backbone)" sky_cnn backbone
run 0 "$bin/compare_reports" table.json image.json fused.json
grep -qE '^ +tabular_mlp +sky_cnn +image_table_fusion' "$log/out" || fail "no line of names: $(cat "$log/out")"
grep -q "^The same $test_count test objects" "$log/out" || fail "no number of objects: $(cat "$log/out")"
for line in accuracy 'balanced accuracy' macro-F1 'GALAXY precision' 'QSO recall' 'STAR F1'; do
    [ "$(grep "^$line  " "$log/out" | grep -oE '[0-9.]+ \([0-9.]+ - [0-9.]+\)' | wc -l)" -eq 3 ] ||
        fail "not three figures for $line: $(cat "$log/out")"
done
grep -qE "^accuracy +$percent " "$log/out" || fail "another accuracy than the report's"
grep -qE '^seconds to train +[0-9]+ +[0-9]+ +[0-9]+' "$log/out" || fail "no times: $(cat "$log/out")"

# Folds: their test parts are all objects, once each.
for fold in 1 2 3; do
    run 0 "$bin/train_table" --table table.csv --fold $fold/3 --epochs 2 --save fold.safetensors \
        --predictions fold_$fold.csv --report fold.json
    is "$(value fold.json data parts validation)" 0 "validation of a fold"
done
tail -q -n +2 fold_*.csv | cut -d, -f1 | sort >folds
tail -n +2 table.csv | cut -d, -f2 | sort >objects
same objects folds "objects in the folds"
# The split is one of objects, not of rows.
{ head -n 1 gaps.csv; tail -n +2 gaps.csv | tac; } >reversed.csv
run 0 "$bin/train_table" --table reversed.csv --epochs 1 --save reversed.safetensors --report reversed.json
is "$(value reversed.json settings split)" "$(value table.json settings split)" "the split of the reversed table"
is "$(value image.json settings split)" "$(value table.json settings split)" "the split of train_image"

# A link stays one: what it leads to is replaced.
mkdir elsewhere
echo old >elsewhere/linked.json
echo old >elsewhere/linked.csv
ln -s elsewhere/linked.json linked.json
ln -s elsewhere/linked.csv linked.csv
run 0 "${train[@]}" --save linked.safetensors --report linked.json --predictions linked.csv
[ -L linked.json ] && [ -L linked.csv ] || fail "a link was replaced by a file"
cmp elsewhere/linked.csv table_test.csv || fail "the file that a link leads to was not replaced"
value elsewhere/linked.json test samples >/dev/null
[ "$(find elsewhere | wc -l)" -eq 3 ] || fail "left behind: $(find elsewhere)"

# What lies before --train-from is not trained.
run 0 "${train[@]}" --train-from fc --save frozen.safetensors --report frozen.json
is "$(value frozen.json model trained_values)" $((16 * 3 + 3)) "trained values"
is "$(value frozen.json settings train-from)" fc train-from
