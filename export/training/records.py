"""Labelled records for training, read from WFDB databases and brought to the encoder's input.

A record is resampled and filtered by the edge's own code, so that the encoder learns on exactly what
it will see. Seconds without a trustworthy label carry -1 and do not count in a loss.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

from edge.filters import CausalBandpass
from edge.labels import AAMI_CLASS_OF_SYMBOL, BeatClass
from edge.resampler import resample

FS_HZ = 128
BEAT_CLASSES = (
    BeatClass.NORMAL,
    BeatClass.SUPRAVENTRICULAR,
    BeatClass.VENTRICULAR,
    BeatClass.FUSION,
)
UNKNOWN = -1

# the inter-patient split of de Chazal 2004; 201 (DS1) and 202 (DS2) are one patient
DS1 = frozenset(map(str, (101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122))) | frozenset(
    map(str, (124, 201, 203, 205, 207, 208, 209, 215, 220, 223, 230))
)
DS2 = frozenset(map(str, (100, 103, 105, 111, 113, 117, 121, 123, 200, 202, 210))) | frozenset(
    map(str, (212, 213, 214, 219, 221, 222, 228, 231, 232, 233, 234))
)

_CODE_OF_CLASS = {beat_class: code for code, beat_class in enumerate(BEAT_CLASSES)}
_AF_CODE_OF_AUX = {"(AFIB": 1, "(AFL": UNKNOWN}
_AF_CODE_OF_CINC2017 = {"N": 0, "O": 0, "A": 1, "~": UNKNOWN}


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """One record at `FS_HZ`: ecg `[n, leads]` mV; beats as sample and class code; per-second labels."""

    name: str
    ecg_mv: npt.NDArray[np.float16]
    beat_samples: npt.NDArray[np.int64]
    beat_codes: npt.NDArray[np.int8]
    has_beats: bool
    rhythm_per_s: npt.NDArray[np.int8]
    quality_per_s: npt.NDArray[np.int8]


def read_mitdb(folder: Path, names: frozenset[str]) -> Iterator[TrainingRecord]:
    """MIT-BIH Arrhythmia: beats and rhythm."""
    for name in sorted(names):
        yield _annotated(folder / "mitdb" / name, rhythm_is_known=True)


def read_svdb(folder: Path) -> Iterator[TrainingRecord]:
    """MIT-BIH Supraventricular Arrhythmia: beats; rhythm is not annotated."""
    for header in sorted((folder / "svdb").glob("*.hea")):
        yield _annotated(header.with_suffix(""), rhythm_is_known=False)


def read_cpsc2021(folder: Path) -> Iterator[TrainingRecord]:
    """CPSC 2021: AF onsets and ends; beats have positions, not classes."""
    for header in sorted((folder / "cpsc2021").glob("*.hea")):
        yield _annotated(header.with_suffix(""), rhythm_is_known=True, classes_are_known=False)


def read_cinc2017(folder: Path) -> Iterator[TrainingRecord]:
    """CinC 2017: one label a record, N, A, O or ~ (too noisy)."""
    root = folder / "cinc2017"
    lines = next(root.rglob("REFERENCE*.csv")).read_text().split()
    label_of = dict(line.split(",") for line in lines)
    for header in sorted(root.rglob("*.hea")):
        ecg_mv = _prepared_ecg(header.with_suffix(""))
        seconds, label = len(ecg_mv) // FS_HZ, label_of[header.stem]
        rhythm = np.full(seconds, _AF_CODE_OF_CINC2017[label], np.int8)
        quality = np.full(seconds, 0 if label == "~" else 1, np.int8)
        none = np.empty(0, np.int64)
        yield TrainingRecord(
            header.stem,
            ecg_mv,
            none,
            none.astype(np.int8),
            has_beats=False,
            rhythm_per_s=rhythm,
            quality_per_s=quality,
        )


def read_noise(folder: Path) -> Iterator[npt.NDArray[np.float16]]:
    """MIT-BIH noise stress: electrode motion, muscle artefact and baseline wander, `[n, 2]` mV each."""
    for name in ("em", "ma", "bw"):
        yield _prepared_ecg(folder / "nstdb" / name)


READERS: dict[str, Callable[[Path], Iterator[TrainingRecord]]] = {
    "mitdb": lambda folder: read_mitdb(folder, DS1),
    "svdb": read_svdb,
    "cpsc2021": read_cpsc2021,
    "cinc2017": read_cinc2017,
}


def _prepared_ecg(path: Path) -> npt.NDArray[np.float16]:
    record = wfdb.rdrecord(str(path))
    ecg_mv = np.nan_to_num(record.p_signal)
    at_model_rate = resample(ecg_mv, record.fs, FS_HZ)
    return CausalBandpass(FS_HZ).feed(at_model_rate).clip(-60000, 60000).astype(np.float16)


def _annotated(path: Path, *, rhythm_is_known: bool, classes_are_known: bool = True) -> TrainingRecord:
    ecg_mv = _prepared_ecg(path)
    annotation = wfdb.rdann(str(path), "atr")
    scale = FS_HZ / wfdb.rdheader(str(path)).fs
    is_beat = np.array([symbol in AAMI_CLASS_OF_SYMBOL for symbol in annotation.symbol])
    samples = np.round(annotation.sample[is_beat] * scale).astype(np.int64)
    symbols = np.array(annotation.symbol)[is_beat]
    codes = [_CODE_OF_CLASS.get(AAMI_CLASS_OF_SYMBOL[symbol], UNKNOWN) for symbol in symbols]
    codes = codes if classes_are_known else [UNKNOWN] * len(codes)
    seconds = len(ecg_mv) // FS_HZ
    rhythm = (
        _rhythm_per_second(annotation, scale, seconds)
        if rhythm_is_known
        else np.full(seconds, UNKNOWN, np.int8)
    )
    quality = np.ones(seconds, np.int8)
    beat_codes = np.array(codes, np.int8)
    return TrainingRecord(
        path.name, ecg_mv, samples, beat_codes, has_beats=True, rhythm_per_s=rhythm, quality_per_s=quality
    )


def _rhythm_per_second(annotation: wfdb.Annotation, scale: float, seconds: int) -> npt.NDArray[np.int8]:
    rhythm = np.zeros(seconds, np.int8)
    for sample, aux in zip(annotation.sample, annotation.aux_note, strict=True):
        note = aux.rstrip("\x00").strip()
        if note.startswith("("):
            rhythm[round(sample * scale / FS_HZ) :] = _AF_CODE_OF_AUX.get(note, 0)
    return rhythm
