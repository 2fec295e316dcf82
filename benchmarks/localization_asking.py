"""Ways of asking the language model where one waveform is, on windows of the training corpus.

Everything at once, under the edge's grammar or free, from the signal alone or with what was
measured in the prompt; the same, with the waveform's turn to be named forced, so that presence and places
can be told apart; the waveform alone, by its name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from edge.ecg_prompt import EcgPlace, prompt_parts
from edge.labels import Waveform
from edge.llama_session import LlamaSession
from edge.localizer_answer import NOTHING, locate_grammar, locate_question, read_spans
from edge.localizer_prompt import MOST_SPANS
from edge.tenths import Places
from export.training.language.instructions import shown
from export.training.language.phrases import ANY_OF, SYNONYMS

Float32 = npt.NDArray[np.float32]

_ANSWER_TOKENS: Final = 160
_PLACE_TOKENS: Final = 80
_NEGLIGIBLE: Final = 1e-3
_ALIKE: Final = frozenset(("V", "VFL", "A", "AFL", "AFIB"))
"""Codes that begin with the same token."""


@dataclass(frozen=True, slots=True)
class Told:
    """Of one question: the probability, before any grammar, of naming it, and where it is if it is there."""

    presence: float
    places: Places


class Asker:
    """Asks about one row of the corpus after another; `rows` are what the model reads of it."""

    def __init__(self, session: LlamaSession) -> None:
        self._session = session
        self._read: Float32 | None = None
        self._read_to = self._asked_at = 0
        self._first = np.zeros(0, np.float32)

    def everything(
        self, row: dict[str, Any], rows: Float32, *, with_evidence: bool = False, free: bool = False
    ) -> str:
        """The answer under the edge's grammar, or `free` of it."""
        known = [Waveform(name) for name in row["known"]]
        self._begin(row, rows, locate_question(known), with_evidence=with_evidence)
        grammar = None if free else locate_grammar(known, row["seconds"], MOST_SPANS)
        return self._generated(self._first, grammar, _ANSWER_TOKENS)

    def in_its_turn(self, row: dict[str, Any], rows: Float32, answer: str, waveform: Waveform) -> Told:
        """Everything is asked, and `answer` given until its turn: is it named, and where is it?"""
        known = [Waveform(name) for name in row["known"]]
        self._begin(row, rows, locate_question(known), with_evidence=False)
        before = said_before(answer, waveform)
        later = [one for one in known if not is_before(one, waveform)]
        presence = self._presence(before, waveform, later)
        return Told(presence, self._places(row, f"{before}; {waveform}" if before else waveform, waveform))

    def alone(self, row: dict[str, Any], rows: Float32, waveform: Waveform) -> Told:
        """Asked for by its name, and for nothing else."""
        question = ANY_OF[0].format(name=SYNONYMS[waveform][0])
        self._begin(row, rows, question, with_evidence=False)
        return Told(self._presence("", waveform, [waveform]), self._places(row, waveform, waveform))

    def _begin(self, row: dict[str, Any], rows: Float32, question: str, *, with_evidence: bool) -> None:
        """Ask; the ECG of the question before is not read again."""
        *beginning, last = prompt_parts([shown(row, with_evidence=with_evidence)], question)
        if rows is not self._read:
            self._session.take_back()
            for part in beginning:
                self._session.feed(rows if isinstance(part, EcgPlace) else part)
            self._read, self._read_to = rows, self._session.position
        self._session.take_back(self._read_to)
        self._first = self._session.feed(str(last))
        self._asked_at = self._session.position

    def _generated(self, logits: Float32, grammar: str | None, most: int) -> str:
        return "".join(token.text for token in self._session.generate(logits, grammar, most))

    def _after(self, text: str) -> Float32:
        """Logits after the question and this beginning of an answer."""
        self._session.take_back(self._asked_at)
        return self._session.feed(text) if text else self._first

    def _presence(self, before: str, waveform: Waveform, later: Sequence[Waveform]) -> float:
        """Of its being named next, among it, those after it, and the end of the answer."""
        if before:
            shares = _softmax(self._after(before))
            end, more = (float(shares[self._session.ids(mark)[0]]) for mark in ("<|im_end|>", ";"))
            of = {w: more * self._likelihood(f"{before};", f"{before}; {w} ", w) for w in later}
        else:
            end = self._likelihood("", NOTHING, None)
            of = {w: self._likelihood("", f"{w} ", w) for w in later}
        return of[waveform] / max(end + sum(of.values()), _NEGLIGIBLE**2)

    def _likelihood(self, given: str, whole: str, waveform: Waveform | None) -> float:
        """Of the rest of `whole`: of its first token, or of all where that does not tell `V` from `VFL`."""
        ids = self._session.ids(whole)[len(self._session.ids(given)) :]
        likelihood, logits = 1.0, self._after(given)
        for code in ids if waveform in _ALIKE else ids[:1]:
            likelihood *= float(_softmax(logits)[code])
            if likelihood < _NEGLIGIBLE or waveform not in _ALIKE:
                break
            logits = self._session.feed([code])
        return likelihood

    def _places(self, row: dict[str, Any], start: str, waveform: Waveform) -> Places:
        text = self._generated(self._after(start), PLACES_GRAMMAR, _PLACE_TOKENS)
        return read_places(text, waveform, row["seconds"])


PLACES_GRAMMAR: Final = (
    f'root ::= (" " [0-9]{{1,2}} "." [0-9] "-" [0-9]{{1,2}} "." [0-9]){{1,{MOST_SPANS}}} ";"?'
)
"""Stretches of one waveform; what would come after them may be begun, so that the model can choose it."""


def is_before(one: Waveform, other: Waveform) -> bool:
    """In the order of an answer."""
    order = list(Waveform)
    return order.index(one) < order.index(other)


def said_before(answer: str, waveform: Waveform) -> str:
    """What an answer says of the waveforms that come before this one."""
    items = [] if answer == NOTHING else answer.split("; ")
    return "; ".join(item for item in items if is_before(Waveform(item.split(" ")[0]), waveform))


def read_places(text: str, waveform: Waveform, seconds: int) -> Places:
    """Stretches of `PLACES_GRAMMAR`; none where it is no answer."""
    found = read_spans(f"{waveform}{text.rstrip(';')}", seconds) or {}
    return found.get(waveform, [])


def _softmax(logits: Float32) -> npt.NDArray[np.float64]:
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(powers / powers.sum())
