"""Beat by beat: each reference beat, and what the detector made of it.

The rules are those of the reference tool `bxb`: beats at most a match window apart are one beat, unless
the next beat of either annotator is the nearer one; a beat without a partner is paired with `O`, or with
`X` where the other annotator says that the signal is unreadable; a test beat inside reference ventricular
flutter or fibrillation is not counted at all.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from export.evaluation.annotations import AnnotatedRecord
from export.evaluation.beat_stream import FAR, NO_BEAT, Beat, beat_stream
from export.evaluation.figures import Ratio
from export.evaluation.period import STANDARD, Options, Period, period_of, samples

BEATS: Final = "NSVFQ"
"""AAMI classes of beats; e and j count as S, as they do in the reference tool."""


@dataclass(frozen=True, slots=True)
class BeatScore:
    """Pairs by label, e.g. `Vn`: reference V, test N; O is no beat, X no beat in unreadable signal."""

    counts: Mapping[str, int]
    rr_error_ms: float | None
    shutdown_s: int

    def count(self, reference: str, test: str) -> int:
        """Pairs with any of these reference labels and any of these test labels."""
        return sum(self.counts.get(r + t, 0) for r in reference for t in test)


def score_beats(record: AnnotatedRecord, options: Options = STANDARD) -> BeatScore:
    """Compare both annotators of a record; the RR error is the root of the mean square."""
    period = period_of(record, options)
    reference = beat_stream(record.reference, period, is_reference=True)
    test = beat_stream(record.test, period, is_reference=False)
    walk = _Walk(reference, test, period)
    pairs = list(walk.pairs())
    counts = Counter(pair.label for pair in pairs if pair.is_counted)
    shutdown = walk.next_test.known.shutdown_samples + samples(0.5, record.fs_hz)
    return BeatScore(dict(counts), _rr_error_ms(pairs, period), math.trunc(shutdown / period.second))


def detections(score: BeatScore) -> tuple[Ratio, Ratio]:
    """Sensitivity and positive predictivity for beats of any kind."""
    found = score.count(BEATS, "nsvfq")
    return (
        Ratio(found, found + score.count(BEATS, "ox")),
        Ratio(found, found + score.count("OX", "nsvfq")),
    )


def ventricular(score: BeatScore) -> tuple[Ratio, Ratio, Ratio]:
    """Sensitivity, positive predictivity, false positive rate; F or Q called V is not held against it."""
    found, false = score.count("V", "v"), score.count("NSOX", "v")
    negative = score.count("NSFQOX", "nsfq")
    return (
        Ratio(found, score.count("V", "nsvfqox")),
        Ratio(found, found + false),
        Ratio(false, negative + false),
    )


def supraventricular(score: BeatScore) -> tuple[Ratio, Ratio]:
    """Sensitivity and positive predictivity; Q called S is not held against it."""
    found = score.count("S", "s")
    return Ratio(found, score.count("S", "nsvfqox")), Ratio(found, score.count("NSVFOX", "s"))


@dataclass(frozen=True, slots=True)
class _Pair:
    reference: str
    test: str
    reference_rr: int
    test_rr: int

    @property
    def label(self) -> str:
        return self.reference + self.test.lower()

    @property
    def is_counted(self) -> bool:
        is_beat = self.reference in {*BEATS} or self.test in {*BEATS}
        return is_beat and NO_BEAT not in self.label and len(self.label) == len("Nn")


@dataclass(slots=True)
class _Walk:
    """Both streams side by side: where the comparison stands, and the beats there."""

    reference_beats: Sequence[Beat]
    test_beats: Sequence[Beat]
    period: Period
    reference_at: int = 0
    test_at: int = 0

    @property
    def reference(self) -> Beat:
        return _at(self.reference_beats, self.reference_at)

    @property
    def next_reference(self) -> Beat:
        return _at(self.reference_beats, self.reference_at + 1)

    @property
    def test(self) -> Beat:
        return _at(self.test_beats, self.test_at)

    @property
    def next_test(self) -> Beat:
        return _at(self.test_beats, self.test_at + 1)

    def pairs(self) -> Iterator[_Pair]:
        """All pairs of the scored period."""
        yield from self._enter()
        while self._goes_on():
            yield self._step()

    def _enter(self) -> Iterator[_Pair]:
        """Go to the first beats that are scored; the last test beat of the learning time may match."""
        while self.reference.sample < self.period.start:
            self.reference_at += 1
        while self.next_test.sample < self.period.start:
            self.test_at += 1
        ahead = self.reference.sample - self.test.sample
        if ahead < self._next_test_distance() and ahead <= self.period.window:
            yield self._match()
            return
        self.test_at += 1
        is_early = self.test.sample - self.period.start <= self.period.window
        if is_early and self._next_test_distance() < abs(self.reference.sample - self.test.sample):
            self.test_at += 1

    def _goes_on(self) -> bool:
        if self.period.stop is None:
            return self.reference.sample != FAR
        if self.period.stop == 0:
            return FAR not in {self.reference.sample, self.test.sample}
        return min(self.reference.sample, self.test.sample) <= self.period.stop

    def _step(self) -> _Pair:
        """Pair the two beats, or the earlier one with nothing."""
        distance = abs(self.reference.sample - self.test.sample)
        is_test_first = self.test.sample < self.reference.sample
        rival = self._next_test_distance() if is_test_first else self._next_reference_distance()
        both_next = abs(self.next_reference.sample - self.next_test.sample)
        if distance <= self.period.window and (distance < rival or both_next < rival):
            return self._match()
        return self._extra() if is_test_first else self._missed()

    def _match(self) -> _Pair:
        pair = self._pair(self.reference.label, self.test.label)
        self.reference_at += 1
        self.test_at += 1
        return pair

    def _extra(self) -> _Pair:
        known = self.next_reference.known
        outside = "X" if known.in_shutdown(self.test.sample) else "O"
        label = NO_BEAT if known.in_flutter(self.test.sample) else outside
        pair = self._pair(label, self.test.label)
        self.test_at += 1
        return pair

    def _missed(self) -> _Pair:
        is_unreadable = self.next_test.known.in_shutdown(self.reference.sample)
        pair = self._pair(self.reference.label, "X" if is_unreadable else "O")
        self.reference_at += 1
        return pair

    def _pair(self, reference: str, test: str) -> _Pair:
        return _Pair(reference, test, self.reference.rr, self.test.rr)

    def _next_test_distance(self) -> int:
        return abs(self.reference.sample - self.next_test.sample)

    def _next_reference_distance(self) -> int:
        return abs(self.test.sample - self.next_reference.sample)


def _at(beats: Sequence[Beat], position: int) -> Beat:
    return beats[min(position, len(beats) - 1)]


def _rr_error_ms(pairs: Sequence[_Pair], period: Period) -> float | None:
    """Of all pairs that end an RR interval in both annotators, also those with a missed or extra beat."""
    errors = [p.reference_rr - p.test_rr for p in pairs if p.reference_rr > 0 and p.test_rr > 0]
    if not errors:
        return None
    return math.sqrt(sum(error * error for error in errors) / len(errors)) * 1000.0 / period.second
