"""From text to sentences, and from a sentence to signs of a small grammar, one character each."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from edge.grounding_subjects import Measure, Subject
from edge.grounding_words import PHRASES, UNSUPPORTED, singular

_SENTENCE: Final = re.compile(r"(?:[^.!?\n]|[.](?!\s|$))+[.!?]*")
_WORD: Final = re.compile(r"\d+(?:\.\d+)?|\.\d+|[^\W\d_](?:[^\W_])*|\S")
_DASHES: Final = frozenset("-\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}")
_BOUNDARIES: Final = frozenset(";:().!?")
_LONGEST: Final = max(map(len, PHRASES))


@dataclass(frozen=True, slots=True)
class Token:
    """A sign, and the subject, measure or number that it stands for; `?` and `!` carry the word itself.

    `?` is not understood, `!` cannot be seen on an ECG.
    """

    sign: str
    value: Subject | Measure | float | str | None = None


def sentences(text: str) -> list[str]:
    """Split after `.`, `!`, `?` and at line ends; a point within a number ends nothing."""
    found = (match.group().strip() for match in _SENTENCE.finditer(text))
    return [sentence for sentence in found if any(sign.isalnum() for sign in sentence)]


def tokens(sentence: str, leads: Iterable[str] = ()) -> list[Token]:
    """Signs of a sentence, without words that only link; names of the window's leads are known words."""
    words = [singular(word) for word in _WORD.findall(normalize("NFKC", sentence).casefold())]
    known_leads = {lead.casefold() for lead in leads}
    found: list[Token] = []
    at = 0
    while at < len(words):
        length, token = _longest(words, at) or (1, _single(words, at, known_leads))
        at += length
        if token.sign:
            found.append(token)
    return found


def _longest(words: Sequence[str], at: int) -> tuple[int, Token] | None:
    """The longest phrase that begins here; a dash within it is passed over."""
    taken: list[str] = []
    best = None
    for n, word in enumerate(words[at : at + 2 * _LONGEST], 1):
        if word in _DASHES and taken:
            continue
        taken.append(word)
        meaning = PHRASES.get(tuple(taken))
        if meaning is not None:
            best = (n, Token(*meaning))
    return best


def _single(words: Sequence[str], at: int, leads: set[str]) -> Token:
    word = words[at]
    if word[-1].isdecimal() and word.isascii() and word[0] in "0123456789.":
        return Token("N", float(word))
    if word in _DASHES:
        return _dash(words, at)
    if word == ",":
        return Token(",")
    if word in _BOUNDARIES:
        return Token("|" if at + 1 < len(words) else "")
    if word in leads or word in {"'", '"'}:
        return Token("")
    return Token("!" if word in UNSUPPORTED else "?", word)


def _dash(words: Sequence[str], at: int) -> Token:
    """Between two numbers a range, before a number alone a minus, which nothing here has."""
    if not _is_number(words, at + 1):
        return Token("")
    return Token("t") if _is_number(words, at - 1) else Token("?", words[at])


def _is_number(words: Sequence[str], at: int) -> bool:
    return 0 <= at < len(words) and words[at][-1].isdecimal()
