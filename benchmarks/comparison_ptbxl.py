"""Pairs of ECGs of one patient of PTB-XL, held out of every training."""

import ast
import csv
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import neurokit2
import numpy as np
import wfdb

from benchmarks.comparison_pairs import Pair, measured
from benchmarks.language_reader import Float32, LanguageReader
from benchmarks.workplace import Workplace
from edge.comparison import RATE_SHARE, direction
from edge.span_evidence import SpanReader
from export.training.records import prepared_ecg

_HELD_OUT_FOLDS = ("9", "10")
_LEAD = 1
_RHYTHMS = frozenset(("AFIB", "AFLT", "SVTAC", "PSVT"))
_ECTOPY = frozenset(("PVC", "PAC"))

Ecg = tuple[Path, frozenset[str]]


def ptbxl_pairs(place: Workplace, model: LanguageReader, reader: SpanReader) -> Iterator[Pair]:
    """Each ECG beside each later one of the same patient."""
    for ecgs in _patients(place.data / "ptbxl").values():
        for before, after in combinations(ecgs, 2):
            raw = [_lead(path) for path, _ in (before, after)]
            seen = [model.see(prepared_ecg(path)[:, _LEAD].astype(np.float32)[None], ("II",))
                    for path, _ in (before, after)]  # fmt: skip
            told = [measured(ecg_mv, fs_hz, "II", reader) for ecg_mv, fs_hz in raw]
            truth = _by_statements(before[1], after[1])
            rates = [_rate_bpm(ecg_mv, fs_hz) for ecg_mv, fs_hz in raw]
            truth["rate"] = direction(rates[0], rates[1], RATE_SHARE, ("higher", "lower"))
            yield Pair((seen[0], seen[1]), (told[0], told[1]), truth)


def _patients(root: Path) -> dict[str, list[Ecg]]:
    """Held-out patients' ECGs that are here, in order of time."""
    with (root / "ptbxl_database.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["strat_fold"] in _HELD_OUT_FOLDS]
    found: dict[str, list[Ecg]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["recording_date"]):
        path = root / row["filename_hr"]
        if path.with_suffix(".hea").exists():
            found[row["patient_id"]].append((path, frozenset(ast.literal_eval(row["scp_codes"]))))
    return found


def _by_statements(before: frozenset[str], after: frozenset[str]) -> dict[str, str]:
    """Ectopy is not known where both reports name it, since none counts the beats."""
    truth = {"rhythm": "same" if before & _RHYTHMS == after & _RHYTHMS else "changed"}
    ectopy = bool(before & _ECTOPY), bool(after & _ECTOPY)
    if ectopy != (True, True):
        truth["ectopy"] = {(False, False): "same", (False, True): "more", (True, False): "less"}[ectopy]
    return truth


def _lead(path: Path) -> tuple[Float32, int]:
    """Lead II in mV, and its rate."""
    record = wfdb.rdrecord(str(path), channels=[_LEAD])
    return np.nan_to_num(record.p_signal[:, 0]).astype(np.float32), int(record.fs)


def _rate_bpm(ecg_mv: Float32, fs_hz: int) -> float:
    """By another program than ours."""
    clean = neurokit2.ecg_clean(ecg_mv, sampling_rate=fs_hz)
    _, found = neurokit2.ecg_peaks(clean, sampling_rate=fs_hz)
    return float(60 * fs_hz / np.median(np.diff(found["ECG_R_Peaks"])))
