"""A question as typed, made safe to handle: bounded, without control characters, as lower-case words."""

import re
import unicodedata
from typing import Final

from edge.events import QUESTION_CHARACTERS

_SHORTEST_PLURAL: Final = 4
_CONTROL: Final = "C"


class QuestionError(Exception):
    """The question cannot be asked."""

    for_user = True


def cleaned(text: str) -> str:
    """One line without control characters; raises `QuestionError` where nothing is left or it is too long."""
    normal = unicodedata.normalize("NFKC", text)
    visible = "".join(sign if not unicodedata.category(sign).startswith(_CONTROL) else " " for sign in normal)
    line = " ".join(visible.split())
    if not line:
        raise QuestionError('the question is empty; try: hearth ask "How was my week?"')
    if len(line) > QUESTION_CHARACTERS:
        raise QuestionError(
            f"the question has {len(line)} characters; at most {QUESTION_CHARACTERS} are read"
        )
    return line


def words_of(line: str) -> tuple[str, ...]:
    """Lower-case words; `what's` is `what is`, `can't` is `cant`."""
    plain = line.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    plain = re.sub(r"'s\b", " is", plain).replace("'", "")
    return tuple(re.findall(r"[^\W_]+", plain))


def singular(word: str) -> str:
    """The word without a plural s, good enough to compare two words that both went through it."""
    is_plural = len(word) >= _SHORTEST_PLURAL and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if is_plural else word
