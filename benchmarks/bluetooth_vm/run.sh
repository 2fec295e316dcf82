#!/bin/sh
# Runs the Bluetooth test in the virtual machine that build.sh made, and prints its account.
#
#   run.sh FOLDER [SECONDS] [OPTIONS]     SECONDS of ECG (default 120); OPTIONS of `hearth devices virtual-h10`,
#                                         e.g. --cut-after 70 --cut-for 8; results stay in FOLDER/result
#
# Needs: qemu-system-x86, e2fsprogs, and Hearth's Python (PYTHON=..., default python3). No root, no KVM; two idle
# cores: the second watcher takes its time to start, and what the strap plays meanwhile nobody hears. LIMIT_S=3600 ends
# the virtual machine after so many seconds.
set -eu
folder=$(cd "${1:?usage: run.sh FOLDER [SECONDS] [OPTIONS]}" && pwd)
seconds=${2:-120}
[ $# -lt 2 ] || shift
shift
cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"
python=${PYTHON:-python3}

rm -rf "$folder/result" "$folder/test" "$folder/test.img"
mkdir "$folder/test" "$folder/result"
"$python" -m benchmarks.bluetooth_vm.played "$seconds" >"$folder/test/signal.csv"
echo "$*" >"$folder/test/options"
mke2fs -q -t ext4 -d "$folder/test" "$folder/test.img" 64M

# the system's disk stays as it was built; the emulated machine needs no hardware support
timeout "${LIMIT_S:-3600}" qemu-system-x86_64 -accel tcg -smp 2 -m 1024 -nographic -no-reboot -net none \
    -kernel "$folder/vmlinuz" -initrd "$folder/initrd.img" \
    -append "root=/dev/vda rw console=ttyS0 quiet panic=-1 init=/opt/init.sh" \
    -drive "file=$folder/disk.img,format=raw,if=virtio,snapshot=on" \
    -drive "file=$folder/test.img,format=raw,if=virtio" </dev/null >"$folder/result/console.log" 2>&1 ||
    echo "the virtual machine ended with status $?, see $folder/result/console.log" >&2

debugfs -R "rdump / $folder/result" "$folder/test.img" 2>/dev/null
"$python" -m benchmarks.bluetooth_vm.account "$folder/result"
