"""Damage to files of the edge: bytes that are turned over or cut off, as a crash or a worn disk does."""

import os
from pathlib import Path

from benchmarks.chaos.edge_disk import OUTBOX
from benchmarks.chaos.plan import Accident, Rot

_TAIL_BYTES = 300  # less than a block of the record


def spoil_tail(edge: Path, accident: Accident) -> None:
    """The last bytes of a file that the edge was writing when it was killed."""
    path = _journal_of_outbox(edge) if accident.damage == "outbox" else _newest_segment(edge)
    if path is None or not (size := path.stat().st_size):
        return
    back = 1 + int(accident.place * min(size - 1, _TAIL_BYTES))
    _spoil(path, size - back, is_cut_off=accident.is_cut_off)


def spoil(edge: Path, rot: Rot) -> str | None:
    """Any byte of any file of a recording; gives which, `None` where there is no file."""
    files = sorted(path for path in edge.glob("recordings/*/0*") if path.stat().st_size)
    if not files:
        return None
    path = files[int(rot.which * len(files))]
    at = int(rot.place * path.stat().st_size)
    _spoil(path, at, is_cut_off=rot.is_cut_off)
    return f"{path.name} at {at}"


def _spoil(path: Path, at: int, *, is_cut_off: bool) -> None:
    if is_cut_off:
        os.truncate(path, at)
        return
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 0x55]))


def _newest_segment(edge: Path) -> Path | None:
    return max(edge.glob("recordings/*/*.dat"), default=None, key=lambda path: path.name)


def _journal_of_outbox(edge: Path) -> Path | None:
    path = edge / f"{OUTBOX}-wal"
    return path if path.exists() else None
