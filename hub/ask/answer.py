"""An answer with all that it rests on, for a person or a machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from edge.events import AskAnswer
from hub.ask.reader import Reading
from hub.knowledge_index import Passage

Status = Literal["answered", "no_data", "refused", "not_understood", "late", "absent", "no_signal"]


@dataclass(frozen=True, slots=True)
class Answer:
    """`sentences` are what is said; `passages` where it is read, `signal` what the edge said."""

    status: Status
    reading: Reading
    sentences: tuple[str, ...]
    passages: tuple[Passage, ...] = ()
    signal: AskAnswer | None = None


def lines(answer: Answer) -> Iterator[str]:
    """For a person to read."""
    yield from answer.sentences
    for passage in answer.passages:
        yield f"{passage.text} [{passage.ref}]"
        yield f"  ({passage.title}. Sources: {passage.sources})"


def as_json(answer: Answer) -> dict[str, Any]:
    """For machines."""
    reading = answer.reading
    return {
        "status": answer.status,
        "intent": str(reading.intent),
        "rule": reading.rule,
        "subject": None if reading.subject is None else str(reading.subject),
        "reason": None if reading.reason is None else str(reading.reason),
        "sentences": list(answer.sentences),
        "passages": [passage.ref for passage in answer.passages],
        "signal": None if answer.signal is None else answer.signal.model_dump(mode="json"),
    }
