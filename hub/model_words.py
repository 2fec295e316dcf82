"""How much the language model was asked and said in a period, and how much of it was taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.records import Episode, Look


@dataclass(frozen=True, slots=True)
class ModelWords:
    """`struck` counts statements and findings that the measurements did not bear out: nobody sees them.

    `looks` were made because it was time for one; the others were about an episode.
    """

    asked: int
    answered: int
    looks: int
    struck: int
    latest_look_at: datetime | None


def model_words(episodes: Iterable[Episode], looks: Iterable[Look]) -> ModelWords:
    """Of all answers of a period."""
    looks = list(looks)
    episodes = list(episodes)
    answers = [look.localization for look in looks] + [episode.localization for episode in episodes]
    answers += [episode.end_look.localization for episode in episodes if episode.end_look]
    said = [answer for answer in answers if answer is not None]
    return ModelWords(
        asked=len(said),
        answered=sum(answer.status == "answered" for answer in said),
        looks=len(looks),
        struck=sum(answer.struck for answer in said),
        latest_look_at=max((look.at for look in looks), default=None),
    )
