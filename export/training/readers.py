"""One reader for each database, and READERS, all of them. Held-out patients come too; `splits` tells them."""

import ast
import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import wfdb

from edge.labels import Rhythm
from export.training.records import (
    FS_HZ,
    QRS,
    SCREENS,
    UNKNOWN,
    Float16,
    TrainingRecord,
    annotated_record,
    prepared_ecg,
)
from export.training.rhythms import SINUS, UNKNOWN_RHYTHM, all_but, rhythm_set
from export.training.splits import DS1, PACED
from export.training.waves import Wave, wave_codes, waves_of

_VF, _VT = Rhythm.VENTRICULAR_FIBRILLATION, Rhythm.VENTRICULAR_TACHYCARDIA
_ALARM_S = 300

_SET_OF_SCREEN = {
    "N": rhythm_set(Rhythm.NON_AF, Rhythm.BRADYCARDIA),
    "A": rhythm_set(Rhythm.ATRIAL_FIBRILLATION),
    "O": all_but(Rhythm.ATRIAL_FIBRILLATION, Rhythm.NOISE),
    "~": rhythm_set(Rhythm.NOISE),
}
_SET_OF_LUDB = {
    "sinus bradycardia": rhythm_set(Rhythm.BRADYCARDIA),
    "atrial fibrillation": rhythm_set(Rhythm.ATRIAL_FIBRILLATION),
    "atrial flutter": rhythm_set(Rhythm.ATRIAL_FLUTTER),
    "sinus": SINUS,
}
_SET_OF_SCP = {
    "PACE": rhythm_set(Rhythm.PACED),
    "AFIB": rhythm_set(Rhythm.ATRIAL_FIBRILLATION),
    "AFLT": rhythm_set(Rhythm.ATRIAL_FLUTTER),
    "SVTAC": rhythm_set(Rhythm.SUPRAVENTRICULAR_TACHYCARDIA),
    "PSVT": rhythm_set(Rhythm.SUPRAVENTRICULAR_TACHYCARDIA),
    "SBRAD": rhythm_set(Rhythm.BRADYCARDIA),
    "SR": SINUS,
    "STACH": SINUS,
    "SARRH": SINUS,
}


def read_mitdb(folder: Path) -> Iterator[TrainingRecord]:
    """MIT-BIH Arrhythmia, DS1 and the paced four: beats and rhythm."""
    for name in sorted(DS1 | PACED):
        yield annotated_record(folder / "mitdb" / name)


def read_svdb(folder: Path) -> Iterator[TrainingRecord]:
    """MIT-BIH Supraventricular Arrhythmia: beats; of the rhythm only that it is none of the worst."""
    for path in _headers(folder / "svdb"):
        yield annotated_record(path, rhythm_unless_noted=all_but(_VF, Rhythm.NOISE, Rhythm.PACED))


def read_cpsc2021(folder: Path) -> Iterator[TrainingRecord]:
    """CPSC 2021: AF onsets and ends; beats have positions, not classes."""
    for path in _headers(folder / "cpsc2021"):
        yield annotated_record(path, classes_are_known=False)


def read_cinc2017(folder: Path) -> Iterator[TrainingRecord]:
    """CinC 2017: one label a record, N, A, O or ~ (too noisy)."""
    root = folder / "cinc2017"
    lines = next(root.rglob("REFERENCE*.csv")).read_text().split()
    label_of = dict(line.split(",") for line in lines)
    for header in sorted(root.rglob("*.hea")):
        label = label_of[header.stem]
        record = _of_one_rhythm(header.stem, prepared_ecg(header.with_suffix("")), _SET_OF_SCREEN[label])
        quality = np.full(len(record.rhythms_per_s), label != "~", np.int8)
        yield replace(record, quality_per_s=quality, screen=SCREENS.index(label))


def read_cudb(folder: Path) -> Iterator[TrainingRecord]:
    """CU ventricular tachyarrhythmia: fibrillation between `[` and `]`; its beats have no classes."""
    for path in _headers(folder / "cudb"):
        record = _of_one_rhythm(path.name, prepared_ecg(path), all_but(_VF))
        annotation = wfdb.rdann(str(path), "atr")
        scale = 1 / wfdb.rdheader(str(path)).fs
        for sample, symbol in zip(annotation.sample, annotation.symbol, strict=True):
            if symbol in "[]":
                code = rhythm_set(_VF) if symbol == "[" else all_but(_VF)
                record.rhythms_per_s[round(sample * scale) :] = code
        yield record


def read_cinc2015(folder: Path) -> Iterator[TrainingRecord]:
    """CinC 2015: bedside ECG up to an alarm at 5:00 that was true or false."""
    root = folder / "cinc2015_ecg"
    for line in (root / "ALARMS").read_text().split():
        name, alarm, is_true = line.split(",")
        record = _of_one_rhythm(name, prepared_ecg(root / name)[: _ALARM_S * FS_HZ], all_but(_VF))
        if alarm == "Ventricular_Flutter_Fib" and is_true == "1":
            record.rhythms_per_s[:] = UNKNOWN_RHYTHM
            record.rhythms_per_s[-6:] = rhythm_set(_VF, _VT)
        elif alarm == "Ventricular_Tachycardia" and is_true == "0":
            record.rhythms_per_s[-15:] = all_but(_VF, _VT)
        yield record


