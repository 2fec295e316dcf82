"""The runs of one annotator, and the longest run of the other one in the window of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from export.evaluation.annotations import Mark
from export.evaluation.period import Period
from export.evaluation.run_labels import OTHER, run_labels

LONGEST: Final = 6
"""Six beats and more are not told apart; fibrillation is a run of that length."""

_UNKNOWN_BEAT: Final = "Q"


@dataclass(frozen=True, slots=True)
class Kind:
    """Labels of beats in a run and of what ends it; fibrillation's start, end, and that of the other kind."""

    members: frozenset[str]
    enders: frozenset[str]
    opens: str
    closes: str
    other_opens: str


V: Final = Kind(frozenset("VF"), frozenset("NQUS"), "[", "]", "{")
S: Final = Kind(frozenset("S"), frozenset("NQUVF"), "{", "}", "[")


@dataclass(frozen=True, slots=True)
class Run:
    """Length in beats (up to LONGEST) and the window in samples, both ends in it."""

    length: int
    start: int
    stop: int


def own_runs(marks: Sequence[Mark], kind: Kind, period: Period) -> tuple[list[Run], Mark | None]:
    """Runs that end in the scored period, and the mark where reading stopped.

    The reference tool takes that mark, at sample 0, for the first of the file when it reads it again.
    """
    tracker = _Tracker(kind, period.window)
    labels = run_labels(marks)
    first = next((i for i, mark in enumerate(marks) if mark.sample >= period.start), len(marks))
    is_empty = not tracker.learn(labels[:first], period.start) and first == len(marks)
    if is_empty:
        return [], marks[-1] if marks else None
    body = list(zip(marks[first:], labels[first:], strict=True))
    for i, (mark, label) in enumerate(body or [_again(marks[-1], labels[-1])]):
        if i and mark.sample > period.last:
            return tracker.runs, mark
        tracker.read(mark.sample, label)
    last = marks[-1]
    if not tracker.length:
        return tracker.runs, last
    if last.sample <= period.last:
        tracker.read(last.sample, _UNKNOWN_BEAT)
    return tracker.runs, last._replace(symbol=_UNKNOWN_BEAT)


def _again(mark: Mark, label: str) -> tuple[Mark, str]:
    """A mark that is read twice: a beat is the same beat, all else has no effect the second time."""
    return mark, label if label in "NSVFQ" else OTHER


@dataclass(slots=True)
class _Tracker:
    """The run in progress (length 0: none) and the runs that ended."""

    kind: Kind
    window: int
    length: int = 0
    start: int = 0
    stop: int = 0
    runs: list[Run] = field(default_factory=list)

    def learn(self, labels: Sequence[str], start: int) -> bool:
        """Fibrillation that goes on when scoring starts is a run; True if any started or ended before."""
        changes = [label for label in labels if label in {self.kind.opens, "]", "}"}]
        if changes and changes[-1] == self.kind.opens:
            self.length, self.start, self.stop = LONGEST, start - self.window, start + self.window
        return bool(changes)

    def read(self, sample: int, label: str) -> None:
        if label in self.kind.members:
            self._extend(sample)
        elif self.length and label in self.kind.enders:
            self.runs.append(Run(self.length, self.start, self.stop))
            self.length = 0
        elif self.length and label == self.kind.closes:
            self.stop = sample + self.window
        elif not self.length and label == self.kind.opens:
            self.length, self.start = LONGEST, sample - self.window

    def _extend(self, sample: int) -> None:
        if not self.length:
            self.start = sample - self.window
        self.length = min(LONGEST, self.length + 1)
        self.stop = sample + self.window


def longest_runs(marks: Sequence[Mark], windows: Sequence[Run], kind: Kind) -> list[int]:
    """Length of the longest run in each window; what an earlier window has read is not read again."""
    search = _Search(marks, run_labels(marks), kind)
    return [search.longest(window.start, window.stop) for window in windows]


@dataclass(slots=True)
class _Search:
    """A position in a file that is read once; `fibrillates_until` None is to its end."""

    marks: Sequence[Mark]
    labels: list[str]
    kind: Kind
    position: int = 0
    fibrillates_until: int | None = 0

    def longest(self, start: int, stop: int) -> int:
        if self.fibrillates_until is None or self.fibrillates_until > start:
            return LONGEST
        while self.position < len(self.marks) and self.marks[self.position].sample < start:
            if self.labels[self.position] == self.kind.opens and self._pass_fibrillation(start):
                return LONGEST
            self.position += 1
        return self._count(stop)

    def _count(self, stop: int) -> int:
        """Longest unbroken run up to `stop`."""
        length = longest = 0
        while self.position < len(self.marks) and self.marks[self.position].sample <= stop:
            label = self.labels[self.position]
            if label == self.kind.opens:
                self._pass_fibrillation(-1)
                return LONGEST
            if label in self.kind.members:
                length = min(LONGEST, length + 1)
            elif label in self.kind.enders or label == self.kind.other_opens:
                length = 0
            longest = max(longest, length)
            self.position += 1
        return longest

    def _pass_fibrillation(self, start: int) -> bool:
        """Go to its end; True if that lies behind `start`."""
        while self.position + 1 < len(self.marks):
            self.position += 1
            if self.labels[self.position] in {self.kind.closes, self.kind.other_opens, "U"}:
                return self._end_fibrillation(start)
        self.fibrillates_until = None
        return True

    def _end_fibrillation(self, start: int) -> bool:
        self.labels[self.position] = OTHER
        end = self.marks[self.position].sample
        if end <= start:
            return False
        self.fibrillates_until = end
        return True
