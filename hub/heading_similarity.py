"""How like a question is to each passage's heading, by the text tower of `hearth find`; loads numpy."""

from collections.abc import Iterable

import numpy as np

from hub.find_model import find_model


class HeadingSimilarity:
    """Of the headings in their order."""

    def __init__(self, headings: Iterable[str]) -> None:
        self._headings = np.stack([find_model().of_text(heading) for heading in headings])

    def ranks(self, question: str) -> list[int]:
        """Of each heading, from 1 for the most alike."""
        similarity = self._headings @ find_model().of_text(question)
        return [int(rank) for rank in np.argsort(np.argsort(-similarity, kind="stable")) + 1]
