"""CONTRACT of the text tower: how a question is cut into words, and where words that it lacks are looked up.

Training and the hub have to cut alike. Imports the standard library alone.
"""

import re
import unicodedata
from itertools import pairwise
from typing import Final
from zlib import crc32

MOST_WORDS: Final = 64
GRAM_BUCKETS: Final = 2048
"""Rows that unknown words (by their letters) and pairs of neighbouring words share, by hash."""

_LONGEST_WORD: Final = 24
_GRAM_SIZES: Final = (3, 4, 5)
_WORD: Final = re.compile(r"[a-z0-9]+")


def words_of(text: str) -> tuple[str, ...]:
    """Lower case, without accents and punctuation; what is not of the Latin script is left out."""
    plain = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(word[:_LONGEST_WORD] for word in _WORD.findall(bare)[:MOST_WORDS])


def gram_buckets(word: str) -> tuple[int, ...]:
    """Where the groups of three to five letters of `<word>` are."""
    framed = f"<{word}>"
    grams = [framed[i : i + n] for n in _GRAM_SIZES for i in range(len(framed) - n + 1)]
    return tuple(_bucket(gram) for gram in grams or [framed])


def pair_buckets(words: tuple[str, ...]) -> tuple[int, ...]:
    """Where the pairs of neighbouring words are: `no beats` is not `beats`."""
    return tuple(_bucket(f"{first} {second}") for first, second in pairwise(words))


def _bucket(text: str) -> int:
    return crc32(text.encode()) % GRAM_BUCKETS
