"""Wearables: what is supported, what is near, what one sends, and a virtual one to try everything without.

Examples:
  hearth devices list
  hearth devices scan
  hearth devices watch 'ble://12345678?device=polar_h10'
  hearth devices watch 'replay://records/100?signal=0&speed=10'

a strap made of software, on a virtual Bluetooth link (two terminals):
  hearth devices virtual-h10 --record records/208 --speed 5
  hearth devices watch 'ble://Polar H10 00000001?device=polar_h10&hci=tcp-client:127.0.0.1:9111'
"""

import argparse
import asyncio
import logging

HELP = "list and scan for wearables, watch one, or run a virtual Polar H10"
_DEFAULT_LISTEN = "127.0.0.1:9111"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of `hearth devices`."""
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="supported devices, what is decoded, and how far it is checked")
    scan = actions.add_parser("scan", help="Bluetooth LE devices near this computer")
    scan.add_argument("--seconds", type=_positive, default=8.0, help="how long to listen (default 8)")
    scan.add_argument("--hci", default="", help="a controller, e.g. usb:0 or tcp-client:127.0.0.1:9111")
    watch = actions.add_parser("watch", help="one line a second of what a source sends")
    watch.add_argument("uri", metavar="URI", help="ble://, serial://, replay://, simulator:// or capture://")
    watch.add_argument("--seconds", type=_positive, help="stop after so long (default: at the source's end)")
    describe = actions.add_parser("describe", help="what a recording is, as JSON")
    describe.add_argument("record", metavar="PATH", help="a WFDB record or EDF file")
    _add_virtual(actions.add_parser("virtual-h10", help="a Polar H10 made of software"))


def run(arguments: argparse.Namespace) -> int:
    """Run one action."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("bumble").setLevel(logging.ERROR)
    if arguments.action == "list":
        from firmware_bridge.commands.device_table import print_devices

        print_devices()
    elif arguments.action == "scan":
        from firmware_bridge.commands.scan import print_scan

        asyncio.run(print_scan(arguments.seconds, arguments.hci))
    elif arguments.action == "watch":
        from firmware_bridge.commands.watch import watch

        asyncio.run(watch(arguments.uri, arguments.seconds))
    elif arguments.action == "describe":
        from firmware_bridge.commands.describe import print_description

        print_description(arguments.record)
    else:
        from firmware_bridge.commands.virtual import run_virtual_h10

        run_virtual_h10(arguments)
    return 0


def _add_virtual(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--record", metavar="PATH", help="a WFDB record or EDF file to play")
    source.add_argument("--simulate", metavar="OPTIONS", nargs="?", const="", help="e.g. 'hr=80&pvc_every=7'")
    parser.add_argument("--signal", type=int, help="number of the record's signal (default: the first ECG)")
    parser.add_argument("--once", action="store_true", help="end with the record (default: over and over)")
    parser.add_argument("--seconds", type=_positive, help="end after so much ECG")
    parser.add_argument("--speed", type=_positive, default=1.0, help="times faster than life (default 1)")
    parser.add_argument("--listen", default=_DEFAULT_LISTEN, help=f"HCI over TCP (default {_DEFAULT_LISTEN})")
    parser.add_argument("--name", default="Polar H10 00000001", help="name to be found by")
    parser.add_argument("--battery", type=_percent, default=87, help="charge in percent (default 87)")
    parser.add_argument("--drop", type=_share, default=0.0, help="share of frames lost on the air, 0 to 1")
    parser.add_argument("--cut-after", type=_positive, metavar="S", help="break the link after S s of ECG")
    parser.add_argument(
        "--cut-for", type=_positive, default=5.0, metavar="S", help="for S s of ECG (default 5)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is dropped (default 0)")


def _positive(text: str) -> float:
    return _within(text, 1e-3, 1e9)


def _share(text: str) -> float:
    return _within(text, 0, 1)


def _percent(text: str) -> int:
    return int(_within(text, 0, 100))


def _within(text: str, least: float, most: float) -> float:
    number = float(text)
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text} is not within {least:g} to {most:g}")
    return number
