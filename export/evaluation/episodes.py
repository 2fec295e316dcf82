"""Episode by episode, and second by second: atrial and ventricular fibrillation, ischaemic ST change.

The rules are those of the reference tool `epicmp`. An episode of AF or VF counts as found if any of it
overlaps one of the other annotator; one of ST if the overlap holds an extremum or half of it. Atrial
flutter is not AF. EC38:2007 and EC57 count all AF of the detector; EC38:1998 leaves out what lies in
reference atrial flutter (`Options.excludes_flutter`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from export.evaluation.annotations import AnnotatedRecord
from export.evaluation.episode_reader import ST_KINDS, Episode, EpisodeKind, read_episodes
from export.evaluation.period import STANDARD, Options, Period, period_of, samples


@dataclass(frozen=True, slots=True)
class Tally:
    """Episodes of one annotator: found and not found in the other one; samples in all, and in both."""

    matched: int = 0
    unmatched: int = 0
    duration: int = 0
    overlap: int = 0


@dataclass(frozen=True, slots=True)
class EpisodeScore:
    """Reference episodes (sensitivity) and test episodes (positive predictivity)."""

    kind: EpisodeKind
    reference: Tally
    test: Tally
    fs_hz: float


def score_episodes(record: AnnotatedRecord, kind: EpisodeKind, options: Options = STANDARD) -> EpisodeScore:
    """Compare the episodes of both annotators."""
    period = period_of(record, options)
    rule = _Rule(kind, period, samples(options.shortest_episode_s, record.fs_hz))
    reference = read_episodes(record.reference, kind, period.stop)
    test = read_episodes(record.test, kind, period.stop)
    leaves_out = kind is EpisodeKind.AF and options.excludes_flutter
    flutter = read_episodes(record.reference, EpisodeKind.FLUTTER, period.stop) if leaves_out else []
    return EpisodeScore(
        kind, rule.tally(reference, test, []), rule.tally(test, reference, flutter), record.fs_hz
    )


@dataclass(frozen=True, slots=True)
class _Overlap:
    samples: int
    holds_extremum: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: EpisodeKind
    period: Period
    shortest: int

    def tally(self, own: Sequence[Episode], other: Sequence[Episode], left_out: Sequence[Episode]) -> Tally:
        """Count the own episodes of the scored period, and how much of them the other annotator has."""
        tally, search = Tally(), _Search(other)
        for episode in self._scored(own):
            part, duration = _without(episode, [e for e in left_out if e.end >= self.period.start])
            if duration < self.shortest:
                continue
            tally = self._add(tally, duration, search.overlap(part))
        return tally

    def _scored(self, episodes: Sequence[Episode]) -> list[Episode]:
        """Those that do not end in the learning time, cut to the scored period."""
        first = next((i for i, e in enumerate(episodes) if e.end >= self.period.start), len(episodes))
        inside: list[Episode] = []
        for episode in episodes[first:]:
            start = episode.start if inside else max(episode.start, self.period.start)
            if start >= self.period.last:
                break
            inside.append(self._cut(replace(episode, start=start)))
        return inside

    def _cut(self, episode: Episode) -> Episode:
        last = self.period.last
        first, second = (e if self.period.start < e < last else 0 for e in episode.extrema)
        return Episode(episode.start, min(episode.end, self.period.stop or episode.end), (first, second))

    def _add(self, tally: Tally, duration: int, overlap: _Overlap) -> Tally:
        is_match = overlap.samples > 0
        if self.kind in ST_KINDS:
            is_match = is_match and (overlap.holds_extremum or overlap.samples * 2 >= duration)
        return Tally(
            tally.matched + is_match,
            tally.unmatched + (not is_match),
            tally.duration + duration,
            tally.overlap + max(overlap.samples, 0),
        )


def _without(episode: Episode, left_out: Sequence[Episode]) -> tuple[Episode, int]:
    """What is left of an episode, and its duration in samples; -1 where all of it is left out.

    Where a gap covers the start, the reference tool adds the covered part to the duration instead of
    taking it away; so does this, to the same figures.
    """
    start, end = episode.start, episode.end
    duration = end - start
    for gap in left_out:
        if end <= gap.start:
            break
        if gap.start <= start <= gap.end:
            if end <= gap.end:
                return episode, -1
            duration += gap.end - start
            start = gap.end
        elif start <= gap.start:
            duration -= min(gap.end, end) - gap.start
            end = end if gap.end < end else gap.start
    return replace(episode, start=start, end=end), duration


@dataclass(slots=True)
class _Search:
    """The other annotator's episodes, of which none is looked at again once it has ended."""

    episodes: Sequence[Episode]
    position: int = 0

    def overlap(self, window: Episode) -> _Overlap:
        """How much of the window they cover."""
        covered, holds_extremum = 0, False
        while self.position < len(self.episodes) and self.episodes[self.position].end < window.start:
            self.position += 1
        while self.position < len(self.episodes) and self._starts_in(window, is_first=covered == 0):
            episode = self.episodes[self.position]
            start, end = max(episode.start, window.start), min(episode.end, window.end)
            covered += end - start
            holds_extremum |= any(start <= extremum <= end for extremum in window.extrema)
            if episode.end >= window.end:
                break
            self.position += 1
        return _Overlap(covered, holds_extremum)

    def _starts_in(self, window: Episode, *, is_first: bool) -> bool:
        start = self.episodes[self.position].start
        return start <= window.end if is_first else start < window.end
