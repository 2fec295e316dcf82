"""Which moments of one person's history a question is about.

Episodes whose finding the question names come first, then all others; within both by similarity of question
and window. A minute is a candidate where no episode goes on: what no rule and no threshold noticed.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from edge.embedding import Embedding
from edge.labels import Finding
from edge.text_features import words_of
from hub.find_model import FindModel
from hub.find_names import Named, named_findings
from hub.find_scope import find_scope
from hub.records import Episode, Minute

LONGEST_QUESTION: Final = 200
_MINUTE: Final = timedelta(minutes=1)
_SHORT_ID: Final = 8


class FindError(Exception):
    """The question cannot be answered, and why."""

    for_user = True


@dataclass(frozen=True, slots=True)
class Hit:
    """A moment; `similarity` (-1 to 1) and `place` among all compared are None without embedding."""

    kind: Literal["episode", "minute"]
    at: datetime
    until: datetime | None
    finding: Finding | None
    is_named: bool
    similarity: float | None
    place: int | None
    short_id: str | None
    seen_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """All candidates, best first, and what they were ranked by; `is_alike`: the question is about an ECG."""

    hits: tuple[Hit, ...]
    named: Named
    compared: int
    other_model: int
    without_embedding: int
    unknown_words: tuple[str, ...]
    is_alike: bool


def checked_question(question: str) -> str:
    """Without blanks around it; raises `FindError` for what is no question."""
    if any(unicodedata.category(letter).startswith("C") for letter in question):
        raise FindError("the question holds control characters")
    question = question.strip()
    if not question:
        raise FindError('the question is empty; ask for example "runs of wide beats"')
    if len(question) > LONGEST_QUESTION:
        raise FindError(f"the question has {len(question)} characters, at most {LONGEST_QUESTION} are read")
    if not words_of(question):
        raise FindError(
            "the question has no word that can be read: words are of the letters a to z and digits"
        )
    return question


def find(question: str, episodes: Sequence[Episode], minutes: Sequence[Minute], model: FindModel) -> Answer:
    """Rank a history. Raises `FindError` for a bad question, and where there is nothing to rank."""
    question = checked_question(question)
    named = named_findings(question)
    quiet = _quiet(minutes, episodes)
    seen = [*(one.embedding for one in episodes), *(one.embedding for one in quiet)]
    readable = [model.reads(embedding) if embedding else False for embedding in seen]
    other = sum(embedding is not None for embedding in seen) - sum(readable)
    hits = [_hit_of_episode(one, named) for one in episodes] + [_hit_of_minute(one) for one in quiet]
    ranked = _ranked(question, hits, seen, readable, model)
    if not ranked:
        raise FindError(_nothing(len(seen), other, model))
    unknown = tuple(word for word in words_of(question) if word not in model.row_of)
    is_alike = find_scope().holds(question)
    return Answer(tuple(ranked), named, sum(readable), other, seen.count(None), unknown, is_alike)


def _ranked(
    question: str, hits: list[Hit], seen: list[Embedding | None], readable: list[bool], model: FindModel
) -> list[Hit]:
    """Named ones without embedding last among the named; others without embedding are left out."""
    compared = [i for i, is_readable in enumerate(readable) if is_readable]
    windows = model.of_windows([embedding for i in compared if (embedding := seen[i])])
    similarity = (windows @ model.of_text(question)).tolist()
    order = sorted(range(len(compared)), key=lambda i: -similarity[i])
    for place, i in enumerate(order, start=1):
        hits[compared[i]] = replace(hits[compared[i]], similarity=round(similarity[i], 4), place=place)
    kept = [hit for hit in hits if hit.similarity is not None or hit.is_named]
    return sorted(kept, key=_best_first)


def _best_first(hit: Hit) -> tuple[bool, bool, float, datetime]:
    return not hit.is_named, hit.similarity is None, -(hit.similarity or 0.0), hit.at


def _nothing(candidates: int, other: int, model: FindModel) -> str:
    if not candidates:
        return "no episode and no minute in this period; look further back with --since"
    if other:
        return (
            f"all {other} embeddings of this period are of another encoder than {model.model}; "
            "edge and hub have to be of the same version"
        )
    return "no embedding in this period: the edge that recorded it did not send any"


def _hit_of_episode(one: Episode, named: Named) -> Hit:
    is_named = one.finding in named.findings
    short_id = one.episode_id.hex[:_SHORT_ID]
    return Hit("episode", one.onset_at, one.end_at, one.finding, is_named, None, None, short_id, one.seen_by)


def _hit_of_minute(one: Minute) -> Hit:
    until = one.start_at + _MINUTE
    return Hit(
        "minute",
        one.start_at,
        until,
        None,
        is_named=False,
        similarity=None,
        place=None,
        short_id=None,
        seen_by=(),
    )


def _quiet(minutes: Iterable[Minute], episodes: Sequence[Episode]) -> list[Minute]:
    """Minutes that no episode touches."""
    ends: list[datetime] = []  # of the episodes in order of onset, the latest so far
    onsets = sorted((one.onset_at, one.end_at or one.observed_until_at) for one in episodes)
    for _, end in onsets:
        ends.append(max(end, ends[-1]) if ends else end)
    begun = [onset for onset, _ in onsets]
    return [
        minute
        for minute in minutes
        if not (n := bisect_left(begun, minute.start_at + _MINUTE)) or ends[n - 1] < minute.start_at
    ]
