"""Every sentence is checked against what was measured before it leaves; what is not borne out is struck.

A sentence stays when each of its words is known, each of its claims is understood, and the evidence holds
each of them: what is there or not there, how many, when, how long, how fast. No sentence is repaired.
"""

from dataclasses import dataclass
from typing import Literal

from edge.evidence import Evidence
from edge.grounding_claims import Claim, Holds
from edge.grounding_parser import NotUnderstoodError, claims
from edge.grounding_tokens import Token, sentences, tokens
from edge.grounding_truth import holds
from edge.grounding_verdict import is_borne_out
from edge.grounding_words import HARMLESS

Kind = Literal["contradicted", "unsupported", "not_understood"]


@dataclass(frozen=True, slots=True)
class Struck:
    """A sentence that does not leave, and why.

    `contradicted`: the evidence does not hold it; `unsupported`: nothing was measured that could bear it out.
    """

    text: str
    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The sentences in their order."""

    kept: tuple[str, ...]
    struck: tuple[Struck, ...]

    @property
    def text(self) -> str:
        """What may leave."""
        return " ".join(self.kept)


def check(text: str, evidence: Evidence) -> Checked:
    """Keep or strike each sentence."""
    judged = [(sentence, _complaint(sentence, evidence)) for sentence in sentences(text)]
    return Checked(
        kept=tuple(sentence for sentence, struck in judged if struck is None),
        struck=tuple(struck for _, struck in judged if struck is not None),
    )


def contradictions(text: str, evidence: Evidence) -> int:
    """How many sentences say something that the evidence does not hold."""
    return sum(struck.kind == "contradicted" for struck in check(text, evidence).struck)


def _complaint(sentence: str, evidence: Evidence) -> Struck | None:
    if sentence.casefold().rstrip(".!? ") in HARMLESS:
        return None
    found = tokens(sentence, evidence.leads)
    word = _first(found, "!")
    if word is not None:
        return Struck(sentence, "unsupported", f"nothing here measures: {word}")
    word = _first(found, "?")
    if word is not None:
        return Struck(sentence, "not_understood", f"unknown: {word}")
    try:
        claimed = claims(found)
    except NotUnderstoodError as error:
        return Struck(sentence, "not_understood", str(error))
    wrong = next((claim for claim in claimed if not is_borne_out(claim, evidence)), None)
    return None if wrong is None else Struck(sentence, _kind(wrong, evidence), f"not measured: {wrong}")


def _first(found: list[Token], sign: str) -> object:
    return next((token.value for token in found if token.sign == sign), None)


def _kind(wrong: Claim, evidence: Evidence) -> Kind:
    """To deny what nobody looked for is not wrong, but nothing bears it out."""
    is_open = isinstance(wrong, Holds) and wrong.denied and holds(wrong.subject, evidence) is not True
    return "unsupported" if is_open else "contradicted"
