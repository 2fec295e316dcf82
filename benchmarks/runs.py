"""Run by run on DS2 of MIT-BIH: couplets, short and long runs."""

from benchmarks.detections import hearth_records
from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.workplace import Workplace
from export.evaluation import figures as ec57
from export.evaluation.runs import score_runs
from export.evaluation.summary import run_table
from export.training.splits import DS2

SIZES = {"C": "couplets", "S": "short runs (3 to 5)", "L": "long runs (6 and more)"}
NOTES = (
    "As the reference tool `rxr`: 150 ms, first five minutes not scored; e and j are S; ventricular"
    " flutter is a long V run; in AF and atrial flutter each N is an S of a long run.",
    "Ts and FN are reference runs found and missed, Tp and FP Hearth's runs that are right and wrong.",
    "No peer that is run here names runs, and there is no bar.",
)


def run(place: Workplace) -> Result:
    """Hearth alone."""
    records = hearth_records(place, "mitdb", place.chosen(sorted(DS2)))
    scores = {name: score_runs(record) for name, record in records.items()}
    tables = {
        "V": run_table("V runs", {name: score.ventricular for name, score in scores.items()}),
        "S": run_table("S runs", {name: score.supraventricular for name, score in scores.items()}),
    }
    return Result(
        "runs",
        f"Runs: MIT-BIH DS2, {len(records)} records",
        "python -m benchmarks.figures --data DIR --only runs",
        NOTES,
        [_figure(label, size, table) for label, table in tables.items() for size in SIZES],
        [Table(f"{label} runs by record", "Record", _rows(table)) for label, table in tables.items()],
    )


def _figure(label: str, size: str, table: ec57.Table) -> Figure:
    shares = tuple(table.gross[f"{size}{figure}"] for figure in ("Se", "+P"))
    n = sum(int(table.total[f"{size}{column}"] or 0) for column in ("Ts", "FN"))
    return Figure(f"{label} {SIZES[size]}, Se / +P", shares, f"{n:,}")


def _rows(table: ec57.Table) -> dict[str, dict[str, Cell]]:
    return {name: dict(row) for name, row in {**table.rows, "sum": {**table.total, **table.gross}}.items()}
