"""Labelled records for training, brought to the encoder's input.

A record is resampled and filtered by the edge's own code, so that the encoder learns on exactly what
it will see. What carries no trustworthy label does not count in a loss.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

from edge.filters import CausalBandpass
from edge.labels import AAMI_CLASS_OF_SYMBOL, BeatClass
from edge.resampler import resample
from export.training.rhythms import SET_OF_AUX, UNKNOWN_RHYTHM, RhythmSets, with_bradycardia

FS_HZ = 128
BEAT_CLASSES = tuple(BeatClass)
SCREENS = ("N", "A", "O", "~")  # the four answers of CinC 2017
UNKNOWN = -1
NO_WAVE, P_WAVE, QRS, T_WAVE = range(4)

_CODE_OF_CLASS = {beat_class: code for code, beat_class in enumerate(BEAT_CLASSES)}

Float16 = npt.NDArray[np.float16]


def _no_int64() -> npt.NDArray[np.int64]:
    return np.empty(0, np.int64)


def _no_int8() -> npt.NDArray[np.int8]:
    return np.empty(0, np.int8)


def _no_waves() -> npt.NDArray[np.int8]:
    return np.empty((0, 0), np.int8)


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """One record at `FS_HZ`.

    ecg `[n, leads]` mV; beats as sample and class code, complete from the first to before the second of
    `beats_known`; a set of rhythms and quality (1 readable, 0 not, -1 unknown) for each second; waves
    `[n, leads]` (-1 unknown) or empty; `screen` the answer to CinC 2017 or -1.
    """

    name: str
    ecg_mv: Float16
    rhythms_per_s: RhythmSets
    quality_per_s: npt.NDArray[np.int8]
    beat_samples: npt.NDArray[np.int64] = field(default_factory=_no_int64)
    beat_codes: npt.NDArray[np.int8] = field(default_factory=_no_int8)
    beats_known: tuple[int, int] = (0, 0)
    waves: npt.NDArray[np.int8] = field(default_factory=_no_waves)
    screen: int = UNKNOWN


def prepared_ecg(path: Path) -> Float16:
    """`[n, leads]` in mV at `FS_HZ`, filtered as on the edge."""
    record = wfdb.rdrecord(str(path))
    return prepared(np.nan_to_num(record.p_signal), record.fs)


def prepared(ecg_mv: npt.NDArray[np.float64], fs_hz: float) -> Float16:
    """Resampled and filtered as on the edge."""
    at_model_rate = resample(ecg_mv, fs_hz, FS_HZ)
    return CausalBandpass(FS_HZ).feed(at_model_rate).clip(-60000, 60000).astype(np.float16)


def annotated_record(
    path: Path, *, classes_are_known: bool = True, rhythm_unless_noted: int = UNKNOWN_RHYTHM
) -> TrainingRecord:
    """A record whose `.atr` holds every beat, and rhythm where it changes."""
    ecg_mv = prepared_ecg(path)
    annotation = wfdb.rdann(str(path), "atr")
    scale = FS_HZ / wfdb.rdheader(str(path)).fs
    is_beat = np.array([symbol in AAMI_CLASS_OF_SYMBOL for symbol in annotation.symbol])
    samples = np.round(annotation.sample[is_beat] * scale).astype(np.int64)
    codes = [_CODE_OF_CLASS[AAMI_CLASS_OF_SYMBOL[symbol]] for symbol in np.array(annotation.symbol)[is_beat]]
    seconds = len(ecg_mv) // FS_HZ
    rhythms = rhythms_of_notes(annotation, scale, seconds, rhythm_unless_noted)
    return TrainingRecord(
        path.name,
        ecg_mv,
        with_bradycardia(rhythms, samples / FS_HZ),
        np.ones(seconds, np.int8),
        samples,
        np.array(codes if classes_are_known else [UNKNOWN] * len(codes), np.int8),
        (0, len(ecg_mv)),
    )


def rhythms_of_notes(
    annotation: wfdb.Annotation, scale: float, seconds: int, unless_noted: int
) -> RhythmSets:
    """A set for each second, from the notes `(N`, `(AFIB`, ... at which a rhythm begins."""
    rhythms = np.full(seconds, unless_noted, np.uint16)
    for sample, aux in zip(annotation.sample, annotation.aux_note, strict=True):
        note = aux.rstrip("\x00").strip()
        if note.startswith("("):
            rhythms[round(sample * scale / FS_HZ) :] = SET_OF_AUX.get(note, UNKNOWN_RHYTHM)
    return rhythms
