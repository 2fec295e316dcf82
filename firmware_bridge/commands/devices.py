"""Wearables: what is supported, what is near, what one sends, and virtual ones to try everything without.

Examples:
  hearth devices list
  hearth devices scan
  hearth devices info 12345678
  hearth devices watch 'ble://12345678?device=polar_h10'
  hearth devices watch 'replay://records/100?signal=0&speed=10'
  hearth devices record 'ble://12345678?device=polar_h10' night.hcap --seconds 3600
  hearth devices replay night.hcap --device polar_h10

a strap made of software, on a virtual Bluetooth link (two terminals):
  hearth devices virtual-h10 --record records/208 --speed 5
  hearth devices watch 'ble://Polar H10 00000001?device=polar_h10&hci=tcp-client:127.0.0.1:9111'
"""

import argparse
import asyncio
import logging
from collections.abc import Callable

from firmware_bridge.commands.numbers import positive, seconds_option

HELP = "list and scan for wearables, watch or record one, or run a virtual one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of `hearth devices`."""
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="supported devices, what is decoded, and how far it is checked")
    scan = actions.add_parser("scan", help="Bluetooth LE devices near this computer")
    scan.add_argument("--seconds", type=positive, default=8.0, help="how long to listen (default 8)")
    _add_hci(scan)
    info = actions.add_parser("info", help="connect to a Bluetooth LE device and say what it is")
    info.add_argument("target", metavar="NAME_OR_URI", help="name, address, or ble:// URI")
    _add_hci(info)
    watch = actions.add_parser("watch", help="one line a second of what a source sends")
    watch.add_argument("uri", metavar="URI", help="ble://, serial://, replay://, simulator:// or capture://")
    seconds_option(watch)
    record = actions.add_parser("record", help="watch a device and keep the raw bytes in a capture file")
    record.add_argument("uri", metavar="URI", help="ble:// or serial://")
    record.add_argument("out", metavar="OUT", help="the capture file; it must not exist")
    seconds_option(record)
    replay = actions.add_parser("replay", help="watch a capture file once more")
    replay.add_argument("capture", metavar="FILE", help="a capture file")
    replay.add_argument("--device", required=True, help="the device that was captured")
    replay.add_argument("--fs", metavar="HZ", help="of a device that cannot say its rate, e.g. 250")
    replay.add_argument("--speed", default="1", help="times faster than life, or max (default 1)")
    seconds_option(replay)
    describe = actions.add_parser("describe", help="what a recording is, as JSON")
    describe.add_argument("record", metavar="PATH", help="a WFDB record or EDF file")
    _add_virtual(actions)


def run(arguments: argparse.Namespace) -> int:
    """Run one action."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("bumble").setLevel(logging.ERROR)
    _ACTIONS[arguments.action](arguments)
    return 0


def _list(_: argparse.Namespace) -> None:
    from firmware_bridge.commands.device_table import print_devices

    print_devices()


def _scan(arguments: argparse.Namespace) -> None:
    from firmware_bridge.commands.scan import print_scan

    asyncio.run(print_scan(arguments.seconds, arguments.hci))


def _info(arguments: argparse.Namespace) -> None:
    from firmware_bridge.commands.info import print_info

    asyncio.run(print_info(arguments.target, arguments.hci))


def _watch(arguments: argparse.Namespace) -> None:
    from firmware_bridge.commands.watch import watch

    asyncio.run(watch(arguments.uri, arguments.seconds))


def _record(arguments: argparse.Namespace) -> None:
    from firmware_bridge.commands.record import record

    asyncio.run(record(arguments.uri, arguments.out, arguments.seconds))


def _replay(arguments: argparse.Namespace) -> None:
    from firmware_bridge.commands.record import capture_uri
    from firmware_bridge.commands.watch import watch

    uri = capture_uri(arguments.capture, arguments.device)
    rate = f"&fs={arguments.fs}" if arguments.fs else ""
    asyncio.run(watch(f"{uri}&speed={arguments.speed}{rate}", arguments.seconds))


def _describe(arguments: argparse.Namespace) -> None:
    from firmware_bridge.commands.describe import print_description

    print_description(arguments.record)


def _virtual(arguments: argparse.Namespace) -> None:
    from firmware_bridge.commands.virtual import run_virtual

    run_virtual(arguments)


def _virtual_serial(arguments: argparse.Namespace) -> None:
    from firmware_bridge.commands.virtual_serial import run_virtual_serial

    run_virtual_serial(arguments)


_ACTIONS: dict[str, Callable[[argparse.Namespace], None]] = {
    "list": _list,
    "scan": _scan,
    "info": _info,
    "watch": _watch,
    "record": _record,
    "replay": _replay,
    "describe": _describe,
    "virtual-ble": _virtual,
    "virtual-h10": _virtual,
    "virtual-serial": _virtual_serial,
}


def _add_hci(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hci", default="", help="a controller, e.g. usb:0 or tcp-client:127.0.0.1:9111")


def _add_virtual(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from firmware_bridge.commands.virtual_options import add_virtual_options, bluetooth_devices
    from firmware_bridge.commands.virtual_serial import add_virtual_serial_options

    any_device = actions.add_parser("virtual-ble", help="any supported Bluetooth device made of software")
    any_device.add_argument("device", metavar="NAME", choices=bluetooth_devices(), help="see hearth devices")
    add_virtual_options(any_device)
    strap = actions.add_parser("virtual-h10", help="a Polar H10 made of software")
    strap.set_defaults(device="polar_h10")
    add_virtual_options(strap)
    port = actions.add_parser("virtual-serial", help="any supported serial device on a pseudo-terminal")
    add_virtual_serial_options(port)
