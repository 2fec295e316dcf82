"""What the language model is asked: which event its words belong to, on which strip, with which evidence."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from edge.events import (
    EpisodeEvent,
    Localization,
    LocalizedFinding,
    LookEvent,
    Message,
    Strip,
    localization_id,
)
from edge.evidence import Evidence
from edge.labels import WAVEFORM_OF_FINDING, Finding, Priority

_PRIORITIES = (Priority.HIGH, Priority.MEDIUM, Priority.LOW, Priority.INFORMATION)


class ModelQuestion(Message):
    """`event` is what the answer completes; it holds the strip. Kept in the outbox until it is answered."""

    event: Annotated[EpisodeEvent | LookEvent, Field(discriminator="kind")]
    evidence: Evidence

    @property
    def strip(self) -> Strip | None:
        """What is looked at."""
        return self.event.strip

    @property
    def answer_id(self) -> UUID:
        """Id of the one event that carries the answer."""
        if isinstance(self.event, LookEvent):
            return self.event.event_id
        return localization_id(self.event.episode_id, self.event.looked or "onset")

    @property
    def urgency(self) -> int:
        """Lowest first: by the episode's priority, an onset before an end; scheduled looks come last."""
        if isinstance(self.event, LookEvent):
            return 2 * len(_PRIORITIES)
        return 2 * _PRIORITIES.index(self.event.priority) + (self.event.looked == "end")


def completed(question: ModelQuestion, localization: Localization) -> EpisodeEvent | LookEvent:
    """The event that the answer, or its absence, makes. A strip goes with it where the hub has none yet."""
    event = question.event
    if isinstance(event, LookEvent):
        strip = event.strip if localization.status == "answered" else None
        return event.model_copy(update={"strip": strip, "localization": localization})
    seen = any(_agrees(found, event.finding) for found in localization.findings)
    at_end = event.looked == "end" and localization.status == "answered"
    return event.model_copy(
        update={
            "event_id": question.answer_id,
            "phase": "update",
            "strip": event.strip if at_end else None,
            "embedding": None,
            "localization": localization,
            "looked": event.looked or "onset",
            "seen_by": (*event.seen_by, "language_model") if seen else event.seen_by,
        }
    )


def _agrees(found: LocalizedFinding, finding: Finding) -> bool:
    names_it = found.finding in {finding, WAVEFORM_OF_FINDING[finding]}
    return names_it and "language_model" in found.seen_by
