#!/bin/sh
# Builds the virtual machine of the Bluetooth test: Debian bookworm with its own kernel and BlueZ, and Hearth.
#
#   build.sh FOLDER [MIRROR]     as root; FOLDER gets vmlinuz, initrd.img and disk.img (4 GB while it is built)
#
# Needs: mmdebstrap, e2fsprogs, git, and a Python with pip (PYTHON=..., default python3).
set -eu
folder=${1:?usage: build.sh FOLDER [MIRROR]}
mirror=${2:-http://deb.debian.org/debian}
python=${PYTHON:-python3}
repository=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
root=$folder/rootfs site=$folder/rootfs/opt/hearth

if [ ! -e "$folder/debian.done" ]; then
    rm -rf "$root"
    mmdebstrap --mode=root --variant=minbase --include=linux-image-amd64,bluez,dbus,python3,kmod,udev,iproute2 \
        --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io bookworm "$root" "$mirror"
    touch "$folder/debian.done"
fi

# Hearth as it is committed, and of what it needs only what a strap and a watcher import
rm -rf "$folder/source" "$folder/wheels" "$site"
mkdir -p "$folder/source" "$site"
git -C "$repository" archive HEAD | tar -x -C "$folder/source"
"$python" -m pip wheel -q --no-deps -w "$folder/wheels" "$folder/source"
bluetooth=$(grep -oE '"(bleak|bumble|scipy)>=[^"]+"' "$folder/source/pyproject.toml" | tr -d '"')
# shellcheck disable=SC2086 # one word a package
"$python" -m pip install -q --target "$site" --python-version 3.11 --only-binary=:all: \
    "$folder"/wheels/hearth_ecg-*.whl $bluetooth
sed -i '1c #!/usr/bin/python3' "$site/bin/hearth"
install -m 755 "$folder/source/benchmarks/bluetooth_vm/init.sh" "$root/opt/init.sh"
mkdir -p "$root/test"

cp "$root"/boot/vmlinuz-* "$folder/vmlinuz"
cp "$root"/boot/initrd.img-* "$folder/initrd.img"
rm -f "$folder/disk.img"
mke2fs -q -t ext4 -d "$root" "$folder/disk.img" 2000M
echo "built: $folder/disk.img; next: $(dirname "$0")/run.sh $folder"
