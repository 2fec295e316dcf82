"""What a week of raw ECG takes on disk, and what it costs to make it so small.

    python -m benchmarks.storage --data DIR

Real recordings go through the recorder and its compression as on the edge, in blocks as a strap sends them
(73 samples): MIT-BIH Arrhythmia Database (360 Hz, one and two leads) and LUDB (500 Hz, three leads: II, V1,
V5; its ten-second records one after the other), resampled. DIR holds both, see docs/training.md.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import wfdb
from scipy.signal import resample_poly

from edge.block_journal import entries
from edge.recorder import Recorder, RecorderSettings
from edge.segment_compression import compress
from edge.segment_files import JOURNAL, SAMPLES, read_blocks, segments
from edge.stream import NS_PER_S, PlacedBlock

Microvolts = npt.NDArray[np.int32]

_BLOCK = 73
_WEEK_S = 7 * 86400
_LONGEST_S = 3600.0
_MITDB = ("100", "105", "203", "208", "222")
_LUDB_LEADS = ("ii", "v1", "v5")


@dataclass(frozen=True, slots=True)
class Taken:
    """Bytes of samples and of everything, before and after; seconds of signal and of work."""

    raw_samples: int
    raw: int
    small_samples: int
    small: int
    signal_s: float
    compress_s: float
    read_s: float


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.storage",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with mitdb and ludb")
    data: Path = parser.parse_args().data
    print("| Leads | Hz | Ratio of samples | MB a week, raw | MB a week, kept | of it journal |", end="")
    print(" Compress | Read |\n|---|---|---|---|---|---|---|---|")
    for n_leads, fs_hz in ((1, 130), (1, 250), (1, 360), (2, 130), (2, 250), (2, 360), (3, 130), (3, 250)):
        hours = list(
            _mitdb(data, n_leads, fs_hz) if n_leads < len(_LUDB_LEADS) else _three_leads(data, fs_hz)
        )
        print(_row(n_leads, fs_hz, [_measured(ecg_uv, fs_hz) for ecg_uv in hours]), flush=True)
    return 0


def _row(n_leads: int, fs_hz: int, all_taken: list[Taken]) -> str:
    raw_samples, raw, small_samples, small = (
        sum(getattr(taken, name) for taken in all_taken)
        for name in ("raw_samples", "raw", "small_samples", "small")
    )
    signal_s = sum(taken.signal_s for taken in all_taken)
    week_mb = _WEEK_S / signal_s / 1e6
    compress_mb_s = raw / sum(taken.compress_s for taken in all_taken) / 1e6
    read_mb_s = raw_samples / sum(taken.read_s for taken in all_taken) / 1e6
    return (
        f"| {n_leads} | {fs_hz} | {raw_samples / small_samples:.2f} | {raw * week_mb:.0f} |"
        f" {small * week_mb:.0f} | {(small - small_samples) * week_mb:.1f} |"
        f" {compress_mb_s:.1f} MB/s | {read_mb_s:.1f} MB/s |"
    )


def _measured(ecg_uv: Microvolts, fs_hz: int) -> Taken:
    with TemporaryDirectory() as name:
        folder = Path(name) / "recording"
        stem = _recorded(folder, ecg_uv, fs_hz)
        raw_samples, raw = stem.with_suffix(SAMPLES).stat().st_size, _bytes_in(folder)
        n_blocks = sum(1 for _ in entries(stem.with_suffix(JOURNAL).read_bytes()))
        began_s = time.perf_counter()
        compress(stem)
        done_s = time.perf_counter()
        kept = np.concatenate([block.ecg_uv for block in read_blocks(folder, ecg_uv.shape[1])])
        read_s = time.perf_counter() - done_s
        assert np.array_equal(kept, ecg_uv[: len(kept)])
        assert len(kept) == len(ecg_uv) == ((n_blocks - 1) * _BLOCK + (len(ecg_uv) - 1) % _BLOCK + 1)
        small_samples = stem.with_suffix(".flac").stat().st_size
        signal_s = len(ecg_uv) / fs_hz
        return Taken(raw_samples, raw, small_samples, _bytes_in(folder), signal_s, done_s - began_s, read_s)


def _recorded(folder: Path, ecg_uv: Microvolts, fs_hz: int) -> Path:
    """One segment; the times of the blocks wander by microseconds, as those of a real clock do."""
    wander = np.random.default_rng(1).normal(0, 20_000, len(ecg_uv) // _BLOCK + 1).cumsum()
    settings = RecorderSettings(segment_s=2 * _LONGEST_S, sync_every_s=60.0, tidy_every_s=1e9)
    recorder = Recorder(folder, fs_hz, tuple(f"lead {i}" for i in range(ecg_uv.shape[1])), settings)
    for i, first in enumerate(range(0, len(ecg_uv), _BLOCK)):
        start_ns = 1_790_000_000 * NS_PER_S + round(first * NS_PER_S / fs_hz + wander[i])
        recorder.append(PlacedBlock(first, start_ns, ecg_uv[first : first + _BLOCK]))
    recorder.close()
    return segments(folder)[0]


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _mitdb(data: Path, n_leads: int, fs_hz: int) -> Iterator[Microvolts]:
    for name in _MITDB:
        record = wfdb.rdrecord(str(data / "mitdb" / name), channels=list(range(n_leads)))
        yield _resampled(record.p_signal, record.fs, fs_hz)


def _three_leads(data: Path, fs_hz: int) -> Iterator[Microvolts]:
    """Ten-second records one after the other, up to an hour."""
    pieces = []
    for header in sorted((data / "ludb").rglob("*.hea"), key=lambda path: path.stem.zfill(4)):
        record = wfdb.rdrecord(str(header.with_suffix("")), channel_names=list(_LUDB_LEADS))
        pieces.append(_resampled(record.p_signal, record.fs, fs_hz))
        if sum(map(len, pieces)) > _LONGEST_S * fs_hz:
            break
    yield np.concatenate(pieces)


def _resampled(ecg_mv: npt.NDArray[np.float64], from_hz: float, to_hz: int) -> Microvolts:
    resampled = ecg_mv if from_hz == to_hz else resample_poly(ecg_mv, to_hz, round(from_hz), axis=0)
    return np.round(resampled * 1000).astype(np.int32).clip(-32767, 32767)


if __name__ == "__main__":
    sys.exit(main())
