"""What changed between two windows: pairs of one patient, and made pairs with a known change."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from benchmarks.comparison_pairs import RECORDS, Pair, drawn_pairs, made_pairs
from benchmarks.comparison_ptbxl import ptbxl_pairs
from benchmarks.language_reader import LanguageReader
from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.workplace import Workplace
from edge.ask_answer import completed
from edge.ask_measured import answer_sentences
from edge.comparison import COMPARE_QUESTION, changes, read_changes
from edge.events import AskAnswer
from edge.localizer_request import Said
from edge.pipeline import PipelineSettings
from edge.span_evidence import SpanReader

ITEMS = ("rate", "rhythm", "ectopy", "intervals")
_VERDICT = re.compile(r"In short: ([^.]*)\.")
_PAIRS: Final = {"one patient": drawn_pairs, "PTB-XL": ptbxl_pairs, "made": made_pairs}
_NOTES: Final = (
    f"Pairs of mitdb {', '.join(RECORDS)} (development patients): rate, rhythm and ectopy by the"
    " annotators. Made pairs: a window and itself stretched in time, so that the rate changes by"
    " a known factor, and with it the intervals. The share of right words; `unknown` is none.",
    "Pairs of PTB-XL: two ECGs of one held-out patient, lead II. Rhythm and ectopy by the statements of"
    " the reports, rate by neurokit2 on the same ten seconds; nothing independent says the intervals.",
    "The whole system is read from the text that `hearth ask` prints. By rule its verdict is the"
    " measured one (edge/comparison.py); words of the model are said to agree or are struck, so"
    " that the two rows are the same unless something is broken.",
    "A change of rhythm is another set of fibrillation, flutter and runs; the model was taught"
    " atrial fibrillation alone.",
)


def run(place: Workplace) -> Result:
    """The model's words, the measured ones, and always `same`."""
    place.database("mitdb")
    place.database("ptbxl")
    model, reader = LanguageReader.of(place), SpanReader(place.bundle, PipelineSettings())
    rows = {
        f"{name}: {who}": _accuracy(pairs, given)
        for name, pairs_of in _PAIRS.items()
        for pairs in [list(pairs_of(place, model, reader))]
        for who, given in _answers(model, pairs).items()
    }
    return Result(
        "comparison",
        "Comparison of two windows",
        "python -m benchmarks.figures --data DIR --only comparison",
        _NOTES,
        [_figure(rows, name, who) for name in _PAIRS for who in ("whole system", "language model alone")],
        [Table("Share of right words, %", "Pairs", rows)],
    )


def _answers(model: LanguageReader, pairs: Sequence[Pair]) -> dict[str, list[dict[str, str]]]:
    said = [model.ask(pair.windows, COMPARE_QUESTION, with_evidence=True, max_tokens=40) for pair in pairs]
    return {
        "whole system": [_whole(pair, one) for pair, one in zip(pairs, said, strict=True)],
        "measured": [changes(*pair.measured) for pair in pairs],
        "language model alone": [read_changes(one.text) for one in said],
        "always same": [dict.fromkeys(ITEMS, "same") for _ in pairs],
    }


def _figure(rows: Mapping[str, dict[str, Cell]], name: str, who: str) -> Figure:
    row = rows[f"{name}: {who}"]
    return Figure(
        f"Comparison, {name}, right words, {who}", (float(row["all"] or 0),), f"{row['pairs']} pairs"
    )


def _whole(pair: Pair, said: Said) -> dict[str, str]:
    """The verdict in the words that a person gets."""
    evidence = list(pair.measured)
    text = " ".join(answer_sentences(evidence, COMPARE_QUESTION))
    measured = AskAnswer(question_id=UUID(int=0), device_id="benchmark", status="answered", text=text)
    found = _VERDICT.match(completed(measured, (said,), evidence, "model").text)
    return read_changes(re.sub(r" \([^)]*\)", "", found[1])) if found else {}


def _accuracy(pairs: list[Pair], answers: list[dict[str, str]]) -> dict[str, Cell]:
    row: dict[str, Cell] = {"pairs": len(pairs)}
    every: list[bool] = []
    for item in ITEMS:
        right = [a.get(item) == p.truth[item] for p, a in zip(pairs, answers, strict=True) if item in p.truth]
        every += right
        row[item] = round(100 * sum(right) / len(right), 1) if right else None
    row["all"] = round(100 * sum(every) / len(every), 1) if every else None
    return row
