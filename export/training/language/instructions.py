"""Questions and answers made of annotated windows: many phrasings, negatives, refusals, comparisons.

Rates and intervals in an answer are the measured ones, and stand in the prompt too; where a waveform is,
and whether, is the annotators' word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edge.comparison import ECTOPY_SHARE, changes, changes_text, direction
from edge.ecg_prompt import EcgPlace, Shown, prompt_parts
from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.labels import WAVEFORM_NAMES, BeatClass, Waveform
from edge.localizer_answer import locate_question, spans_text
from export.training.language.phrases import (
    ANY_OF,
    COMPARE,
    IS_THERE,
    RATE,
    REFUSALS,
    REPORT,
    STATEMENTS,
    SYNONYMS,
    WHICH,
    no_such,
    sentence_of,
    yes_at,
)

_MOST_SPANS: Final = 12

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Instruction:
    """A prompt, its answer, and the rows of the corpus that its places of ECGs stand for."""

    parts: tuple[str | EcgPlace, ...]
    answer: str
    rows: tuple[Row, ...]


def evidence_of(row: Row) -> Evidence:
    """As it was measured on the window."""
    kept = row["evidence"]
    beats = tuple(EvidenceBeat(b["at_s"], BeatClass(b["beat_class"])) for b in kept["beats"])
    spans = tuple(EvidenceSpan(Waveform(s["waveform"]), s["start_s"], s["end_s"]) for s in kept["spans"])
    return Evidence(**{**kept, "leads": tuple(kept["leads"]), "beats": beats, "spans": spans})


def shown(row: Row, *, with_evidence: bool) -> Shown:
    """The window as the prompt shows it."""
    evidence = evidence_of(row) if with_evidence else None
    return Shown(tuple(row["leads"]), int(row["seconds"]), evidence)


def _one(row: Row, question: str, answer: str, *, with_evidence: bool) -> Instruction:
    return Instruction(
        tuple(prompt_parts([shown(row, with_evidence=with_evidence)], question)), answer, (row,)
    )


def true_spans(row: Row) -> dict[Waveform, list[tuple[float, float]]]:
    """Where each waveform is; a waveform that is known and absent has no entry."""
    return {Waveform(name): [(a, b) for a, b in spans] for name, spans in row["spans"].items()}


def locate(row: Row, rng: np.random.Generator, *, with_evidence: bool) -> Instruction:
    """Where are these waveforms; or one of them, by name."""
    known, spans = [Waveform(name) for name in row["known"]], true_spans(row)
    if rng.random() < 0.35:
        present = [w for w in known if w in spans]
        pool = present if present and rng.random() < 0.6 else known
        asked = [pool[rng.integers(len(pool))]]
        name = SYNONYMS[asked[0]][rng.integers(len(SYNONYMS[asked[0]]))]
        question = _pick(ANY_OF, rng).format(name=name)
    else:
        asked = known
        question = locate_question(known)
    found = {w: spans[w][:_MOST_SPANS] for w in asked if w in spans}
    return _one(row, question, spans_text(found), with_evidence=with_evidence)


def is_there(row: Row, rng: np.random.Generator, *, with_evidence: bool) -> Instruction:
    """Yes with times, or no."""
    known, spans = [Waveform(name) for name in row["known"]], true_spans(row)
    present = [w for w in known if w in spans]
    asked = present[rng.integers(len(present))] if present and rng.random() < 0.5 else _pick(known, rng)
    question = _pick(IS_THERE, rng).format(name=_pick(SYNONYMS[asked], rng))
    answer = yes_at(asked, spans[asked]) if asked in spans else no_such(asked)
    return _one(row, question, answer, with_evidence=with_evidence)


def rate(row: Row, rng: np.random.Generator) -> Instruction | None:
    """The measured rate; never guessed."""
    measured = evidence_of(row).heart_rate_bpm
    if measured is None:
        return None
    return _one(row, _pick(RATE, rng), f"The heart rate is {measured:.0f} bpm.", with_evidence=True)


def report(row: Row, rng: np.random.Generator, *, with_evidence: bool, words: dict[str, str]) -> Instruction:
    """Sentences: the statements of a report where there is one, else what was annotated."""
    if row["codes"]:
        said = [words[code] for code in row["visible"]]
        answer = "; ".join(said) + "." if said else "No statement."
        return _one(row, _pick(STATEMENTS, rng), answer, with_evidence=with_evidence)
    measured = evidence_of(row) if with_evidence else None
    return _one(row, _pick(REPORT, rng), sentence_of(true_spans(row), measured), with_evidence=with_evidence)


def compare(one: Row, other: Row, rng: np.random.Generator) -> Instruction:
    """What changed from the first ECG to the second, in four words."""
    parts = prompt_parts([shown(row, with_evidence=True) for row in (one, other)], _pick(COMPARE, rng))
    return Instruction(tuple(parts), change_text(one, other), (one, other))


def change_text(one: Row, other: Row) -> str:
    """The four items and their words."""
    return changes_text(_changes(one, other))


def is_changed(one: Row, other: Row) -> bool:
    """Whether any item is known and not the same."""
    return not set(_changes(one, other).values()) <= {"same", "unknown"}


def _changes(one: Row, other: Row) -> dict[str, str]:
    """Rate and intervals as measured, rhythm and ectopy as annotated."""
    found = changes(evidence_of(one), evidence_of(other))
    fibrillates = ["AFIB" in row["spans"] for row in (one, other)]
    n = [sum(len(row["spans"].get(w, ())) / row["seconds"] for w in ("V", "A")) for row in (one, other)]
    found["rhythm"] = "same" if fibrillates[0] == fibrillates[1] else "changed"
    found["ectopy"] = direction(n[0], n[1], ECTOPY_SHARE, ("more", "less"))
    return found


def which(rows: Sequence[Row], rng: np.random.Generator) -> Instruction | None:
    """On which of several ECGs is it."""
    shared = set.intersection(*(set(row["known"]) for row in rows))
    told = [w for w in shared if 0 < sum(w in row["spans"] for row in rows) < len(rows)]
    if not told:
        return None
    asked = Waveform(sorted(told)[rng.integers(len(told))])
    on = [str(i + 1) for i, row in enumerate(rows) if asked in row["spans"]]
    question = _pick(WHICH, rng).format(name=_pick(SYNONYMS[asked], rng))
    parts = prompt_parts([shown(row, with_evidence=bool(rng.random() < 0.5)) for row in rows], question)
    answer = f"{WAVEFORM_NAMES[asked].capitalize()} is on ECG {' and '.join(on)}."
    return Instruction(tuple(parts), answer, tuple(rows))


def refusal(row: Row, rng: np.random.Generator) -> Instruction:
    """What an ECG cannot tell."""
    question, answer = REFUSALS[rng.integers(len(REFUSALS))]
    return _one(row, question, answer, with_evidence=bool(rng.random() < 0.5))


def _pick(options: Sequence[Any], rng: np.random.Generator) -> Any:
    return options[int(rng.integers(len(options)))]
