"""Sightings beat by beat become spans that open and close."""

from collections import deque
from dataclasses import replace

from edge.labels import Finding
from edge.rules import RuleSettings, Sighting, sightings
from edge.stream import NS_PER_MS, Beat, Span

_MEMORY_BEATS = 64
_MOMENTARY = frozenset({Finding.VENTRICULAR_COUPLET, Finding.PAUSE})


class RuleTracker:
    """Holds the newest beats and the open spans of the rules."""

    def __init__(self, settings: RuleSettings) -> None:
        self._settings = settings
        self._beats: deque[Beat] = deque(maxlen=_MEMORY_BEATS)
        self._open: dict[Finding, Span] = {}

    def feed(self, beat: Beat) -> list[Span]:
        """Spans that began, went on or ended with this beat; an ended one carries `end_ns`."""
        changed = self.interrupt() if beat.rr_ms is None else []
        previous = self._beats[-1] if self._beats else beat
        self._beats.append(beat)
        seen = {sighting.finding: sighting for sighting in sightings(list(self._beats), self._settings)}
        changed += [self._close(finding, previous) for finding in list(self._open) if finding not in seen]
        for sighting in seen.values():
            changed += self._see(sighting, beat, previous)
        return changed

    def silence(self, now_ns: int) -> list[Span]:
        """Readable signal without a beat: a pause is told before the beat that ends it, if one ever does."""
        if not self._beats or now_ns - self._beats[-1].at_ns < self._settings.pause_ms * NS_PER_MS:
            return []
        last = self._beats[-1]
        opened = Span(Finding.PAUSE, last.index, last.at_ns, now_ns, None, last.confidence)
        self._open[Finding.PAUSE] = opened
        return [opened]

    def interrupt(self) -> list[Span]:
        """A gap or unreadable stretch: what is open ends at the last beat."""
        if not self._beats:
            return []
        ended = [self._close(finding, self._beats[-1]) for finding in list(self._open)]
        self._beats.clear()
        return ended

    def _see(self, sighting: Sighting, beat: Beat, previous: Beat) -> list[Span]:
        if sighting.finding in _MOMENTARY:
            self._open.pop(sighting.finding, None)
            last = previous if sighting.finding is Finding.VENTRICULAR_COUPLET else beat
            return [replace(_span(sighting, last), end_ns=last.at_ns)]
        known = self._open.get(sighting.finding)
        span = replace(known, last_ns=beat.at_ns) if known else _span(sighting, beat)
        self._open[sighting.finding] = span
        return [span]

    def _close(self, finding: Finding, last: Beat) -> Span:
        span = self._open.pop(finding)
        return replace(span, last_ns=last.at_ns, end_ns=last.at_ns)


def _span(sighting: Sighting, last: Beat) -> Span:
    onset = sighting.onset
    return Span(sighting.finding, onset.index, onset.at_ns, last.at_ns, None, sighting.confidence)
