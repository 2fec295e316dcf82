import pytest

from firmware_bridge.commands.device_table import print_devices
from firmware_bridge.devices import DEVICES


@pytest.mark.parametrize(
    ("name", "reached_by"),
    [
        ("polar_h10", "ble://NAME (Polar H10 ...)"),
        ("cyton", "serial:///dev/ttyUSB0 (115200 baud)"),
        ("heartypatch", "serial://socket://HOST:4567"),
    ],
)
def test_a_device_is_listed_with_how_it_is_reached(name, reached_by, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "400")
    print_devices()
    rows = [line.split("│") for line in capsys.readouterr().out.splitlines() if "│" in line]
    (row,) = [row for row in rows if row[1].strip() == name]
    assert row[3].strip() == reached_by
    assert {row[1].strip() for row in rows} >= set(DEVICES)
