"""What Hearth and its peers find, kept as WFDB annotation files that `hearth evaluate` can read."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import wfdb

from benchmarks.peers.__main__ import NOT_INSTALLED
from benchmarks.workplace import Workplace
from edge.analysis import analyse, write_annotations
from edge.errors import UserError
from export.evaluation.annotations import AnnotatedRecord, read_record
from firmware_bridge.recordings import open_recording

ROOT = Path(__file__).parents[1]
OURS = "hrt"
PEERS = ("xqrs", "neurokit", "sleepecg", "biosppy", "openecg")

Records = dict[str, AnnotatedRecord]


@dataclass(frozen=True, slots=True, eq=False)
class PeerRecords:
    """A peer's word on the records, and what it speaks of: QRS, V, AF; `absent` says why there is none."""

    label: str
    says: tuple[str, ...] = ()
    records: Records | None = None
    absent: str = ""


def hearth_records(place: Workplace, database: str, names: Sequence[str], reference: str = "atr") -> Records:
    """The int8 bundle through the streaming pipeline, on the first signal alone; once in a run of figures."""
    encoder, folder = place.encoder(), place.database(database)
    kept = place.work / "hearth" / database
    for name in names:
        if not (kept / f"{name}.{OURS}").exists():
            recording = open_recording(folder / name, [0])
            write_annotations(analyse(recording, encoder), name, OURS, recording.fs_hz, kept)
    return {name: read_record(name, folder, reference, OURS, kept) for name in names}


def peer_records(
    place: Workplace, peer: str, database: str, names: Sequence[str], reference: str = "atr"
) -> PeerRecords:
    """One peer on the first signal of the same records; what it found before is not asked again."""
    if place.peers_python is None:
        return PeerRecords(peer, absent="not asked for")
    folder, kept = place.database(database), place.work / "peers" / peer / database
    todo = [name for name in names if not (kept / f"{name}.{peer}").exists()]
    if todo:
        absent = _run_peer(place.peers_python, peer, folder, todo, kept)
        if absent:
            return PeerRecords(peer, absent=absent)
    label, *says = (kept / "about.txt").read_text().splitlines()
    records = {name: read_record(name, folder, reference, peer, kept) for name in names}
    return PeerRecords(label, tuple(says), records)


def _run_peer(python: Path, peer: str, folder: Path, names: Sequence[str], kept: Path) -> str:
    """Returns why it did not run, nothing if it did."""
    with TemporaryDirectory() as temporary:
        signals, out = Path(temporary) / "signals.npz", Path(temporary) / "found.npz"
        np.savez(str(signals), allow_pickle=False, **{name: _signal(folder / name) for name in names})
        command = [str(python), "-m", "benchmarks.peers", peer, str(signals), str(out)]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode == NOT_INSTALLED:
            return f"not installed ({done.stderr.strip()})"
        if done.returncode:
            raise UserError(f"{peer}: it failed: {done.stderr.strip().splitlines()[-1]}")
        kept.mkdir(parents=True, exist_ok=True)
        with np.load(out) as found:
            (kept / "about.txt").write_text("\n".join([str(found["label"]), *found["says"].tolist()]))
            for name in names:
                fs_hz = float(wfdb.rdheader(str(folder / name)).fs)
                _write(found, name, peer, fs_hz, kept)
    return ""


def _signal(path: Path) -> np.ndarray:
    """The sampling frequency in Hz, then all samples of the first signal in mV."""
    record = wfdb.rdrecord(str(path), channels=[0])
    return np.append(float(record.fs), np.nan_to_num(record.p_signal[:, 0]))


def _write(found: "np.lib.npyio.NpzFile", name: str, peer: str, fs_hz: float, kept: Path) -> None:
    columns = [
        found[f"{name}/{column}"].tolist() for column in ("samples", "symbols", "rhythm_samples", "rhythms")
    ]
    beats = [(at, symbol, "") for at, symbol in zip(*columns[:2], strict=True)]
    changes = [(at, "+", rhythm) for at, rhythm in zip(*columns[2:], strict=True)]
    rows = sorted(beats + changes, key=lambda row: (row[0], row[1] != "+"))
    if not rows:
        (kept / f"{name}.{peer}").write_bytes(b"\0\0")
        return
    samples, symbols, notes = (list(column) for column in zip(*rows, strict=True))
    wfdb.wrann(name, peer, np.array(samples), symbol=symbols, aux_note=notes, fs=fs_hz, write_dir=str(kept))


def default_peers_python() -> Path:
    """That of `.venv-peers` where `make figures` made it, else the one that runs this."""
    own = ROOT / ".venv-peers" / "bin" / "python"
    return own if own.exists() else Path(sys.executable)
