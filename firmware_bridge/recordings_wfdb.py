"""WFDB records through the `wfdb` package, also of several segments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import wfdb

from firmware_bridge.recording import Recording, RecordingError, chosen_signals, one_rate, uv_per_unit

_BYTES_PER_SAMPLE = {"8": 1, "16": 2, "24": 3, "32": 4, "61": 2, "80": 1, "160": 2, "212": 1.5}
_READ_ERRORS = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, OSError)


def open_wfdb(record: Path, signals: Sequence[int] | None) -> Recording:
    """Open a record by its path without extension.

    Raises:
        RecordingError: see `open_recording`.
    """
    header = _header(record)
    labels = [str(label) for label in header.sig_name or ()]
    chosen = chosen_signals(record, labels, signals)
    leads = tuple(labels[i] for i in chosen)
    described = _described_segment(record, header)
    frames = [_of(described, "samps_per_frame", labels[i]) for i in chosen]
    per_frame = int(one_rate(record, leads, [header.fs * n for n in frames]) / header.fs)
    scale_uv = np.array([uv_per_unit(record, labels[i], _of(described, "units", labels[i])) for i in chosen])
    return Recording(
        name=record.name,
        fs_hz=float(header.fs * per_frame),
        leads=leads,
        n_samples=_n_frames(record, header) * per_frame,
        base_time_utc=_base_time_utc(header),
        read_uv=_Signals(record, chosen, per_frame, scale_uv).read_uv,
    )


def _header(record: Path) -> Any:
    file = Path(f"{record}.hea")
    if record.is_file():
        raise RecordingError(f"{record}: neither a WFDB record nor an EDF file")
    if not file.is_file():
        raise RecordingError(f"{file}: there is no such recording")
    try:
        header = wfdb.rdheader(str(record), rd_segments=True)
        if isinstance(header, wfdb.MultiRecord):
            header.sig_name = header.get_sig_name()
    except _READ_ERRORS as error:
        raise RecordingError(f"{file}: the header is damaged: {_one_line(error)}") from error
    if not header.fs or header.fs <= 0:
        raise RecordingError(f"{file}: the header gives no sampling rate")
    return header


def _segments(header: Any) -> list[Any]:
    if not isinstance(header, wfdb.MultiRecord):
        return [header]
    return [segment for segment in header.segments if segment is not None]


def _described_segment(record: Path, header: Any) -> dict[str, dict[str, Any]]:
    """Unit and samples per frame of each signal, from the first segment that has it."""
    described: dict[str, dict[str, Any]] = {"units": {}, "samps_per_frame": {}}
    for segment in _segments(header):
        for i, label in enumerate(segment.sig_name or ()):
            for field, found in described.items():
                found.setdefault(str(label), getattr(segment, field)[i])
    if not described["units"]:
        raise RecordingError(f"{record}: holds no signal")
    return described


def _of(described: dict[str, dict[str, Any]], field: str, label: str) -> Any:
    return described[field].get(label)


def _n_frames(record: Path, header: Any) -> int:
    """Frames as the header says, after a look whether the signal files are as long."""
    for segment in _segments(header):
        for name in set(segment.file_name or ()) - {"~", None}:
            _check_length(record.parent / name, segment, name)
    if not header.sig_len:
        raise RecordingError(f"{record}.hea: the header gives no length")
    return int(header.sig_len)


def _check_length(file: Path, segment: Any, name: str) -> None:
    if not file.is_file():
        raise RecordingError(f"{file}: the signal file is missing")
    members = [i for i, other in enumerate(segment.file_name) if other == name]
    size = _BYTES_PER_SAMPLE.get(segment.fmt[members[0]])
    if size is None or not segment.sig_len:
        return
    per_frame = sum(segment.samps_per_frame[i] for i in members)
    held = int((file.stat().st_size - (segment.byte_offset[members[0]] or 0)) / size / per_frame)
    if held < segment.sig_len:
        raise RecordingError(f"{file}: cut short, {held} of {segment.sig_len} samples are there")


@dataclass(frozen=True, slots=True, eq=False)
class _Signals:
    """What to read of a record, and how."""

    record: Path
    chosen: list[int]
    per_frame: int
    scale_uv: npt.NDArray[np.float64]

    def read_uv(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        first, last = start // self.per_frame, -(-stop // self.per_frame)
        smooth = self.per_frame == 1
        try:
            read = wfdb.rdrecord(
                str(self.record), sampfrom=first, sampto=last, channels=self.chosen, smooth_frames=smooth
            )
        except _READ_ERRORS as error:
            raise RecordingError(
                f"{self.record}: unreadable at sample {start}: {_one_line(error)}"
            ) from error
        physical = read.p_signal if smooth else np.column_stack(read.e_p_signal)
        offset = start - first * self.per_frame
        uv: npt.NDArray[np.float64] = physical[offset : offset + stop - start] * self.scale_uv
        return uv


def _base_time_utc(header: Any) -> datetime | None:
    if header.base_date is None or header.base_time is None:
        return None
    return datetime.combine(header.base_date, header.base_time, UTC)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
