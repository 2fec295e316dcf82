"""What the encoder and the rules measured, and what the language model says, as one list of findings.

The rule, waveform by waveform:

1. What was measured stays, with its own borders; stretches that overlap are one. Where a finding of the model
   overlaps it, the model is a witness of it, and its highest confidence is noted.
2. Of fibrillation, atrial or ventricular, where both overlap, the model sets the borders.
3. What the model alone says stays only if it is a waveform that nothing here measures (`MODEL_MAY_SAY`), and
   at `least_confidence` or more; stretches that overlap become one.
4. All else that the model says is dropped and counted as unconfirmed.

The order in which findings come does not matter, and fusing the result again changes nothing.
See docs/adr/0009-what-the-language-model-may-add.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from edge.events import LocalizedFinding, Witness
from edge.evidence import EvidenceSpan
from edge.labels import WAVEFORM_OF_FINDING, Finding, Waveform

LEAST_CONFIDENCE: Final = 0.7
_MODEL: Final[Witness] = "language_model"

WITNESS_OF_WAVEFORM: Final[dict[Waveform, Witness]] = {
    Waveform.LEFT_BUNDLE_BRANCH_BLOCK: "encoder",
    Waveform.RIGHT_BUNDLE_BRANCH_BLOCK: "encoder",
    Waveform.VENTRICULAR_BEAT: "encoder",
    Waveform.SUPRAVENTRICULAR_BEAT: "encoder",
    Waveform.ATRIAL_FIBRILLATION: "encoder",
    Waveform.VENTRICULAR_FIBRILLATION: "encoder",
    Waveform.UNREADABLE: "encoder",
    Waveform.VENTRICULAR_TACHYCARDIA: "rule",
    Waveform.VENTRICULAR_BIGEMINY: "rule",
    Waveform.VENTRICULAR_TRIGEMINY: "rule",
    Waveform.SUPRAVENTRICULAR_RUN: "rule",
    Waveform.PAUSE: "rule",
    Waveform.BRADYCARDIA: "rule",
    Waveform.TACHYCARDIA: "rule",
}
"""Who measures what; rules read the encoder's beats."""

MODEL_MAY_SAY: Final = frozenset(Waveform) - WITNESS_OF_WAVEFORM.keys()
"""Flutter: nothing here decides it, so the model's word is the only one."""

MODEL_SETS_BORDERS: Final = frozenset((Waveform.ATRIAL_FIBRILLATION, Waveform.VENTRICULAR_FIBRILLATION))
"""The encoder tells these over several beats or seconds, the model of each tenth of a second."""


@dataclass(frozen=True, slots=True)
class Fused:
    """Findings in order of time; `unconfirmed` counts what the model alone says and may not."""

    findings: tuple[LocalizedFinding, ...]
    unconfirmed: int


def fuse(
    spans: Iterable[EvidenceSpan],
    said: Iterable[LocalizedFinding],
    least_confidence: float = LEAST_CONFIDENCE,
) -> Fused:
    """Apply the rule; of `said`, only findings that name the model as a witness are looked at."""
    measured = _merged(
        _Stretch(span.waveform, span.start_s, span.end_s)
        for span in spans
        if span.waveform in WITNESS_OF_WAVEFORM
    )
    words = {_word(one) for one in said if _MODEL in one.seen_by}
    alone = {word for word in words if not any(_is_same(word, stretch) for stretch in measured)}
    taken = {word for word in alone if _is_allowed(word, least_confidence)}
    bordered = {word for word in words - alone if word.waveform in MODEL_SETS_BORDERS}
    kept = [stretch for stretch in measured if not any(_is_same(word, stretch) for word in bordered)]
    findings = [_witnessed(stretch, words) for stretch in kept]
    findings += [_finding(word, (WITNESS_OF_WAVEFORM[word.waveform], _MODEL)) for word in _merged(bordered)]
    findings += [_finding(word, (_MODEL,)) for word in _merged(taken)]
    findings.sort(key=lambda one: (one.start_s, one.end_s, str(one.finding)))
    return Fused(tuple(findings), len(alone - taken))


def waveform_of(finding: Finding | Waveform) -> Waveform:
    """What is pointed at, whichever of the two names it has."""
    return WAVEFORM_OF_FINDING[finding] if isinstance(finding, Finding) else finding


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Of one waveform; `confidence` is the model's."""

    waveform: Waveform
    start_s: float
    end_s: float
    confidence: float | None = None


def _word(one: LocalizedFinding) -> _Stretch:
    return _Stretch(waveform_of(one.finding), one.start_s, one.end_s, one.confidence)


def _is_allowed(word: _Stretch, least_confidence: float) -> bool:
    is_sure = word.confidence is not None and word.confidence >= least_confidence
    return word.waveform in MODEL_MAY_SAY and word.start_s < word.end_s and is_sure


def _is_same(one: _Stretch, other: _Stretch) -> bool:
    """The same waveform, and a moment in common that is the border of neither, or the same borders."""
    overlap = one.start_s < other.end_s and other.start_s < one.end_s
    same = (one.start_s, one.end_s) == (other.start_s, other.end_s)
    return one.waveform is other.waveform and (overlap or same)


def _merged(stretches: Iterable[_Stretch]) -> list[_Stretch]:
    """Overlapping ones made one, as sure as the surest of them."""
    whole: list[_Stretch] = []
    for one in sorted(stretches, key=lambda each: (each.waveform, each.start_s, each.end_s)):
        overlaps = bool(whole) and _is_same(one, whole[-1])
        whole.append(_joined(whole.pop(), one) if overlaps else one)
    return whole


def _joined(one: _Stretch, other: _Stretch) -> _Stretch:
    end_s = max(one.end_s, other.end_s)
    return _Stretch(one.waveform, one.start_s, end_s, _surest([one, other]))


def _surest(stretches: Iterable[_Stretch]) -> float | None:
    return max((one.confidence for one in stretches if one.confidence is not None), default=None)


def _witnessed(stretch: _Stretch, words: Iterable[_Stretch]) -> LocalizedFinding:
    agreeing = [word for word in words if _is_same(word, stretch)]
    witness = WITNESS_OF_WAVEFORM[stretch.waveform]
    surest = replace(stretch, confidence=_surest(agreeing))
    return _finding(surest, (witness, _MODEL) if agreeing else (witness,))


def _finding(stretch: _Stretch, seen_by: tuple[Witness, ...]) -> LocalizedFinding:
    return LocalizedFinding(
        finding=stretch.waveform,
        start_s=stretch.start_s,
        end_s=stretch.end_s,
        confidence=stretch.confidence,
        seen_by=seen_by,
    )
