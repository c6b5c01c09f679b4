#!/usr/bin/env bash
# Runs the AVX-512 kernels on a machine that has no AVX-512: in Bochs, which emulates a whole computer with a Sapphire
# Rapids (bf16 included), a Debian kernel and the test programs. Their results must be the bits that the scalar and
# AVX2 kernels give here.
#
#     scripts/test_avx512.sh [models] [ops] [kernels]        all three where none is named: about an hour; not part of test.sh
#
#     models     reference_run with each of the models below, one step, 1, 2, 3 and 7 threads
#     ops        the tests of the ops, which compare AVX-512 with scalar and AVX2 for 1, 2, 3 and 7 threads, and of the models
#     kernels    all kernel checks in both precisions
#
# Everything lies in build/avx512.
#
# Exit status 0: every test passed and all results are equal.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ "$(uname -m)" != x86_64 ]; then
    echo "the AVX-512 kernels are built for x86-64, this is $(uname -m)" >&2
    exit 1
fi
scripts/install-deps.sh --avx512

parts=("$@")
[ $# -gt 0 ] || parts=(models ops kernels)
for part in "${parts[@]}"; do
    case "$part" in
    models | ops | kernels) ;;
    *)
        echo "usage: scripts/test_avx512.sh [models] [ops] [kernels]" >&2
        exit 2
        ;;
    esac
done
has_part() {
    case " ${parts[*]} " in *" $1 "*) return 0 ;; esac
    return 1
}

folder=$PWD/build/avx512
tests=$folder/tests
machine=$folder/machine
trixie=$folder/trixie
tools=(kernel_checks kernel_checks_double reference_run reference_input)
check_programs=()
kernel_programs=()
! has_part ops || check_programs=(ops_test_op_forward ops_test_op_parity models_test_models)
! has_part kernels || kernel_programs=(kernel_checks kernel_checks_double)
scripts/build.sh "$folder" -DCMAKE_BUILD_TYPE=Release -DALCOR_WERROR=ON -DALCOR_WITH_OPENBLAS=OFF \
    -DALCOR_BUILD_EXAMPLES=OFF --target "${tools[@]}" "${check_programs[@]}"
rm -rf "$machine"
mkdir -p "$machine"/root/{proc,dev,tmp} "$machine"/disk/isolinux "$machine"/native

# VGG-16 needs `memory: guest=6144, host=2048` below, in place of 2 GB, 8 GB of disk, and half an hour for each number of threads.
models=()
! has_part models || models=(sky_cnn resnet50 densenet121 xception efficientnet_b0 efficientnet_b2 efficientnet_lite0)
threads=(1 2 3 7)
# Pixels of a side, as few as the model takes.
size_of() {
    case "$1" in xception) echo 72 ;; *) echo 32 ;; esac
}
files=(--weights weights.safetensors --input input.safetensors)
isas=(scalar avx2)
grep -qw avx2 /proc/cpuinfo || isas=(scalar)

# What this CPU computes: native/kernels has the digests of the kernel checks, native/reference the results' hash.
run_here() {
    local isa count model
    ! has_part kernels || "$tests"/kernel_checks >"$machine"/native/kernels 2>/dev/null || true # a failure shows below
    cd "$machine"/native
    for model in "${models[@]}"; do
        "$tests"/reference_input --model "$model" --batch 2 --size "$(size_of "$model")" "${files[@]}"
        for isa in "${isas[@]}"; do
            for count in "${threads[@]}"; do
                ALCOR_ISA=$isa "$tests"/reference_run --model "$model" --classes 3 "${files[@]}" --steps 1 \
                    --threads "$count" --output output
                md5sum <output | cut -d ' ' -f 1
            done
        done | sort -u >"reference_$model"
        if [ "$(wc -l <"reference_$model")" -ne 1 ]; then
            echo "$model: ${isas[*]} with ${threads[*]} threads give different results here" >&2
            return 1
        fi
    done
    cd "$OLDPWD"
}

