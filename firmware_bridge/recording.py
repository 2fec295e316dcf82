"""A recorded ECG as the rest of the bridge sees it, whatever its file format."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

_MOST_UV = 2**31 - 1
_READ_AHEAD_SAMPLES = 65_536
_UV_PER_UNIT = {"nv": 1e-3, "uv": 1.0, "µv": 1.0, "μv": 1.0, "mv": 1e3, "v": 1e6}


class RecordingError(Exception):
    """The recording cannot be used; one line that names the file."""

    for_user = True


@dataclass(frozen=True, slots=True, eq=False)
class RecordingBlock:
    """Consecutive samples from sample `start` on: microvolts and validity, both `[n, leads]`.

    An invalid sample repeats the last valid one of its lead (0 before the first).
    """

    start: int
    uv: npt.NDArray[np.int32]
    valid: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """An open recording; samples are read when asked for, so that length costs no memory.

    `base_time_utc` is the header's time of the first sample, read as UTC since neither format has a zone.
    `read_uv(start, stop)` gives microvolts `[stop - start, leads]`, NaN where invalid.
    """

    name: str
    fs_hz: float
    leads: tuple[str, ...]
    n_samples: int
    base_time_utc: datetime | None
    read_uv: Callable[[int, int], npt.NDArray[np.float64]]

    def blocks(self, n: int) -> Iterator[RecordingBlock]:
        """The whole recording in blocks of `n` samples (the last may be shorter).

        Raises:
            RecordingError: the file cannot be read on.
        """
        held = np.zeros(len(self.leads))
        for start in range(0, self.n_samples, ahead := max(1, _READ_AHEAD_SAMPLES // n) * n):
            uv = self.read_uv(start, min(start + ahead, self.n_samples))
            valid = np.abs(uv) <= _MOST_UV
            filled = _hold_last_valid(uv, valid, held)
            held = filled[-1]
            counts = np.rint(filled).astype(np.int32)
            for at in range(0, len(uv), n):
                yield RecordingBlock(start + at, counts[at : at + n], valid[at : at + n])


def _hold_last_valid(
    uv: npt.NDArray[np.float64], valid: npt.NDArray[np.bool_], held: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    if valid.all():
        return uv
    rows = np.where(valid, np.arange(1, len(uv) + 1)[:, None], 0)
    last_valid = np.maximum.accumulate(rows, axis=0)
    padded: npt.NDArray[np.float64] = np.vstack([held, uv])
    return np.take_along_axis(padded, last_valid, axis=0)


def chosen_signals(path: object, labels: Sequence[str], signals: Sequence[int] | None) -> list[int]:
    """The numbers asked for; without any, the signals named ECG or EKG, and where there are none, all.

    Raises:
        RecordingError: no such signal.
    """
    if not labels:
        raise RecordingError(f"{path}: holds no signal")
    if not signals:
        named = [i for i, label in enumerate(labels) if label.upper().startswith(("ECG", "EKG"))]
        return named or list(range(len(labels)))
    for signal in signals:
        if not 0 <= signal < len(labels):
            listing = ", ".join(f"{i} {label}" for i, label in enumerate(labels))
            raise RecordingError(f"{path}: no signal {signal}; there are: {listing}")
    return list(signals)


def uv_per_unit(path: object, label: str, unit: str | None) -> float:
    """Microvolts in one `unit`.

    Raises:
        RecordingError: not a unit of voltage.
    """
    factor = _UV_PER_UNIT.get((unit or "").strip().lower())
    if factor is None:
        raise RecordingError(f"{path}: the unit of signal {label} is {unit!r}, not a voltage; choose signals")
    return factor


def one_rate(path: object, labels: Sequence[str], rates_hz: Sequence[float]) -> float:
    """The rate that all signals share.

    Raises:
        RecordingError: they have more than one.
    """
    if len(set(rates_hz)) > 1:
        listing = ", ".join(f"{label} {rate:g} Hz" for label, rate in zip(labels, rates_hz, strict=True))
        raise RecordingError(f"{path}: signals of different rate ({listing}); choose signals of one rate")
    if not rates_hz[0] > 0:
        raise RecordingError(f"{path}: the sampling rate is {rates_hz[0]:g} Hz")
    return rates_hz[0]
