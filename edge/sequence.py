"""The second stage: beats read in sequence, each with the ones before it and the one after."""

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.beats import RawBeat
from edge.bundle import Manifest
from edge.encoder import Encoder
from edge.labels import BeatClass, Rhythm
from edge.sequence_features import SequenceFeatures

Float32 = npt.NDArray[np.float32]

_BEATS_BEFORE_S = 2
"""A beat is early by an interval before its own: after a gap the third is the first that can be."""


@dataclass(frozen=True, slots=True)
class FoundBeat:
    """A beat at `at_s` since the start of the run; `class_index` in the manifest's order.

    `af_probability` is about the rhythm at `af_at_s`, `sequence.delay_beats` earlier.
    """

    at_s: float
    class_index: int
    confidence: float
    af_probability: float
    af_at_s: float


class SequenceReader:
    """Beat by beat for one run.

    A beat is decided when the next one is there, or the look-ahead has passed without one; so the
    result does not depend on how the beats came.
    """

    def __init__(self, manifest: Manifest) -> None:
        model = manifest.sequence
        self._lookahead_s = model.lookahead_s if model else 0.0
        self._af_column = manifest.rhythms.index(Rhythm.ATRIAL_FIBRILLATION)
        self._flutter_column = manifest.rhythms.index(Rhythm.ATRIAL_FLUTTER)
        self._s_column = manifest.beat_classes.index(BeatClass.SUPRAVENTRICULAR)
        weights = manifest.thresholds.class_weight
        self._class_weights = np.array([weights.get(name, 1.0) for name in manifest.beat_classes])
        self._features = SequenceFeatures(self._lookahead_s)
        self._state: Float32 | None = np.zeros(model.width, np.float32) if model else None
        self._waiting: deque[RawBeat] = deque()
        self._past_s: deque[float] = deque(maxlen=1 + (model.delay_beats if model else 0))
        self._n_beats = 0
        self.decided_s = 0.0

    def feed(self, beats: list[RawBeat], known_s: float, encoder: Encoder) -> list[FoundBeat]:
        """Take the next beats; all before `known_s` have been given."""
        self._waiting.extend(beats)
        found: list[FoundBeat] = []
        while self._waiting and self._can_decide(known_s):
            beat = self._waiting.popleft()
            found.append(self._decide(beat, self._next_rr_s(beat), encoder))
        self.decided_s = min(known_s, self._waiting[0].at_s) if self._waiting else known_s
        return found

    def _can_decide(self, known_s: float) -> bool:
        return len(self._waiting) > 1 or known_s >= self._waiting[0].at_s + self._lookahead_s

    def _next_rr_s(self, beat: RawBeat) -> float | None:
        rr_s = self._waiting[0].at_s - beat.at_s if self._waiting else None
        return rr_s if rr_s is not None and rr_s <= self._lookahead_s else None

    def _decide(self, beat: RawBeat, next_rr_s: float | None, encoder: Encoder) -> FoundBeat:
        classes, af = self._read(beat, next_rr_s, encoder)
        self._past_s.append(beat.at_s)
        scores = classes * self._class_weights
        # in atrial fibrillation or flutter no beat is premature
        scores[self._s_column] *= (1 - af) * (1 - beat.rhythm[self._flutter_column])
        if self._state is not None and self._n_beats < _BEATS_BEFORE_S:
            scores[self._s_column] = 0.0
        self._n_beats += 1
        best = int(scores.argmax())
        return FoundBeat(beat.at_s, best, float(scores[best] / scores.sum()), af, self._past_s[0])

    def _read(self, beat: RawBeat, next_rr_s: float | None, encoder: Encoder) -> tuple[Float32, float]:
        """Class probabilities, and the probability of AF; the encoder's own where it stands alone."""
        if self._state is None:
            return beat.classes, float(beat.rhythm[self._af_column])
        features = self._features.feed(beat, next_rr_s)
        classes, af, self._state = encoder.read_beat(features, self._state)
        return classes, af
