#!/usr/bin/env bash
# The command lines of the programs: help, options, wrong arguments. Exit status 2, one sentence, and nothing is written.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

small_table 8 >table.csv

for program in train_table train_image train_fusion predict classify_image check_images compare_reports custom_layer \
               list_models describe_model; do
    run 0 "$bin/$program" --help
    grep -q "^Usage: $program" "$log/out" || fail "$program --help does not say how it is used"
    [ ! -s "$log/err" ] || fail "$program --help writes to stderr"
done
for program in train_table train_image train_fusion; do
    run 0 "$bin/$program" --help
    for option in table images label id missing size crop split split-seed fold epochs batch learning-rate schedule \
                  optimizer weight-decay label-smoothing class-weights train-from batch-norm layer-decay seed views save save-every \
                  resume report predictions threads isa convolution precision help; do
        grep -qE -- "^  --$option( |$)" "$log/out" || fail "$program --help does not list --$option"
    done
done

train=("$bin/train_table" --table table.csv --save model.safetensors)
refused 2 '--bogus|is no option' "${train[@]}" --bogus
refused 2 '--bogus=1|is no option' "${train[@]}" --bogus=1
refused 2 '-x|is no option' "${train[@]}" -xyz
refused 2 "'extra'|is no option" "${train[@]}" extra
refused 2 '--s|or short for several' "${train[@]}" --s 3
refused 2 '--epochs|needs an argument' "${train[@]}" --epochs
refused 2 '--resume=1|takes no argument' "${train[@]}" --resume=1
refused 2 '--save : expected FILE' "$bin/train_table" --table table.csv --save ''
refused 2 '--table : expected FILE' "${train[@]}" --table ''
refused 2 '--table FILE is missing' "$bin/train_table" --save model.safetensors
refused 2 '--save FILE is missing' "$bin/train_table" --table table.csv
refused 2 '--epochs 0|a whole number from 1 to' "${train[@]}" --epochs 0
refused 2 '--epochs 3x|a whole number from 1 to' "${train[@]}" --epochs 3x
refused 2 '--batch 1|a whole number from 2 to' "${train[@]}" --batch 1
refused 2 '--seed -1|a whole number from 0 to 18446744073709551615' "${train[@]}" --seed -1
refused 2 '--seed 18446744073709551616|a whole number from 0 to 18446744073709551615' "${train[@]}" --seed 18446744073709551616
refused 2 '--learning-rate nan|a number from' "${train[@]}" --learning-rate nan
refused 2 '--learning-rate 0,1|a number from' "${train[@]}" --learning-rate 0,1
refused 2 '--schedule none|constant or step or cosine or one-cycle or plateau' "${train[@]}" --schedule none
refused 2 '--optimizer lion|sgd or adam or adamw' "${train[@]}" --optimizer lion
refused 2 '--split 0,50,50|three shares' "${train[@]}" --split 0,50,50
refused 2 '--split 70,30|three shares' "${train[@]}" --split 70,30
refused 2 '--fold 6/5|1/5 to 5/5' "${train[@]}" --fold 6/5
refused 2 '--hidden 32,,8|widths' "${train[@]}" --hidden 32,,8
refused 2 '--features u,,g|names' "${train[@]}" --features u,,g
refused 2 '--views 9|from 1 to 8' "${train[@]}" --views 9
refused 2 '--threads 0|from 1 to 256' "${train[@]}" --threads 0
refused 2 '--isa mips|scalar or avx2 or avx512 or neon' "${train[@]}" --isa mips
refused 2 '--convolution fast|default or direct' "${train[@]}" --convolution fast
refused 2 '--precision f16|default or bf16' "${train[@]}" --precision f16
refused 2 '--backbone none|sky_cnn' "$bin/train_image" --table table.csv --save model.safetensors --backbone none
refused 2 '--backbone|is no option' "${train[@]}" --backbone sky_cnn
refused 2 '--features|is no option' "$bin/train_image" --table table.csv --save model.safetensors --features u
# Image networks have the dropout that their papers gave them, if any.
refused 2 '--dropout|is no option' "$bin/train_image" --table table.csv --save model.safetensors --dropout 0.2
refused 2 '--fold is instead of --split' "${train[@]}" --fold 1/5 --split 70,15,15
refused 2 '--fold is instead of --split' "${train[@]}" --split 70,15,15 --fold 1/5

refused 2 '--model FILE is missing' "$bin/predict" --table table.csv --output predictions.csv
refused 2 '--output FILE is missing' "$bin/predict" --model model.safetensors --table table.csv
refused 2 '--views 0|from 1 to 8' "$bin/predict" --model m --table t --output o --views 0
refused 2 '--batch 0|from 1 to' "$bin/predict" --model m --table t --output o --batch 0
refused 2 '--crop|is no option' "$bin/predict" --model m --table t --output o --crop 64
refused 2 'no file was named' "$bin/check_images"
refused 2 '--fast|is no option' "$bin/check_images" --fast table.csv
refused 2 'expected 1 to 16 files' "$bin/compare_reports"
refused 2 'see --help' "$bin/custom_layer" --fast
refused 2 'see --help' "$bin/custom_layer" --threads 0

# A machine that has not what is asked for is bad input, not a wrong command line.
refused 1 "ALCOR_ISA is 'mips'|scalar" env ALCOR_ISA=mips "${train[@]}"
mapfile -t isas < <(supported_isas)
for isa in scalar avx2 avx512 neon; do
    if [[ " ${isas[*]} " != *" $isa "* ]]; then
        refused 1 "isa asks for $isa|which this" "${train[@]}" --isa "$isa"
    fi
done
