"""Episodes with their strips: of the onset, followed by the whole of it, and of an end far from it."""

from collections.abc import Iterator
from dataclasses import replace

from edge.episodes import EpisodeTracker
from edge.labels import Finding
from edge.stream import NS_PER_S, Beat, EndReason, EpisodeStep, RawStrip, Span
from edge.strips import STRIP_BEFORE_S, STRIP_S, StripCutter


class EpisodeStrips:
    """Told of every beat and every change of a span; cuts from the `strips` of the same stream."""

    def __init__(self, strips: StripCutter, fs_hz: float) -> None:
        self._strips, self._fs_hz = strips, fs_hz
        self._episodes = EpisodeTracker()
        self._short: dict[tuple[Finding, int], EpisodeStep] = {}

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """What is going on now."""
        return self._episodes.open_findings

    def add_beat(self, beat: Beat) -> None:
        """The next beat, before the spans that it changed."""
        self._episodes.add_beat(beat)

    def step(self, span: Span, reason: EndReason, limit_index: int) -> Iterator[EpisodeStep]:
        """Steps for one span change, with strips up to `limit_index`."""
        onset = span.onset_index
        strip = None if self._episodes.knows(span) else self._strips.around_onset(onset, limit_index)
        for step in self._episodes.feed(span, list(self._strips.beats), strip, reason):
            key = (span.finding, onset)
            if step.strip is not None or key in self._short:
                self._short[key] = step
            is_end = step.phase == "end"
            yield replace(step, end_strip=self._end_strip(span, limit_index)) if is_end else step

    def completed(self, decided_index: int) -> Iterator[EpisodeStep]:
        """An episode is told at once, with the strip as far as it goes; the whole strip follows."""
        for key, step in list(self._short.items()):
            if decided_index < min(self._strips.onset_stop(key[1]), self._strips.stop):
                continue
            del self._short[key]
            strip = self._strips.around_onset(key[1], decided_index)
            yield replace(step, phase="update", strip=strip)

    def _end_strip(self, span: Span, limit_index: int) -> RawStrip | None:
        """None where the end is on the strip of the onset."""
        lasted_s = ((span.end_ns or span.last_ns) - span.onset_ns) / NS_PER_S
        if lasted_s <= STRIP_S - STRIP_BEFORE_S:
            return None
        end_index = min(span.onset_index + round(lasted_s * self._fs_hz), self._strips.stop)
        return self._strips.around_end(end_index, limit_index)
