"""Sightings beat by beat become spans that open and close."""

from collections import deque
from dataclasses import replace

from edge.labels import Finding
from edge.rules import RuleSettings, Sighting, sightings
from edge.stream import NS_PER_MS, Beat, Span

_MEMORY_BEATS = 64
_MARGIN_BPM = 5.0
_MOMENTARY = frozenset({Finding.VENTRICULAR_COUPLET, Finding.PAUSE})


class RuleTracker:
    """Holds the newest beats and the open spans of the rules."""

    def __init__(self, settings: RuleSettings) -> None:
        self._settings = settings
        self._beats: deque[Beat] = deque(maxlen=_MEMORY_BEATS)
        self._open: dict[Finding, Span] = {}

    @property
    def in_pause(self) -> bool:
        """Whether a pause has been told that no beat has ended yet."""
        return Finding.PAUSE in self._open

    def feed(self, beat: Beat) -> list[Span]:
        """Spans that began, went on or ended with this beat; an ended one carries `end_ns`."""
        changed = self.interrupt() if beat.rr_ms is None else []
        previous = self._beats[-1] if self._beats else beat
        self._beats.append(beat)
        seen = self._sightings()
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

    def _sightings(self) -> dict[Finding, Sighting]:
        """With a margin for what is open, so that a rate at a threshold does not flap."""
        seen = {s.finding: s for s in sightings(list(self._beats), _eased(self._settings, set(self._open)))}
        slow = seen.get(Finding.VENTRICULAR_RUN)
        if slow is not None and Finding.VENTRICULAR_TACHYCARDIA in self._open:
            del seen[Finding.VENTRICULAR_RUN]
            seen[Finding.VENTRICULAR_TACHYCARDIA] = replace(slow, finding=Finding.VENTRICULAR_TACHYCARDIA)
        return seen

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
        end_ns = max(span.last_ns, last.at_ns) if finding in _MOMENTARY else last.at_ns
        return replace(span, last_ns=end_ns, end_ns=end_ns)


def _eased(settings: RuleSettings, is_open: set[Finding]) -> RuleSettings:
    slow = settings.bradycardia_bpm + (_MARGIN_BPM if Finding.BRADYCARDIA in is_open else 0)
    fast = settings.tachycardia_bpm - (_MARGIN_BPM if Finding.TACHYCARDIA in is_open else 0)
    return replace(settings, bradycardia_bpm=slow, tachycardia_bpm=fast)


def _span(sighting: Sighting, last: Beat) -> Span:
    onset = sighting.onset
    return Span(sighting.finding, onset.index, onset.at_ns, last.at_ns, None, sighting.confidence)
