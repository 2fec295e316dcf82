"""Beats as the trained encoder finds them on whole records, and the annotator's word on each."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import wfdb
from tqdm import tqdm

from edge.beats import BeatDecoder, RawBeat
from edge.contiguous_run import UV_PER_MV, ContiguousRun
from edge.encoder import Encoder
from edge.labels import AAMI_CLASS_OF_SYMBOL
from edge.sequence_features import FEATURES, SequenceFeatures
from export.training.beat_sequences import LOOKAHEAD_S, BeatSequenceRecord, af_of_sets
from export.training.readers import read_noise
from export.training.records import BEAT_CLASSES, UNKNOWN, rhythms_of_notes
from export.training.rhythms import UNKNOWN_RHYTHM
from export.training.splits import DS1, PACED

MATCH_S = 0.15
_BLOCK_S = 10
_SNR_RANGE = (0.5, 8.0)
_CODE = {symbol: BEAT_CLASSES.index(beat_class) for symbol, beat_class in AAMI_CLASS_OF_SYMBOL.items()}

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """Which signals of a record are looked at, and whether noise is added."""

    name: str
    signals: tuple[int, ...]
    noisy: bool


VIEWS = (View("first", (0,), noisy=False), View("second", (1,), noisy=False), View("noisy", (0,), noisy=True))


def encode_record(
    path: Path,
    view: View,
    encoder: Encoder,
    noise: Float64,
    *,
    classes_are_known: bool,
    rhythm_is_known: bool,
) -> BeatSequenceRecord:
    """One view of an annotated WFDB record; beats that no annotation matches carry no class."""
    record = wfdb.rdrecord(str(path), channels=list(view.signals))
    ecg_mv = np.nan_to_num(record.p_signal)
    if view.noisy:
        ecg_mv = _with_noise(ecg_mv, noise, record.fs, np.random.default_rng(list(path.name.encode())))
    beats = raw_beats(ecg_mv, record.fs, encoder)
    annotation = wfdb.rdann(str(path), "atr")
    at_s = np.array([beat.at_s for beat in beats])
    codes = _matched(annotation, record.fs, at_s)
    unless_noted = UNKNOWN_RHYTHM
    sets = rhythms_of_notes(annotation, 128 / record.fs, len(ecg_mv) // record.fs + 1, unless_noted)
    af = af_of_sets(sets[at_s.astype(int)]) if rhythm_is_known else np.full(len(at_s), UNKNOWN, np.int8)
    features = sequence_features(beats)
    codes = codes if classes_are_known else np.full(len(codes), UNKNOWN, np.int8)
    return BeatSequenceRecord(f"{path.name}-{view.name}", features, codes, af)


def raw_beats(ecg_mv: Float64, fs_hz: float, encoder: Encoder) -> list[RawBeat]:
    """Beats of `[n, leads]` as on a stream."""
    run = ContiguousRun(encoder.manifest, fs_hz, ecg_mv.shape[1])
    decoder, beats = BeatDecoder(encoder.manifest), []
    ecg_uv, step = np.round(ecg_mv * UV_PER_MV).astype(np.int32), int(_BLOCK_S * fs_hz)
    for first in range(0, len(ecg_mv), step):
        for span in run.feed(ecg_uv[first : first + step], encoder):
            beats += decoder.feed(span.frames)
    for span in run.flush(encoder):
        beats += decoder.feed(span.frames)
    return beats + decoder.flush()


def sequence_features(beats: list[RawBeat]) -> npt.NDArray[np.float16]:
    """Features `[beats, features]`, as the stream makes them."""
    maker, rows = SequenceFeatures(LOOKAHEAD_S), np.zeros((len(beats), len(FEATURES)), np.float16)
    for i, beat in enumerate(beats):
        after_s = beats[i + 1].at_s - beat.at_s if i + 1 < len(beats) else np.inf
        rows[i] = maker.feed(beat, float(after_s) if after_s <= LOOKAHEAD_S else None)
    return rows


def encode_all(data: Path, bundle: Path) -> Iterator[tuple[str, BeatSequenceRecord]]:
    """Every view of every record that may train or develop, with the name of its database; on all cores."""
    paths = [("mitdb", data / "mitdb" / name) for name in sorted(DS1 | PACED)]
    for source in ("svdb", "cpsc2021"):
        paths += [(source, path.with_suffix("")) for path in sorted((data / source).glob("*.hea"))]
    tasks = [(source, path, view) for source, path in paths for view in VIEWS]
    with ProcessPoolExecutor(initializer=_begin, initargs=(data, bundle)) as pool:
        yield from tqdm(pool.map(_encode_task, tasks), desc="encoding", unit=" views", total=len(tasks))


_OF_PROCESS: dict[str, Any] = {}


def _begin(data: Path, bundle: Path) -> None:
    """Once in each process."""
    noise = np.concatenate(list(read_noise(data))).astype(np.float64)
    _OF_PROCESS.update(encoder=Encoder(bundle), noise=noise)


def _encode_task(task: tuple[str, Path, View]) -> tuple[str, BeatSequenceRecord]:
    source, path, view = task
    record = encode_record(
        path,
        view,
        _OF_PROCESS["encoder"],
        _OF_PROCESS["noise"],
        classes_are_known=source != "cpsc2021",
        rhythm_is_known=source != "svdb",
    )
    return source, record


def _matched(annotation: wfdb.Annotation, fs_hz: float, at_s: Float64) -> npt.NDArray[np.int8]:
    """The class code of the nearest annotated beat within 150 ms, each used once."""
    is_beat = [symbol in _CODE for symbol in annotation.symbol]
    truth_s = annotation.sample[is_beat] / fs_hz
    truth = np.array([_CODE[symbol] for symbol in annotation.symbol if symbol in _CODE])
    codes = np.full(len(at_s), UNKNOWN, np.int8)
    if not len(at_s) or not len(truth_s):
        return codes
    right = np.searchsorted(at_s, truth_s).clip(1, len(at_s) - 1)
    nearest = np.where(truth_s - at_s[right - 1] < at_s[right] - truth_s, right - 1, right)
    close = np.abs(at_s[nearest] - truth_s) <= MATCH_S
    codes[nearest[close]] = truth[close]
    return codes


def _with_noise(ecg_mv: Float64, noise: Float64, fs_hz: float, rng: np.random.Generator) -> Float64:
    """Stretches of noise at changing ratios over half of the record."""
    noisy, minute = ecg_mv.copy(), int(60 * fs_hz)
    for first in range(0, len(ecg_mv) - minute, 2 * minute):
        start = rng.integers(len(noise) - minute)
        lane = noise[start : start + minute, rng.integers(noise.shape[1]), None]
        snr = float(np.exp(rng.uniform(*np.log(_SNR_RANGE))))
        piece = noisy[first : first + minute]
        piece += lane * (
            np.abs(piece - np.median(piece)).mean() / np.abs(lane - np.median(lane)).mean() / snr
        )
    return noisy
