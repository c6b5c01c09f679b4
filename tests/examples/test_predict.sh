#!/usr/bin/env bash
# predict's table: the header, a row for each of the table's, probabilities, and the same bytes however it is computed.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_table 6 >table.csv
train=("$bin/train_fusion" --table table.csv --images "$sdss" --size 16 --epochs 1 --batch 8 --hidden 16 --threads 1)
run 0 "${train[@]}" --save model.safetensors --predictions test_part.csv

# Row 2 has no label, row 3 one that the model does not know, row 4 an identifier that needs quotes.
change_cell table.csv 2 class '' >a.csv
change_cell a.csv 3 class NEBULA >b.csv
change_cell b.csv 4 id '"a ""new"", bright one"' >new.csv
predict=("$bin/predict" --model model.safetensors --images "$sdss" --table new.csv)
run 0 "${predict[@]}" --output predictions.csv
grep -q '^18 rows classified' "$log/out" || fail "predict does not say how many rows there were"
grep -q 'Rows whose class is known: 16 objects' "$log/out" || fail "predict does not judge the rows whose class is known"

[ "$(head -n 1 predictions.csv)" = id,label,predicted,p_GALAXY,p_QSO,p_STAR ] || fail "header: $(head -n 1 predictions.csv)"
[ "$(wc -l <predictions.csv)" -eq 19 ] || fail "$(wc -l <predictions.csv) lines for 18 rows"
sed -n 3p predictions.csv | grep -qE '^[0-9-]+,,[A-Z]+,' || fail "no empty label: $(sed -n 3p predictions.csv)"
sed -n 5p predictions.csv | grep -qE '^"a ""new"", bright one",[A-Z]+,' || fail "quotes: $(sed -n 5p predictions.csv)"
# Identifiers and labels are the table's, in its order (lines 3 to 5 are those changed above).
awk -F, 'NR > 1 && NR != 3 && NR != 4 && NR != 5 { print $2 "," $16 }' table.csv >wanted
awk -F, 'NR > 1 && NR != 3 && NR != 4 && NR != 5 { print $1 "," $2 }' predictions.csv >found
same wanted found "identifiers and labels"
awk -F, '
    BEGIN { split("GALAXY QSO STAR", name, " ") }
    NR > 1 {
        sum = 0; best = 1
        for (c = 1; c <= 3; c++) {
            p = $(NF - 3 + c); sum += p
            if (p !~ /^(0|1|0\.[0-9]+|[1-9](\.[0-9]+)?e-[0-9]+)$/) { print "no probability: " $0; bad = 1 }
            if (p > $(NF - 3 + best)) best = c
        }
        if (sum < 0.999999 || sum > 1.000001) { print "sum " sum ": " $0; bad = 1 }
        if ($(NF - 3) != name[best]) { print "predicted is not the likeliest: " $0; bad = 1 }
    }
    END { exit bad }' predictions.csv >&2 || fail "rows as above"

# The trainer's own predictions of the test part are rows of these.
run 0 "$bin/predict" --model model.safetensors --images "$sdss" --table table.csv --output all.csv
[ "$(wc -l <test_part.csv)" -eq 4 ] || fail "the test part should have one object of each class"
grep -vxFf all.csv test_part.csv >different || true
[ ! -s different ] || fail "the trainer predicted something else: $(cat different)"

# The same bytes in any batch, with any threads, on any instruction set.
for batch in 1 5 18 64; do
    for threads in 1 2 3; do
        run 0 "${predict[@]}" --output other.csv --batch $batch --threads $threads
        same predictions.csv other.csv "batch $batch, $threads threads"
    done
done
# (The scalar kernels are slow, and a row's prediction does not depend on the others: four rows will do.)
head -n 5 new.csv >few.csv
head -n 5 predictions.csv >few_predictions.csv
mapfile -t isas < <(supported_isas)
for isa in "${isas[@]}"; do
    run 0 env ALCOR_ISA="$isa" "${predict[@]}" --table few.csv --output other.csv --threads 2
    same few_predictions.csv other.csv "ALCOR_ISA=$isa"
done
run 0 "${predict[@]}" --table few.csv --output other.csv --convolution direct --isa "${isas[-1]}"

# Views are averaged: other ones than the model was judged with give other numbers.
run 0 "${predict[@]}" --output eight.csv --views 8
same predictions.csv eight.csv "8 views are what the model was judged with"
run 0 "${predict[@]}" --output one.csv --views 1
! cmp -s predictions.csv one.csv || fail "one view and eight give the same probabilities"

# Without a label column every label is empty. What means "no value" is known from training.
cut -d, -f1-15,17- table.csv >unlabelled.csv
run 0 "$bin/predict" --model model.safetensors --images "$sdss" --table unlabelled.csv --output other.csv
[ "$(awk -F, 'NR > 1 && $2 != ""' other.csv | wc -l)" -eq 0 ] || fail "labels from nowhere"
! grep -q 'class is known' "$log/out" || fail "rows without labels are judged"
change_cell table.csv 3 g -99 >gaps.csv
run 0 "$bin/train_table" --table gaps.csv --missing -99 --epochs 2 --save gaps.safetensors
run 0 "$bin/predict" --model gaps.safetensors --table gaps.csv --output gaps_99.csv
change_cell table.csv 3 g '' >empty.csv
run 0 "$bin/predict" --model gaps.safetensors --table empty.csv --output gaps_empty.csv
same gaps_99.csv gaps_empty.csv "-99 is a missing value for the model"

# Interrupted, it leaves no file: neither a whole nor a begun one.
run 130 timeout --foreground --preserve-status --signal=INT 0.2 "$bin/predict" --model model.safetensors --images "$sdss" \
    --table "$sdss/metadata.csv" --threads 1 --output stopped.csv
[ -z "$(ls stopped.csv* 2>/dev/null)" ] || fail "an interrupted prediction leaves $(ls stopped.csv*)"
