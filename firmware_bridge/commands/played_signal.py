"""What a virtual device plays: a record or a simulated heart, as microvolts of one lead."""

import argparse
from collections.abc import Iterator
from itertools import count

import numpy as np
import numpy.typing as npt

from firmware_bridge.recordings import open_recording
from firmware_bridge.simulator import simulated_blocks
from firmware_bridge.source_uri import parse_source_uri
from firmware_bridge.strap_signal import recorded_uv
from firmware_bridge.transports.simulator import heart_of

_BLOCK_S = 10


def played_uv(arguments: argparse.Namespace, fs_hz: float) -> Iterator[npt.NDArray[np.int32]]:
    """Blocks `[n]` at `fs_hz`, by the options `record`, `simulate`, `signal`, `once` and `seconds`.

    Raises:
        TransportError: an option makes no sense.
        RecordingError: the record cannot be played.
    """
    is_recorded = arguments.record is not None
    blocks = _recorded(arguments, fs_hz) if is_recorded else _simulated(arguments.simulate, round(fs_hz))
    return blocks if arguments.seconds is None else _first(blocks, round(arguments.seconds * fs_hz))


def _recorded(arguments: argparse.Namespace, fs_hz: float) -> Iterator[npt.NDArray[np.int32]]:
    signals = None if arguments.signal is None else [arguments.signal]
    recording = open_recording(arguments.record, signals)
    rounds = range(1) if arguments.once else count()
    return (uv for _ in rounds for uv in recorded_uv(recording, fs_hz))


def _simulated(options: str, fs_hz: int) -> Iterator[npt.NDArray[np.int32]]:
    uri = parse_source_uri(f"simulator://?fs={fs_hz}&{options}")
    uri.allow({"hr", "pvc_every", "seed", "noise_uv", "fs"})
    return (block[:, 0] for block in simulated_blocks(heart_of(uri), fs_hz * _BLOCK_S))


def _first(blocks: Iterator[npt.NDArray[np.int32]], n: int) -> Iterator[npt.NDArray[np.int32]]:
    for block in blocks:
        yield block[:n]
        n -= len(block)
        if n <= 0:
            return
