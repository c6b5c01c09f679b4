#!/usr/bin/env bash
# compare_predictions: figures that were counted by hand, other orders of rows and columns, what is refused.
. "$(dirname "$0")/common.sh"

cat >a.csv <<'END'
id,label,predicted,p_GALAXY,p_QSO,p_STAR
o1,GALAXY,GALAXY,0.8,0.1,0.1
o2,GALAXY,GALAXY,0.7,0.2,0.1
o3,QSO,STAR,0.1,0.4,0.5
o4,STAR,STAR,0,0,1
o5,STAR,STAR,0.2,0.2,0.6
END
# The same objects in another order, with columns in another order; one mistake more, on o2.
cat >b.csv <<'END'
p_STAR,p_QSO,p_GALAXY,predicted,label,id
0.6,0.2,0.2,STAR,STAR,o5
1,0,0,STAR,STAR,o4
0.5,0.4,0.1,STAR,QSO,o3
0.1,0.6,0.3,QSO,GALAXY,o2
0.1,0.1,0.8,GALAXY,GALAXY,o1
END
value() { "$tools/json_value" figures.json "$@"; }
# near VALUE EXPECTED
near() { awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(d < 1e-6 && d > -1e-6) }' || fail "$1 is not $2"; }

run 0 "$bin/compare_predictions" a.csv b.csv --json figures.json
near "$(value files 0 n)" 5
near "$(value files 0 accuracy value)" 0.8
near "$(value files 1 accuracy value)" 0.6
near "$(value files 0 balanced_accuracy value)" 0.666666667
near "$(value files 0 classes QSO recall value)" 0
near "$(value files 0 classes STAR precision value)" 0.666666667
near "$(value files 0 classes GALAXY f1 value)" 1
near "$(value files 0 log_loss value)" "$(awk 'BEGIN { print -(log(.8) + log(.7) + log(.4) + log(1) + log(.6)) / 5 }')"
near "$(value pairs 0 mcnemar_p)" 1
near "$(value pairs 0 accuracy_difference value)" 0.2
near "$(value pairs 0 accuracy_difference low)" 0
[ "$(value pairs 0 a) $(value pairs 0 b)" = "a.csv b.csv" ] || fail "pairs are not named"
for figure in accuracy balanced_accuracy macro_f1 log_loss ece; do
    for part in value low high; do
        value files 1 $figure $part >/dev/null || fail "there is no $figure $part"
    done
done
[ "$(value files 1 name)" = b.csv ] || fail "files are not named"
for class in GALAXY QSO STAR; do
    for figure in precision recall f1; do
        low=$(value files 1 classes $class $figure low) high=$(value files 1 classes $class $figure high)
        awk -v v="$(value files 1 classes $class $figure value)" -v l="$low" -v h="$high" 'BEGIN { exit !(l <= v && v <= h) }' ||
            fail "$class has a $figure outside its interval"
    done
done
awk -v l="$(value pairs 0 accuracy_difference low)" -v h="$(value pairs 0 accuracy_difference high)" 'BEGIN { exit !(l <= .2 && .2 <= h) }' ||
    fail "the difference is outside its interval"

# Names of files need not be UTF-8, though JSON is: another sign stands for such a byte.
latin=$(printf 'r\351sultats.csv')
cp b.csv "$latin"
run 0 "$bin/compare_predictions" a.csv "$latin" --json figures.json
[ "$(value files 1 name) $(value pairs 0 b)" = "$(printf 'r\357\277\275sultats.csv r\357\277\275sultats.csv')" ] ||
    fail "a name that is not UTF-8: $(value files 1 name), $(value pairs 0 b)"

# What a trainer writes is read.
small_table 12 >table.csv
run 0 "$bin/train_table" --table table.csv --epochs 2 --save model.safetensors --predictions trained.csv
run 0 "$bin/compare_predictions" trained.csv --json figures.json
[ "$(value files 0 n)" -eq 6 ] || fail "not all predictions were read"
cp table.csv "$latin"
run 0 "$bin/train_table" --table "$latin" --epochs 2 --save model.safetensors --report report.json
"$tools/json_value" report.json test accuracy value >/dev/null || fail "no report of a table whose name is not UTF-8"
run 0 "$bin/sky_experiment" --table "$latin" --images "$sdss" --backbones none --table-epochs 1 --folds 2 --seeds 1 --output out
"$tools/json_value" out/report.json models 0 name >/dev/null || fail "no experiment on a table whose name is not UTF-8"

refused 1 'a.csv|is to be written' "$bin/compare_predictions" a.csv --json a.csv
refused 1 'none.csv' "$bin/compare_predictions" none.csv
refused 1 'columns id, label, predicted' "$bin/compare_predictions" table.csv
sed '$d' a.csv >fewer.csv
refused 1 'fewer.csv|other objects|"o5" is only in b.csv' "$bin/compare_predictions" b.csv fewer.csv
sed '$d' a.csv | cat - <(echo 'o6,STAR,STAR,0.2,0.2,0.6') >other.csv
refused 1 'other.csv|other objects|"o5" is only in a.csv' "$bin/compare_predictions" a.csv other.csv
sed 's/^o3,QSO/o3,STAR/' a.csv >label.csv
refused 1 'label.csv|the label of "o3" is STAR, in a.csv it is QSO' "$bin/compare_predictions" a.csv label.csv
sed 's/p_QSO/p_NOVA/;s/,QSO,/,NOVA,/' a.csv >classes.csv
refused 1 'classes.csv|its classes are not those of a.csv' "$bin/compare_predictions" a.csv classes.csv
sed 's/^o2/o1/' a.csv >twice.csv
refused 1 'twice.csv|line 3|"o1" is also that of line 2' "$bin/compare_predictions" twice.csv
sed 's/0.8,0.1,0.1/0.8,0.1,0.2/' a.csv >sum.csv
refused 1 'sum.csv|line 2|sum to 1.100000, not to 1' "$bin/compare_predictions" sum.csv
sed 's/0.8,0.1,0.1/1.8,-0.4,-0.4/' a.csv >range.csv
refused 1 'range.csv|line 2|p_GALAXY is no probability' "$bin/compare_predictions" range.csv
sed 's/0.8,0.1,0.1/0.8,x,0.1/' a.csv >number.csv
refused 1 'number.csv|line 2|p_QSO' "$bin/compare_predictions" number.csv
sed 's/^o1,GALAXY/o1,/' a.csv >unlabelled.csv
refused 1 'unlabelled.csv|line 2|the label ""' "$bin/compare_predictions" unlabelled.csv
sed 's/^o1,GALAXY,GALAXY/o1,GALAXY,NOVA/' a.csv >predicted.csv
refused 1 'predicted.csv|the prediction "NOVA"' "$bin/compare_predictions" predicted.csv
head -n 1 a.csv >empty.csv
refused 1 'empty.csv|has no row' "$bin/compare_predictions" empty.csv
cut -d, -f1-4 a.csv >one.csv
refused 1 'one.csv|fewer than two columns p_CLASS' "$bin/compare_predictions" one.csv
ln -s /proc/self/fd/1 standard_output
refused 1 'standard_output|standard input or output' "$bin/compare_predictions" a.csv --json standard_output
[ -L standard_output ] || fail "a link to the standard output was replaced"
refused 1 'no_folder/f.json' "$bin/compare_predictions" a.csv --json no_folder/f.json
refused 2 'expected 1 to 64 files' "$bin/compare_predictions"
