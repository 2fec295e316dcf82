"""`hearth devices list`."""

from rich.console import Console
from rich.table import Table

from firmware_bridge.devices import DEVICES
from firmware_bridge.devices.support import DeviceSupport


def print_devices() -> None:
    """A table of every supported device."""
    table = Table(title="Supported devices")
    for column in ("device=", "what it is", "reached by", "decoded", "status"):
        table.add_column(column, overflow="fold")
    for name, support in DEVICES.items():
        table.add_row(name, support.summary, _reached_by(support), "\n".join(support.decodes), support.status)
    Console().print(table)


def _reached_by(support: DeviceSupport) -> str:
    ways = []
    if support.ble:
        prefix = support.ble.name_prefix
        ways.append(f"ble://NAME ({prefix} ...)" if prefix else "ble://NAME")
    if support.serial and support.serial.tcp_port:
        ways.append(f"serial://socket://HOST:{support.serial.tcp_port}")
    elif support.serial:
        ways.append(f"serial:///dev/ttyUSB0 ({support.serial.baud} baud)")
    return "\n".join(ways)
