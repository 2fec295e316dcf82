#!/bin/sh
# The virtual machine's test of the units: systemd runs a hub, an edge on a strap, and mosquitto; some are killed.
export PATH=/opt/hearth/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8

say() { echo "$(cut -d' ' -f1 /proc/uptime) $*" >>/test/steps.log; }

# until_true SECONDS WHAT COMMAND...: says whether the command succeeded in that time, and after how much of it
until_true() {
    began_s=$(now_s) limit_s=$1 what=$2
    shift 2
    until "$@" >/test/last.log 2>&1; do
        if [ $(($(now_s) - began_s)) -ge "$limit_s" ]; then
            say "FAILED: $what: $(tail -n 1 /test/last.log)"
            return
        fi
        sleep 1
    done
    say "ok: $what (after $(($(now_s) - began_s)) s)"
}

now_s() { cut -d. -f1 /proc/uptime; }
main_pid() { systemctl show -P MainPID "$1"; }
restarts() { systemctl show -P NRestarts "$1"; }
is_active() { [ "$(systemctl is-active "$1")" = active ]; }
has_restarted() { [ "$(restarts "$1")" -ge "$2" ] && is_active "$1"; }
in_log() { journalctl -q -u "$1" | grep -q "$2"; }
status() { runuser -u hearth-hub -- /opt/hearth-hub/bin/hearth status --config /etc/hearth-hub/hub.toml --json; }
hub_sees() { # an expression over the device's entry
    status | python3 -c "import json, sys; d = json.load(sys.stdin)['patients'][0]['devices'][0]; s = d['state'] or {}
sys.exit(not ($1))"
}
is_watched="d['availability'] == 'online' and d['freshness'] == 'fresh' and s.get('link') == 'connected' and s['analysable']"

journalctl -q -f -n all -o short-monotonic >/test/journal.log &
say "$(uname -r), systemd $(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')"
systemctl start strap
for unit in mosquitto bluetooth hearth-hub hearth-edge; do
    until_true 180 "$unit is active" is_active $unit
done
until_true 180 "the hub sees the strap's ECG" hub_sees "$is_watched"

kill -9 "$(main_pid hearth-edge)"
until_true 60 "a killed edge is started again" has_restarted hearth-edge 1
until_true 180 "the hub sees the strap's ECG again" hub_sees "$is_watched"

kill -STOP "$(main_pid hearth-edge)"
until_true 120 "an edge that hangs is noticed by the watchdog" in_log hearth-edge "Watchdog timeout"
until_true 60 "and started again" has_restarted hearth-edge 2
until_true 180 "the hub sees the strap's ECG again" hub_sees "$is_watched"

kill -9 "$(main_pid hearth-hub)"
until_true 60 "a killed hub is started again" has_restarted hearth-hub 1
kill -STOP "$(main_pid hearth-hub)"
until_true 120 "a hub that hangs is noticed by the watchdog" in_log hearth-hub "Watchdog timeout"
until_true 60 "and started again" has_restarted hearth-hub 2
until_true 180 "the hub sees the strap's ECG again" hub_sees "$is_watched"

systemctl restart mosquitto
sleep 5
until_true 120 "after a restart of the broker it still does" hub_sees "$is_watched"

systemctl restart bluetooth
sleep 5
until_true 180 "after a restart of BlueZ it does again" hub_sees "$is_watched"

systemctl stop hearth-edge
until_true 60 "the hub knows that it was stopped" hub_sees "d['availability'] == 'stopped'"
until_true 10 "the strap was told to stop" sh -c 'tail -n 3 /test/strap.log | grep -q "stopped by the central"'
for unit in hearth-edge hearth-hub; do
    say "$(systemd-analyze security --no-pager $unit 2>/dev/null | tail -n 1 | sed 's/^[^A-Z]*//; s/ [^ ]*$//')"
done
status >/test/status.json
cp -r /var/lib/hearth/edge/recordings /test/recordings
systemctl stop strap
systemctl poweroff
