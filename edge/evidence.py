"""What was measured in one window of ECG: all that a sentence about it may rest on."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median

from edge.labels import BeatClass, Waveform

_MOST_SPANS = 6
_FEWEST_INTERVALS = 3  # two changes


@dataclass(frozen=True, slots=True)
class EvidenceBeat:
    """One beat, in seconds from the start of the window."""

    at_s: float
    beat_class: BeatClass


@dataclass(frozen=True, slots=True)
class EvidenceSpan:
    """A finding of the encoder or of a rule, in seconds from the start of the window."""

    waveform: Waveform
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measurements of one window; an interval that could not be measured is `None`.

    `readable_s` of `duration_s` seconds can be read; `spans` are in order of time.
    """

    duration_s: float
    leads: tuple[str, ...]
    beats: tuple[EvidenceBeat, ...]
    spans: tuple[EvidenceSpan, ...]
    readable_s: float
    pr_ms: float | None = None
    qrs_ms: float | None = None
    qt_ms: float | None = None

    @property
    def rr_ms(self) -> tuple[float, ...]:
        """Intervals between neighbouring beats."""
        times_s = [beat.at_s for beat in self.beats]
        return tuple(1000 * (b - a) for a, b in pairwise(times_s))

    @property
    def heart_rate_bpm(self) -> float | None:
        """From the mean interval; `None` with fewer than two beats."""
        return 60_000 / mean(self.rr_ms) if sum(self.rr_ms) > 0 else None

    @property
    def rr_spread(self) -> float | None:
        """Median change from interval to interval over the median interval: below 0.1 is regular."""
        rr_ms = self.rr_ms
        if len(rr_ms) < _FEWEST_INTERVALS:
            return None
        changes = [abs(b - a) for a, b in pairwise(rr_ms)]
        usual_ms = median(rr_ms)
        return median(changes) / usual_ms if usual_ms > 0 else None

    def count(self, beat_class: BeatClass) -> int:
        """How many beats of a class."""
        return sum(beat.beat_class is beat_class for beat in self.beats)

    def of(self, waveform: Waveform) -> tuple[EvidenceSpan, ...]:
        """The spans of one waveform."""
        return tuple(span for span in self.spans if span.waveform is waveform)


def evidence_text(evidence: Evidence) -> str:
    """One line for the prompt: rate, intervals, findings with their times.

    `72 bpm, PR 160 QRS 96 QT 400; V 1.9-3.1 6.8-8.1; AFIB 0.0-10.0`
    """
    rate = evidence.heart_rate_bpm
    measured = "no rate" if rate is None else f"{rate:.0f} bpm"
    values = (("PR", evidence.pr_ms), ("QRS", evidence.qrs_ms), ("QT", evidence.qt_ms))
    intervals = " ".join(f"{name} {value:.0f}" for name, value in values if value is not None)
    parts = [f"{measured}, {intervals}" if intervals else measured, *_spans_texts(evidence)]
    if evidence.readable_s < evidence.duration_s / 2:
        parts.append("unreadable")
    return "; ".join(parts)


def _spans_texts(evidence: Evidence) -> list[str]:
    texts = []
    for waveform in dict.fromkeys(span.waveform for span in evidence.spans):
        spans = evidence.of(waveform)
        times = " ".join(f"{span.start_s:.1f}-{span.end_s:.1f}" for span in spans[:_MOST_SPANS])
        more = f" and {len(spans) - _MOST_SPANS} more" if len(spans) > _MOST_SPANS else ""
        texts.append(f"{waveform} {times}{more}")
    return texts or ["no finding"]
