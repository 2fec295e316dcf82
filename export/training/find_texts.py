"""Texts for `hearth find`: the vocabulary, and what the small tower copies from the large one."""

from collections import Counter
from pathlib import Path

from edge.text_features import words_of
from export.training.find_concepts import CONCEPTS
from export.training.find_phrases import known_phrases
from export.training.ptbxl_views import read_descriptions
from export.training.text_tower import SentenceEncoder


def vocabulary(sentences: SentenceEncoder, texts: list[str], size: int) -> list[str]:
    """All words of the phrases and those of the texts that come most often, then the commonest of English."""
    of_phrases = dict.fromkeys(word for c in CONCEPTS for p in known_phrases(c) for word in words_of(p))
    often = Counter(word for text in texts for word in words_of(text))
    common = [word for word in sentences.whole_words() if words_of(word) == (word,) and len(word) > 1]
    known = dict.fromkeys([*of_phrases, *(word for word, _ in often.most_common(size // 3)), *common])
    return list(known)[:size]


def copied_texts(words: list[str], data: Path) -> list[str]:
    """Single words, all known phrases and the statements of PTB-XL."""
    phrases = [phrase for concept in CONCEPTS for phrase in known_phrases(concept)]
    return list(dict.fromkeys([*words, *phrases, *read_descriptions(data).values()]))


def measured(words: str, measurements: str) -> str:
    """A report with its numbers."""
    return f"{words}. {measurements}" if measurements else words
