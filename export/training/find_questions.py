"""Questions with what they ask for, and batches of windows in which each concept is there."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.nn import functional

from export.training.find_concepts import CONCEPTS, NO, UNSURE, YES, Known
from export.training.find_phrases import asked

_JOINED = ("{} and {}", "{} with {}", "{}, {}")


@dataclass(frozen=True, slots=True)
class Questions:
    """Texts, and the two columns of concepts that each asks for at once (the same one twice: one)."""

    texts: list[str]
    columns: npt.NDArray[np.int64]

    def answers(self, rows: npt.NDArray[np.int64], concepts: Known) -> Known:
        """`[questions, windows]`: yes where both are there, no where one is not."""
        first, second = (concepts[:, self.columns[rows, i]].T for i in (0, 1))
        both = np.where((first == YES) & (second == YES), YES, UNSURE)
        return np.where((first == NO) | (second == NO), NO, both).astype(np.int8)


def draw_questions(n: int, mixed: float, rng: np.random.Generator) -> Questions:
    """All concepts alike; a share asks for two."""
    columns = rng.integers(len(CONCEPTS), size=(n, 2))
    columns[rng.random(n) >= mixed, 1] = -1
    texts = [_text(first, second, rng) for first, second in columns.tolist()]
    return Questions(texts, np.where(columns < 0, columns[:, :1], columns))


def _text(first: int, second: int, rng: np.random.Generator) -> str:
    text = asked(CONCEPTS[first], rng)
    if second < 0:
        return text
    return str(rng.choice(_JOINED)).format(text, asked(CONCEPTS[second], rng))


def balanced_rows(concepts: Known, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Half of them show a concept drawn evenly, so that rare ones are met; the others are any."""
    rows = rng.integers(len(concepts), size=n)
    having = [np.flatnonzero(concepts[:, column] == YES) for column in range(len(CONCEPTS))]
    having = [found for found in having if len(found)]
    for place in range(0, n, 2):
        found = having[rng.integers(len(having))]
        rows[place] = found[rng.integers(len(found))]
    return rows


def sigmoid_loss(similarity: Tensor, answers: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Each pair of question and window by itself; windows with yes and with no weigh alike in a question."""
    logits = similarity * scale + bias
    yes, no = (answers == YES).float(), (answers == NO).float()
    of_yes = (functional.softplus(-logits) * yes).sum(1) / yes.sum(1).clamp(min=1)
    of_no = (functional.softplus(logits) * no).sum(1) / no.sum(1).clamp(min=1)
    decided = (yes.sum(1) > 0) & (no.sum(1) > 0)
    return ((of_yes + of_no) * decided).sum() / decided.sum().clamp(min=1)
