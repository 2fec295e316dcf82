"""Tables of all records: a row each, their sum, gross figures and averages, by the rules of `sumstats`."""

from collections.abc import Iterable, Mapping
from typing import Final

from export.evaluation.beats import BeatScore, detections, supraventricular, ventricular
from export.evaluation.clock import milliseconds
from export.evaluation.episodes import EpisodeScore
from export.evaluation.figures import (
    Cell,
    Quotient,
    Ratio,
    Row,
    Table,
    averages,
    gross,
    mean,
    totals,
)
from export.evaluation.runs import RunScore

BEAT_COUNTS: Final = {
    "Nn'": ("N", "nfq"),
    "Sn'": ("S", "nfq"),
    "Vn'": ("V", "nfq"),
    "Fn'": ("FQ", "nfq"),
    "On'": ("OX", "nfq"),
    "Ns": ("N", "s"),
    "Ss": ("S", "s"),
    "Vs": ("V", "s"),
    "Fs'": ("FQ", "s"),
    "Os'": ("OX", "s"),
    "Nv": ("N", "v"),
    "Sv": ("S", "v"),
    "Vv": ("V", "v"),
    "Fv'": ("FQ", "v"),
    "Ov'": ("OX", "v"),
    "No'": ("N", "ox"),
    "So'": ("S", "ox"),
    "Vo'": ("V", "ox"),
    "Fo'": ("FQ", "ox"),
}
"""Columns of the beat table: reference and test labels that are counted in each."""

SHUTDOWN_COUNTS: Final = {f"{label}x": (label, "x") for label in "NSVFQ"}
"""Beats missed while the detector called the signal unreadable."""

_FOUND: Final = tuple(f"{label}{end}" for end in ("n'", "s", "v") for label in "NSVF")
_MATCHED: Final = tuple(name if name in BEAT_COUNTS else f"{name}'" for name in _FOUND)
_MISSED: Final = ("No'", "So'", "Vo'", "Fo'")
_EXTRA: Final = ("On'", "Os'", "Ov'")
_FALSE_V: Final = ("Nv", "Sv", "Ov'")
_NOT_V: Final = ("Nn'", "Sn'", "Fn'", "On'", "Ns", "Ss", "Fs'", "Os'")

_BEAT_QUOTIENTS: Final = {
    "Q Se": Quotient(_MATCHED, _MATCHED + _MISSED),
    "Q +P": Quotient(_MATCHED, _MATCHED + _EXTRA),
    "V Se": Quotient(("Vv",), ("Vn'", "Vs", "Vv", "Vo'")),
    "V +P": Quotient(("Vv",), ("Nv", "Sv", "Vv", "Ov'")),
    "S Se": Quotient(("Ss",), ("Sn'", "Ss", "Sv", "So'")),
    "S +P": Quotient(("Ss",), ("Ns", "Ss", "Vs", "Os'")),
    "V FPR": Quotient(_FALSE_V, _FALSE_V + _NOT_V),
}
"""What `sumstats` divides; its S +P leaves out Fs, which that of a single record holds against S."""

RUN_COUNTS: Final = tuple("CTs CFN CTp CFP STs SFN STp SFP LTs LFN LTp LFP".split())  # noqa: SIM905 - a header

_RUN_QUOTIENTS: Final = {
    f"{size}{figure}": Quotient((f"{size}{right}",), (f"{size}{right}", f"{size}{wrong}"))
    for size in "CSL"
    for figure, right, wrong in (("Se", "Ts", "FN"), ("+P", "Tp", "FP"))
}

EPISODE_COUNTS: Final = ("TPs", "FN", "TPp", "FP")

_EPISODE_QUOTIENTS: Final = {
    "ESe": Quotient(("TPs",), ("TPs", "FN")),
    "E+P": Quotient(("TPp",), ("TPp", "FP")),
}


def beat_row(score: BeatScore) -> dict[str, Cell]:
    """Counts, percentages, and the RR error in ms."""
    counts = {name: score.count(*labels) for name, labels in BEAT_COUNTS.items()}
    names = list(_BEAT_QUOTIENTS)
    sensitivity, predictivity, false_rate = ventricular(score)
    ratios = (*detections(score), sensitivity, predictivity, *supraventricular(score), false_rate)
    percents = {name: ratio.percent for name, ratio in zip(names, ratios, strict=True)}
    return {**counts, **percents, "RR err": score.rr_error_ms}


