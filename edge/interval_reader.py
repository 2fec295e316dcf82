"""The bundle's sequence model on intervals alone: the probability of atrial fibrillation, beat by beat."""

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.bundle import Manifest
from edge.encoder import Encoder
from edge.errors import UserError
from edge.interval_beats import TimedBeat
from edge.sequence_features import FEATURES, N_RR_FEATURES, RrFeatures

_MS_PER_S = 1000


@dataclass(frozen=True, slots=True)
class ReadBeat:
    """A beat, and the probability of AF at an earlier one, `af_at_ns`."""

    beat: TimedBeat
    af_probability: float
    af_at_ns: int


class IntervalReader:
    """A beat is read when the next one is there; the model's state is kept over the breaks between runs."""

    def __init__(self, manifest: Manifest) -> None:
        if manifest.sequence is None:
            raise UserError(
                f"{manifest.name}: sequence: this bundle has no model of intervals, which a strap without"
                " a waveform needs"
            )
        self._lookahead_s = manifest.sequence.lookahead_s
        self._features = RrFeatures()
        self._state = np.zeros(manifest.sequence.width, np.float32)
        self._past_ns: deque[int] = deque(maxlen=1 + manifest.sequence.delay_beats)
        self._waiting: TimedBeat | None = None
        self._elapsed_s = 0.0

    def feed(self, beat: TimedBeat, encoder: Encoder) -> list[ReadBeat]:
        """The beat before, as soon as this one tells what followed it."""
        follows = None if beat.is_first or beat.rr_ms is None else beat.rr_ms / _MS_PER_S
        read = self._read_waiting(follows, encoder)
        self._waiting = beat
        return read

    def flush(self, encoder: Encoder) -> list[ReadBeat]:
        """The newest beat; nothing follows it."""
        return self._read_waiting(None, encoder)

    def _read_waiting(self, next_rr_s: float | None, encoder: Encoder) -> list[ReadBeat]:
        beat, self._waiting = self._waiting, None
        if beat is None:
            return []
        self._past_ns.append(beat.at_ns)
        _, probability, self._state = encoder.read_beat(self._row(beat, next_rr_s), self._state)
        return [ReadBeat(beat, probability, self._past_ns[0])]

    def _row(self, beat: TimedBeat, next_rr_s: float | None) -> npt.NDArray[np.float32]:
        """What the model has learnt on: the intervals' features in 16 bits, and no waveform."""
        if beat.is_first:
            self._features.forget()
        self._elapsed_s += (beat.rr_ms or 0.0) / _MS_PER_S
        known = next_rr_s if next_rr_s is not None and next_rr_s <= self._lookahead_s else None
        row = np.zeros(len(FEATURES), np.float16)
        row[:N_RR_FEATURES] = self._features.feed(self._elapsed_s, known, self._lookahead_s)
        return row.astype(np.float32)
