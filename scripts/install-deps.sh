#!/usr/bin/env bash
# Installs what Alcor is built from and is missing here, by Debian package name. Says nothing where nothing is missing.
#
#     scripts/install-deps.sh            the library and the example programs
#     scripts/install-deps.sh --tests    what the test suite needs besides
#     scripts/install-deps.sh --avx512   what scripts/test_avx512.sh needs
#
# As root it installs; otherwise through sudo; where that is not possible it prints the line to run and exits 1.
set -euo pipefail

packages=(gcc libc6-dev cmake ninja-build pkg-config
          libopenblas-pthread-dev libstb-dev libjansson-dev libxxhash-dev zlib1g-dev)
test_packages=(check g++ clang-14 libclang-rt-14-dev binutils chromium)
# The NEON kernels are tested on an emulated 64-bit ARM machine.
neon_packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)
# A CPU with AVX-512 is emulated by Bochs, taken from a newer Debian, which boots from a disk image made on the spot.
avx512_packages=(check debootstrap busybox-static isolinux syslinux-common xorriso cpio)

case "${1:-}" in
'') ;;
--tests)
    packages+=("${test_packages[@]}")
    if [ "$(uname -m)" = x86_64 ]; then
        packages+=("${neon_packages[@]}")
    fi
    ;;
--avx512) packages+=("${avx512_packages[@]}") ;;
*)
    echo "usage: scripts/install-deps.sh [--tests | --avx512]" >&2
    exit 2
    ;;
esac

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null; then
    echo "This system has no Debian packages. Alcor needs what these contain: ${packages[*]}" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
    # Without a password at hand sudo must not ask for one where nobody can answer.
    if ! command -v sudo >/dev/null || { [ ! -t 0 ] && ! sudo -n true 2>/dev/null; }; then
        echo "Packages are missing and this user may not install them. Run this line, then start again:" >&2
        echo "su -c 'apt-get update && apt-get install -y --no-install-recommends ${missing[*]}'" >&2
        exit 1
    fi
fi

echo "installing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! {
    "${as_root[@]}" apt-get update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
} >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "The packages could not be installed: ${missing[*]}" >&2
    exit 1
fi