def read_ludb(folder: Path) -> Iterator[TrainingRecord]:
    """LUDB: boundaries of P, QRS and T on each of twelve leads, and the rhythm."""
    root = folder / "ludb"
    with (root / "ludb.csv").open(newline="") as table:
        rhythm_of = {row["ID"].strip(): row["Rhythms"].lower() for row in csv.DictReader(table)}
    for path in _headers(root / "data"):
        allowed = next((code for key, code in _SET_OF_LUDB.items() if key in rhythm_of[path.name]), None)
        record = _of_one_rhythm(path.name, prepared_ecg(path), allowed or UNKNOWN_RHYTHM)
        leads = wfdb.rdheader(str(path)).sig_name
        yield _with_waves(record, [_waves(path, lead) for lead in leads])


def read_qtdb(folder: Path) -> Iterator[TrainingRecord]:
    """QT database: boundaries of about 30 beats, marked by looking at both leads."""
    for path in _headers(folder / "qtdb"):
        record = _of_one_rhythm(path.name, prepared_ecg(path), UNKNOWN_RHYTHM)
        record = _with_waves(record, [_waves(path, "q1c")] * record.ecg_mv.shape[1])
        margin = 15 * FS_HZ
        first = max(0, int(record.beat_samples[0]) - margin)
        stop = int(record.beat_samples[-1]) + margin
        yield replace(
            record,
            ecg_mv=record.ecg_mv[first:stop],
            waves=record.waves[first:stop],
            beat_samples=record.beat_samples - first,
            beats_known=(record.beats_known[0] - first, record.beats_known[1] - first),
            rhythms_per_s=record.rhythms_per_s[: (stop - first) // FS_HZ],
            quality_per_s=record.quality_per_s[: (stop - first) // FS_HZ],
        )


def read_ptbxl(folder: Path) -> Iterator[TrainingRecord]:
    """PTB-XL: twelve leads of ten seconds, one rhythm each."""
    root = folder / "ptbxl"
    with (root / "ptbxl_database.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        path = root / row["filename_hr"]
        if not path.with_suffix(".hea").exists():
            continue
        codes = ast.literal_eval(row["scp_codes"])
        allowed = next((bits for code, bits in _SET_OF_SCP.items() if code in codes), UNKNOWN_RHYTHM)
        yield _of_one_rhythm(path.name, prepared_ecg(path), allowed)


def read_noise(folder: Path) -> Iterator[Float16]:
    """MIT-BIH noise stress: electrode motion, muscle artefact and baseline wander, `[n, 2]` mV each."""
    for name in ("em", "ma", "bw"):
        yield prepared_ecg(folder / "nstdb" / name)


READERS: dict[str, Callable[[Path], Iterator[TrainingRecord]]] = {
    "mitdb": read_mitdb,
    "svdb": read_svdb,
    "cpsc2021": read_cpsc2021,
    "cinc2017": read_cinc2017,
    "cudb": read_cudb,
    "cinc2015": read_cinc2015,
    "ludb": read_ludb,
    "qtdb": read_qtdb,
    "ptbxl": read_ptbxl,
}


def _headers(folder: Path) -> list[Path]:
    return [path.with_suffix("") for path in sorted(folder.glob("*.hea"))]


def _of_one_rhythm(name: str, ecg_mv: Float16, allowed: int) -> TrainingRecord:
    seconds = len(ecg_mv) // FS_HZ
    return TrainingRecord(
        name, ecg_mv, np.full(seconds, allowed, np.uint16), np.full(seconds, UNKNOWN, np.int8)
    )


def _waves(path: Path, annotator: str) -> list[Wave]:
    annotation = wfdb.rdann(str(path), annotator)
    return waves_of(annotation.sample, annotation.symbol, wfdb.rdheader(str(path)).fs)


def _with_waves(record: TrainingRecord, waves_of_leads: list[list[Wave]]) -> TrainingRecord:
    """Beats are the QRS peaks of the lead that has most of them; complete from the first to the last."""
    n = len(record.ecg_mv)
    codes = np.stack([wave_codes(waves, n, FS_HZ) for waves in waves_of_leads], axis=1)
    peaks = max(([w.peak_s for w in waves if w.kind == QRS] for waves in waves_of_leads), key=len)
    samples = np.round(np.array(peaks) * FS_HZ).astype(np.int64)
    reach = FS_HZ // 4
    return replace(
        record,
        waves=codes,
        beat_samples=samples,
        beat_codes=np.full(len(samples), UNKNOWN, np.int8),
        beats_known=(int(samples[0]) - reach, int(samples[-1]) + reach),
    )