# The root of the emulated computer: the programs with the shared libraries they name, and the one shell script it runs.
make_root() {
    local program library
    cp /bin/busybox "$machine"/root/
    for program in "${tools[@]}" "${check_programs[@]}"; do
        strip -o "$machine/root/$program" "$tests/$program"
        ldd "$tests/$program"
    done | grep -o '/[^ ]*' | sort -u | while read -r library; do
        mkdir -p "$machine/root$(dirname "$library")"
        cp -L "$library" "$machine/root$library"
    done
    # Every line that a program prints is preceded by its name; its status follows.
    cat >"$machine"/root/init <<INIT
#!/busybox sh
set -o pipefail
export CK_FORK=no CK_DEFAULT_TIMEOUT=0
/busybox mount -t proc proc /proc
/busybox mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1
/busybox stty -onlcr
run() {
    "\$@" 2>&1 | /busybox sed "s/^/\$name: /"
    echo "\$name: status \$?"
}
name=cpu
run /busybox grep -o -m 1 avx512_bf16 /proc/cpuinfo
cd /tmp
reference() {
    model=\$1
    name=reference_input_\$model
    run /reference_input --model \$model --batch 2 --size \$2 ${files[*]}
    for threads in ${threads[*]}; do
        name=reference_\${model}_\$threads
        ALCOR_ISA=avx512 run /reference_run --model \$model --classes 3 ${files[*]} --steps 1 --threads \$threads --output output
        run /busybox md5sum output
    done
}
$(for model in "${models[@]}"; do echo "reference $model $(size_of "$model")"; done)
for program in ${check_programs[*]}; do
    name=\$program
    run /\$program
done
for program in ${kernel_programs[*]}; do
    name=\$program
    run /\$program avx512
done
/busybox sleep 1
/busybox poweroff -f
INIT
    chmod +x "$machine"/root/init
}

# The newest kernel for virtual machines, unpacked but not installed.
fetch_kernel() {
    local package
    package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)
    if ! ls "$folder/kernel/$package"_*.deb >/dev/null 2>&1; then
        rm -rf "$folder"/kernel
        mkdir -p "$folder"/kernel
        (cd "$folder"/kernel && apt-get download "$package" >download.log 2>&1) || {
            cat "$folder"/kernel/download.log >&2
            return 1
        }
    fi
    dpkg-deb --fsys-tarfile "$folder/kernel/$package"_*.deb |
        tar -x -O --wildcards './boot/vmlinuz-*' >"$machine"/disk/vmlinuz
}

make_disk() {
    (cd "$machine"/root && find . | cpio --create --format newc --quiet) >"$machine"/disk/initrd
    cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$machine"/disk/isolinux/
    # What Bochs 3.0 and Linux 6.1 do not agree on: the compact format to save registers in, SERIALIZE and fast short copies,
    # which text that patches itself relies on, and how fast the time stamp counter runs.
    cat >"$machine"/disk/isolinux/isolinux.cfg <<'BOOT'
DEFAULT test
LABEL test
  LINUX /vmlinuz
  INITRD /initrd
  APPEND console=ttyS0 quiet loglevel=1 clearcpuid=xsavec,xsaves,serialize,fsrm,waitpkg,erms,invpcid tsc=reliable tsc_early_khz=20000 mitigations=off
BOOT
    xorriso -as mkisofs -quiet -o "$machine"/disk.iso -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot \
        -boot-load-size 4 -boot-info-table "$machine"/disk 2>"$machine"/xorriso.log
}

# Reads what Bochs draws on the terminal that it makes for itself, as long as process $1 lives: if nobody does, the terminal
# is full after a while and Bochs waits for ever.
read_screen() {
    local terminal=
    while [ -z "$terminal" ] && kill -0 "$1" 2>/dev/null; do
        sleep 1
        terminal=$(sed -n 's/^Bochs connected to screen "\(.*\)".*/\1/p' "$machine"/screen)
    done
    [ -z "$terminal" ] || cat "$terminal" >/dev/null 2>&1 || true # ends with Bochs
}

