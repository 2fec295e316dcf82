"""Questions that wait: the most urgent first, of these the newest; never more than there is room for."""

import itertools
from dataclasses import dataclass, field

from edge.model_question import ModelQuestion


@dataclass(order=True, frozen=True, slots=True)
class Waiting:
    """A question in its place."""

    urgency: int
    newness: int
    question: ModelQuestion = field(compare=False)


class QuestionQueue:
    """A question stays in it while it is being answered, so that it can give way to a more urgent one."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: list[Waiting] = []
        self._serial = itertools.count()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def first(self) -> Waiting | None:
        """The next to be answered."""
        return self._waiting[0] if self._waiting else None

    def add(self, question: ModelQuestion) -> ModelQuestion | None:
        """Give back the question that had to go: the least urgent, of these the oldest."""
        self._waiting.append(Waiting(question.urgency, -next(self._serial), question))
        self._waiting.sort()
        return self._waiting.pop().question if len(self._waiting) > self._capacity else None

    def take(self, waiting: Waiting) -> bool:
        """Out of the queue; false where it had to go before."""
        if waiting not in self._waiting:
            return False
        self._waiting.remove(waiting)
        return True
