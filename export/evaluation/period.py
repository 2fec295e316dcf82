"""Which part of a record is scored, and how far apart two beats may lie."""

from dataclasses import dataclass, replace
from typing import Final

from edge.errors import UserError
from export.evaluation.annotations import AnnotatedRecord

LEARNING_S: Final = 300.0
"""EC57: the first five minutes are for learning, and are not scored."""

MATCH_WINDOW_MS: Final = 150.0
"""EC57: beats up to 150 ms apart are the same beat."""


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of the reference tools (-f, -t, -w, -i, -x); any other value is not a standard comparison.

    `stop_s` None is the end of the record, 0 where the shorter annotation file ends. `excludes_flutter`
    is the rule of EC38:1998: test AF during reference atrial flutter is not counted against +P. Without
    it (EC38:2007, EC57) all of the detector's AF counts.
    """

    start_s: float = LEARNING_S
    stop_s: float | None = None
    window_ms: float = MATCH_WINDOW_MS
    shortest_episode_s: float = 0.0
    excludes_flutter: bool = False

    @property
    def is_nonstandard(self) -> bool:
        """Whether the reference tools would warn; the rule for flutter is a choice between standards."""
        return replace(self, excludes_flutter=False) != STANDARD


STANDARD: Final = Options()


@dataclass(frozen=True, slots=True)
class Period:
    """Options in samples of one record; `stop` None is the last reference annotation."""

    start: int
    stop: int | None
    window: int
    second: int

    @property
    def last(self) -> float:
        """Sample after which no run or episode starts."""
        return self.stop or float("inf")


def period_of(record: AnnotatedRecord, options: Options = STANDARD) -> Period:
    """The scored part; raises UserError where the record ends before it starts."""
    stop = record.n_samples if options.stop_s is None else samples(options.stop_s, record.fs_hz)
    start = samples(options.start_s, record.fs_hz)
    if stop and stop < start:
        raise UserError(
            f"{record.name}: scoring ends at {stop / record.fs_hz:g} s, before it starts"
            f" ({options.start_s:g} s, see --start-s)"
        )
    return Period(start, stop, samples(options.window_ms / 1000, record.fs_hz), samples(1.0, record.fs_hz))


def samples(duration_s: float, fs_hz: float) -> int:
    """The nearest sample, halves up."""
    return int(duration_s * fs_hz + 0.5)
