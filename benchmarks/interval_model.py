"""The bundle's sequence model on intervals alone, as from a strap that sends no waveform; without torch."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.bundle import Manifest
from edge.encoder import SEQUENCE_INPUTS, SEQUENCE_OUTPUTS
from edge.errors import UserError
from edge.onnx_session import OnnxSession
from export.evaluation.annotations import BEAT_SYMBOLS, Annotations
from export.training.beat_sequences import interval_features

NOT_BEATS = "|~"
BEATS_PER_CALL = 4096

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BeatTimes:
    """Beats at `at_s`; `is_first` where what lies before is not known, so that no interval ends there."""

    at_s: Float64
    is_first: npt.NDArray[np.bool_]

    @property
    def rr_s(self) -> Float64:
        """Interval that ends at each beat, 0 at a first one."""
        return np.where(self.is_first, 0.0, np.diff(self.at_s, prepend=self.at_s[:1]))


def beat_times(annotations: Annotations) -> BeatTimes:
    """The beats of an annotation file, broken where it marks noise or an artefact."""
    symbols = np.array(annotations.symbol)
    keep = np.flatnonzero(np.isin(symbols, sorted(BEAT_SYMBOLS)))
    breaks = np.cumsum(np.isin(symbols, list(NOT_BEATS)))[keep]
    is_first = np.append([True], np.diff(breaks) > 0)[: len(keep)]
    return BeatTimes(annotations.sample[keep] / annotations.fs_hz, is_first)


class IntervalModel:
    """The ONNX file that the bundle's manifest names; raises UserError where it names none."""

    def __init__(self, bundle: Path, manifest: Manifest) -> None:
        if manifest.sequence is None:
            raise UserError(f"{bundle / 'manifest.json'}: sequence: this bundle has no sequence model")
        self._session = OnnxSession(bundle / manifest.sequence.onnx_file)
        self._width, self._delay = manifest.sequence.width, manifest.sequence.delay_beats
        self._limits = manifest.thresholds.af_on, manifest.thresholds.af_off

    def af_probability(self, beats: BeatTimes) -> Float32:
        """Of the rhythm at each beat, known `delay_beats` later."""
        features = interval_features(beats.at_s, beats.is_first).astype(np.float32)
        state, logits = np.zeros((1, 1, self._width), np.float32), []
        for first in range(0, len(features), BEATS_PER_CALL):
            inputs = (features[None, first : first + BEATS_PER_CALL], state)
            _, af, state = self._session.run(
                SEQUENCE_OUTPUTS, dict(zip(SEQUENCE_INPUTS, inputs, strict=True))
            )
            logits.append(af[0])
        late = 1 / (1 + np.exp(-np.concatenate(logits)))
        return np.append(late[self._delay :], np.repeat(late[-1:], self._delay))

    def decide(self, probability: Float32) -> npt.NDArray[np.bool_]:
        """The manifest's thresholds: AF from where `af_on` is reached to where it falls below `af_off`."""
        return hysteresis(probability, *self._limits)


def hysteresis(probability: Float32, on: float, off: float) -> npt.NDArray[np.bool_]:
    """True from where `on` is reached to where it falls below `off`."""
    state, states = False, np.zeros(len(probability), bool)
    for i, value in enumerate(probability.tolist()):
        state = value >= (off if state else on)
        states[i] = state
    return states


def rhythm_at(notes: Annotations, at_s: Float64) -> npt.NDArray[np.str_]:
    """`AF`, `AFL` or `other` at each beat, after the rhythm changes in `notes`."""
    rhythms = np.full(len(at_s), "other", "U5")
    changes = [mark for mark in notes.marks() if mark.symbol == "+" and mark.aux.startswith("(")]
    ends = [*(mark.sample for mark in changes), np.inf]
    for mark, (start, end) in zip(changes, pairwise(ends), strict=True):
        inside = (at_s * notes.fs_hz >= start) & (at_s * notes.fs_hz < end)
        rhythms[inside] = {"(AFIB": "AF", "(AFL": "AFL"}.get(mark.aux, "other")
    return rhythms
