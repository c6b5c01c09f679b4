#!/usr/bin/env bash
# Checks a page of documentation: that its links lead somewhere, and that what its code blocks say is true. The word or
# words behind a block's opening fence say what it is:
#
#     c                  a program: compiled against the installed package without a warning, and run; it must end with 0
#     c part             a piece of a program: all pieces of the page, in order, are one program
#     c double           (or c part double) that program is also built against the double library, and run
#     output             what the program before it prints, to the byte
#     cmake              the CMakeLists.txt of a project whose main.c is the program before it
#     sh                 commands: scripts, programs, their options and the files that they read must exist
#     sh run             commands that are run, in an empty folder
#     text               nothing that can be checked
#
# Programs run in an empty folder in which examples/data is the repository's.
#
#     check_page.sh REPOSITORY BUILD PREFIX COMPILER PAGE [COMPILER FLAG]...
set -euo pipefail

repository=$1 build=$2 prefix=$3 compiler=$4 page=$5
shift 5
flags=("$@")
here=$repository/tests/docs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/blocks" "$work/run/examples"
ln -s "$repository/examples/data" "$work/run/examples/data"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name alcor.pc)")
export PKG_CONFIG_PATH

fail() {
    echo "$page: $*" >&2
    exit 1
}

check_links() {
    local target folder
    folder=$(dirname "$repository/$page")
    # Links within the repository, outside code, without what stands behind a '#'.
    while read -r target; do
        [ -e "$folder/$target" ] || fail "the link to $target leads nowhere"
    done < <(awk '/^ *```/ { code = !code } !code' "$repository/$page" | grep -oE '\]\([^)]+\)' |
        sed -E 's/^\]\(//; s/\)$//; s/#.*//; /^(https?:|$)/d' | sort -u)
}

# compile LIBRARY SOURCE PROGRAM
compile() {
    local options
    read -ra options < <(pkg-config --static --cflags --libs "$1")
    "$compiler" -std=c11 -O1 -Wall -Wextra -Wpedantic -Wconversion -Werror "$2" -o "$3" "${options[@]}" "${flags[@]}"
}

# run_program SOURCE LINE DOUBLE: compiles and runs it; what it prints is left in $work/printed.
run_program() {
    compile alcor "$1" "$work/program" || fail "the program at line $2 does not compile"
    (cd "$work/run" && "$work/program") >"$work/printed" || fail "the program at line $2 fails"
    if [ "$3" = yes ]; then
        compile alcor_double "$1" "$work/program" || fail "the program at line $2 does not compile in double"
        (cd "$work/run" && "$work/program") >"$work/printed_double" || fail "the program at line $2 fails in double"
    fi
}

check_cmake() {
    rm -rf "$work/project"
    mkdir "$work/project"
    cp "$1" "$work/project/CMakeLists.txt"
    cp "$work/main.c" "$work/project/main.c"
    cmake -S "$work/project" -B "$work/project/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$compiler" \
          -DCMAKE_EXE_LINKER_FLAGS="${flags[*]}" >"$work/log" 2>&1 &&
        cmake --build "$work/project/build" >>"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
}

# A program of ours: it exists, has the options named, and what it is to read is there.
check_our_program() {
    local program=$build/bin/$1 help word
    [ -x "$program" ] || fail "there is no program $1"
    shift
    help=$("$program" --help)
    for word in "$@"; do
        case "$word" in
        --*) grep -qE -- "${word%%=*}\b" <<<"$help" || fail "$(basename "$program") has no option $word" ;;
        examples/*) [ -e "$repository/$word" ] || fail "there is no $word" ;;
        esac
    done
}

check_command() {
    local words word
    read -ra words <<<"$1"
    while [[ "${words[0]:-}" == *=* ]]; do
        words=("${words[@]:1}")
    done
    case "${words[0]:-}" in
    '' | '#'*) ;;
    git | cd | ctest | sudo | su | apt-get | pkg-config | gcc | cc | python3) ;;
    cmake)
        for word in "${words[@]:1}"; do
            case "$word" in
            -DALCOR_*) grep -qE "\b$(sed -E 's/^-D([A-Z_]+).*/\1/' <<<"$word")\b" "$repository/CMakeLists.txt" ||
                fail "there is no build option $word" ;;
            esac
        done
        if [ "${words[1]:-}" = --preset ]; then
            grep -q "\"name\": \"${words[2]}\"" "$repository/CMakePresets.json" || fail "there is no preset ${words[2]}"
        fi
        ;;
    scripts/*) [ -x "$repository/${words[0]}" ] || fail "there is no ${words[0]}" ;;
    build/*/bin/*) check_our_program "$(basename "${words[0]}")" "${words[@]:1}" ;;
    build/*/tests/*) [ -x "$build/tests/$(basename "${words[0]}")" ] || fail "there is no ${words[0]}" ;;
    *) fail "an unknown command: $1" ;;
    esac
}

check_commands() {
    local line
    # A backslash at the end joins two lines; what stands behind a # is a remark.
    while read -r line; do
        check_command "$line"
    done < <(sed -e ':a' -e '/\\$/{N;s/\\\n/ /;ba' -e '}' -e 's/[[:space:]]#.*//' "$1")
}

check_block() {
    local name=$1 line=$2 language=${3:-} rest=" ${4:-} " block=$work/blocks/$1.txt double=no
    [[ "$rest" == *" double "* ]] && double=yes
    case "$language" in
    c)
        if [[ "$rest" == *" part "* ]]; then
            cat "$block" >>"$work/parts.c"
            [ "$double" = yes ] && parts_double=yes
            [ "$line" = "$last_part" ] || return 0
            cp "$work/parts.c" "$work/main.c"
            double=${parts_double:-no}
        else
            cp "$block" "$work/main.c"
        fi
        run_program "$work/main.c" "$line" "$double"
        ;;
    output) diff "$block" "$work/printed" >&2 || fail "the program before line $line prints something else" ;;
    cmake) check_cmake "$block" || fail "the CMakeLists.txt at line $line does not work" ;;
    sh)
        if [[ "$rest" == *" run "* ]]; then
            (cd "$work/run" && PATH=$build/bin:$PATH bash -euo pipefail "$block") >"$work/printed" 2>&1 ||
                { cat "$work/printed" >&2; fail "the commands at line $line fail"; }
        else
            check_commands "$block"
        fi
        ;;
    text) ;;
    *) fail "the block at line $line has no known kind: '$language'" ;;
    esac
}

check_links
awk -v folder="$work/blocks" -f "$here/extract.awk" "$repository/$page" >"$work/list"
last_part=$(awk '$3 == "c" && / part/ { line = $2 } END { print line }' "$work/list")
: >"$work/parts.c"
while read -r name line language rest; do
    check_block "$name" "$line" "$language" "$rest"
done <"$work/list"
echo "$page: $(wc -l <"$work/list") blocks"
