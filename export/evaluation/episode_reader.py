"""The episodes that one annotator marked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import takewhile
from typing import Final

from export.evaluation.annotations import Annotations, Mark


class EpisodeKind(Enum):
    """What episodes are of."""

    AF = "AF"
    VF = "VF"
    ST0 = "ST0"
    ST1 = "ST1"
    ST = "ST"
    FLUTTER = "AFL"


ST_KINDS: Final = frozenset({EpisodeKind.ST0, EpisodeKind.ST1, EpisodeKind.ST})

_RHYTHMS: Final = {EpisodeKind.AF: "(AFIB", EpisodeKind.FLUTTER: "(AFL"}
_EXTREMA: Final = {EpisodeKind.ST0: ("AST0",), EpisodeKind.ST1: ("AST1",), EpisodeKind.ST: ("AST0", "AST1")}


@dataclass(frozen=True, slots=True)
class Episode:
    """From `start` to `end`, and where ST of signal 0 and 1 is extreme (0: nowhere); all in samples."""

    start: int
    end: int
    extrema: tuple[int, int] = (0, 0)


def read_episodes(annotations: Annotations, kind: EpisodeKind, stop: int | None) -> list[Episode]:
    """All episodes in order; one without an end lasts to the last annotation, or `stop` if that is later.

    An episode that ends at sample 0 is the last one, as it is for the reference tool.
    """
    marks = list(annotations.marks())
    rest = iter(marks)
    until = max([stop or 0, *(mark.sample for mark in marks[-1:])])
    episodes = (_read_to_end(Episode(m.sample, until), rest, kind) for m in rest if _level(m, kind) > 0)
    return list(takewhile(lambda episode: episode.end, episodes))


def _read_to_end(episode: Episode, rest: Iterator[Mark], kind: EpisodeKind) -> Episode:
    depth = 1
    extrema = [0, 0]
    for mark in rest:
        if mark.symbol == "s" and mark.aux.startswith(_EXTREMA.get(kind, ())):
            extrema[int(mark.aux[3])] = mark.sample
        change = _level(mark, kind)
        depth += change if kind is EpisodeKind.ST else min(change, 0)
        if depth == 0:
            episode = replace(episode, end=mark.sample)
            break
    return replace(episode, extrema=(extrema[0], extrema[1]))


def _level(mark: Mark, kind: EpisodeKind) -> int:
    """1 where an episode starts, -1 where it ends, 0 elsewhere."""
    if kind in _RHYTHMS:
        return _rhythm_level(mark, _RHYTHMS[kind])
    if kind is EpisodeKind.VF:
        return {"[": 1, "]": -1}.get(mark.symbol, 0)
    if mark.symbol != "s":
        return 0
    return int(mark.aux.startswith("(" + kind.value)) - int(mark.aux.startswith(kind.value))


def _rhythm_level(mark: Mark, rhythm: str) -> int:
    if mark.symbol != "+":
        return 0
    return 1 if mark.aux.startswith(rhythm) else -1
