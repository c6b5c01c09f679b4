#!/usr/bin/env bash
# Who may include whom. The sources are read, nothing is compiled.
#
#     kernels            only kernels, and the C library
#     lib                alcor/, kernels/kernels.h and lib, there only towards the base:
#                        train > io, data > optimizer > run > compile > ops > graph > base
#     models, examples   the public headers, and what examples share in examples/common; a program with a folder of its own also that
#     include/alcor      only itself
#
#     check_includes.sh REPOSITORY
set -euo pipefail
cd "$1"

# Every include line as FILE:INCLUDED, the quotes of <alcor/...> and "alcor/..." made alike.
includes() {
    find "$@" -name '*.[ch]' -print0 | xargs -0 grep -HE '^[[:space:]]*#[[:space:]]*include' |
        sed -E 's/^([^:]+):[[:space:]]*#[[:space:]]*include[[:space:]]*["<]([^">]+)[">].*/\1:\2/'
}

# What the C library, POSIX and the system's packages offer: everything without a folder, and these.
system='^[^:]+:([^/]+|sys/[a-z_]+\.h|stb/stb_image\.h)$'
findings=0

# complain TEXT ALLOWED FOLDER...: names every include in the folders that matches neither the system's nor ALLOWED.
complain() {
    local text=$1 allowed=$2 bad
    shift 2
    bad=$(includes "$@" | grep -vE "$system" | grep -vE "$allowed" || true)
    if [ -n "$bad" ]; then
        printf '%s:\n%s\n' "$text" "$bad"
        findings=$((findings + 1))
    fi
}

complain "kernels may include only kernels" ':kernels/' kernels
complain "public headers may include only public headers" ':alcor/' include
complain "lib may include only alcor/, lib/ and kernels/kernels.h" ':(alcor/|lib/|kernels/kernels\.h$)' lib
complain "models may include only public headers" ':alcor/' models
complain "examples may include only public headers, examples/common and their own folder" \
         '(:(alcor|common)/|^examples/([a-z_]+)(\.c|/[a-z_]+\.[ch]):\3/)' examples

# Inside lib: a folder may include itself and what comes behind it here.
order=(train io data optimizer run compile ops graph base)
allowed="${order[*]}"
for folder in "${order[@]}"; do
    if [ "$folder" = data ]; then
        # io and data stand side by side: neither may include the other.
        allowed=${allowed/io /}
    fi
    group=${allowed// /|}
    side=$group
    [ "$folder" = io ] && side=${group/|data/}
    complain "lib/$folder may not include this" ":(alcor/|kernels/kernels\.h$|lib/($side)/)" "lib/$folder"
    allowed=${allowed#"$folder "}
done

# A folder that the order above does not know would escape it.
for folder in lib/*/; do
    name=$(basename "$folder")
    if [[ " ${order[*]} " != *" $name "* ]]; then
        echo "lib/$name has no place in the order of folders"
        findings=$((findings + 1))
    fi
done

exit $((findings > 0))
