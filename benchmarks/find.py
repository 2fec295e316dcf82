"""`hearth find` over a simulated history: by similarity alone, by rule alone, and both as it is."""

from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.find_household import History, history
from benchmarks.find_truth import (
    HALF_S,
    Relevant,
    Truth,
    has_pause,
    has_premature,
    is_fast,
    is_fibrillation,
    is_noisy,
    is_normal,
    is_slow,
    is_ventricular_run,
    truth_at,
)
from benchmarks.results import Cell, Result, Table
from benchmarks.workplace import Workplace
from export.training.splits import DS2
from hub.find import Hit, find
from hub.find_model import find_model

QUESTIONS: Final[dict[str, Relevant]] = {
    "runs of wide beats": is_ventricular_run,
    "several big broad beats one after another": is_ventricular_run,
    "irregular rhythm without P waves": is_fibrillation,
    "the heartbeat has no rhythm at all": is_fibrillation,
    "early narrow beats": has_premature,
    "extra beats that look like the normal ones": has_premature,
    "pauses": has_pause,
    "nothing for two seconds": has_pause,
    "slow heart": is_slow,
    "the heart hardly beats": is_slow,
    "fast heart": is_fast,
    "beats come very quickly": is_fast,
    "noise": is_noisy,
    "nothing can be seen because she moved": is_noisy,
    "normal": is_normal,
    "all is well": is_normal,
}
DEVELOPMENT: Final = ("mitdb/108", "mitdb/119", "mitdb/223", "nstdb/119e06")
_SVDB: Final = ("svdb/800", "svdb/810", "svdb/861", "svdb/869")
WAYS: Final[dict[str, Callable[[Hit], tuple[object, ...] | None]]] = {
    "similarity": lambda hit: None if hit.similarity is None else (-hit.similarity,),
    "rule": lambda hit: (hit.at,) if hit.is_named else None,
    "both": lambda hit: (not hit.is_named, hit.similarity is None, -(hit.similarity or 0.0)),
}
"""What each way sorts by; None: it does not give this hit."""

NOTES: Final = (
    "Each set of records is one person's history: first signal of each, int8 bundle through the streaming"
    " pipeline, events through the hub's store. Candidates are episodes, and minutes without one.",
    "Relevant is what the annotators say of the twelve seconds around an episode's onset or a minute's"
    " middle: three V in a row; AFIB at least half; one S at least; an interval of 2 s; below 50 or above"
    " 100 a minute; noise for 3 s; N alone in sinus rhythm at 50 to 100 a minute.",
    "P@5 and P@10 divide by 5 and 10, also where fewer are relevant or found. AP is the average precision"
    " over all relevant candidates. Chance is the share of candidates that are relevant.",
    "Rule alone gives the episodes that the question names, in order of time; where it names none, nothing.",
    "The noise of 119e06 is of the noise stress test, as is the noise of the training.",
)


def run(place: Workplace) -> Result:
    """Development patients, then DS2."""
    development = [*DEVELOPMENT, *_SVDB]
    test = [f"mitdb/{name}" for name in place.chosen(sorted(DS2))]
    tables = []
    for title, names in (("Development patients", development), ("MIT-BIH DS2", test)):
        paths = [place.database(name.partition("/")[0]) / name.partition("/")[2] for name in names]
        tables.append(_table(f"{title}, {len(names)} records", history(place, paths)))
    command = "python -m benchmarks.figures --data DIR --only find"
    return Result("find", "Finding moments by words", command, NOTES, [], tables)


def _table(title: str, seen: History) -> Table:
    """A row a question; the last one is the mean over those that have an answer in this history."""
    rows = {question: _row(seen, question, relevant) for question, relevant in QUESTIONS.items()}
    answered = [row for row in rows.values() if row["relevant"]]
    columns = [name for name in next(iter(rows.values())) if name not in ("relevant", "candidates")]
    mean = {name: _mean([row[name] for row in answered]) for name in columns}
    return Table(title, "Question", {**rows, "mean": mean})


def _row(seen: History, question: str, relevant: Relevant) -> dict[str, Cell]:
    answer = find(question, seen.episodes, seen.minutes, find_model())
    is_right = {id(hit): relevant(_truth(seen, hit)) for hit in answer.hits}
    total = sum(is_right.values())
    row: dict[str, Cell] = {"candidates": len(answer.hits), "relevant": total}
    row["chance"] = 100 * total / len(answer.hits)
    for way, key in WAYS.items():
        given = sorted((hit for hit in answer.hits if key(hit) is not None), key=lambda hit: key(hit) or ())
        right = [is_right[id(hit)] for hit in given]
        row |= {f"{way} P@{k}": 100 * sum(right[:k]) / k for k in (5, 10)}
        row[f"{way} AP"] = 100 * average_precision(right, total)
    return row


def _truth(seen: History, hit: Hit) -> Truth:
    record, at_s = seen.place(hit.at)
    return truth_at(record, at_s if hit.kind == "episode" else at_s + 5 * HALF_S)


def average_precision(right: Sequence[bool], total: int) -> float:
    """Mean, over all that are relevant, of the precision where each is found; 0 for one that is not."""
    found = [i for i, is_right in enumerate(right, start=1) if is_right]
    return sum(n / i for n, i in enumerate(found, start=1)) / total if total else 0.0


def _mean(values: Sequence[Cell]) -> float:
    numbers = [float(value) for value in values if isinstance(value, (int, float))]
    return sum(numbers) / len(numbers)