def beat_table(scores: Mapping[str, BeatScore]) -> Table:
    """Beats of all records; the average of the RR errors is that of the printed ones."""
    rows = {record: beat_row(score) for record, score in scores.items()}
    total = totals(rows.values(), BEAT_COUNTS)
    errors = [float(f"{score.rr_error_ms:.2f}") for score in scores.values() if score.rr_error_ms is not None]
    average = averages(_BEAT_QUOTIENTS, rows.values()) | {"RR err": mean(errors)}
    return Table("Beat-by-beat comparison", rows, total, gross(_BEAT_QUOTIENTS, total), average)


def shutdown_row(score: BeatScore) -> dict[str, Cell]:
    """Beats missed in unreadable signal, in percent too, and its duration in s."""
    counts = {name: score.count(*labels) for name, labels in SHUTDOWN_COUNTS.items()}
    missed = {"% beats": missed_in_shutdown(score).percent}
    for label in "NSVF":
        missed[f"% {label}"] = Ratio(score.count(label, "x"), score.count(label, "nsvfqox")).percent
    beats = {label: score.count(label, "nsvfqox") for label in "NSVFQ"}
    return {**counts, **missed, "Shutdown": score.shutdown_s, **beats}


def missed_in_shutdown(score: BeatScore) -> Ratio:
    """Beats missed in shutdown, of all beats; the reference tool leaves S out of the missed ones."""
    return Ratio(score.count("NVFQ", "x"), score.count("NSVFQ", "nsvfqox"))


def shutdown_table(scores: Mapping[str, BeatScore]) -> Table:
    """Unreadable signal of all records."""
    rows = {record: shutdown_row(score) for record, score in scores.items()}
    return Table("Shutdown", rows, totals(rows.values(), (*SHUTDOWN_COUNTS, "Shutdown")), {}, {})


def run_row(score: RunScore) -> dict[str, Cell]:
    """Counts and whole percents."""
    counts: dict[str, Cell] = dict(score.counts())
    return {**counts, **{name: quotient.of(counts).rounded for name, quotient in _RUN_QUOTIENTS.items()}}


def run_table(title: str, scores: Mapping[str, RunScore]) -> Table:
    """Runs of all records."""
    rows = {record: run_row(score) for record, score in scores.items()}
    total = totals(rows.values(), RUN_COUNTS)
    average = averages(_RUN_QUOTIENTS, rows.values())
    return Table(title, rows, total, gross(_RUN_QUOTIENTS, total), average)


def episode_row(score: EpisodeScore) -> dict[str, Cell]:
    """Counts, whole percents, and durations in ms."""
    reference, test = score.reference, score.test
    return {
        "TPs": reference.matched,
        "FN": reference.unmatched,
        "TPp": test.matched,
        "FP": test.unmatched,
        "ESe": Ratio(reference.matched, reference.matched + reference.unmatched).rounded,
        "E+P": Ratio(test.matched, test.matched + test.unmatched).rounded,
        "DSe": Ratio(reference.overlap, reference.duration).rounded,
        "D+P": Ratio(test.overlap, test.duration).rounded,
        "Ref duration": milliseconds(reference.duration, score.fs_hz),
        "Test duration": milliseconds(test.duration, score.fs_hz),
    }


def episode_table(title: str, scores: Mapping[str, EpisodeScore]) -> Table:
    """Episodes of all records; by duration from the printed durations and whole percents."""
    rows = {record: episode_row(score) for record, score in scores.items()}
    total = totals(rows.values(), (*EPISODE_COUNTS, "Ref duration", "Test duration"))
    overlap = _overlap_ms(rows.values())
    by_duration = {
        "DSe": Ratio(overlap, int(total["Ref duration"] or 0)).percent,
        "D+P": Ratio(overlap, int(total["Test duration"] or 0)).percent,
    }
    average = averages(_EPISODE_QUOTIENTS, rows.values())
    for name, duration in (("DSe", "Ref duration"), ("D+P", "Test duration")):
        shares = mean([int(row[name] or 0) / 100 for row in rows.values() if row[duration]])
        average[name] = None if shares is None else 100.0 * shares
    return Table(title, rows, total, gross(_EPISODE_QUOTIENTS, total) | by_duration, average)


def _overlap_ms(rows: Iterable[Row]) -> int:
    """What both annotators have, after the longer of the two durations and its percentage."""
    overlap = 0
    for row in rows:
        reference, test = int(row["Ref duration"] or 0), int(row["Test duration"] or 0)
        longer, share = (reference, row["DSe"]) if reference > test else (test, row["D+P"])
        overlap = int(overlap + longer * ((share or 0) / 100))
    return overlap
