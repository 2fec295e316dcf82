"""Beats in sequence with their labels, from databases that have annotations but no signals."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

from edge.labels import AAMI_CLASS_OF_SYMBOL, Rhythm
from edge.sequence_features import FEATURES, N_RR_FEATURES, RrFeatures
from export.training.records import BEAT_CLASSES, UNKNOWN
from export.training.rhythms import SET_OF_AUX, UNKNOWN_RHYTHM, rhythm_set
from export.training.simulated_rhythms import simulated_rhythm

LOOKAHEAD_S = 1.0
MOST_BEATS = 40_000  # of one recording: a night and a day of the same normal rhythm teach no more

_AF = rhythm_set(Rhythm.ATRIAL_FIBRILLATION)
_FLUTTER = rhythm_set(Rhythm.ATRIAL_FLUTTER)
_CODE = {symbol: BEAT_CLASSES.index(beat_class) for symbol, beat_class in AAMI_CLASS_OF_SYMBOL.items()}
_NOT_BEATS = "|~"


@dataclass(frozen=True, slots=True)
class BeatSequenceRecord:
    """Features `[beats, features]`, class codes (-1 unknown) and AF (1, 0, -1 unknown) of each beat."""

    name: str
    features: npt.NDArray[np.float16]
    codes: npt.NDArray[np.int8]
    af: npt.NDArray[np.int8]


def af_of_sets(sets: npt.NDArray[np.integer]) -> npt.NDArray[np.int8]:
    """1 where it is AF, 0 where it surely is not, -1 where it may be, or is flutter (EC57 leaves it out)."""
    af = np.where(sets == _AF, 1, np.where((sets & _AF) == 0, 0, UNKNOWN))
    return np.where(sets == _FLUTTER, UNKNOWN, af).astype(np.int8)


def interval_features(
    at_s: npt.NDArray[np.floating], is_first: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float16]:
    """Features of beats known by their times alone; `is_first` where the beat before is not known."""
    maker, features = RrFeatures(), np.zeros((len(at_s), len(FEATURES)), np.float16)
    next_rr_s = np.append(np.diff(at_s), np.inf)
    next_rr_s[:-1][is_first[1:]] = np.inf
    for i, (beat_s, after_s, first) in enumerate(
        zip(at_s.tolist(), next_rr_s.tolist(), is_first, strict=True)
    ):
        if first:
            maker.forget()
        known = after_s if after_s <= LOOKAHEAD_S else None
        features[i, :N_RR_FEATURES] = maker.feed(beat_s, known, LOOKAHEAD_S)
    return features


def read_annotations(
    folder: Path,
    extension: str,
    *,
    rhythm_unless_noted: int,
    rhythm_extension: str | None = None,
    classes_are_known: bool = True,
    fs_hz: float | None = None,
) -> Iterator[BeatSequenceRecord]:
    """All records of a folder that has beat annotations; `fs_hz` where no header tells it."""
    for path in sorted(folder.glob(f"*.{extension}")):
        stem = str(path.with_suffix(""))
        annotation = wfdb.rdann(stem, extension)
        fs = fs_hz or annotation.fs or wfdb.rdheader(stem).fs
        notes = wfdb.rdann(stem, rhythm_extension) if rhythm_extension else annotation
        sets = _sets(notes, annotation.sample, rhythm_unless_noted)
        yield _of_beats(path.stem, annotation, fs, sets, classes_are_known=classes_are_known)


def read_vitaldb(folder: Path) -> Iterator[BeatSequenceRecord]:
    """VitalDB arrhythmia: beats N, S, V and rhythm, in anaesthesia; its S in AF are none of ours."""
    af_of = {"AFIB/AFL": 1, "Noise": UNKNOWN, "Unclassifiable": UNKNOWN, "": UNKNOWN}
    code_of = {"N": 0, "S": 1, "V": 2}
    for path in sorted(folder.glob("Annotation_file_*.csv")):
        with path.open(newline="", encoding="utf-8-sig") as table:
            rows = list(csv.DictReader(table))
        at_s = np.array([float(row["time_second"]) for row in rows])
        af = np.array([af_of.get(row["rhythm_label"], 0) for row in rows], np.int8)
        codes = np.array([code_of.get(row["beat_type"], UNKNOWN) for row in rows], np.int8)
        bad = np.array([row["bad_signal_quality"] == "True" for row in rows])
        codes[(af == 1) & (codes == 1)] = UNKNOWN
        is_first = np.append([True], (np.diff(at_s) > 4) | bad[1:])
        if len(at_s) > 50:
            yield BeatSequenceRecord(path.stem, interval_features(at_s, is_first), codes, af)


def _sets(
    notes: wfdb.Annotation, samples: npt.NDArray[np.integer], unless_noted: int
) -> npt.NDArray[np.uint16]:
    sets = np.full(len(samples), unless_noted, np.uint16)
    for sample, aux in zip(notes.sample, notes.aux_note, strict=True):
        note = aux.rstrip("\x00").strip()
        if note in SET_OF_AUX:
            sets[np.searchsorted(samples, sample) :] = SET_OF_AUX[note]
        elif note == "(J":
            sets[np.searchsorted(samples, sample) :] = rhythm_set(Rhythm.NON_AF)
    return sets


def _of_beats(
    name: str,
    annotation: wfdb.Annotation,
    fs_hz: float,
    sets: npt.NDArray[np.uint16],
    *,
    classes_are_known: bool,
) -> BeatSequenceRecord:
    symbols = np.array(annotation.symbol)
    is_beat = np.isin(symbols, list(_CODE))
    breaks = np.cumsum(np.isin(symbols, list(_NOT_BEATS)))
    keep = np.flatnonzero(is_beat)[:MOST_BEATS]
    codes = np.array([_CODE[symbol] if classes_are_known else UNKNOWN for symbol in symbols[keep]], np.int8)
    is_first = np.append([True], np.diff(breaks[keep]) > 0)
    features = interval_features(annotation.sample[keep] / fs_hz, is_first)
    return BeatSequenceRecord(name, features, codes, af_of_sets(sets[keep]))


def read_simulated(n: int = 700) -> Iterator[BeatSequenceRecord]:
    """Rhythms that the databases hold too seldom, drawn by rule; none is AF."""
    for i in range(n):
        rr_s, codes = simulated_rhythm(np.random.default_rng(i))
        is_first = np.arange(len(rr_s)) == 0
        features = interval_features(np.cumsum(rr_s), is_first)
        yield BeatSequenceRecord(f"simulated{i:04}", features, codes, np.zeros(len(codes), np.int8))


_NEVER_AF = rhythm_set(Rhythm.NON_AF)
INTERVAL_READERS: dict[str, Callable[[Path], Iterator[BeatSequenceRecord]]] = {
    "afdb": lambda data: read_annotations(
        data / "afdb", "qrs", rhythm_unless_noted=_NEVER_AF, rhythm_extension="atr", classes_are_known=False
    ),
    "ltafdb": lambda data: read_annotations(
        data / "ltafdb", "atr", rhythm_unless_noted=UNKNOWN_RHYTHM, fs_hz=128
    ),
    "nsrdb": lambda data: read_annotations(data / "nsrdb", "atr", rhythm_unless_noted=_NEVER_AF),
    "nsr2db": lambda data: read_annotations(data / "nsr2db", "ecg", rhythm_unless_noted=_NEVER_AF),
    "edb": lambda data: read_annotations(data / "edb", "atr", rhythm_unless_noted=_NEVER_AF),
    "sddb": lambda data: read_annotations(data / "sddb", "atr", rhythm_unless_noted=UNKNOWN_RHYTHM),
    "vitaldb": lambda data: read_vitaldb(data / "vitaldb_arrdb"),
    "simulated": lambda _: read_simulated(),
}
