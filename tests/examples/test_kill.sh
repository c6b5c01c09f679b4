#!/usr/bin/env bash
# kill -9 at random moments of a training that saves after every step: what lies there always loads, and the resumed
# training ends with the same bytes as one that was left alone.
#
#     test_kill.sh REPOSITORY PROGRAMS TOOLS [KILLS]        30 by default; scripts/torture.sh asks for 1,000
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
kills=${4:-30}

small_table 8 >table.csv
train=("$bin/train_table" --table table.csv --batch 8 --hidden 16 --threads 1 --epochs 60 --save-every 1)

started=$(date +%s%N)
run 0 "${train[@]}" --save whole.safetensors
whole=$((($(date +%s%N) - started) / 1000000))
run 0 "$bin/predict" --model whole.safetensors --table table.csv --output whole.csv

# In milliseconds: about the time of a tenth of the training, so that one is killed many times before it is done.
most=$((whole / 10 > 40 ? whole / 10 : 40))
done_kills=0 finished=0 loaded=0
while [ "$done_kills" -lt "$kills" ] || [ "$finished" -eq 0 ]; do
    resume=()
    [ ! -e m.state.safetensors ] || resume=(--resume)
    delay=$((1 + (RANDOM * 32768 + RANDOM) % (most * 1000)))
    [ "$done_kills" -lt "$kills" ] || delay=600000000
    status=0
    # The outer redirection is for the shell's own word about a killed program.
    {
        timeout --signal=KILL "$(printf '%d.%06d' $((delay / 1000000)) $((delay % 1000000)))" \
            "${train[@]}" --save m.safetensors "${resume[@]}" >"$log/out" 2>"$log/err"
    } 2>/dev/null || status=$?
    case $status in
    137) done_kills=$((done_kills + 1)) ;;
    0)
        # Left alone long enough: it is done. From the start again, if there are kills to come.
        same whole.safetensors m.safetensors "after $done_kills kills"
        same whole.state.safetensors m.state.safetensors "after $done_kills kills"
        [ -z "$(find . -name '*.partial')" ] || fail "files are left: $(ls)"
        finished=$((finished + 1))
        rm m.*
        continue
        ;;
    *) fail "after $done_kills kills it ended with $status: $(cat "$log/err")" ;;
    esac
    # The model file itself is whole at every moment.
    if [ -e m.safetensors ]; then
        run 0 "$bin/predict" --model m.safetensors --table table.csv --output killed.csv
        loaded=$((loaded + 1))
    fi
done
[ "$loaded" -gt $((kills / 2)) ] || fail "only $loaded of $done_kills kills were late enough for a checkpoint"
echo "$done_kills kills, $loaded with a checkpoint; $finished trainings ended with the same bytes"
