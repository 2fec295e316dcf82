#!/bin/sh
# The virtual machine's test of Bluetooth, as its first process. /test is the disk that brings the signal and takes
# the results.
export PATH=/opt/hearth/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
strap="Polar H10 00000001"
source="ble://$strap?device=polar_h10&timeout=120"

say() { echo "$(cut -d' ' -f1 /proc/uptime) $*" | tee -a /test/steps.log; }

# Waits up to five minutes until a command succeeds.
until_true() {
    for _ in $(seq 300); do
        "$@" >/dev/null 2>&1 && return
        sleep 1
    done
    say "in vain: $*"
}

is_powered() { bluetoothctl show | grep -q 'Powered: yes'; }

run_test() {
    say "$(uname -r) runs"
    mkdir -p /run/dbus
    dbus-daemon --system --fork
    /usr/libexec/bluetooth/bluetoothd --nodetach --debug >/test/bluetoothd.log 2>&1 &
    daemon=$!
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
    kill $monitor $daemon
    wait $monitor $daemon
}

mountpoint -q /proc || mount -t proc proc /proc
mountpoint -q /sys || mount -t sysfs sysfs /sys
mount /dev/ubdb /test
run_test
umount /test
sync
echo o >/proc/sysrq-trigger
sleep 60 # the first process must not end before the machine is off
