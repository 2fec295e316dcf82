"""`hearth devices virtual-h10`."""

import argparse
import asyncio
from collections.abc import Iterator
from itertools import count

import numpy as np
import numpy.typing as npt

from firmware_bridge.devices.polar_h10 import FS_HZ
from firmware_bridge.recordings import open_recording
from firmware_bridge.simulator import simulated_blocks
from firmware_bridge.source_uri import parse_source_uri
from firmware_bridge.strap_signal import recorded_uv
from firmware_bridge.transport import TransportError
from firmware_bridge.transports.simulator import heart_of
from firmware_bridge.virtual_h10 import VirtualH10, play


def run_virtual_h10(arguments: argparse.Namespace) -> None:
    """Serve one virtual strap until its signal ends; print how it can be reached.

    Raises:
        TransportError: an option makes no sense.
        RecordingError: the record cannot be played.
        VirtualDeviceError: the port is in use.
    """
    strap = _strap(arguments)
    signal = _signal(arguments)
    print(f"{strap.name}, battery {strap.battery_percent} %, {strap.speed:g} times real time; connect with")
    print(f"  ble://{strap.name}?device=polar_h10&hci=tcp-client:{strap.host}:{strap.port}", flush=True)
    played = asyncio.run(play(strap, signal))
    print(f"played {played.n_samples} samples, sent {played.n_sent}")


def _strap(arguments: argparse.Namespace) -> VirtualH10:
    host, _, port = arguments.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 2**16 - 1:
        raise TransportError(f"--listen {arguments.listen}: give HOST:PORT, e.g. 127.0.0.1:9111")
    return VirtualH10(
        host=host,
        port=int(port),
        name=arguments.name,
        speed=arguments.speed,
        drop=arguments.drop,
        cut_after_s=arguments.cut_after,
        cut_for_s=arguments.cut_for,
        battery_percent=arguments.battery,
        seed=arguments.seed,
    )


def _signal(arguments: argparse.Namespace) -> Iterator[npt.NDArray[np.int32]]:
    blocks = _simulated(arguments.simulate) if arguments.record is None else _recorded(arguments)
    return blocks if arguments.seconds is None else _first(blocks, round(arguments.seconds * FS_HZ))


def _recorded(arguments: argparse.Namespace) -> Iterator[npt.NDArray[np.int32]]:
    signals = None if arguments.signal is None else [arguments.signal]
    recording = open_recording(arguments.record, signals)
    rounds = range(1) if arguments.once else count()
    return (uv for _ in rounds for uv in recorded_uv(recording, FS_HZ))


def _simulated(options: str) -> Iterator[npt.NDArray[np.int32]]:
    uri = parse_source_uri(f"simulator://?{options}")
    uri.allow({"hr", "pvc_every", "seed", "noise_uv"})
    return (block[:, 0] for block in simulated_blocks(heart_of(uri), FS_HZ * 10))


def _first(blocks: Iterator[npt.NDArray[np.int32]], n: int) -> Iterator[npt.NDArray[np.int32]]:
    for block in blocks:
        yield block[:n]
        n -= len(block)
        if n <= 0:
            return
