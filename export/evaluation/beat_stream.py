"""The beats of one annotator, each with what is known of flutter and unreadable signal once it is read."""

from dataclasses import dataclass, replace
from typing import Final

from export.evaluation.annotations import BEAT_SYMBOLS, Annotations, Mark
from export.evaluation.period import Period

FAR: Final = 2**63 - 1
"""Sample of the beat that stands for the end of the file."""

NO_BEAT: Final = "*"
"""Label that is never counted."""

_CLASSES: Final = {"NLRB": "N", "JASajne": "S", "VEr": "V", "F": "F", "Q/f?": "Q"}
_LABELS: Final = {symbol: label for symbols, label in _CLASSES.items() for symbol in symbols}
_UNSET: Final = -1


@dataclass(frozen=True, slots=True)
class Interval:
    """From `on` to `off`, both in samples and -1 until they are read."""

    on: int = _UNSET
    off: int = _UNSET

    def holds(self, sample: int) -> bool:
        """Whether the sample lies in it; without an end it goes on for ever."""
        return self.on != _UNSET and self.on <= sample and (sample <= self.off or self.off == _UNSET)

    def begins_between(self, first: int, last: int) -> bool:
        """Whether it starts from `first` on and before `last`."""
        return first <= self.on < last


@dataclass(frozen=True, slots=True)
class Known:
    """The last two stretches of flutter and of unreadable signal that were read, the newest first."""

    flutter: tuple[Interval, Interval] = (Interval(), Interval())
    shutdown: tuple[Interval, Interval] = (Interval(), Interval())
    shutdown_samples: int = 0

    def separates(self, first: int, last: int) -> bool:
        """Whether flutter or unreadable signal makes the RR interval between two beats meaningless."""
        return any(stretch.begins_between(first, last) for stretch in self.flutter + self.shutdown)

    def in_flutter(self, sample: int) -> bool:
        """Whether the sample lies in ventricular flutter or fibrillation."""
        return any(stretch.holds(sample) for stretch in self.flutter)

    def in_shutdown(self, sample: int) -> bool:
        """Whether the signal is unreadable there."""
        return any(stretch.holds(sample) for stretch in self.shutdown)


@dataclass(frozen=True, slots=True)
class Beat:
    """A beat: AAMI label (O: a flutter wave outside flutter), RR interval before it in samples (0: none)."""

    sample: int
    label: str
    rr: int
    known: Known


def beat_stream(annotations: Annotations, period: Period, *, is_reference: bool) -> list[Beat]:
    """All beats, with one at sample 0 before them that has no label, and one at FAR after them."""
    marks = list(annotations.marks())
    end = FAR if is_reference else None
    beats = [Beat(0, "", 0, Known())]
    known = Known()
    position = 0
    while position < len(marks):
        mark = marks[position]
        position += 1
        if mark.symbol in BEAT_SYMBOLS:
            beats.append(_beat(mark.sample, _LABELS.get(mark.symbol, "O"), beats[-1], known))
        elif mark.starts_shutdown:
            known, position = _read_shutdown(marks, position, beats[-1].sample, known, period, end)
        elif mark.symbol == "[":
            known, position = _read_flutter(marks, position, known)
    return [*beats, _beat(FAR, NO_BEAT, beats[-1], known)]


def _beat(sample: int, label: str, previous: Beat, known: Known) -> Beat:
    is_interval = previous.sample != 0 and sample != FAR and not known.separates(previous.sample, sample)
    return Beat(sample, label, sample - previous.sample if is_interval else 0, known)


def _read_flutter(marks: list[Mark], position: int, known: Known) -> tuple[Known, int]:
    """Skip what lies in flutter; `position` is behind its start."""
    newest = known.flutter[0]
    flutter = Interval(marks[position - 1].sample, newest.off)
    while position < len(marks) and marks[position].symbol != "]":
        position += 1
    if position < len(marks):
        flutter = Interval(flutter.on, marks[position].sample)
    return replace(known, flutter=(flutter, newest)), position + 1


def _read_shutdown(
    marks: list[Mark], position: int, last_beat: int, known: Known, period: Period, end: int | None
) -> tuple[Known, int]:
    """Unreadable signal up to the mark that ends it; `position` is behind the mark that starts it.

    A single mark stands in the middle of it (AHA database): then it lasts from one match window after the
    last beat or flutter to one before the next annotation. What has no end at all lasts to `end`; where
    that is None, as for test annotations, the reference tool has it end where the stretch before it did.
    """
    newest = known.shutdown[0]
    on = marks[position - 1].sample
    if position == len(marks):
        open_ended = Interval(on, newest.off if end is None else end)
        tail = period.stop - on if period.stop else 0
        return _with_shutdown(known, open_ended, tail), position
    following = marks[position]
    if following.ends_shutdown:
        stretch, position = Interval(on, following.sample), position + 1
    else:
        off = following.sample - period.window
        on = max(known.flutter[0].off, last_beat) + period.window
        stretch = Interval(min(on, off), off)
    return _with_shutdown(known, stretch, stretch.off - stretch.on), position


def _with_shutdown(known: Known, stretch: Interval, samples: int) -> Known:
    tally = known.shutdown_samples + samples
    return replace(known, shutdown=(stretch, known.shutdown[0]), shutdown_samples=tally)
