#!/bin/sh
# First process of the virtual machine. /test is the disk that brings the signal and takes the results.
export PATH=/opt/hearth/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONPATH=/opt/hearth HOME=/root LANG=C.UTF-8
strap="Polar H10 00000001"
source="ble://$strap?device=polar_h10&timeout=1200"

say() { echo "$(cut -d' ' -f1 /proc/uptime) $*" | tee -a /test/steps.log; }

# Waits up to half an hour until a command succeeds: the emulated machine is slow where the real one is busy.
until_true() {
    for _ in $(seq 360); do
        "$@" >/dev/null 2>&1 && return
        sleep 5
    done
    say "in vain: $*"
}

is_powered() { bluetoothctl show | grep -q 'Powered: yes'; }

run_test() {
    say "$(uname -r) runs"
    modprobe hci_vhci
    mkdir -p /run/dbus
    dbus-daemon --system --fork
    /usr/libexec/bluetooth/bluetoothd --nodetach >/test/bluetoothd.log 2>&1 &
    btmon --write /test/hci.btsnoop >/test/btmon.log 2>&1 &
    monitor=$!
    # shellcheck disable=SC2046 # one word an option
    hearth devices virtual-h10 --record /test/signal.csv --once --listen vhci $(cat /test/options) \
        >/test/strap.log 2>&1 &
    strap_process=$!
    until_true grep -q 'waits on' /test/strap.log
    until_true is_powered
    say "BlueZ $(bluetoothctl --version | cut -d' ' -f2), the adapter is on"
    hearth devices watch "$source&capture=/test/first.hcap" --seconds 20 >/test/first.log 2>&1
    say "the first watcher left with status $?"
    hearth devices watch "$source&capture=/test/second.hcap&until=stopped" >/test/second.log 2>&1
    say "the second watcher saw the end with status $?"
    wait $strap_process
    say "the strap ended with status $?"
    kill $monitor
    wait $monitor
}

mountpoint -q /proc || mount -t proc proc /proc
mountpoint -q /sys || mount -t sysfs sysfs /sys
mount /dev/vdb /test
run_test
umount /test
echo b >/proc/sysrq-trigger
