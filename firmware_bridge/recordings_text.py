"""ECG as text: Apple Health's `ecg_*.csv`, and tables with one column a lead, all read into memory."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from firmware_bridge.recording import Recording, RecordingError, chosen_signals, uv_per_unit

_NUMBER: Final = re.compile(r"^[-+]?\d+(?:[.,]\d+)?$")
_HERTZ: Final = re.compile(
    r"(\d+(?:[.,]\d+)?)\s*(?:hertz|hz|赫兹|赫茲|ヘルツ|헤르츠|герц|гц|הרץ|هرتز)", re.IGNORECASE
)
_WHEN: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) ([+-]\d{4})")
_LEAD: Final = re.compile(r"(?:^|[\s,\"])(I{1,3}|aV[RLF]|V[1-6])\"?\s*$", re.MULTILINE)
_UNIT: Final = re.compile(r"[(\[]\s*(\w+)\s*[)\]]")
_TIME: Final = re.compile(r"^(?:time|t|timestamp|elapsed|seconds|millis|micros|ms|us|s)\b", re.IGNORECASE)
_TIME_UNIT_S: Final = {"ms": 1e-3, "millis": 1e-3, "us": 1e-6, "µs": 1e-6, "micros": 1e-6}
_UNITS_OF_TIME: Final = {"s", "sec", "ms", "us", "µs"}  # of a column with a name in any language
_MOST_UNEVEN: Final = 0.2  # of a period; a step that is longer is a gap
_MOST_ROWS: Final = 50_000_000  # of a table, which is read into memory with its gaps


@dataclass(frozen=True, slots=True)
class TableFormat:
    """What a table does not say itself: its rate, where it has no column of times, and its unit."""

    fs_hz: float | None = None
    unit: str = "mV"


def open_text(path: Path, signals: Sequence[int] | None, table: TableFormat) -> Recording:
    """Open one file.

    Raises:
        RecordingError: see `open_recording`; also for a table without a rate, or with times out of order.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise RecordingError(f"{path}: there is no such recording") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read as text: {error}") from None
    while lines and not lines[-1].strip():
        lines.pop()
    first = _first_of_last_column(lines)
    rate = _HERTZ.search("\n".join(lines[:first]))
    return _apple(path, lines, first, rate[1]) if rate else _table(path, lines, signals, table)


def _first_of_last_column(lines: Sequence[str]) -> int:
    """Where the last run of lines that are one number each begins."""
    first = len(lines)
    while first and _NUMBER.match(lines[first - 1].strip()):
        first -= 1
    return first


def _apple(path: Path, lines: Sequence[str], first: int, rate: str) -> Recording:
    """One lead in microvolts; header words and decimal comma are those of the phone's language."""
    head = "\n".join(line.strip() for line in lines[:first])
    if first == len(lines):
        raise RecordingError(f"{path}: a header without samples")
    values = np.array([float(line.strip().replace(",", ".")) for line in lines[first:]])
    lead, when = _LEAD.search(head), _WHEN.search(head)
    at = datetime.strptime(f"{when[1]} {when[2]}", "%Y-%m-%d %H:%M:%S %z").astimezone(UTC) if when else None
    factor = 1000.0 if re.search(r",\s*mV\b", head) else 1.0
    return _recording(
        path, float(rate.replace(",", ".")), (lead[1] if lead else "I",), values[:, None] * factor, at
    )


def _table(path: Path, lines: Sequence[str], signals: Sequence[int] | None, table: TableFormat) -> Recording:
    separator = next((mark for mark in (";", "\t", ",") if lines and mark in lines[0]), ",")
    rows = [[cell.strip().strip('"') for cell in line.split(separator)] for line in lines if line.strip()]
    names = _names(rows)
    values = _values(path, rows[1:] if names else rows, decimal="," if separator == ";" else ".")
    names = names or [f"signal {i}" for i in range(values.shape[1])]
    times = [i for i, name in enumerate(names) if _TIME.match(name) or _unit_of(name, "") in _UNITS_OF_TIME][
        :1
    ]
    columns = [i for i in range(values.shape[1]) if i not in times]
    columns = [columns[i] for i in chosen_signals(path, [names[i] for i in columns], signals)]
    scale = np.array([uv_per_unit(path, names[i], _unit_of(names[i], table.unit)) for i in columns])
    leads = tuple(_UNIT.sub("", names[i]).strip() for i in columns)
    if times:
        fs_hz, values = _evenly(path, values, values[:, times[0]] * _seconds_in(names[times[0]]))
    elif table.fs_hz is None:
        raise RecordingError(f"{path}: no column of times: give its rate (fs=, --fs)")
    else:
        fs_hz = table.fs_hz
    return _recording(path, fs_hz, leads, values[:, columns] * scale, None)


def _names(rows: Sequence[Sequence[str]]) -> list[str]:
    """The first row where it is no row of numbers."""
    return list(rows[0]) if rows and not any(_NUMBER.match(cell) for cell in rows[0]) else []


def _values(path: Path, rows: Sequence[Sequence[str]], decimal: str) -> npt.NDArray[np.float64]:
    """Empty cells are NaN."""
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise RecordingError(f"{path}: row {number} has {len(row)} columns, the first has {width}")
    try:
        cells = [[float(cell.replace(decimal, ".")) if cell else np.nan for cell in row] for row in rows]
    except ValueError as error:
        raise RecordingError(f"{path}: {error}") from None
    if not cells:
        raise RecordingError(f"{path}: holds no samples")
    return np.array(cells)


def _unit_of(name: str, default: str) -> str:
    found = _UNIT.search(name)
    return found[1] if found else default


def _seconds_in(name: str) -> float:
    """Of one unit of a column of times, by its name."""
    words = re.findall(r"\w+", name.lower())
    return next((_TIME_UNIT_S[word] for word in words if word in _TIME_UNIT_S), 1.0)


def _evenly(
    path: Path, values: npt.NDArray[np.float64], at_s: npt.NDArray[np.float64]
) -> tuple[float, npt.NDArray[np.float64]]:
    """The rate, and the rows on its grid; a row that is missing is NaN."""
    steps_s = np.diff(at_s)
    if not len(steps_s) or not np.isfinite(steps_s).all() or (steps_s <= 0).any():
        raise RecordingError(f"{path}: the column of times does not rise from row to row")
    period_s = float(np.mean(steps_s[steps_s < 1.5 * np.median(steps_s)]))
    if at_s[-1] - at_s[0] > _MOST_ROWS * period_s:
        at = int(np.argmax(steps_s)) + 1
        raise RecordingError(f"{path}: rows {at} and {at + 1} are {steps_s[at - 1]:.4g} s apart: divide it")
    place = np.rint((at_s - at_s[0]) / period_s).astype(np.int64)
    uneven = np.abs(steps_s / period_s - np.rint(steps_s / period_s))
    if float(np.median(uneven)) > _MOST_UNEVEN or (np.diff(place) < 1).any():
        raise RecordingError(f"{path}: its samples are not evenly spaced; resample it first")
    grid = np.full((int(place[-1]) + 1, values.shape[1]), np.nan)
    grid[place] = values
    return 1 / period_s, grid


def _recording(
    path: Path, fs_hz: float, leads: tuple[str, ...], uv: npt.NDArray[np.float64], at: datetime | None
) -> Recording:
    return Recording(path.stem, fs_hz, leads, len(uv), at, partial(_part, uv))


def _part(uv: npt.NDArray[np.float64], start: int, stop: int) -> npt.NDArray[np.float64]:
    return uv[start:stop]
