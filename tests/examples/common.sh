# What the tests of the example programs share; read by them, not run.
#
#     test_*.sh REPOSITORY PROGRAMS TOOLS [COUNT]
#
# PROGRAMS is the folder of the example programs, TOOLS that of json_value and run_on_terminal. Each test works in an empty
# folder of its own, which is left behind for a look if the test fails.
set -euo pipefail

repository=$1 bin=$2 tools=$3
sdss=$repository/examples/data/sdss
folder=$(mktemp -d)
log=$folder/log
mkdir "$log" "$folder/run"
cd "$folder/run"
trap 'result=$?; [ $result -ne 0 ] || rm -rf "$folder"; exit $result' EXIT

fail() {
    echo "FAILED: $*" >&2
    echo "in $folder" >&2
    exit 1
}

# run STATUS COMMAND...: the command must end with that status. What it prints is left in $log/out and $log/err.
run() {
    local wanted=$1 status=0
    shift
    "$@" >"$log/out" 2>"$log/err" || status=$?
    [ "$status" -eq "$wanted" ] || fail "'$*' ended with $status, not $wanted: $(cat "$log/err")"
}

# Every file here by name and content.
list_files() {
    find . -type f -exec cksum {} + | sort
}

# refused STATUS WORDS COMMAND...: the command ends with that status and one sentence on stderr that has each of the words,
# which '|' separates; files are as before.
refused() {
    local status=$1 words word before
    IFS='|' read -ra words <<<"$2"
    shift 2
    before=$(list_files)
    run "$status" "$@"
    [ "$(wc -l <"$log/err")" -eq 1 ] || fail "'$*' does not say one sentence: $(cat "$log/err")"
    grep -qE '^(train_table|train_image|train_fusion|predict|classify_image|check_images|compare_reports|compare_predictions|sky_experiment|custom_layer|list_models|describe_model): ' "$log/err" ||
        fail "'$*' does not begin with the program's name: $(cat "$log/err")"
    for word in "${words[@]}"; do
        grep -qF -- "$word" "$log/err" || fail "'$*' does not say '$word': $(cat "$log/err")"
    done
    [ "$(list_files)" = "$before" ] || fail "'$*' left other files behind: $(list_files)"
}

# small_table COUNT: the header and that many objects of each class. Images need --images "$sdss".
small_table() {
    awk -F, -v most="$1" 'NR == 1 || seen[$16]++ < most' "$sdss/metadata.csv"
}

# change_cell TABLE ROW COLUMN TEXT: the table with another cell; the header is row 0.
change_cell() {
    awk -F, -v OFS=, -v row="$2" -v column="$3" -v text="$4" \
        'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i } NR == row + 1 { $at = text } 1' "$1"
}

same() {
    cmp "$1" "$2" >&2 || fail "$1 and $2 differ: $3"
}

# The instruction sets that this machine has.
supported_isas() {
    local isa
    for isa in scalar avx2 avx512 neon; do
        if "$bin/custom_layer" --isa "$isa" >/dev/null 2>&1; then
            echo "$isa"
        fi
    done
}
