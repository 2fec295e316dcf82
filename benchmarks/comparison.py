"""What changed between two windows: pairs of one development patient, and made pairs with a known change."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from scipy.signal import resample

from benchmarks.language_reader import Float32, LanguageReader, SeenEcg
from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.workplace import Workplace
from edge.ask_answer import completed
from edge.ask_measured import answer_sentences
from edge.comparison import (
    COMPARE_QUESTION,
    ECTOPY_SHARE,
    RATE_SHARE,
    RHYTHMS,
    changes,
    direction,
    read_changes,
)
from edge.events import AskAnswer
from edge.labels import Waveform
from edge.localizer_request import Said
from export.evaluation.window_truth import AnnotatedRecord, Truth, read_annotations
from export.training.language.sources import MITDB_WAVEFORMS
from export.training.records import FS_HZ, prepared_ecg

RECORDS = ("108", "119", "223")
ITEMS = ("rate", "rhythm", "ectopy", "intervals")
_PAIRS_EACH = 14
_WINDOW_S = 10
_STRETCHES = (0.75, 0.85, 1.2, 1.35)
_VERDICT = re.compile(r"In short: ([^.]*)\.")


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two windows and what is known to have changed; an item that is not known is missing."""

    windows: tuple[SeenEcg, SeenEcg]
    truth: dict[str, str]


def run(place: Workplace) -> Result:
    """The model's words, the measured ones, and always `same`."""
    place.database("mitdb")
    model = LanguageReader.of(place)
    rows: dict[str, dict[str, Cell]] = {}
    for name, pairs in (("one patient", _drawn(place, model)), ("made", _made(place, model))):
        kept = list(pairs)
        said = [model.ask(pair.windows, COMPARE_QUESTION, with_evidence=True, max_tokens=40) for pair in kept]
        answers = {
            "whole system": [_whole(pair, one) for pair, one in zip(kept, said, strict=True)],
            "measured": [changes(*(window.evidence for window in pair.windows)) for pair in kept],
            "language model alone": [read_changes(one.text) for one in said],
            "always same": [dict.fromkeys(ITEMS, "same") for _ in kept],
        }
        for who, given in answers.items():
            rows[f"{name}: {who}"] = _accuracy(kept, given)
    figures = [
        Figure(f"Comparison, {name}, right words, {who}", (float(rows[f"{name}: {who}"]["all"] or 0),), "")
        for name in ("one patient", "made")
        for who in ("whole system", "language model alone")
    ]
    return Result(
        "comparison",
        "Comparison of two windows",
        "python -m benchmarks.figures --data DIR --only comparison",
        (
            f"Pairs of mitdb {', '.join(RECORDS)} (development patients): rate, rhythm and ectopy by the"
            " annotators. Made pairs: a window and itself stretched in time, so that the rate changes by"
            " a known factor, and with it the intervals. The share of right words.",
            "The whole system is read from the text that `hearth ask` prints. By rule its verdict is the"
            " measured one (edge/comparison.py); words of the model are said to agree or are struck, so"
            " that the two rows are the same unless something is broken.",
            "A change of rhythm is another set of fibrillation, flutter and runs; the model was taught"
            " atrial fibrillation alone.",
        ),
        figures,
        [Table("Share of right words, %", "Pairs", rows)],
    )


def _whole(pair: Pair, said: Said) -> dict[str, str]:
    """The verdict in the words that a person gets."""
    evidence = [window.evidence for window in pair.windows]
    text = " ".join(answer_sentences(evidence, COMPARE_QUESTION))
    measured = AskAnswer(question_id=UUID(int=0), device_id="benchmark", status="answered", text=text)
    found = _VERDICT.match(completed(measured, (said,), evidence, "model").text)
    return read_changes(re.sub(r" \([^)]*\)", "", found[1])) if found else {}


def _drawn(place: Workplace, model: LanguageReader) -> Iterator[Pair]:
    rng = np.random.default_rng(2026)
    for name in RECORDS:
        ecg, annotated = _record(place, name)
        for _ in range(_PAIRS_EACH):
            firsts = rng.integers(0, len(ecg) // FS_HZ - _WINDOW_S, 2)
            seen = [model.see(_cut(ecg, first), ("MLII",)) for first in firsts]
            truths = [annotated.window(float(first), _WINDOW_S) for first in firsts]
            yield Pair((seen[0], seen[1]), _known(truths[0], truths[1]))


def _made(place: Workplace, model: LanguageReader) -> Iterator[Pair]:
    rng = np.random.default_rng(7)
    for name in RECORDS:
        ecg, _ = _record(place, name)
        for factor in _STRETCHES * 3:
            first = int(rng.integers(0, len(ecg) // FS_HZ - 2 * _WINDOW_S))
            long = ecg[first * FS_HZ : (first + 2 * _WINDOW_S) * FS_HZ]
            stretched = resample(long, round(len(long) * factor)).astype(np.float32)
            before, after = _cut(ecg, first), stretched[None, : _WINDOW_S * FS_HZ]
            seen = (model.see(before, ("MLII",)), model.see(after, ("MLII",)))
            known = {"rate": "lower" if factor > 1 else "higher", "rhythm": "same"}
            yield Pair(seen, known | {"intervals": "longer" if factor > 1 else "shorter"})


def _record(place: Workplace, name: str) -> tuple[Float32, AnnotatedRecord]:
    path = place.data / "mitdb" / name
    ecg = prepared_ecg(path)[:, 0].astype(np.float32)
    return ecg, read_annotations(str(path), len(ecg) / FS_HZ, MITDB_WAVEFORMS)


def _cut(ecg: Float32, first_s: int) -> Float32:
    return ecg[None, first_s * FS_HZ : (first_s + _WINDOW_S) * FS_HZ]


def _known(before: Truth, after: Truth) -> dict[str, str]:
    rates = [_rate(truth) for truth in (before, after)]
    both = [
        [len(t.spans.get(w, ())) for t in (before, after)]
        for w in (Waveform.VENTRICULAR_BEAT, Waveform.SUPRAVENTRICULAR_BEAT)
    ]
    ectopy = [float(sum(kind[i] for kind in both)) for i in (0, 1)]
    rhythms = [truth.spans.keys() & set(RHYTHMS) for truth in (before, after)]
    return {
        "rate": direction(rates[0], rates[1], RATE_SHARE, ("higher", "lower")),
        "rhythm": "same" if rhythms[0] == rhythms[1] else "changed",
        "ectopy": direction(ectopy[0], ectopy[1], ECTOPY_SHARE, ("more", "less")),
    }


def _rate(truth: Truth) -> float | None:
    beats = truth.beats_s
    return 60 * (len(beats) - 1) / (beats[-1] - beats[0]) if len(beats) > 1 else None


def _accuracy(pairs: list[Pair], answers: list[dict[str, str]]) -> dict[str, Cell]:
    row: dict[str, Cell] = {"pairs": len(pairs)}
    every: list[bool] = []
    for item in ITEMS:
        right = [a.get(item) == p.truth[item] for p, a in zip(pairs, answers, strict=True) if item in p.truth]
        every += right
        row[item] = round(100 * sum(right) / len(right), 1) if right else None
    row["all"] = round(100 * sum(every) / len(every), 1) if every else None
    return row
