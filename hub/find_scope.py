"""Whether a question of `hearth find` is about anything in an ECG.

The best similarity in a history does not tell: some window is nearest to any text. So the question is held
against how people ask (`hub/ask/find_scope.toml`, written by `python -m benchmarks.choose_find_scope`).
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Self

import numpy as np

from edge.text_features import words_of
from hub.ask.reader import Reader
from hub.find_model import FindModel, Float32, find_model
from hub.find_names import named_findings

# words of questions about anything
_COMMON: Final = re.compile(
    r"\d+|a|about|after|again|all|an|and|any|are|as|at|be|between|by|came|can|cannot|did|do|does|during|each|every"
    r"|everything|find|for|from|had|has|have|her|his|how|i|ii|iii|if|in|is|it|its|last|long|look|me|moment|moments"
    r"|more|much|my|new|night|no|not|nothing|of|off|old|on|one|or|other|our|over|please|say|she|show|so|something"
    r"|strips?|tell|than|that|the|their|them|then|there|they|this|to|too|two|three|under|very|was|we|were|what"
    r"|when|where|which|who|why|will|with|without|wrong|yesterday|you|your"
)


@dataclass(frozen=True, slots=True)
class Nearness:
    """To the nearest phrase (-1 to 1), and the share of the words that say something that are in a phrase."""

    similarity: float
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """How people ask, in words and as rows `[phrases, width]` of the model's space, and how near is near."""

    model: FindModel
    words: frozenset[str]
    rows: Float32
    least_similarity: float
    least_share: float

    @classmethod
    def of(cls, model: FindModel, phrases: Sequence[str], similarity: float, share: float) -> Self:
        """From the phrases."""
        words = frozenset(word for phrase in phrases for word in said_words(phrase))
        return cls(model, words, np.stack([model.of_text(phrase) for phrase in phrases]), similarity, share)

    def nearness(self, question: str) -> Nearness:
        """Of one question."""
        said = said_words(question)
        share = sum(word in self.words for word in said) / len(said) if said else 0.0
        return Nearness(float((self.rows @ self.model.of_text(question)).max()), share)

    def is_near(self, near: Nearness) -> bool:
        """By its words, or else by its similarity."""
        return near.share >= self.least_share or near.similarity >= self.least_similarity

    def holds(self, question: str) -> bool:
        """Also whatever names a finding, or a medical word of `hearth ask`."""
        is_named = named_findings(question).findings or Reader.default().named(question)
        return bool(is_named) or self.is_near(self.nearness(question))


def said_words(text: str) -> list[str]:
    """Those that are not in questions about anything."""
    return [word for word in words_of(text) if not _COMMON.fullmatch(word)]


def scope_text(phrases: Iterable[str], similarity: float, share: float) -> str:
    """The file's text."""
    lines = "".join(f'  "{phrase}",\n' for phrase in phrases)
    return (
        "# Written by `python -m benchmarks.choose_find_scope`: the phrases of the training, and how near"
        " a question must be.\n"
        f"least_similarity = {similarity}\nleast_share = {share}\nphrases = [\n{lines}]\n"
    )


@cache
def find_scope() -> Scope:
    """The one of the package, with the package's model."""
    table = tomllib.loads(files("hub.ask").joinpath("find_scope.toml").read_text(encoding="utf-8"))
    return Scope.of(find_model(), table["phrases"], table["least_similarity"], table["least_share"])
