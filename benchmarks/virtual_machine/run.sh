#!/bin/sh
# Runs a test in the virtual machine that build.sh made, and prints its account.
#
#   run.sh bluetooth FOLDER [SECONDS] [OPTIONS]   two watchers of a strap, one after the other; SECONDS of ECG
#                                                 (default 120); OPTIONS of `hearth devices virtual-h10`,
#                                                 e.g. --cut-after 70 --cut-for 8
#   run.sh services FOLDER                        systemd runs edge, hub, mosquitto and BlueZ; some are killed
#
# Results stay in FOLDER/bluetooth and FOLDER/services. Needs e2fsprogs and Hearth's Python (PYTHON=..., default python3); no root, no
# hardware support. LIMIT_S=1500 ends the virtual machine after so many seconds.
set -eu
usage="usage: run.sh bluetooth|services FOLDER [SECONDS] [OPTIONS]"
case ${1:-} in
bluetooth) init=/opt/bluetooth.sh ;;
services) init=/lib/systemd/systemd ;;
*) echo "$usage" >&2 && exit 2 ;;
esac
test=$1
folder=$(cd "${2:?$usage}" && pwd)
[ "$test" = services ] && default=1000 || default=120 # a thousand seconds are whole ramps
seconds=${3:-$default}
[ $# -lt 3 ] || shift
shift 2
cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"
python=${PYTHON:-python3}

rm -rf "$folder/$test" "$folder/test" "$folder/test.img" "$folder/changes.img"
mkdir "$folder/test" "$folder/$test"
"$python" -m benchmarks.virtual_machine.played "$seconds" >"$folder/test/signal.csv"
echo "$*" >"$folder/test/options"
mke2fs -q -t ext4 -d "$folder/test" "$folder/test.img" 256M

# the system's disk stays as it was built: what is written goes to changes.img
timeout "${LIMIT_S:-1500}" "$folder/linux" mem=1536M "ubd0=$folder/changes.img,$folder/disk.img" \
    "ubd1=$folder/test.img" root=/dev/ubda rw quiet con=null con0=null,fd:1 "init=$init" \
    </dev/null >"$folder/$test/console.log" 2>&1 ||
    echo "the virtual machine ended with status $?, see $folder/$test/console.log" >&2
rm -f "$folder/changes.img"

debugfs -R "rdump / $folder/$test" "$folder/test.img" 2>/dev/null
"$python" -m "benchmarks.virtual_machine.${test}_account" "$folder/$test"
