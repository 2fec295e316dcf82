"""Options of the virtual devices: `hearth devices virtual-ble`, `virtual-h10` and `virtual-serial`."""

import argparse

from firmware_bridge.commands.numbers import percent, positive, share, within

_DEFAULT_LISTEN = "127.0.0.1:9111"
_SMALLEST_MTU, _LARGEST_MTU = 23, 517


def bluetooth_devices() -> tuple[str, ...]:
    """Names of the supported devices with Bluetooth."""
    from firmware_bridge.devices import DEVICES

    return tuple(name for name, support in DEVICES.items() if support.ble)


def add_played_options(parser: argparse.ArgumentParser) -> None:
    """What a virtual device plays, how long and how fast."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--record", metavar="PATH", help="a WFDB record or EDF file to play")
    source.add_argument("--simulate", metavar="OPTIONS", nargs="?", const="", help="e.g. 'hr=80&pvc_every=7'")
    parser.add_argument("--signal", type=int, help="number of the record's signal (default: the first ECG)")
    parser.add_argument("--once", action="store_true", help="end with the record (default: over and over)")
    parser.add_argument("--seconds", type=positive, help="end after so much ECG")
    parser.add_argument("--speed", type=positive, default=1.0, help="times faster than life (default 1)")


def add_virtual_options(parser: argparse.ArgumentParser) -> None:
    """What it plays, how it is reached, and what goes wrong with it."""
    add_played_options(parser)
    parser.add_argument(
        "--listen",
        default=_DEFAULT_LISTEN,
        help=f"HCI over TCP (default {_DEFAULT_LISTEN}), or vhci: an adapter of this computer",
    )
    parser.add_argument("--name", help="name to be found by (default: the device's own, and 00000001)")
    parser.add_argument("--battery", type=percent, default=87, help="charge in percent (default 87)")
    _add_troubles(parser)


def _add_troubles(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--drop", type=share, default=0.0, help="share of messages lost on the air, 0 to 1")
    parser.add_argument("--cut-after", type=positive, metavar="S", help="break the link after S s of ECG")
    parser.add_argument(
        "--cut-for", type=positive, default=5.0, metavar="S", help="for S s of ECG (default 5)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is dropped (default 0)")
    parser.add_argument(
        "--mtu", type=_mtu, default=_LARGEST_MTU, help=f"largest ATT MTU (default {_LARGEST_MTU})"
    )
    parser.add_argument("--pairing", action="store_true", help="obey only a central that is paired")


def _mtu(text: str) -> int:
    return int(within(text, _SMALLEST_MTU, _LARGEST_MTU))
