"""What the annotators of MIT-BIH say of twelve seconds: which questions these seconds answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import wfdb

from edge.labels import AAMI_CLASS_OF_SYMBOL
from export.evaluation.annotations import Mark, read_annotations

HALF_S: Final = 6.0
_CLEAN_S, _TURN_S = 300, 120  # of the noise stress records
_PAUSE_S, _SLOW_BPM, _FAST_BPM, _FEWEST_BEATS = 2.0, 50, 100, 6
_NOISY_FIRST_SIGNAL: Final = 0x11  # bits 0 and 4 of a quality mark's subtype: noisy, unreadable


@dataclass(frozen=True, slots=True)
class Truth:
    """Beats of a window as `(seconds, class)`, and how long each rhythm and the noise last in it."""

    beats: tuple[tuple[float, str], ...]
    rhythm_s: dict[str, float]
    noisy_s: float

    @property
    def classes(self) -> str:
        """One letter a beat."""
        return "".join(name for _, name in self.beats)

    @property
    def rr_s(self) -> list[float]:
        """Intervals between neighbouring beats."""
        return [b - a for (a, _), (b, _) in pairwise(self.beats)]

    @property
    def rate_bpm(self) -> float | None:
        """Mean rate; None with too few beats."""
        return 60 * len(self.rr_s) / sum(self.rr_s) if len(self.beats) >= _FEWEST_BEATS else None


Relevant = Callable[[Truth], bool]


def is_ventricular_run(truth: Truth) -> bool:
    """Three ventricular beats in a row, or flutter of the ventricles."""
    return "VVV" in truth.classes or truth.rhythm_s.get("(VFL", 0) > 1


def is_fibrillation(truth: Truth) -> bool:
    """At least half of the window."""
    return truth.rhythm_s.get("(AFIB", 0) >= HALF_S


def has_premature(truth: Truth) -> bool:
    """At least one supraventricular ectopic beat."""
    return "S" in truth.classes


def has_pause(truth: Truth) -> bool:
    """An interval of two seconds."""
    return max(truth.rr_s, default=0.0) >= _PAUSE_S


def is_slow(truth: Truth) -> bool:
    """Below 50 a minute."""
    return truth.rate_bpm is not None and truth.rate_bpm < _SLOW_BPM


def is_fast(truth: Truth) -> bool:
    """Above 100 a minute."""
    return truth.rate_bpm is not None and truth.rate_bpm > _FAST_BPM


def is_noisy(truth: Truth) -> bool:
    """A quarter of the window and more."""
    return truth.noisy_s >= HALF_S / 2


def is_normal(truth: Truth) -> bool:
    """Sinus rhythm, normal beats alone, 50 to 100 a minute, no noise."""
    plain = set(truth.classes) == {"N"} and truth.rhythm_s.get("(N", 0) >= 2 * HALF_S - 1
    return plain and not (is_slow(truth) or is_fast(truth) or has_pause(truth)) and truth.noisy_s == 0


@cache
def truth_at(record: Path, middle_s: float) -> Truth:
    """What is annotated in the window around a time of a record."""
    first_s, stop_s = middle_s - HALF_S, middle_s + HALF_S
    fs_hz, marks = _marks(record)
    classes = {symbol: str(name) for symbol, name in AAMI_CLASS_OF_SYMBOL.items()} | {"!": "V"}
    inside = [mark for mark in marks if first_s <= mark.sample / fs_hz < stop_s]
    beats = tuple((mark.sample / fs_hz, classes[mark.symbol]) for mark in inside if mark.symbol in classes)
    rhythm_s = _lengths(marks, fs_hz, first_s, stop_s, _rhythm)
    noisy_s = _lengths(marks, fs_hz, first_s, stop_s, _quality).get("noisy", 0.0)
    return Truth(beats, rhythm_s, noisy_s + _added_noise_s(record, first_s, stop_s))


def _rhythm(mark: Mark) -> str | None:
    note = mark.aux.rstrip("\x00").strip()
    return note if re.match(r"\([A-Z]", note) else None


def _quality(mark: Mark) -> str | None:
    if mark.symbol != "~":
        return None
    return "noisy" if mark.subtype == -1 or mark.subtype & _NOISY_FIRST_SIGNAL else "clean"


def _lengths(
    marks: list[Mark], fs_hz: float, first_s: float, stop_s: float, name_of: Callable[[Mark], str | None]
) -> dict[str, float]:
    """Seconds of the window under each name; a name holds until the next one."""
    turns = [(mark.sample / fs_hz, name) for mark in marks if (name := name_of(mark))]
    lengths: dict[str, float] = {}
    for (begins_s, name), (ends_s, _) in pairwise([*turns, (float("inf"), "")]):
        inside_s = min(ends_s, stop_s) - max(begins_s, first_s)
        if inside_s > 0:
            lengths[name] = lengths.get(name, 0.0) + inside_s
    return lengths


def _added_noise_s(record: Path, first_s: float, stop_s: float) -> float:
    """The noise stress records: two minutes with and two without, from minute five on."""
    if record.parent.name != "nstdb":
        return 0.0
    seconds = range(round(first_s), round(stop_s))
    return float(sum(second >= _CLEAN_S and (second - _CLEAN_S) // _TURN_S % 2 == 0 for second in seconds))


@cache
def _marks(record: Path) -> tuple[float, list[Mark]]:
    fs_hz = float(wfdb.rdheader(str(record)).fs)
    return fs_hz, list(read_annotations(record.with_name(f"{record.name}.atr"), fs_hz).marks())