# Bochs 3, the first with a CPU that has VDPBF16PS, is in Debian 13: a system of that release beside this one, in which only
# Bochs is used, and through its own loader, so that it needs neither root nor mounts.
fetch_bochs() {
    [ ! -e "$trixie"/usr/bin/bochs-bin ] || return 0
    rm -rf "$trixie"
    if ! { debootstrap --variant=minbase trixie "$trixie" &&
        chroot "$trixie" apt-get install -y --no-install-recommends bochs bochs-term; } >"$folder"/trixie.log 2>&1; then
        tail -n 5 "$folder"/trixie.log >&2
        return 1
    fi
}

# Runs the emulated computer until it switches itself off, showing what it prints. Its screen is a terminal of its own;
# Debian's Bochs has its debugger built in, which has to be told to go on. Five levels of pages (la57) end it when the
# firmware's system management returns.
run_machine() {
    cat >"$machine"/bochsrc <<BOCHS
cpu: model=sapphire_rapids, count=1, ips=20000000, exclude_features="la57,uintr,waitpkg,serialize"
megs: 2048
display_library: term
romimage: file=$trixie/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=$trixie/usr/share/vgabios/vgabios.bin
ata0-master: type=cdrom, path=$machine/disk.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$machine/serial
log: $machine/bochs.log
panic: action=fatal
error: action=ignore
BOCHS
    echo continue >"$machine"/commands
    : >"$machine"/serial
    local libraries=$trixie/usr/lib/x86_64-linux-gnu
    local bochs="$trixie/lib64/ld-linux-x86-64.so.2 --library-path $libraries $trixie/usr/bin/bochs-bin"
    LTDL_LIBRARY_PATH=$libraries/bochs/plugins TERM=linux script -qfc "$bochs -q -f '$machine/bochsrc' -rc '$machine/commands'" /dev/null \
        </dev/null >"$machine"/screen 2>&1 &
    local emulator=$!
    trap 'kill $(jobs -p) 2>/dev/null' EXIT
    read_screen "$emulator" &
    tail -n +1 -f --pid "$emulator" "$machine"/serial
    trap - EXIT
    wait "$emulator" || true # it never exits with 0; the results tell whether it did its work
}

# Everything that was to run has run, and nothing differs.
compare() {
    local failed=0 name model count
    local names=("${check_programs[@]}" "${kernel_programs[@]}")
    for model in "${models[@]}"; do
        names+=("${threads[@]/#/reference_${model}_}")
    done
    tr -d '\r' <"$machine"/serial >"$machine"/results
    if ! grep -q '^cpu: avx512_bf16$' "$machine"/results; then
        echo "the emulated CPU has no VDPBF16PS" >&2
        failed=1
    fi
    for name in "${names[@]}"; do
        if ! grep -q "^$name: status 0$" "$machine"/results ||
            grep "^$name: status" "$machine"/results | grep -qv 'status 0$'; then
            echo "$name failed with AVX-512, or never ended" >&2
            failed=1
        fi
    done
    grep '^kernel_checks: .*: ok' "$machine"/results | cut -d ' ' -f 2- >"$machine"/kernels || true
    if has_part kernels && ! diff "$machine"/native/kernels "$machine"/kernels; then
        echo "the kernel checks do not give the digests that this CPU gives" >&2
        failed=1
    fi
    for model in "${models[@]}"; do
        for count in "${threads[@]}"; do
            if ! grep -q "^reference_${model}_$count: $(cat "$machine/native/reference_$model") " "$machine"/results; then
                echo "$model with $count threads does not give what ${isas[*]} give here" >&2
                failed=1
            fi
        done
    done
    return "$failed"
}

run_here
make_root
fetch_kernel
make_disk
fetch_bochs
run_machine
compare
echo "AVX-512 gives the same bits: ${parts[*]}"
