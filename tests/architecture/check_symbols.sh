#!/usr/bin/env bash
# What the object code of the library holds and asks for, read with nm and readelf.
#
#     check_symbols.sh LIBRARY (--isa NAME OBJECT...)...
#
#     - no writable globals but the image decoder's, which is third-party
#     - nothing that prints, ends the process or changes it as a whole
#     - memory, files and the environment each through one door
#     - kernels (the OBJECTs, by instruction set): external symbols end in the instruction set's name; nothing is called
#       from outside but moves of memory and fused multiply-add, so no mathematical function of the C library
set -euo pipefail
library=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
findings=0

# report TEXT LINES: a finding, if there are any lines.
report() {
    if [ -n "$2" ]; then
        printf '%s:\n%s\n' "$1" "$2"
        findings=$((findings + 1))
    fi
}

# OBJECT SYMBOL for the undefined, or the external defined, symbols of a library or of objects.
undefined() {
    nm --undefined-only --print-file-name "$@" | sed -E 's/^(.*[:\/])?([^:\/ ]+\.o): +[A-Za-z] (.*)$/\2 \3/; s/@.*//'
}
defined() {
    nm --extern-only --defined-only --print-file-name "$@" |
        sed -E 's/^(.*[:\/])?([^:\/ ]+\.o): *[0-9a-f]+ [A-Za-z] (.*)$/\2 \3/'
}

# The decoder's object: third-party code keeps its last failure and some settings in globals of its own.
decoder=decode_stb

# Sections with writable data, as OBJECT SECTION SIZE; .data.rel.ro is constant once the program is loaded.
readelf --wide --section-headers "$library" |
    awk '/^File: / { object = $2; sub(/.*\(/, "", object); sub(/\)$/, "", object) }
         match($0, /^ *\[ *[0-9]+\] /) {
             split(substr($0, RLENGTH + 1), field, / +/)
             if (field[1] ~ /^\.(data|bss|tdata|tbss)(\.|$)/ && field[1] !~ /^\.data\.rel\.ro/ && field[5] !~ /^0+$/)
                 print object, field[1], field[5]
         }' >"$work/writable"
report "writable globals (object, section, size)" "$(grep -v "^$decoder" "$work/writable" || true)"

undefined "$library" >"$work/undefined"
# The encoder of JSON hands out text that only free() takes back.
json=$(sed -nE 's/^(.*)\.c\.o json_dumps$/\1/p' "$work/undefined" | sort -u | paste -sd'|')

# forbid TEXT SYMBOLS [OBJECTS THAT MAY]
forbid() {
    report "$1 (object, symbol)" "$(grep -E " ($2)\$" "$work/undefined" | grep -vE "^(${3:-none})\.c\.o " || true)"
}
forbid "prints" '_*(v?d?printf(_chk)?|v?fprintf(_chk)?|puts|putc|putchar|fputs|fputc|fwrite|perror|psignal|stdout|stderr|stdin|syslog|errx?|warnx?)'
forbid "ends or replaces the process" '_*(exit|Exit|quick_exit|abort|raise|kill|execv[ep]*|execl[ep]*|fork|vfork|assert_fail|longjmp|siglongjmp|atexit)'
forbid "changes the whole process" '_*(signal|sigaction|setlocale|srand|srandom|chdir|umask|setenv|putenv|unsetenv|sigprocmask|alarm|mallopt|rand|random|drand48)'
forbid "changes how a thread rounds" 'fesetround|fesetenv|feenableexcept' float_mode
forbid "reads the environment" '(secure_)?getenv' choose_isa
forbid "allocates outside the hook" '_*(malloc|calloc|realloc|reallocarray|posix_memalign|aligned_alloc|strdup|strndup|asprintf)' "memory|$decoder"
forbid "frees outside the hook" 'free' "memory|$decoder|$json"
forbid "touches files outside the hook" '_*(open|open64|openat|close|read|write|pread|pwrite|fsync|rename|renameat|unlink|remove|link|mkdir|fopen|fopen64|fclose|fread|mmap|mmap64|l?f?stat|l?f?stat64|lseek|lseek64)' system_files

check_isa() {
    local isa=$1
    shift
    defined "$@" >"$work/defined"
    report "kernels' external symbols without _$isa (object, symbol)" "$(grep -vE "_$isa\$" "$work/defined" || true)"
    report "kernels call this from outside (object, symbol)" \
        "$(undefined "$@" | grep -vE " (alck_[a-z0-9_]+_$isa|alck_philox|mem(cpy|move|set|cmp)|__mem[a-z]+_chk|fmaf?|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)\$" || true)"
    [ -s "$work/defined" ] || report "no kernels for $isa" "$*"
}
while [ $# -gt 0 ]; do
    shift
    isa=$1
    shift
    objects=()
    while [ $# -gt 0 ] && [ "$1" != --isa ]; do
        objects+=("$1")
        shift
    done
    check_isa "$isa" "${objects[@]}"
done

exit $((findings > 0))
