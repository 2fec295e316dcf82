#!/bin/sh
# Builds the virtual machine: Debian bookworm with systemd, BlueZ, mosquitto and Hearth as its units install it,
# and a kernel that runs as a program (User Mode Linux, from Debian's sources).
#
#   build.sh FOLDER [MIRROR]     as root; FOLDER gets linux and disk.img (6 GB while it is built)
#
# Needs: mmdebstrap e2fsprogs git gcc make flex bison bc libelf-dev openssl, and Python 3.11 with pip (PYTHON=...).
# About ten minutes on two cores; what is done already is not done again.
set -eu
folder=${1:?usage: build.sh FOLDER [MIRROR]}
mirror=${2:-http://deb.debian.org/debian}
python=${PYTHON:-python3}
here=$(cd "$(dirname "$0")" && pwd)
repository=$(git -C "$here" rev-parse --show-toplevel)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
root=$folder/root

if [ ! -x "$folder/linux" ]; then
    rm -rf "$folder/kernel"
    mmdebstrap --mode=root --variant=extract --include=linux-source-6.1 bookworm "$folder/kernel" "$mirror"
    tar -xf "$folder"/kernel/usr/src/linux-source-6.1.tar.xz -C "$folder/kernel"
    cd "$folder/kernel/linux-source-6.1"
    make -s ARCH=um x86_64_defconfig
    ./scripts/kconfig/merge_config.sh -m .config "$here/kernel.config" >/dev/null
    make -s ARCH=um olddefconfig
    make -s ARCH=um -j"$(nproc)" linux
    cp linux "$folder/linux"
fi

if [ ! -e "$folder/debian.done" ]; then
    rm -rf "$root"
    mmdebstrap --mode=root --variant=minbase \
        --include=systemd,systemd-sysv,udev,dbus,bluez,mosquitto,python3,python3-venv,procps \
        --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io bookworm "$root" "$mirror"
    touch "$folder/debian.done"
fi

# Hearth as it is committed; everything it needs comes along as wheels, so that the system itself needs no network
rm -rf "$folder/source" "$folder/wheels" "$root/opt" "$root/etc/hearth" "$root/etc/hearth-hub" "$root/wheels"
mkdir -p "$folder/source" "$folder/wheels" "$root/opt" "$root/wheels" "$root/test"
git -C "$repository" archive HEAD | tar -x -C "$folder/source"
"$python" -m pip wheel -q --no-deps -w "$folder/wheels" "$folder/source"
wheel=$(ls "$folder"/wheels/hearth_ecg-*.whl)
"$python" -m pip wheel -q --prefer-binary -w "$folder/wheels" "$wheel[edge,hub]"
cp "$folder"/wheels/*.whl "$root/wheels"
scripts=$folder/source/benchmarks/virtual_machine
install -m 755 "$scripts/bluetooth.sh" "$scripts/services.sh" "$root/opt/"
cp -r "$folder/source/configs" "$root/opt/configs"
chroot "$root" sh -eu -c "$(cat "$scripts/install.sh")"
rm -rf "$root/wheels"

rm -f "$folder/disk.img"
mke2fs -q -t ext4 -d "$root" "$folder/disk.img" 2500M
echo "built: $folder/disk.img; next: $here/run.sh bluetooth $folder"
