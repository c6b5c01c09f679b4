#!/usr/bin/env bash
# A training that is stopped and resumed ends with the same bytes as one that is not, and so does one with other threads or
# another instruction set.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_table 8 >table.csv
table=("$bin/train_table" --table table.csv --batch 4 --hidden 16 --dropout 0.2 --threads 1)
fusion=("$bin/train_fusion" --table table.csv --images "$sdss" --size 16 --batch 6 --hidden 16 --dropout 0.2)

same_pair() {
    same "$1.safetensors" "$2.safetensors" "$3"
    same "$1.state.safetensors" "$2.state.safetensors" "$3"
}

# Four epochs; two, and two more.
for schedule in constant step plateau; do
    run 0 "${table[@]}" --schedule $schedule --epochs 4 --save whole.safetensors --report whole.json
    run 0 "${table[@]}" --schedule $schedule --epochs 2 --save parts.safetensors
    run 0 "${table[@]}" --schedule $schedule --epochs 4 --save parts.safetensors --resume --report parts.json
    same_pair whole parts "$schedule: 4 epochs, and 2 and 2"
    [ "$("$tools/json_value" whole.json test)" = "$("$tools/json_value" parts.json test)" ] || fail "other results"
    rm whole.* parts.*
done
run 0 "${fusion[@]}" --schedule constant --optimizer sgd --epochs 4 --save whole.safetensors
run 0 "${fusion[@]}" --schedule constant --optimizer sgd --epochs 2 --save parts.safetensors
run 0 "${fusion[@]}" --schedule constant --optimizer sgd --epochs 4 --save parts.safetensors --resume
same_pair whole parts "fusion: 4 epochs, and 2 and 2"

# A finished training is only judged again; one with another end in view is not the same.
run 0 "${fusion[@]}" --schedule constant --optimizer sgd --epochs 4 --save parts.safetensors --resume
same_pair whole parts "a finished training"
refused 1 'parts.safetensors|4 epochs are done|--epochs 2' \
    "${fusion[@]}" --schedule constant --optimizer sgd --epochs 2 --save parts.safetensors --resume
run 0 "${table[@]}" --epochs 2 --save one_cycle.safetensors
refused 1 'one_cycle.safetensors|epochs 2, not 4' "${table[@]}" --epochs 4 --save one_cycle.safetensors --resume

# until_done NAME SECONDS COMMAND...: stops it by SIGINT at random moments of the first SECONDS, four times, and resumes it;
# then lets it finish.
# --foreground: else timeout sends the signal to its process group too, and a second one ends a program at once.
until_done() {
    local name=$1 seconds=$2 stops=0 resume=() status delay
    shift 2
    while :; do
        delay=$(awk -v seconds="$seconds" -v random=$RANDOM 'BEGIN { print 0.01 + seconds * random / 32768 }')
        [ $stops -lt 4 ] || delay=600
        status=0
        timeout --foreground --preserve-status --signal=INT "$delay" "$@" --save "$name.safetensors" "${resume[@]}" \
            >"$log/out" 2>"$log/err" || status=$?
        [ $status -ne 0 ] || break
        [ $status -eq 130 ] || fail "stopped after $delay s, it ended with $status: $(cat "$log/err")"
        stops=$((stops + 1))
        [ ! -e "$name.state.safetensors" ] || resume=(--resume)
        # Nothing but the pair and the one before.
        [ "$(find . -name "$name*" | wc -l)" -le 4 ] || fail "files are left: $(ls "$name"*)"
    done
}

started=$(date +%s%N)
run 0 "${table[@]}" --epochs 4000 --save whole.safetensors
seconds=$(($(date +%s%N) - started))e-9
until_done stopped "$seconds" "${table[@]}" --epochs 4000
same_pair whole stopped "stopped by SIGINT (table)"
started=$(date +%s%N)
run 0 "${fusion[@]}" --threads 2 --epochs 6 --save whole.safetensors --report whole.json
seconds=$(($(date +%s%N) - started))e-9
until_done stopped_fusion "$seconds" "${fusion[@]}" --threads 2 --epochs 6 --report stopped.json
same_pair whole stopped_fusion "stopped by SIGINT (fusion)"
[ "$("$tools/json_value" whole.json test)" = "$("$tools/json_value" stopped.json test)" ] || fail "other results"

# The latest interruption within training says how to go on, and files are as at that step.
: >"$log/out" # or the lines of the program before would be taken for this one's, and the signal come before it listens
"${table[@]}" --epochs 1000000 --save long.safetensors >"$log/out" 2>"$log/err" &
until grep -q '^epoch' "$log/out"; do sleep 0.05; done
kill -INT $!
status=0
wait $! || status=$?
[ $status -eq 130 ] || fail "SIGINT ended it with $status"
grep -q '^train_table: interrupted in epoch [0-9]*; --resume goes on from long.safetensors$' "$log/err" ||
    fail "it says: $(cat "$log/err")"

# Threads and instruction sets; few images, for the scalar kernels are slow.
small_table 4 >few.csv
one_epoch=("$bin/train_fusion" --table few.csv --images "$sdss" --size 16 --batch 3 --hidden 16 --epochs 1 --views 1)
run 0 "${one_epoch[@]}" --threads 1 --save alone.safetensors
for threads in 2 3; do
    run 0 "${one_epoch[@]}" --threads $threads --save other.safetensors
    same_pair alone other "$threads threads"
done
mapfile -t isas < <(supported_isas)
for isa in "${isas[@]}"; do
    run 0 env ALCOR_ISA="$isa" "${one_epoch[@]}" --threads 2 --save other.safetensors
    same_pair alone other "ALCOR_ISA=$isa"
    run 0 "${table[@]}" --isa "$isa" --epochs 20 --save "table_$isa.safetensors"
    same_pair "table_${isas[0]}" "table_$isa" "--isa $isa"
done
