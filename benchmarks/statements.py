"""Statements of a report from reduced leads: PTB-XL patients that nothing was taught on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from benchmarks.language_reader import LanguageReader
from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.workplace import Workplace
from export.training.ptbxl_views import (
    LEADS,
    PtbxlRecord,
    read_descriptions,
    read_ptbxl_reports,
    visible_codes,
)

VIEWS = (("I",), ("II",), ("I", "II", "V1"))
QUESTION = "Report the findings."
_EVERY = 3
_CONSTANT = ("NORM", "SR")


@dataclass(frozen=True, slots=True)
class Reported:
    """Statements that are visible, those that were said, and how alike the texts are."""

    view: str
    true: frozenset[str]
    said: frozenset[str]
    rouge_l: float


def run(place: Workplace) -> Result:
    """Each view, with what was measured in the prompt, and without."""
    place.database("ptbxl")
    words = {code: text.lower() for code, text in read_descriptions(place.data).items()}
    model = LanguageReader.of(place)
    records = [record for record in read_ptbxl_reports(place.data) if record.held_out][::_EVERY]
    rows: dict[str, dict[str, Cell]] = {}
    for with_evidence in (False, True):
        name = "with measurements" if with_evidence else "signal alone"
        found = list(_reported(model, records, words, with_evidence=with_evidence))
        for view in [*map(" ".join, VIEWS), None]:
            chosen = [one for one in found if view is None or one.view == view]
            rows[f"{view or 'all views'}, {name}"] = _row(chosen)
    rows["all views, always the commonest two"] = _row(
        [Reported(one.view, one.true, frozenset(_CONSTANT) & frozenset(words), 0.0) for one in found]
    )
    figures = [
        Figure(
            f"Statements, micro F1, {name}",
            (float(rows[f"all views, {name}"]["micro F1"] or 0),),
            f"{len(found)} views",
        )
        for name in ("signal alone", "with measurements")
    ]
    return Result(
        "statements",
        "Report statements: PTB-XL, held-out patients, reduced leads",
        "python -m benchmarks.figures --data DIR --only statements",
        (
            f"{len(records)} records, every third of folds 9 and 10, each in {len(VIEWS)} views; true are the"
            f" statements of the"
            " report that these leads can show. Micro F1 counts each statement, macro F1 each kind that"
            " occurs.",
        ),
        figures,
        [Table("By view", "View", rows)],
    )


def _reported(
    model: LanguageReader, records: Sequence[PtbxlRecord], words: dict[str, str], *, with_evidence: bool
) -> Iterator[Reported]:
    code_of = {text: code for code, text in words.items()}
    for record in records:
        for view in VIEWS:
            columns = [LEADS.index(lead) for lead in view]
            ecg = model.see(record.ecg_mv[:, columns].T.astype(np.float32), view)
            answer = model.ask([ecg], QUESTION, with_evidence=with_evidence).text
            visible = visible_codes(record.codes, view)
            parts = [part.strip(" .") for part in answer.split(";")]
            said = frozenset(code_of[part] for part in parts if part in code_of)
            truth = "; ".join(words[code] for code in visible)
            yield Reported(" ".join(view), frozenset(visible), said, rouge_l(truth, answer))


def _row(found: Sequence[Reported]) -> dict[str, Cell]:
    hits = sum(len(one.true & one.said) for one in found)
    n_true, n_said = sum(len(one.true) for one in found), sum(len(one.said) for one in found)
    kinds = sorted(set().union(*(one.true for one in found)))
    by_kind = [_f1([(kind in one.true, kind in one.said) for one in found]) for kind in kinds]
    return {
        "views": len(found),
        "Se": round(100 * hits / n_true, 1) if n_true else None,
        "+P": round(100 * hits / n_said, 1) if n_said else None,
        "micro F1": round(200 * hits / (n_true + n_said), 1) if n_true + n_said else None,
        "macro F1": round(100 * fmean(by_kind), 1) if by_kind else None,
        "ROUGE-L": round(100 * fmean(one.rouge_l for one in found), 1) if found else None,
    }


def _f1(pairs: Sequence[tuple[bool, bool]]) -> float:
    hits = sum(true and said for true, said in pairs)
    total = sum(true for true, _ in pairs) + sum(said for _, said in pairs)
    return 2 * hits / total if total else 0.0


def rouge_l(truth: str, said: str) -> float:
    """F of the longest common subsequence of words (Lin 2004)."""
    one, other = truth.lower().split(), said.lower().split()
    row = [0] * (len(other) + 1)
    for word in one:
        before = row[:]
        for i, candidate in enumerate(other):
            row[i + 1] = before[i] + 1 if word == candidate else max(row[i], before[i + 1])
    return 2 * row[-1] / (len(one) + len(other)) if one and other else 0.0
