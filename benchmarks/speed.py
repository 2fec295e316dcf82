"""How fast, and in how much memory: one lead at 250 Hz on one thread, beside `neurokit2.ecg_process`."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import wfdb
from scipy.signal import resample_poly

from benchmarks.bars import BARS, MOST_MEMORY_MB
from benchmarks.detections import ROOT
from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.speed_child import NOT_INSTALLED
from benchmarks.workplace import Workplace
from edge.errors import UserError

RECORD, FS_HZ, REPEATS = "250hz", 250, "3"
PEER = "neurokit2"
NOTES = (
    "Half an hour of MIT-BIH 100, first signal, brought to 250 Hz; process CPU time on one thread, median of"
    f" {REPEATS} in one process.",
    "`analyse` is the pipeline of the stream: beats, classes, rhythm, readability, episodes, minutes."
    " `analyse and waves` adds onset, peak and end of P, QRS and T, from the same pass of the encoder.",
    "Memory is the highest resident set of a process that analyses the half hour once, packages included.",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One way of analysing; `speed` is in seconds of signal by seconds of CPU."""

    cpu_s: tuple[float, ...]
    memory_mb: float
    duration_s: float

    @property
    def speed(self) -> float:
        """Of the median run."""
        return self.duration_s / median(self.cpu_s)


def run(place: Workplace) -> Result:
    """Hearth with and without waves, and the peer."""
    record, duration_s = _at_250_hz(place)
    analyse = _measured(sys.executable, "analyse", record, duration_s, str(place.bundle))
    waves = _measured(sys.executable, "waves", record, duration_s, str(place.bundle))
    peer = _measured(str(place.peers_python), PEER, record, duration_s) if place.peers_python else None
    assert analyse, "Hearth's own packages are here: they load in this process"
    assert waves, "as above"
    ways = {"Hearth, analyse": analyse, "Hearth, analyse and waves": waves, f"{PEER}.ecg_process": peer}
    return Result(
        "speed",
        "Speed and memory",
        "python -m benchmarks.figures --data DIR --only speed",
        NOTES,
        [
            _speed("analyse", analyse, peer),
            _speed("analyse and waves", waves, peer),
            _ratio("analyse", analyse, peer),
            _ratio("analyse and waves", waves, peer),
            _memory("analyse", analyse, peer),
            _memory("analyse and waves", waves, peer),
        ],
        [Table("All runs", "What", {name: _row(way) for name, way in ways.items()})],
    )


def _at_250_hz(place: Workplace) -> tuple[Path, float]:
    """Writes the record in format 16, and tells its length."""
    source = wfdb.rdrecord(str(place.database("mitdb") / "100"), channels=[0])
    ecg_mv = resample_poly(source.p_signal[:, 0], FS_HZ, round(source.fs))
    folder = place.work / "speed"
    folder.mkdir(parents=True, exist_ok=True)
    signal = np.asarray(ecg_mv)[:, None]
    kinds = {"units": ["mV"], "sig_name": ["MLII"], "fmt": ["16"]}
    wfdb.wrsamp(RECORD, fs=FS_HZ, p_signal=signal, write_dir=str(folder), **kinds)
    return folder / RECORD, len(ecg_mv) / FS_HZ


def _measured(python: str, what: str, record: Path, duration_s: float, *more: str) -> Measured | None:
    """CPU time of repeated runs, memory of one; None where the package is not installed."""
    runs = [
        _child([python, "-m", "benchmarks.speed_child", what, str(record), n, *more]) for n in (REPEATS, "1")
    ]
    if None in runs:
        return None
    repeated, once = (json.loads(run or "") for run in runs)
    return Measured(tuple(repeated["cpu_s"]), once["memory_mb"], duration_s)


def _child(command: list[str]) -> str | None:
    """What it printed last; None where the package is not installed."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **threads}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    if done.returncode == NOT_INSTALLED:
        return None
    if done.returncode:
        raise UserError(f"{' '.join(command[2:4])}: it failed: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.splitlines()[-1]


def _speed(what: str, way: Measured, peer: Measured | None) -> Figure:
    peers = {f"{PEER}.ecg_process": (peer.speed,)} if peer else {}
    return Figure(
        f"Speed, {what}", (way.speed,), "30 min", BARS["times real time"], unit="× real time", peers=peers
    )


def _ratio(what: str, way: Measured, peer: Measured | None) -> Figure:
    ratio = way.speed / peer.speed if peer else None
    bar = BARS["times as fast as neurokit2"]
    return Figure(f"Speed, {what}, by that of {PEER}.ecg_process", (ratio,), "30 min", bar, unit="×")


def _memory(what: str, way: Measured, peer: Measured | None) -> Figure:
    return Figure(
        f"Memory, {what}",
        (way.memory_mb,),
        "30 min",
        (MOST_MEMORY_MB,),
        is_ceiling=True,
        unit="MB",
        peers={f"{PEER}.ecg_process": (peer.memory_mb,)} if peer else {},
    )


def _row(way: Measured | None) -> dict[str, Cell]:
    if way is None:
        return {}
    return {
        **{f"CPU s, run {i}": s for i, s in enumerate(way.cpu_s, 1)},
        "× real time": way.speed,
        "memory MB": way.memory_mb,
    }
