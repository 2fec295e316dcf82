"""`hearth devices virtual-serial NAME`."""

import argparse
import asyncio
from itertools import chain, islice
from pathlib import Path

from firmware_bridge.commands.numbers import positive, share
from firmware_bridge.commands.virtual_options import add_played_options
from firmware_bridge.devices.support import DeviceSupport


def serial_devices() -> tuple[str, ...]:
    """Names of the supported devices with a serial port."""
    from firmware_bridge.devices import DEVICES

    return tuple(name for name, support in DEVICES.items() if support.serial)


def add_virtual_serial_options(parser: argparse.ArgumentParser) -> None:
    """What it plays, under which name it is found, and what goes wrong with it."""
    parser.add_argument("device", metavar="NAME", choices=serial_devices(), help="see hearth devices list")
    add_played_options(parser)
    parser.add_argument("--fs", type=positive, help="samples a second, of a device without a rate of its own")
    parser.add_argument("--link", metavar="PATH", type=Path, help="a link to the pseudo-terminal")
    parser.add_argument("--drop", type=share, default=0.0, help="share of messages that never come, 0 to 1")
    parser.add_argument("--corrupt", type=share, default=0.0, help="share with a byte changed, 0 to 1")
    parser.add_argument("--seed", type=int, default=0, help="of what is dropped and changed (default 0)")


def run_virtual_serial(arguments: argparse.Namespace) -> None:
    """Serve one virtual device until its signal ends; print how it can be reached.

    Raises:
        TransportError: an option makes no sense.
        RecordingError: the record cannot be played.
    """
    from firmware_bridge.commands.played_signal import played_uv
    from firmware_bridge.pseudo_terminal import PseudoTerminal
    from firmware_bridge.virtual_serial import Troubles, play

    support = _support(arguments)
    device = support.device
    blocks = played_uv(arguments, device.fs_hz)
    uv = chain(list(islice(blocks, 1)), blocks)  # a simulated heart takes seconds to begin
    troubles = Troubles(arguments.drop, arguments.corrupt, arguments.seed)
    fs = f"&fs={device.fs_hz:g}" if arguments.fs or support.asks_rate else ""
    with PseudoTerminal(arguments.link) as terminal:
        print(f"{device.name}, {arguments.speed:g} times real time; connect with")
        print(f"  serial://{arguments.link or terminal.path}?device={device.name}{fs}", flush=True)
        played = asyncio.run(play(support, terminal, uv, troubles, arguments.speed))
    print(
        f"played {played.n_samples} samples; messages sent {played.n_sent}, of them changed"
        f" {played.n_corrupted}; dropped {played.n_dropped}, not read in time {played.n_unread}"
    )


def _support(arguments: argparse.Namespace) -> DeviceSupport:
    from firmware_bridge.devices import DEVICES
    from firmware_bridge.source_uri import parse_source_uri

    support = DEVICES[arguments.device]
    if arguments.fs is None:
        return support
    return parse_source_uri(f"serial://?device={arguments.device}&fs={arguments.fs}").support()
