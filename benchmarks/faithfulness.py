"""How often the language model says what was not measured, before the check and after it."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from benchmarks.language_reader import Float32, LanguageReader
from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.workplace import Workplace
from edge.evidence import Evidence
from edge.grounding import check
from edge.grounding_tokens import sentences
from export.training.language.sources import SourceRef, read_source, source_refs
from export.training.records import FS_HZ
from export.training.splits import DEVELOPMENT, is_cinc2017_held_out, is_cudb_held_out

QUESTIONS = (
    "Report.",
    "What do you see?",
    "Is there atrial fibrillation?",
    "Any PVC?",
    "How fast is the heart?",
)
_RECORDS_EACH, _WINDOW_S = 6, 10


def run(place: Workplace) -> Result:
    """Windows of held-out patients, five questions each, with what was measured in the prompt and without."""
    model = LanguageReader.of(place)
    rows: dict[str, dict[str, Cell]] = {}
    for with_evidence in (True, False):
        counts: Counter[str] = Counter()
        for ecg_mv, lead in _windows(place):
            seen = model.see(ecg_mv, (lead,))
            for question in QUESTIONS:
                text = model.ask([seen], question, with_evidence=with_evidence).text
                counts.update(judged(text, seen.evidence))
        rows["with measurements" if with_evidence else "signal alone"] = _row(counts)
    told = rows["with measurements"]
    return Result(
        "faithfulness",
        "Faithfulness of sentences",
        "python -m benchmarks.figures --data DIR --only faithfulness",
        (
            "Windows of 10 s of held-out patients of mitdb, svdb, cinc2017 and cudb; what was measured"
            " is what the"
            " encoder alone finds on the window. A sentence is struck where the evidence contradicts it,"
            " cannot bear"
            " it out, or where it is not understood; after the check the same is counted again.",
        ),
        _figures(told),
        [Table("By what the prompt holds", "Prompt", rows)],
    )


def _figures(told: dict[str, Cell]) -> list[Figure]:
    return [
        Figure(
            "Contradictions per 1,000 sentences, before the check",
            (_number(told, "before"),),
            "",
            unit="",
        ),
        Figure(
            "Contradictions per 1,000 sentences, after it",
            (_number(told, "after"),),
            "",
            (0.0,),
            is_ceiling=True,
            unit="",
        ),
        Figure("Sentences struck", (_number(told, "struck %"),), ""),
    ]


def judged(text: str, evidence: Evidence) -> Counter[str]:
    """Sentences by what becomes of them, and what the check finds in what it has let through."""
    checked = check(text, evidence)
    again = check(checked.text, evidence)
    counts: Counter[str] = Counter(struck.kind for struck in checked.struck)
    counts["sentences"] = len(list(sentences(text)))
    counts["after"] = sum(struck.kind == "contradicted" for struck in again.struck)
    return counts


def _windows(place: Workplace) -> Iterator[tuple[Float32, str]]:
    rng = np.random.default_rng(2026)
    for ref in _chosen(source_refs(place.data), rng):
        source = read_source(ref)
        n = min(_WINDOW_S, len(source.ecg_mv) // FS_HZ) * FS_HZ
        first = int(rng.integers(len(source.ecg_mv) - n + 1))
        yield source.ecg_mv[first : first + n, :1].T.astype(np.float32), source.leads[0]


def _chosen(refs: list[SourceRef], rng: np.random.Generator) -> Iterator[SourceRef]:
    tests = {"cinc2017": is_cinc2017_held_out, "cudb": is_cudb_held_out}
    for database in ("mitdb", "svdb", "cinc2017", "cudb"):
        is_held_out = tests.get(database, DEVELOPMENT.__contains__)
        names = [ref for ref in refs if ref.database == database and is_held_out(ref.path.name)]
        yield from (names[rng.integers(len(names))] for _ in range(_RECORDS_EACH))


def _row(counts: Counter[str]) -> dict[str, Cell]:
    n = counts["sentences"]
    struck = counts["contradicted"] + counts["unsupported"] + counts["not_understood"]
    return {
        "sentences": n,
        "before": round(1000 * counts["contradicted"] / n, 1),
        "after": round(1000 * counts["after"] / n, 1),
        "unsupported": counts["unsupported"],
        "not understood": counts["not_understood"],
        "struck %": round(100 * struck / n, 1),
    }


def _number(row: dict[str, Cell], name: str) -> float:
    return float(row[name] or 0)
