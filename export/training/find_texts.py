"""Texts for `hearth find`: the vocabulary, and sentences that the small tower copies from the large one."""

from collections import Counter
from pathlib import Path

import numpy as np

from edge.text_features import words_of
from export.training.find_concepts import CONCEPTS
from export.training.find_phrases import asked, known_phrases
from export.training.find_windows import FindWindows
from export.training.ptbxl_views import read_descriptions
from export.training.text_tower import SentenceEncoder

_JOINED = ("{} and {}", "{} with {}", "{}, {}")


def vocabulary(sentences: SentenceEncoder, texts: list[str], size: int) -> list[str]:
    """All words of the phrases and those of the texts that come most often, then the commonest of English."""
    of_phrases = dict.fromkeys(word for c in CONCEPTS for p in known_phrases(c) for word in words_of(p))
    often = Counter(word for text in texts for word in words_of(text))
    common = [word for word in sentences.whole_words() if words_of(word) == (word,) and len(word) > 1]
    known = dict.fromkeys([*of_phrases, *(word for word, _ in often.most_common(size // 3)), *common])
    return list(known)[:size]


def distilled_texts(pairs: FindWindows, data: Path, n: int, rng: np.random.Generator) -> list[str]:
    """Reports about windows, with and without measurements, statements of PTB-XL, and questions."""
    reports = [*pairs.words.tolist(), *map(measured, pairs.words.tolist(), pairs.measurements.tolist())]
    questions = [asked(CONCEPTS[rng.integers(len(CONCEPTS))], rng) for _ in range(n)]
    joined = [
        _JOINED[rng.integers(len(_JOINED))].format(*rng.choice(questions, 2).tolist()) for _ in range(n)
    ]
    phrases = [phrase for concept in CONCEPTS for phrase in known_phrases(concept)]
    statements = list(read_descriptions(data).values())
    drawn = rng.permutation(sorted({text for text in reports if text}))[: 2 * n].tolist()
    return sorted({*drawn, *questions, *joined, *phrases, *statements})


def measured(words: str, measurements: str) -> str:
    """A report with its numbers."""
    return f"{words}. {measurements}" if measurements else words
